"""When it happened: the words, and the dates they mean where the letter settles them."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from threading import Lock
from typing import Any, cast

from nlp.fields.clues import Clues
from nlp.report import FieldValue, When

_LONGEST = 40
# Only wordings that name a day, month or year mean dates. Recurring ones (每天) have neither a
# beginning nor an end, and jionlp_time prints them to stderr when it fails.
_DATED = re.compile(
    r"[\d零〇一二三四五六七八九十]年|[\d一二三四五六七八九十]月|\d[日号]"
    r"|[昨前今明][天日晚年]|去年|上个?[周月]|本[周月年]"
)
_RECURRING = "每"
_OPEN = re.compile(r"至今|到现在|以来|年来|开始|起$")
_STATED_YEAR = re.compile(r"\d{4}年?|[去前今明]年|年前|年来")
# The commonest wording of all is read here: the parser takes three milliseconds a wording, which
# is more than everything else in this file together.
_PLAIN = re.compile(r"(\d{4})年(?:(\d{1,2})月份?(?:(\d{1,2})[日号])?)?(?:至今|以来|起|开始)?")
_YEAR = re.compile(r"(?:\d{2}|[零〇一二三四五六七八九]{2})年|\d{4}[-./]")
_ANCHORS = (datetime(2031, 5, 6), datetime(2044, 10, 20))  # two days after any letter
_parsing = Lock()


def find(clues: Clues) -> list[FieldValue]:
    """Times of the letter with their dates."""
    received = clues.view.letter.received_at
    return clues.answers("when", lambda text: dates(text, received))


@lru_cache(maxsize=4096)
def _dates(text: str, received: date | None) -> tuple[str | None, str | None] | None:
    """First and last day, month or year of a wording; None when the letter does not settle it."""
    pair = _plain(text) or (_absolute(text) if received is None else _relative(text, received))
    if not pair:
        return None
    start, end = pair
    if not end or _OPEN.search(text):
        return _trim(start, text), None
    return _shorten(start, end)


def _plain(text: str) -> tuple[str, str] | None:
    """First and last day of a wording that is nothing but a year, month or day."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        return None
    last = monthrange(year, month or 12)[1]
    return first.isoformat(), date(year, month or 12, day or last).isoformat()


def _relative(text: str, received: date) -> tuple[str, str] | None:
    """Days counted from the day of receipt; None for a day without a year that lies after it."""
    pair = _parse(text, datetime.combine(received, datetime.min.time()))
    if pair and pair[0] > received.isoformat() and not _STATED_YEAR.search(text):
        return None
    return pair


def _absolute(text: str) -> tuple[str, str] | None:
    """Days that do not depend on the day of receipt; an end that does is left open ("")."""
    if not _YEAR.search(text):
        return None
    one, other = (_parse(text, anchor) for anchor in _ANCHORS)
    if not one or not other or one[0] != other[0]:
        return None
    return one[0], one[1] if one[1] == other[1] else ""


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
    try:
        with _parsing:
            result = _parser()(text, time_base=base)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None  # the parser's ways of saying that this is no time it knows
    times = result.get("time")
    if result.get("type") not in {"time_point", "time_span"} or not isinstance(times, list):
        return None
    first, last = (str(cast("list[object]", times)[i])[:10] for i in (0, -1))
    return (first, last) if _is_day(first) and _is_day(last) and first <= last else None


def _is_day(text: str) -> bool:
    """Whether a text is an ISO day that exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def _parser() -> Callable[..., Mapping[str, Any]]:
    """jionlp_time's parser, imported at the first use: a process that meets no date never pays."""
    from jionlp_time import parse_time  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return cast("Callable[..., Mapping[str, Any]]", parse_time)


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
    return at.day == monthrange(at.year, at.month)[1]


def _trim(start: str, text: str) -> str:
    """A beginning with no more detail than the wording has."""
    if re.search(r"[日号天]", text):
        return start
    return start[:7] if "月" in text else start[:4]
