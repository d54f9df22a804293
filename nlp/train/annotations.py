"""Annotations by letter id, without the letter's text: a CSV file, lists joined by "|"."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp.errors import PetitionError

LISTS = ("emotions", "flags", "needs")
SCALES = ("urgency", "distress")
COLUMNS = ("id", "category_l1", "category_l2", "purpose", *SCALES, *LISTS, "crisis")


def read_annotations(path: Path) -> list[dict[str, Any]]:
    """Read annotations by letter id: a CSV file with lists joined by "|".

    Args:
        path: With COLUMNS and any others; as a spreadsheet writes it, with or without a mark of
            UTF-8 at its beginning.

    Raises:
        PetitionError: The file is missing, no UTF-8, lacks a column, or a level is not a number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise PetitionError(f"标注文件缺少 {min(missing)} 列", where=str(path))
            return [_annotation(line, f"{path}:{reader.line_num}") for line in reader]
    except OSError as error:
        raise PetitionError("读不到标注文件", where=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        remedy = "请另存为 UTF-8 编码的 CSV"
        raise PetitionError("标注文件读不出来", where=str(path), remedy=remedy) from error


def _annotation(line: Mapping[str, str], where: str) -> dict[str, Any]:
    """One line of the file."""
    try:
        levels = {key: int(line[key]) for key in SCALES}
    except ValueError as error:
        raise PetitionError("标注的等级不是数字", where=where) from error
    lists = {key: [name for name in line[key].split("|") if name] for key in (*LISTS, "crisis")}
    signals = [{"type": name} for name in lists.pop("crisis")]
    return {**line, **levels, **lists, "crisis": signals}
