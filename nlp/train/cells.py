"""Annotated letters as a CSV file, the way an office's spreadsheet saves them.

The header names the keys of the annotators' guide; lists are joined by "|". A crisis signal is its
type, or type=quote; the nine fields have a column each.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp.errors import PetitionError
from nlp.evaluate import FIELDS

Row = Mapping[str, Any]
PLAIN = (
    *("id", "title", "body", "text", "received_at", "stratum"),
    *("category_l1", "category_l2", "purpose"),
)
NUMBERS = ("urgency", "distress", "group", "group_size")
LISTS = ("emotions", "flags", "needs")
CRISIS = "crisis"
COLUMNS = (*PLAIN, *NUMBERS, *LISTS, CRISIS, *FIELDS)
BETWEEN, QUOTED = "|", "="
_ENCODINGS = ("utf-8-sig", "gb18030")
"""What spreadsheets save Chinese CSV as; the second is tried when the first does not fit."""


def read(raw: bytes, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a CSV file.

    Args:
        raw: Its bytes.
        where: How messages call it.

    Yields:
        (line that the letter begins on, its keys); a number whose cell is empty is None.

    Raises:
        PetitionError: The encoding or the header is not known, or a row does not fit it.
    """
    lines = csv.reader(io.StringIO(_decode(raw, where), newline=""), strict=True)
    header = [name.strip() for name in next(lines, [])]
    _check_header(header, where)
    begins = lines.line_num + 1
    try:
        for cells in lines:
            if any(cells):
                yield begins, _row(header, cells, f"{where}:{begins}")
            begins = lines.line_num + 1
    except csv.Error as error:
        remedy = "请检查引号是否成对"
        raise PetitionError(
            "这一行不合 CSV 格式", where=f"{where}:{begins}", remedy=remedy
        ) from error


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write letters as CSV; what ``read`` would not read back is left out.

    Args:
        path: The file; its folder is made when missing.
        rows: Letters by the annotators' guide.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = [_flat(row) for row in rows]
    header = [name for name in COLUMNS if any(name in row for row in flat)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.DictWriter(file, header, restval="")
        lines.writeheader()
        lines.writerows(flat)


def to_lines(source: Path, out: Path) -> None:
    """Turn a CSV file into the JSON lines that ``petition evaluate`` reads.

    Raises:
        PetitionError: As ``read``.
    """
    rows = [row for _, row in read(source.read_bytes(), str(source))]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out.write_text(text, encoding="utf-8")


def _decode(raw: bytes, where: str) -> str:
    """Bytes to text."""
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PetitionError("认不出文件的编码", where=where, remedy="请另存为 UTF-8 编码的 CSV")


def _check_header(header: Sequence[str], where: str) -> None:
    """Refuse a column that would be lost without a word, and a set without ids."""
    place = f"{where}:1"
    if unknown := [name for name in header if name not in COLUMNS]:
        remedy = f"请改名或删去这一列；可用：{'、'.join(COLUMNS)}"
        raise PetitionError(f"不认识的列 {unknown[0]!r}", where=place, remedy=remedy)
    if len(set(header)) < len(header) or "id" not in header:
        raise PetitionError("列名重复，或没有 id 列", where=place, remedy="第一行应为列名")


def _row(header: Sequence[str], cells: Sequence[str], where: str) -> dict[str, Any]:
    """One line as the keys of the guide."""
    if len(cells) != len(header):
        said = f"这一行有 {len(cells)} 格，表头有 {len(header)} 格"
        raise PetitionError(said, where=where, remedy="含逗号或换行的格要用双引号括起来")
    given = dict(zip(header, cells, strict=True))
    row: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
    row |= {name: _number(given[name], name, where) for name in NUMBERS if name in given}
    row |= {name: _split(given[name]) for name in LISTS if name in given}
    if CRISIS in given:
        row[CRISIS] = [_signal(cell) for cell in _split(given[CRISIS])]
    if any(name in given for name in FIELDS):
        row["fields"] = {name: _split(given.get(name, "")) for name in FIELDS}
    return row


def _number(cell: str, name: str, where: str) -> int | None:
    """A whole number; None for an empty cell."""
    try:
        return int(cell) if cell.strip() else None
    except ValueError as error:
        raise PetitionError(f"{name} 应为整数", where=where) from error


def _split(cell: str) -> list[str]:
    """A list."""
    return [part for one in cell.split(BETWEEN) if (part := one.strip())]


def _signal(cell: str) -> dict[str, str]:
    """A crisis signal."""
    kind, _, quote = cell.partition(QUOTED)
    return {"type": kind, "quote": quote} if quote else {"type": kind}


def _flat(row: Row) -> dict[str, Any]:
    """One letter as cells."""
    cells: dict[str, Any] = {key: row[key] for key in (*PLAIN, *NUMBERS) if key in row}
    cells |= {key: BETWEEN.join(row[key]) for key in LISTS if key in row}
    if CRISIS in row:
        signals = [[one["type"], one.get("quote", "")] for one in row[CRISIS]]
        cells[CRISIS] = BETWEEN.join(QUOTED.join(filter(None, one)) for one in signals)
    fields: Mapping[str, Sequence[str]] = row.get("fields") or {}
    return cells | {key: BETWEEN.join(quotes) for key, quotes in fields.items()}
