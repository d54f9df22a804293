"""Character n-grams as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.letter import Letter
from nlp.score.grams import Grams
from nlp.score.terms import characters, flat

SIGNS = "停水電 a，\n😀\ud800\0𠀀无"
KNOWN = [
    "停",
    "水",
    " ",
    "😀",
    "停水",
    "水水",
    "电,",
    "a😀",
    "停水停",
    "水停水",
    "停水停水",
    "𠀀停水 ",
]
TERMS = {term: 100 + column for column, term in enumerate(KNOWN)}


@given(st.text(SIGNS))
def test_found_are_the_terms_that_cutting_finds_in_their_order(text: str) -> None:
    """Packed numbers say what n-grams cut from the text say."""
    expected = [TERMS[gram] for gram in characters(Letter("", "", text)) if gram in TERMS]
    assert Grams(TERMS).find([flat(text)])[0].tolist() == expected


@given(st.lists(st.text(SIGNS), max_size=5))
def test_texts_read_together_are_read_as_if_alone(texts: list[str]) -> None:
    """No n-gram reaches from one text into the next, and each is told its text."""
    grams = Grams(TERMS)
    columns, whose = grams.find(texts)
    for number, text in enumerate(texts):
        assert columns[whose == number].tolist() == grams.find([text])[0].tolist()


def test_no_terms_are_found_nowhere() -> None:
    """An empty family is no error."""
    assert Grams({}).find(["停水"])[0].tolist() == []


@pytest.mark.parametrize("term", ["", "停水停水停"])
def test_terms_that_cannot_be_packed_are_refused(term: str) -> None:
    """A vocabulary holds n-grams of one to four signs."""
    with pytest.raises(ValueError, match=str(len(set(term)))):
        Grams({term: 0})
