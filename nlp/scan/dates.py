"""Days of receipt in the ways that offices write them."""

import re
import unicodedata
from datetime import date, datetime, timedelta

_FIRST, _LAST = date(1949, 10, 1), date(2099, 12, 31)
_EXCEL_EPOCH = date(1899, 12, 30)
_WRITTEN = re.compile(
    r"(?P<y>\d{4})\s*(?:[-/.年]\s*)(?P<m>\d{1,2})\s*(?:[-/.月]\s*)(?P<d>\d{1,2})\s*[日号號]?"
    r"(?:$|[T\s(,上下早中晚星周].*$)"
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:$|[T\s]?\d{4}(?:\d{2})?$)")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?$")


def parse_day(value: object) -> date | None:
    """Read a day: a date, a date with a time, an Excel serial number, or text.

    Args:
        value: What the cell or the JSON key holds.

    Returns:
        The day as written (no change of time zone), or None when it cannot be read for sure;
        5/6/2019 is not read, for nobody can say which is the month.
    """
    if isinstance(value, datetime):
        return _sane(value.date())
    if isinstance(value, date):
        return _sane(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _from_text(unicodedata.normalize("NFKC", str(value)).strip())


def _from_text(text: str) -> date | None:
    """Read one of the written forms, then an Excel serial."""
    match = _WRITTEN.match(text) or _COMPACT.match(text)
    if match:
        try:
            return _sane(date(int(match["y"]), int(match["m"]), int(match["d"])))
        except ValueError:
            return None
    if _SERIAL.match(text):
        return _sane(_EXCEL_EPOCH + timedelta(days=int(float(text))))
    return None


def _sane(day: date) -> date | None:
    """The day, or None when no petition can have been received on it."""
    return day if _FIRST <= day <= _LAST else None
