"""Tests of nlp.privacy."""

import time
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import labels, privacy
from nlp.entries import Rule
from nlp.letter import Letter
from nlp.text import View

RULES = labels.load().rules["privacy"]
ID = "11010519491231002X"
CARD = "6222021234567890128"
CODE = "91350100M000100Y43"


@cache
def finder() -> privacy.Finder:
    """The finder over the package's own rules."""
    return privacy.Finder(labels.load())


def found(body: str, title: str = "") -> list[tuple[str, str]]:
    """Type and words of every find."""
    finds = finder().find(View(Letter("1", title, body)))
    return [(find.type, find.span.quote) for find in finds]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_finds_its_examples(rule: Rule) -> None:
    """Every rule's examples yield its type, its counterexamples do not."""
    assert len(rule.examples) >= 2
    for example in rule.examples:
        assert rule.label in {kind for kind, _ in found(example)}, example
    for example in rule.counterexamples:
        assert rule.label not in {kind for kind, _ in found(example)}, example


@pytest.mark.parametrize(
    ("body", "kind", "quote"),
    [
        ("手机１３８００００１２３４谢谢", "手机号", "１３８００００１２３４"),
        ("手机+86 138-0000-1234谢谢", "手机号", "+86 138-0000-1234"),
        ("手机138\u200b0000\u200b1234谢谢", "手机号", "138\u200b0000\u200b1234"),
        (f"身份证{ID.lower()}，", "身份证号", ID.lower()),
        (
            "身份证号：４３０１０２１９８００１０１１２３４",
            "身份证号",
            "４３０１０２１９８００１０１１２３４",
        ),
        (f"打到{CARD}上", "银行卡号", CARD),
        (f"信用代码{CODE}。", "统一社会信用代码", CODE),
        ("我叫欧阳修文，今年四十岁", "姓名", "欧阳修文"),
        ("我叫張小明，今年四十歲", "姓名", "張小明"),
        ("此致\n敬礼\n李国强\n2019年3月2日", "姓名", "李国强"),
        ("家住和平镇西街12号3栋402室，", "住址", "和平镇西街12号3栋402室"),
    ],
)
def test_words_of_a_find_are_as_they_came(body: str, kind: str, quote: str) -> None:
    """Full-width, traditional and split writing is found and quoted untouched."""
    assert (kind, quote) in found(body)


@pytest.mark.parametrize(
    "body",
    [
        "（2019）湘0103民初1234号民事判决书",
        "国办发〔2018〕12号文件",
        "办件编号：20190302123456789",
        "拨打12345、110、12315反映",
        "合同金额138000012345元",
        "统一社会信用代码91350100M000100Y44",
        "卡号6222021234567890123",
        "编号110105194912310021",
        "电话0000-00000000，手机177××××1292",
        "此致敬礼！",
        "此致敬礼！全体业主 2019年3月",
        "小区1栋2单元的电梯坏了",
        "我叫了三次车",
    ],
)
def test_what_is_no_personal_data(body: str) -> None:
    """Case and document numbers, wrong check digits, masked numbers and hotlines stay."""
    assert found(body) == []


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (privacy.is_identity, ID, "110105194913310020"),
        (privacy.is_identity, ID, "990105194912310021"),
        (privacy.is_identity, ID, "1101051949123"),
        (privacy.is_credit_code, CODE, CODE[:-1] + "4"),
        (privacy.is_credit_code, CODE, "I" * 18),
        (privacy.is_card, CARD, "6222021234567890123"),
        (privacy.is_card, "4111111111111111", "0000000000000000"),
        (privacy.is_mobile, "8613800001234", "13333333333"),
    ],
)
def test_checks(check: object, right: str, wrong: str) -> None:
    """Check digits, birthdays and regions tell a number from a look-alike."""
    assert callable(check)
    assert check(right)
    assert not check(wrong)


def test_finds_do_not_overlap() -> None:
    """A citizen's number is not also read as a card, a phone or a code."""
    assert found(f"身份证{ID}，电话13800001234") == [("身份证号", ID), ("手机号", "13800001234")]


def test_mask_is_stable() -> None:
    """The same number gets the same placeholder in title and body, another one the next."""
    title, body = "电话13800001234", "138-0000-1234 或 13900005678"
    finds = finder().find(View(Letter("1", title, body)))
    assert privacy.mask(title, finds, part="title") == "电话〔手机号1〕"
    assert privacy.mask(body, finds) == "〔手机号1〕 或 〔手机号2〕"


def test_mask_without_finds_changes_nothing() -> None:
    """Text without personal data comes back as it was."""
    assert privacy.mask("路灯坏了", ()) == "路灯坏了"


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["13800001234", ID, CARD, "我叫张小明，", "電話", "QQ：", "\r\n", "😀𠮷"]
            ),
            st.text(max_size=6),
        ),
        max_size=12,
    )
)
def test_spans_quote_the_part_and_mask_hides(parts: list[str]) -> None:
    """Whatever is found, its words stand at its offsets, in order and apart, and are masked."""
    body = "".join(parts)
    finds = finder().find(View(Letter("1", "来信", body)))
    own = [find.span for find in finds if find.span.part == "text"]
    assert all(body[span.start : span.end] == span.quote for span in own)
    assert all(a.end <= b.start for a, b in pairwise(own))
    assert privacy.mask(body, finds).count("〔") == body.count("〔") + len(own)


def test_thousands_of_numbers_are_told_apart_in_time() -> None:
    """A find is compared with its neighbours, not with every other."""
    view = View(Letter("1", body="13812345678，" * 20_000))
    begun = time.process_time()
    assert len(finder().find(view)) == 20_000
    assert time.process_time() - begun < 5
