"""Annotations by letter id, without the letter's text: a CSV file, lists joined by "|"."""

import csv
from pathlib import Path
from typing import Any

from nlp.errors import PetitionError

LISTS = ("emotions", "flags", "needs")
SCALES = ("urgency", "distress")


def read_annotations(path: Path) -> list[dict[str, Any]]:
    """Read annotations by letter id: a CSV file with lists joined by "|".

    Raises:
        PetitionError: The file is missing, or a level is not a number.
    """
    try:
        lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return [
            {
                **line,
                **{key: int(line[key]) for key in SCALES},
                **{key: [name for name in line[key].split("|") if name] for key in LISTS},
                "crisis": [{"type": name} for name in line["crisis"].split("|") if name],
            }
            for line in lines
        ]
    except OSError as error:
        raise PetitionError("读不到标注文件", where=str(path)) from error
    except (KeyError, ValueError) as error:
        raise PetitionError(f"标注文件缺列或不合规格：{error}", where=str(path)) from error
