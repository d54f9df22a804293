"""When it happened: the words, and the dates they mean where the letter settles them."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from threading import Lock
from typing import Any, cast

from nlp.fields.clues import Clues
from nlp.report import FieldValue, When

_LIMIT = 9
_LONGEST = 40
# Only wordings that name a day, month or year mean dates. Recurring ones (每天) have neither a
# beginning nor an end, and jionlp_time prints them to stderr when it fails.
_DATED = re.compile(r"[\d零〇一二三四五六七八九十]年|\d月|[一二三四五六七八九十]月|\d[日号]|[昨前今明][天日晚年]|去年|上个?[周月]|本[周月年]")  # fmt: skip
_RECURRING = "每"
_OPEN = re.compile(r"至今|到现在|以来|年来|开始|起$")
_STATED_YEAR = re.compile(r"\d{4}年?|[去前今明]年|年前|年来")
_ANCHORS = (datetime(2003, 5, 6), datetime(2017, 10, 20))  # noqa: DTZ001  # any two days
_WHOLE_YEAR, _WHOLE_MONTH = ("-01-01", "-12-31"), "-01"
_parsing = Lock()


def find(clues: Clues) -> list[FieldValue]:
    """Times of the letter with their dates."""
    received = clues.view.letter.received_at
    return [
        value
        for found in clues.pick("when", limit=_LIMIT)
        for value in clues.value(
            found, dates(clues.view.text[found.start : found.end], received)
        )
    ]


@lru_cache(maxsize=4096)
def _dates(text: str, received: date | None) -> tuple[str | None, str | None] | None:
    """First and last day, month or year of a wording; None when the letter does not settle it."""
    if received is not None:
        pair = _parse(text, datetime.combine(received, datetime.min.time()))
        if pair and pair[0] > received.isoformat() and not _STATED_YEAR.search(text):
            return None
    else:
        first, pair = (_parse(text, anchor) for anchor in _ANCHORS)
        if not first or not pair or first[0] != pair[0]:
            return None
        if first[1] != pair[1]:
            pair = (pair[0], "")
    if not pair:
        return None
    start, end = pair
    if not end or _OPEN.search(text):
        return _trim(start, text), None
    return _shorten(start, end)


def dates(text: str, received: date | None) -> When | None:
    """The dates that a wording means.

    Args:
        text: The wording, folded.
        received: The day of receipt, which relative wordings count from; None when unknown:
            relative wordings then mean nothing.

    Returns:
        ISO parts ("2019", "2019-01" or "2019-01-05") of start and end, both included; end is
        None when it is still going on. None when the wording settles no date.
    """
    plain = "".join(text.split())
    if len(plain) > _LONGEST or _RECURRING in plain or not _DATED.search(plain):
        return None
    pair = _dates(plain, received)
    return {"start": pair[0], "end": pair[1]} if pair else None


def _parse(text: str, base: datetime) -> tuple[str, str] | None:
    """Ask jionlp_time; (first day, last day) as ISO dates, or None."""
    # Imported at the first use: a process that meets no date never pays for it.
    from jionlp_time import parse_time  # noqa: PLC0415

    try:
        with _parsing:
            result = cast("Mapping[str, Any]", parse_time(text, time_base=base))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None  # the parser's ways of saying that this is no time it knows
    times = result.get("time")
    if result.get("type") not in {"time_point", "time_span"} or not isinstance(times, list):
        return None
    first, last = (str(cast("list[object]", times)[i])[:10] for i in (0, -1))
    ordered = re.fullmatch(r"\d{4}-\d\d-\d\d", first) and first <= last
    return (first, last) if ordered else None


def _shorten(start: str, end: str) -> tuple[str, str]:
    """Write whole years and whole months as such."""
    if start[4:] == "-01-01" and end[4:] == "-12-31":
        return start[:4], end[:4]
    if start[8:] == "01" and _last_of_month(end):
        return start[:7], end[:7]
    return start, end


def _last_of_month(day: str) -> bool:
    """Whether an ISO day is the last of its month."""
    at = date.fromisoformat(day)
    return at.month == 12 and at.day == 31 or at.replace(day=at.day).toordinal() + 1 == date(at.year + at.month // 12, at.month % 12 + 1, 1).toordinal()  # noqa: E501,PLR2004


def _trim(start: str, text: str) -> str:
    """A beginning with no more detail than the wording has."""
    if re.search(r"[日号天]", text):
        return start
    return start[:7] if "月" in text else start[:4]
