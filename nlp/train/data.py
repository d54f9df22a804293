"""Reads the training sets: plain or gzipped JSON lines in one folder, by the name of the set."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import PetitionError
from nlp.letter import Letter

Row = Mapping[str, Any]
ENDINGS = (".jsonl", ".jsonl.gz")


def read_rows(folder: Path, name: str) -> list[Row]:
    """Read one set.

    Args:
        folder: Where the sets lie.
        name: File name without its ending, such as "gold_train".

    Returns:
        One mapping a line, in file order.

    Raises:
        PetitionError: No such file, or a line of it is not JSON.
    """
    path = next((p for e in ENDINGS if (p := folder / f"{name}{e}").is_file()), None)
    if path is None:
        raise PetitionError(
            "找不到训练数据", where=str(folder / name), remedy="请用 --data 指明文件夹"
        )
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise PetitionError("这一行不是 JSON", where=f"{path}:{number}") from error
    return rows


def to_letter(row: Row) -> Letter:
    """A row's title and body as a Letter."""
    return Letter(str(row["id"]), row.get("title") or "", row.get("body") or row.get("text") or "")


def groups(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Near-duplicate clusters; rows without one (missing, null or negative) stand alone.

    Returns:
        Shape (len(rows),).
    """
    given = [-1 if row.get("group") is None else int(row["group"]) for row in rows]
    first_free = max([*given, 0]) + 1
    return np.array([g if g >= 0 else first_free + i for i, g in enumerate(given)])
