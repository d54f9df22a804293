"""Letter and Span: offsets that always lead back to the words."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import LetterError
from nlp.letter import Letter, Span
from tests.toys import letters


@given(letters, st.data())
def test_a_span_quotes_its_part(letter: Letter, data: st.DataObject) -> None:
    """Whatever offsets are asked for, the quote stands at start:end of the part it names."""
    size = len(letter.text)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size + 3))
    span = letter.span(start, end)
    if span is not None:
        part = letter.title if span.part == "title" else letter.body
        assert part[span.start : span.end] == span.quote != ""


@given(letters, st.data())
def test_offsets_lead_back(letter: Letter, data: st.DataObject) -> None:
    """A span laid back into the whole text covers its own words, inside what was asked for."""
    size = len(letter.text)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    span = letter.span(start, end)
    if span is not None:
        first, last = letter.offsets(span)
        assert start <= first < last <= end
        assert letter.text[first:last] == span.quote
        assert letter.span(first, last) == span


@pytest.mark.parametrize(
    ("title", "start", "end", "expected"),
    [
        ("标题", 0, 2, Span("title", 0, 2, "标题")),
        ("标题", 3, 5, Span("text", 0, 2, "正文")),
        ("标题", 1, 7, Span("text", 0, 4, "正文在此")),
        ("标题", 0, 4, Span("title", 0, 2, "标题")),
        ("标题", 2, 3, None),
        ("标题", 7, 9, None),
        ("", 0, 2, Span("text", 0, 2, "正文")),
        ("", 3, 3, None),
    ],
)
def test_a_span_lies_in_the_part_that_holds_most(
    title: str, start: int, end: int, expected: Span | None
) -> None:
    """Offsets across title and body are cut to one part; those in none give None."""
    assert Letter("1", title, "正文在此").span(start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "quote"), [(2, 2, ""), (3, 1, "吵"), (-1, 1, "吵闹"), (0, 2, "吵")]
)
def test_a_span_that_misquotes_is_refused(start: int, end: int, quote: str) -> None:
    """Empty, reversed, negative and misquoted spans cannot be made, and the words stay unsaid."""
    with pytest.raises(LetterError, match="起止与引文不符") as caught:
        Span("text", start, end, quote)
    assert not quote or quote not in str(caught.value)


def test_letters_and_spans_are_frozen() -> None:
    """Nothing rewrites the text as it came."""
    with pytest.raises(FrozenInstanceError):
        Letter("1", "", "正文").body = ""  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(FrozenInstanceError):
        Span("text", 0, 1, "正").start = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_a_letter_without_a_title_is_its_body() -> None:
    """No title, no line break before the body."""
    assert Letter("1", "", "正文").text == "正文"
    assert Letter("1", "题", "正文").text == "题\n正文"
    assert Letter("1", "题", "").text == "题\n"
