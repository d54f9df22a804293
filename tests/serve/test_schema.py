"""Days of receipt as callers write them."""

from datetime import date

import pytest

from nlp.serve.problems import ProblemError
from nlp.serve.schema import read_batch, read_letter

from .fakes import letter


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2026-05-16", date(2026, 5, 16)),
        ("2026/5/16", date(2026, 5, 16)),
        (" 2026.05.16 ", date(2026, 5, 16)),
        ("2026年5月16日", date(2026, 5, 16)),
        ("2026-05-16T23:59:59", date(2026, 5, 16)),
        ("2026-05-16 08:00", date(2026, 5, 16)),
        ("2026-05-16T17:00:00Z", date(2026, 5, 17)),
        ("2026-05-16T00:30:00+09:00", date(2026, 5, 15)),
        (None, None),
    ],
)
def test_days_are_read(given: str | None, day: date | None) -> None:
    """Dates in three spellings, and moments by the clock of Beijing."""
    assert read_letter(letter(received_at=given)).received_at == day


@pytest.mark.parametrize(
    "given",
    ["", "昨天", "2026-13-01", "1900-01-01", "9999-12-31", "2026-5", "9999-12-31T23:00:00Z"],
)
def test_other_days_are_refused(given: str) -> None:
    """What is no day, or no day a letter can have come on, is refused."""
    with pytest.raises(ProblemError) as caught:
        read_letter(letter(received_at=given))
    assert caught.value.errors[0].pointer == "/received_at"


def test_text_is_untouched() -> None:
    """Title and body arrive as they came, line ends and blanks included."""
    words = " 一\r\n二\t𠮷🙏\u200b "
    read = read_letter({"title": words, "text": words})
    assert (read.title, read.body) == (words, words)


def test_each_twin_is_named() -> None:
    """Every repeated id is reported with the place of the first one."""
    with pytest.raises(ProblemError) as caught:
        read_batch({"letters": [letter(id=i) for i in "abab"]}, 9)
    assert [(e.pointer, "第 1 封" in e.detail) for e in caught.value.errors] == [
        ("/letters/2/id", True),
        ("/letters/3/id", False),
    ]
