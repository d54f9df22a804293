"""Facts about the dates of nlp.fields.when."""

from datetime import date

import pytest

from nlp.fields.when import dates

RECEIVED = date(2019, 12, 15)


@pytest.mark.parametrize(
    ("wording", "start", "end"),
    [
        ("2019年3月15日", "2019-03-15", "2019-03-15"),
        ("2018年", "2018", "2018"),
        ("2019年1月至今", "2019-01", None),
        ("从2018年3月开始", "2018-03", None),
        ("2016年5月27日至6月5日", "2016-05-27", "2016-06-05"),
        ("2005-2013年", "2005", "2013"),
        ("昨天下午三点多", "2019-12-14", "2019-12-14"),
        ("去年8月份", "2018-08", "2018-08"),
        ("9月7号", "2019-09-07", "2019-09-07"),
    ],
)
def test_a_dated_wording_means_its_dates(wording: str, start: str, end: str | None) -> None:
    """Start and end are ISO parts as fine as the wording; an open end is None."""
    assert dates(wording, RECEIVED) == {"start": start, "end": end}


@pytest.mark.parametrize(
    "wording",
    ["一直", "凌晨", "每天晚上十点到凌晨两点", "7天之久", "周末", "年年", "", "😀", "日" * 60],
)
def test_a_wording_without_a_date_means_nothing(wording: str) -> None:
    """Durations, hours and habits have no dates."""
    assert dates(wording, RECEIVED) is None


@pytest.mark.parametrize("wording", ["昨天", "去年8月份", "9月7号", "近三年来", "今年4月"])
def test_without_a_day_of_receipt_relative_wordings_mean_nothing(wording: str) -> None:
    """Today's date is never put in the place of an unknown day of receipt."""
    assert dates(wording, None) is None


@pytest.mark.parametrize(
    ("wording", "start", "end"),
    [("2019年3月15日", "2019-03-15", "2019-03-15"), ("2017年9月至今", "2017-09", None)],
)
def test_absolute_wordings_need_no_day_of_receipt(
    wording: str, start: str, end: str | None
) -> None:
    """A stated year settles the date by itself."""
    assert dates(wording, None) == {"start": start, "end": end}


def test_a_day_without_a_year_after_the_day_of_receipt_is_left_open() -> None:
    """It may be last year's or next year's: nothing is guessed."""
    assert dates("12月28日", RECEIVED) is None


def test_nothing_of_a_letter_reaches_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    """jionlp_time prints recurring wordings it cannot read; those never get there."""
    for wording in ("每天上下学9月", "每年早2月3日", "几乎每时2019年", "每周夜3号"):
        dates(wording, RECEIVED)
    assert capfd.readouterr() == ("", "")
