"""Lexicon: patterns, guards, gaps, literals that spare a pattern its run."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import labels
from nlp.entries import Guard, Rule
from nlp.letter import Letter
from nlp.needles import Sieve, needles
from nlp.rules import MAX_HITS, Hit, Lexicon
from nlp.text import View, signs

GUARDS = {
    "否定": Guard("否定", "测试", before=("(?:没有|不会)$",), reach=4),
    "法名": Guard("法名", "测试", after=("^法",), reach=2),
    "成语": Guard("成语", "测试", around=("不知死活|跳楼价",)),
}
LABELS = labels.load()


def rule(*patterns: str, guards: tuple[str, ...] = ()) -> Rule:
    """An invented rule."""
    return Rule("test.rule", "自杀自伤", patterns, 0.9, ("例",), guards=guards, level=2)


def found(text: str, *rules: Rule, close_gaps: bool = False) -> list[str]:
    """Words of the letter that rules hit."""
    hits = Lexicon(rules, GUARDS, close_gaps=close_gaps).find(View(Letter("1", body=text)))
    return [text[hit.start : hit.end] for hit in hits]


def test_a_hit_knows_its_place_and_rule() -> None:
    """Offsets are those of the letter, and the source names the rule."""
    (hit,) = Lexicon([rule("跳楼")], {}).find(View(Letter("1", "标题", "我要跳楼")))
    assert hit == Hit(rule("跳楼"), 5, 7)
    assert hit.source == "rule:test.rule"


def test_the_group_named_span_is_what_counts() -> None:
    """Context may be part of a pattern without being part of the hit."""
    assert found("打伤我母亲", rule("(?P<span>打伤)我")) == ["打伤"]


def test_the_group_named_who_says_where_the_person_stands() -> None:
    """A pattern may point at the words in which the victim is to be looked for."""
    finder = Lexicon([rule("(?P<span>打伤)(?P<who>.{0,3})")], {})
    (hit,) = finder.find(View(Letter("1", body="打伤我母亲")))
    assert hit.who == (2, 5)


@pytest.mark.parametrize(
    ("guard", "text", "expected"),
    [
        ("否定", "我不会跳楼", []),
        ("否定", "我不会。跳楼", ["跳楼"]),
        ("否定", "我不会这样的,他们跳楼", ["跳楼"]),
        ("法名", "跳楼法", []),
        ("法名", "跳楼。法", ["跳楼"]),
        ("成语", "跳楼价", []),
        ("成语", "跳楼价跳楼", ["跳楼"]),
    ],
)
def test_guards_act_within_reach_and_sentence(guard: str, text: str, expected: list[str]) -> None:
    """A guard takes a match away only when its cue is near and in the same sentence."""
    assert found(text, rule("跳楼", guards=(guard,))) == expected


def test_full_width_and_traditional_writing_match() -> None:
    """Patterns see folded text; the words found are the letter's own."""
    assert found("我要自殺,跳樓!", rule("自杀", "跳楼")) == ["自殺", "跳樓"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我不\u200b想\u200b活了", ["不\u200b想\u200b活"]),
        ("我不 想 活了", ["不 想 活"]),
        ("我不\u3000想活了", ["不\u3000想活"]),
        ("我 不想活 了", ["不想活"]),
        ("乘坐 7 路", []),
    ],
)
def test_gaps_are_closed_on_demand_and_kept_in_the_span(text: str, words: list[str]) -> None:
    """Blanks between hanzi and invisible signs do not hide a word."""
    assert found(text, rule("不想活"), close_gaps=True) == words
    assert found("不 想活", rule("不想活")) == []


@given(st.text(alphabet="我不想活了。 \u200b\u3000a1\n𠮷", max_size=60))
def test_offsets_of_closed_gaps_are_those_of_the_letter(text: str) -> None:
    """With gaps taken out, what a hit quotes is the rule's word."""
    for words in found(text, rule("不想活", "活了"), close_gaps=True):
        assert re.sub(r"[ \u200b\u3000]", "", words) in {"不想活", "活了"}
        assert words[0] in "不活"
        assert words[-1] in "活了"


def test_guards_work_over_closed_gaps() -> None:
    """A negation with a blank in it still guards."""
    assert found("我没 有 跳 楼", rule("跳楼", guards=("否定",)), close_gaps=True) == []


def test_hits_come_in_the_order_of_the_letter() -> None:
    """Whatever the order of the rules."""
    assert found("先跳楼后自杀", rule("自杀"), rule("跳楼")) == ["跳楼", "自杀"]


def test_a_flood_of_hits_is_cut() -> None:
    """A rule that hits without end is stopped; it says nothing new."""
    assert len(found("跳楼" * (MAX_HITS + 50), rule("跳楼"))) == MAX_HITS


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(?:想|要)自杀|轻生", ("想要+自杀", "轻生")),
        ("停水.{0,3}天", ("停水+天",)),
        ("(?:恳|请).{4,60}", ("恳请",)),
        ("不想活(?:了|下去)?", ("不想活",)),
        ("活着[没无](?:意|劲)", ("活着+劲意",)),
        ("(?<!不)想死(?!心)", ("想死",)),
        ("打(?=人)", ("打+人",)),
        ("(?P<span>打伤)(?P<who>.{0,3})", ("打伤",)),
        ("ab?c+d{2}", ("a+c+d",)),
        ("a{0,2}b", ("b",)),
        (r"\(水\)", ("(水)",)),
        ("[一二]天|停水", ("天", "停水")),
        ("(?:停(?:水|电)|断)网", ("停断+网",)),
        ("[一二]|停水", ()),
        ("(?:停)?[水电]", ()),
        ("(?i)abc", ()),
        ("(?:停水", ()),
    ],
)
def test_needles_are_literals_that_a_match_must_hold(
    pattern: str, expected: tuple[str, ...]
) -> None:
    """A branch asks for all its parts but optional ones; the unknown promises nothing."""
    shown = ["+".join("".join(literals) for literals in branch) for branch in needles(pattern)]
    assert shown == list(expected)


PATTERNS = [(r, p) for family in labels.FAMILIES for r in LABELS.rules[family] for p in r.patterns]


def test_needles_never_hide_a_match() -> None:
    """What a shipped pattern matches in any example, with its surroundings, lets it pass."""
    text = "。".join(s for rules in LABELS.rules.values() for r in rules for s in r.examples)
    folded = View(Letter("1", body=text)).text
    hidden = [
        (r.id, match[0])
        for r, pattern in PATTERNS
        for match in re.finditer(pattern, folded)
        if not Sieve([pattern]).live(
            near := folded[max(0, match.start() - 9) : match.end() + 40], signs(near)
        )
    ]
    assert hidden == []


def test_most_shipped_patterns_are_spared_by_needles() -> None:
    """Rules of danger and distress promise literals, so that a letter costs little."""
    tested = [p for r, p in PATTERNS if r in LABELS.rules["crisis"] or r in LABELS.rules["scale"]]
    assert sum(bool(needles(p)) for p in tested) >= 0.9 * len(tested)


@pytest.mark.parametrize(
    "flood", ["自杀", "不想活了。", "想 死,", "被打", "随时", "没", " ", "跳楼价"]
)
def test_a_letter_of_a_hundred_thousand_signs_does_not_blow_up(flood: str) -> None:
    """Hostile repetition costs about as much as plain text."""
    view = View(Letter("1", body=(flood * 100_000)[:100_000]))
    finder = Lexicon(LABELS.rules["crisis"], LABELS.guards, close_gaps=True)
    begun = time.process_time()
    finder.find(view)
    assert time.process_time() - begun < 5
