"""Rows of a file: what a reader found, and the letter (or the reason for none) made of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from nlp.letter import Letter
from nlp.scan.dates import parse_day

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One row as a reader found it, values still of any type.

    Attributes:
        number: Where it stands, as a person would count it in that file.
        values: Part of the letter to what the file holds for it.
        problem: Why the row cannot be read at all; empty when it can.
        notes: What the reader noticed and a person should know.
        doubtful: Whether a person must look at the original because of the notes.
    """

    number: int
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    problem: str = ""
    notes: tuple[str, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input: a letter, or the reason why there is none.

    Attributes:
        number: Where it stands, as a person would count it in that file.
        id: Unique in the scan; "row-17" when the file gives none.
        letter: The letter, or None when the row holds no text.
        reason: Why there is no letter; empty when there is one.
        notes: For the report's review reasons.
        doubtful: Whether the notes oblige a person to look.
    """

    number: int
    id: str
    letter: Letter | None
    reason: str = ""
    notes: tuple[str, ...] = ()
    doubtful: bool = False


def make_rows(records: Iterable[Record]) -> Iterator[Row]:
    """Turn records into rows, one each, in order, with unique ids."""
    taken: set[str] = set()
    for record in records:
        wanted = _UNSEEN.sub(" ", _text(record.values.get("id")) or "").strip()
        wanted = wanted or f"row-{record.number}"
        unique = _free(wanted, taken)
        taken.add(unique)
        notes = record.notes
        if unique != wanted:
            notes = (*notes, f"编号 {wanted} 在文件中重复，第 {record.number} 行改记为 {unique}")
        yield _row(record, unique, notes)


def _free(wanted: str, taken: set[str]) -> str:
    """The id itself, or with the first free suffix "#2", "#3" ..."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}#{count}"
    return name


def _row(record: Record, unique: str, notes: tuple[str, ...]) -> Row:
    """Check the parts of one record and put the letter together."""
    title, body = _text(record.values.get("title")), _text(record.values.get("body"))
    reason = f"第 {record.number} 行{record.problem}" if record.problem else ""
    if not reason and (title is None or body is None):
        reason = f"第 {record.number} 行的标题或内容不是文字"
    title, body = title or "", body or ""
    if not reason and not (title.strip() or body.strip()):
        reason = f"第 {record.number} 行没有来信内容"
    if reason:
        return Row(record.number, unique, None, reason, notes, record.doubtful)
    day, more, doubtful = _noticed(record, title, body)
    return Row(
        number=record.number,
        id=unique,
        letter=Letter(unique, title, body, day),
        notes=(*notes, *more),
        doubtful=record.doubtful or doubtful,
    )


def _noticed(record: Record, title: str, body: str) -> tuple[date | None, tuple[str, ...], bool]:
    """(day of receipt, notes, doubtful) of a readable record."""
    given = record.values.get("received_at")
    day, notes = parse_day(given), list[str]()
    if day is None and str("" if given is None else given).strip():
        notes.append("收到日期无法识别，办理时限未计算")
    if not body.strip():
        notes.append("只有标题，没有正文")
    lost = "\ufffd" in title or "\ufffd" in body
    if lost:
        notes.append("有字符损坏、无法还原，请核对原件")
    return day, tuple(notes), lost


def _text(value: object) -> str | None:
    """A value as text; None when it is a list, an object or bytes that are no text."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, float):
        return "" if value != value else f"{value:.15g}"  # noqa: PLR0124  # NaN is not itself
    if isinstance(value, str):
        # half a surrogate pair is no character and no encoder takes it; length is kept
        return _SURROGATE.sub("\ufffd", value)
    return str(value) if isinstance(value, int | date | datetime) else None
