"""Reads the training sets: JSON lines or CSV in one folder, plain or gzipped, by their name."""

import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import PetitionError
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.train import cells

Row = Mapping[str, Any]
Numbered = Iterator[tuple[int, Row]]
ENDINGS = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
BOARD = ("category_l1",)
"""What a letter of an archive must say."""
WHOLE = (
    *("category_l1", "category_l2", "purpose", "urgency", "distress"),
    *("emotions", "crisis", "flags", "needs", "fields"),
)
"""What an annotated letter must say."""
LEVELS = range(4)
_REMEDY = "请对照标签文件夹，用 petition labels check 和 labels show 查名称"


def read_rows(folder: Path, name: str) -> list[Row]:
    """Read one set.

    Args:
        folder: Where the sets lie.
        name: File name without its ending, such as "gold_train".

    Returns:
        One mapping a letter, in file order.

    Raises:
        PetitionError: No such file, or a line of it is not JSON, or not CSV of known columns.
    """
    return read_file(find(folder, name))


def read_file(path: Path) -> list[Row]:
    """Read one file of letters; see ``read_rows``."""
    return [row for _, row in _numbered(path)]


def read_annotated(
    folder: Path, name: str, known: Labels, *, keys: Collection[str] = WHOLE
) -> list[Row]:
    """Read one set and hold its annotations against the labels.

    Args:
        folder: As in ``read_rows``.
        name: As in ``read_rows``.
        known: The labels.
        keys: What every letter must say.

    Raises:
        PetitionError: As in ``read_rows``; or a letter lacks an annotation, or names what the
            labels do not know: file and line are named.
    """
    path = find(folder, name)
    rows: list[Row] = []
    for line, row in _numbered(path):
        if wrong := next(_wrong(row, known, keys), None):
            raise PetitionError(wrong, where=f"{path}:{line}", remedy=_REMEDY)
        rows.append(row)
    return rows


def find(folder: Path, name: str) -> Path:
    """The file of a set."""
    path = next((p for e in ENDINGS if (p := folder / f"{name}{e}").is_file()), None)
    if path is None:
        raise PetitionError(
            "找不到训练数据", where=str(folder / name), remedy="请用 --data 指明文件夹"
        )
    return path


def _numbered(path: Path) -> Numbered:
    """Letters of a file with the line that each begins on."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    if ".csv" in path.suffixes:
        yield from cells.read(raw, str(path))
        return
    for number, line in enumerate(raw.decode("utf-8").split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise PetitionError("这一行不是 JSON", where=f"{path}:{number}") from error


def _wrong(row: Row, known: Labels, keys: Collection[str]) -> Iterator[str]:
    """What is wrong with an annotation; letter text is never quoted."""
    missing = [key for key in keys if row.get(key) is None or row[key] == ""]
    yield from (f"缺少 {key}" for key in missing)
    names = {kind.name for kind in known.purposes}
    choices: Mapping[str, Collection[Any]] = {
        "category_l1": known.level_one(),
        "category_l2": known.children(row.get("category_l1", "")),
        "purpose": names,
        "urgency": LEVELS,
        "distress": LEVELS,
    }
    asked = set(keys) - set(missing)
    yield from (f"{k} 不在标签里" for k, own in choices.items() if k in asked and row[k] not in own)
    lists: Mapping[str, tuple[Sequence[Any], Callable[[Any], str]]] = {
        "emotions": (known.emotions, str),
        "flags": (known.flags, str),
        "needs": (known.needs, str),
        "crisis": (known.crisis_types, lambda signal: signal["type"]),
    }
    for key, (kinds, name) in lists.items():
        if key in asked and {name(one) for one in row[key]} - {kind.name for kind in kinds}:
            yield f"{key} 里有标签之外的名称"


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
