"""Facts about units, clauses and candidates."""

import numpy as np
import pytest

from nlp.entities import Token, tag
from nlp.fields import clauses, grid, mentions, units
from nlp.letter import Letter
from nlp.text import View


def view(body: str, title: str = "") -> View:
    """A letter's view."""
    return View(Letter("1", title, body))


def mention_grid(body: str) -> grid.Grid:
    """The candidates of a body."""
    letter = view(body)
    return mentions.grid(letter, units.cut(letter.text, next(tag([letter]))), [], ())


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ("A市A3区停水", [("A", "xc"), ("市A3", "n"), ("区停水", "n")], ["A市", "A3区", "停水"]),
        ("西地省K8县", [("西地省K", "LOC"), ("8", "m"), ("县", "n")], ["西地省", "K8县"]),
        ("青禾小区物业公司", [("青禾小区物业公司", "ORG")], ["青禾小区", "物业公司"]),
        ("柳溪镇政府", [("柳溪镇政府", "ORG")], ["柳溪镇", "政府"]),
        ("B栋楼", [("B栋", "n"), ("楼", "n")], ["B栋", "楼"]),
    ],
)  # fmt: skip
def test_masks_and_suffixes_are_cut_free(
    text: str, tokens: list[tuple[str, str]], expected: list[str]
) -> None:
    """A masked place is one unit, and a long name ends at the suffix of a place."""
    given, at = [], 0
    for word, name in tokens:
        given.append(Token(word, name, at, at + len(word)))
        at += len(word)
    assert [text[unit.start : unit.end] for unit in units.cut(text, given)] == expected


def test_clauses_end_at_signs_and_blanks() -> None:
    """Clauses leave out the punctuation around them and never join title and body."""
    letter = view("您好！我们多次反映，没有答复...3.5元一吨 谢谢", "路灯不亮")
    assert [letter.raw[unit.start : unit.end] for unit in clauses.cut(letter, 99)] == [
        *("路灯不亮", "您好", "我们多次反映", "没有答复", "3.5元一吨", "谢谢")
    ]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("我是青禾小区3栋的业主。", "青禾小区3栋的业主"),
        ("我们多次向柳溪镇派出所反映。", "柳溪镇派出所"),
        ("青禾物业服务有限公司乱收费。", "青禾物业服务有限公司"),
        ("从2019年3月开始停水，至今没修。", "从2019年3月开始"),
        ("路灯坏了两个多月了。", "两个多月了"),
        ("B市C3区青禾路附近在烧垃圾。", "B市C3区青禾路附近"),
    ],
)
def test_answers_are_among_the_candidates(body: str, wanted: str) -> None:
    """The runs of words hold the full wording of an answer."""
    assert wanted in mention_grid(body).wordings


def test_no_candidate_crosses_the_end_of_a_clause() -> None:
    """A comma or a full stop lies in no phrase."""
    cut = mention_grid("青禾小区，柳溪镇。张伟、李强，青禾公司")
    phrases = [w for w, k in zip(cut.wordings, cut.kind, strict=True) if k == mentions.PHRASE]
    assert phrases
    assert not [wording for wording in phrases if {"，", ",", "。"} & set(wording)]


def test_candidates_grow_in_step_with_the_letter() -> None:
    """Twice the text gives twice the candidates, not four times."""
    sentence = "我是青禾小区的业主，多次向柳溪镇派出所反映物业公司乱收费。"
    once, twice = (len(mention_grid(sentence * n).first) for n in (20, 40))
    assert twice <= 2.1 * once


def test_nearest_sees_no_flag_behind_a_wall() -> None:
    """The last flagged unit before a place counts only when no wall lies between."""
    flags = np.array([True, False, False, False, True, False])
    walls = np.array([False, False, True, False, False, False])
    assert grid.nearest(flags, walls).tolist() == [-1, 0, 0, -1, -1, 4]


@pytest.mark.parametrize("body", ["", " ", "啊", "😀", "2", "\r\n", "，，，", "a" * 500])
def test_odd_letters_have_well_formed_grids(body: str) -> None:
    """Every array of a grid has one row a candidate."""
    letter = view(body)
    words = units.cut(letter.text, next(tag([letter])))
    for cut in (
        mentions.grid(letter, words, [], ()),
        clauses.grid(letter, clauses.cut(letter, 999), words, []),
    ):
        count = len(cut.first)
        assert {len(cut.last), len(cut.places), len(cut.tables), len(cut.wordings)} == {count}
        assert bool((cut.places <= len(cut.keys)).all())
