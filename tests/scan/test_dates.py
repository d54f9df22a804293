"""Days of receipt as offices write them."""

from datetime import date, datetime

import pytest

from nlp.scan.dates import parse_day

DAY = date(2019, 5, 6)
WRITTEN = [
    "2019-05-06", "2019/5/6", "2019.5.6", "2019年5月6日", "2019年05月06日 上午", "20190506",
    "2019-05-06 13:20:01", "2019-05-06T13:20:01+08:00", "2019/5/6 8:30", "２０１９－５－６",
    "2019年5月6號", "20190506132001", "43591", "43591.5", 43591, 43591.0, 20190506, DAY,
    datetime(2019, 5, 6, 23), " 2019-5-6 ",
]  # fmt: skip
UNKNOWN = ["5/6/2019", "2019-13-01", "2019年", "上周", "", None, True, 12, "99999", "1019-01-01",
           "2019-05-061", "昨天2019-05-06"]  # fmt: skip


@pytest.mark.parametrize("value", WRITTEN, ids=repr)
def test_written_days_are_read(value: object) -> None:
    """Every usual way gives the same day."""
    assert parse_day(value) == DAY


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_doubtful_days_are_not_read(value: object) -> None:
    """What is not a day for sure is none."""
    assert parse_day(value) is None
