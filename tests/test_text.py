"""Folds that keep length, and sentences that leave nothing out."""

from itertools import pairwise

import pytest
from hypothesis import given

from nlp.letter import Letter
from nlp.text import MAX_SENTENCE, View, fold, sentences
from tests.toys import letters, texts


@given(texts)
def test_folding_keeps_every_place(text: str) -> None:
    """Each code point folds to one code point, and a second fold changes nothing."""
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("came", "folded"),
    [
        ("ＡＢ１２％", "AB12%"),
        ("，：；！？（）", ",:;!?()"),
        ("請問後來裡面", "请问后来里面"),
        ("\u3000\u00a0", "  "),
        ("𠮷野家😀\u200b", "𠮷野家😀\u200b"),
        ("①㎡ﬁ", "1㎡ﬁ"),
        ("自杀", "自杀"),
    ],
)
def test_what_folds_to_what(came: str, folded: str) -> None:
    """Full-width to half-width, traditional to simplified; what would change length stays."""
    assert fold(came) == folded


@given(texts)
def test_sentences_hold_everything_once(text: str) -> None:
    """Every character that is not blank lies in exactly one sentence, in order."""
    places = sentences(text)
    assert all(0 < end - start <= MAX_SENTENCE for start, end in places)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    inside = {i for start, end in places for i in range(start, end)}
    assert all(i in inside or char.isspace() for i, char in enumerate(text))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in places)


@given(letters)
def test_a_view_has_the_offsets_of_the_letter(letter: Letter) -> None:
    """The folded text is as long as the letter's, and a sentence's span quotes the letter."""
    view = View(letter)
    assert len(view.text) == len(view.raw) == len(letter.text)
    for place in view.sentences:
        span = view.span(*place)
        assert span is None or span.quote in letter.text
        assert view.sentence_at(place[0]) == place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("停水三天了。请尽快处理！", ["停水三天了。", "请尽快处理！"]),
        ("他说：“再来就打。”我怕", ["他说：“再来就打。”", "我怕"]),
        ("甲\r\n\r\n乙\n丙", ["甲", "乙", "丙"]),
        ("面积3.5亩. 已征", ["面积3.5亩.", "已征"]),
        ("急急急……求助", ["急急急……", "求助"]),
        (" \u3000\n ", []),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    """Sentences end at marks and line breaks, closing quotes included, decimals not."""
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_long_sentences_are_cut_at_commas() -> None:
    """A sentence without an end is cut at commas where it has any, else at the limit."""
    text = "物业不管，" * 100 + "吵" * 500
    pieces = [text[start:end] for start, end in sentences(text)]
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= MAX_SENTENCE
    assert pieces[0].endswith("，")
