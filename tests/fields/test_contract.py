"""What every finder keeps to, with and without a ranker."""

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.fields import FINDERS, Finders
from nlp.letter import Letter
from nlp.report import Fields, FieldValue
from nlp.text import View

LETTER = (
    "我是青禾小区3栋的业主，2019年3月起青禾物业公司乱收费，"
    "多次向柳溪街道办反映，没有答复。请求查处。"
)
ODD = (
    *("", " ", "啊", "1", "😀", "𠀀𪚥", "\u200b", "\r\n\r\n", "，。！？", "2019" * 50, "（（（"),
    *("ＡＢＣ１２３４５熱線", "每天" * 200, "我是", "位于", "A市" * 300, "向" * 300, LETTER * 40),
)
ALPHABET = st.sampled_from(
    [
        *"我是的业主向到派出所反映请求2019年3月起，。！？\r\n\u200b\u3000",
        "😀",
        "𠀀",
        "Ａ",
        "A3区",
        "没有答复",
    ]
)
TEXTS = st.lists(ALPHABET, max_size=60).map("".join)


def read(finders: Finders, *letters: Letter) -> list[Fields]:
    """Fields of letters."""
    return list(finders.find([View(letter) for letter in letters]))


def answers(found: Fields) -> list[FieldValue]:
    """All answers of a letter."""
    return [value for field in fields(found) for value in getattr(found, field.name)]


def test_there_is_a_finder_for_each_field_of_the_report() -> None:
    """No field is left out, none is made up."""
    assert list(FINDERS) == [field.name for field in fields(Fields)]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_letters_are_read(finders: Finders, text: str) -> None:
    """No text makes a finder fail, as body or as title."""
    letters = (Letter("1", body=text), Letter("2", title=text), Letter("3", text, text))
    for letter, found in zip(letters, read(finders, *letters), strict=True):
        for value in answers(found):
            part = letter.title if value.span.part == "title" else letter.body
            assert part[value.span.start : value.span.end] == value.span.quote


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=TEXTS, body=TEXTS)
def test_quotes_are_the_text_at_their_offsets(finders: Finders, title: str, body: str) -> None:
    """Every answer quotes its own part of the letter."""
    for value in answers(read(finders, Letter("1", title, body))[0]):
        part = title if value.span.part == "title" else body
        assert part[value.span.start : value.span.end] == value.span.quote


def test_the_order_is_kept_and_neighbours_do_not_matter(finders: Finders) -> None:
    """A letter among others is answered as alone, and twice in the same way."""
    letters = [Letter(str(n), body=text) for n, text in enumerate((LETTER, *ODD[:12], LETTER))]
    together = read(finders, *letters)
    assert together == [read(finders, letter)[0] for letter in letters]
    assert together[0] == together[-1]


def test_no_letters_no_answers(finders: Finders) -> None:
    """An empty batch is no error."""
    assert read(finders) == []


def test_answers_say_who_found_them_and_how_sure(finders: Finders) -> None:
    """Sources name a rule, LAC or the model; confidence lies between 0 and 1."""
    found = answers(read(finders, Letter("1", body=LETTER))[0])
    assert found
    for value in found:
        assert value.source.startswith(("rule:field.", "lac"))
        assert 0.0 <= value.confidence <= 1.0


def test_a_very_long_letter_is_read_to_its_end(finders: Finders) -> None:
    """Beyond the ranker's horizon the rules go on; time grows with length, not its square."""
    filler = "路灯坏了没有人来修。" * 5_000
    found = read(finders, Letter("1", body=f"{filler}2019年3月15日我打过12345市民热线。"))[0]
    assert "2019年3月15日" in [value.span.quote for value in found.when]
    assert "12345市民热线" in [value.span.quote for value in found.agency]
