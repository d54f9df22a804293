"""Who must read a letter, and why."""

import pytest

from nlp.letter import Letter
from nlp.report import (
    Category,
    Crisis,
    Distress,
    Flag,
    ModelInfo,
    Purpose,
    Report,
    Signal,
    Urgency,
)
from nlp.review import is_blank, reasons_to_read, unreadable
from nlp.text import View
from tests.samples import WORDS, full

MODEL = ModelInfo("样", "1", "sha256:0")
VIEW = View(Letter("1", "", "请问学区什么时候公布？"))
SIGNAL = Signal("自杀自伤", "本人", "流露", WORDS, 0.9, "rule:样")


def report(**parts: object) -> Report:
    """A harmless report with some parts changed."""
    harmless = {
        "category": Category("教育文体", "考试招生", 0.9),
        "purpose": Purpose("咨询", "申诉求决", 0.9),
        "urgency": Urgency(0, "普通", 0.9),
        "distress": Distress(0, "平稳", ("平静",), 0.9),
    }
    given = {"id": "1", "model": MODEL, "labels_digest": "sha256:1", **harmless, **parts}
    return Report(**given)  # pyright: ignore[reportArgumentType]


def test_a_harmless_letter_needs_no_one() -> None:
    """A plain question that was understood is not sent to review."""
    found = reasons_to_read(VIEW, report(), ())
    assert not found.required
    assert not found.reasons


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"crisis": Crisis("concern", (SIGNAL,))}, "有危机信号"),
        ({"urgency": Urgency(2, "橙", 0.9)}, "轻重缓急为橙或红"),
        ({"urgency": Urgency(3, "红", 0.9)}, "轻重缓急为橙或红"),
        ({"purpose": Purpose("检举控告", "检举控告", 0.9)}, "涉及检举控告，限阅"),
        ({"flags": (Flag("检举控告", 0.9, (WORDS,), "rule", "第30条"),)}, "涉及检举控告，限阅"),
        ({"category": Category("教育文体", None, 0.2, abstained=True)}, "类别把握不足"),
    ],
)
def test_what_calls_a_person(parts: dict[str, object], reason: str) -> None:
    """Danger, urgency, accusation and doubt each send a letter to a person, and say so."""
    found = reasons_to_read(VIEW, report(**parts), ())
    assert found.required
    assert found.reasons == (reason,)


def test_troubles_come_first() -> None:
    """What failed is said before what was found."""
    found = reasons_to_read(VIEW, full(), ("模型未能读这封信",))
    assert found.reasons[0] == "模型未能读这封信"
    assert len(found.reasons) > 1


@pytest.mark.parametrize(
    ("body", "short"), [("冤", True), ("冤 枉\n啊", True), ("我家停水了", True)]
)
def test_a_word_or_two_cannot_be_judged(body: str, short: bool) -> None:
    """Blanks do not count as content."""
    found = reasons_to_read(View(Letter("1", "", body)), report(), ())
    assert ("内容太少，无法判断" in found.reasons) is short


@pytest.mark.parametrize(
    ("body", "blank"), [("", True), (" \u3000\r\n\t\u00a0", True), ("。", False), ("\u200b", False)]
)
def test_blank_letters(body: str, blank: bool) -> None:
    """Blanks of every kind are nothing; a single mark is something."""
    assert is_blank(View(Letter("1", "", body))) is blank


def test_an_unread_letter_claims_nothing() -> None:
    """No category, no purpose, level 0 without reasons: only a call for a person."""
    found = unreadable("7", "第 3 行没有正文", MODEL, "sha256:1")
    assert found.review.required
    assert found.review.reasons == ("第 3 行没有正文",)
    assert (found.id, found.category.l1, found.purpose.name) == ("7", None, "")
    assert found.category.abstained
    assert found.flags == found.needs == found.pii == found.crisis.signals == ()
