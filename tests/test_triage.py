"""Letters in, reports out: each letter its own, none lost, and danger said whatever breaks."""

import json
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator, FormatChecker

from nlp import crisis, labels
from nlp.codec import encode, from_json, json_schema, to_json
from nlp.letter import Letter
from nlp.report import Report
from nlp.triage import CHUNK, Triage
from nlp.words import cut
from tests import toys
from tests.conftest import ROOT
from tests.toys import ToyScorer, letters, toy_triage

SCHEMA = Draft202012Validator(json_schema(), format_checker=FormatChecker())
DANGER = "我实在走投无路，今晚就从楼上跳下去，不想活了。"
PLAIN = "请问青禾小区的学区什么时候公布？"
MARK = "柳溪镇的钱阿婆"


def examples() -> list[Letter]:
    """The invented letters of examples/."""
    lines = (ROOT / "examples/gold.jsonl").read_text("utf-8").strip().split("\n")
    rows = [json.loads(line) for line in lines]
    day = date(2026, 1, 5)
    return [Letter(row["id"], row.get("title") or "", row["body"], day) for row in rows]


def spans_of(data: Any) -> list[dict[str, Any]]:
    """Every span anywhere in an encoded report."""
    if isinstance(data, dict):
        found = [data] if set(data) == {"in", "start", "end", "quote"} else []
        return found + [span for value in data.values() for span in spans_of(value)]
    return [span for item in data for span in spans_of(item)] if isinstance(data, list) else []


def assert_quotes(letter: Letter, report: Report) -> int:
    """Every span quotes the letter as it came; how many there are."""
    found = spans_of(encode(report))
    for span in found:
        part = letter.title if span["in"] == "title" else letter.body
        assert part[span["start"] : span["end"]] == span["quote"]
    return len(found)


@given(letters)
@settings(max_examples=40)
def test_every_span_quotes_the_letter(triage: Triage, letter: Letter) -> None:
    """text[start:end] is the quote for every span of the report, whatever signs the text has."""
    report = triage.read([letter])[0]
    assert_quotes(letter, report)
    assert from_json(to_json(report)) == report
    SCHEMA.validate(encode(report))


@pytest.fixture(scope="module")
def reports(triage: Triage) -> list[Report]:
    """Reports of the examples."""
    return triage.read(examples())


def test_reports_of_the_examples_are_whole(triage: Triage, reports: list[Report]) -> None:
    """Spans of all kinds are there and true, and each report keeps the schema and the contract."""
    own = examples()
    assert sum(assert_quotes(*pair) for pair in zip(own, reports, strict=True)) > 10 * len(own)
    for report in reports:
        SCHEMA.validate(encode(report))
        assert from_json(to_json(report)) == report
        assert report.labels_digest == labels.load().digest
        assert report.model == triage.model
        assert report.category.l2 in triage.labels.children(report.category.l1 or "")


def test_order_and_neighbours_do_not_matter(triage: Triage, reports: list[Report]) -> None:
    """Any order, any company, alone or again: a letter's report is the same to the last digit."""
    whole = {report.id: report for report in reports}
    some = random.Random(7).sample(examples(), 9)  # noqa: S311  # a fixed order
    assert triage.read(some) == [whole[letter.id] for letter in some]
    assert triage.read(some[:1]) == [whole[some[0].id]]


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])
def test_as_many_reports_as_letters(count: int) -> None:
    """One report a letter, in order, in batches no larger than the chunk; equal ids stay apart."""
    scorer = ToyScorer(toys.heads(labels.load()))
    own = [Letter(str(i // 2), "", PLAIN if i % 3 else "") for i in range(count)]
    reports = toy_triage(scorer=scorer).read(own)
    assert [report.id for report in reports] == [letter.id for letter in own]
    assert max([*scorer.seen, 0]) <= CHUNK


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "来信没有可读的内容"),
        (" \u3000\r\n\t", "来信没有可读的内容"),
        ("冤", "内容太少，无法判断"),
        ("\U0002a6d6", "内容太少，无法判断"),
        ("\x00", "内容太少，无法判断"),
        ("😀\u200d😀", "内容太少，无法判断"),
    ],
)
def test_next_to_nothing_goes_to_a_person(triage: Triage, body: str, reason: str) -> None:
    """Blank and one-sign letters get a report that calls a person and says why."""
    report = triage.read([Letter("1", "", body)])[0]
    assert report.review.required
    assert reason in report.review.reasons
    SCHEMA.validate(encode(report))


def test_half_a_sign_is_read_all_the_same(triage: Triage) -> None:
    """A lone surrogate, as broken JSON may hold, loses neither the letter nor its danger."""
    report = triage.read([Letter("1", "", f"\ud800{DANGER}")])[0]
    assert report.crisis.level in {"high", "imminent"}
    assert report.review.required


def test_a_letter_of_a_megabyte_is_read() -> None:
    """Every character of a huge letter is read: danger on its last line is found."""
    line = "春风又绿江南岸，明月何时照我还。\n"
    body = line * (2**20 // len(line.encode())) + DANGER
    report = toy_triage(finders=NoFinders()).read([Letter("1", "", body)])[0]
    span = report.crisis.signals[0].span
    assert span.start >= len(body) - len(DANGER)
    assert body[span.start : span.end] == span.quote


PLACED: dict[str, tuple[str, str]] = {
    "body": ("", DANGER),
    "title": (DANGER, PLAIN),
    "title only": (DANGER, ""),
    "last line of a long letter": ("求助", (PLAIN + "\r\n") * (20_000 // len(PLAIN)) + DANGER),
    "among blanks": ("求助", "\u3000\n" * 200 + DANGER),
}


@pytest.mark.parametrize("place", PLACED)
def test_danger_is_found_wherever_it_stands(triage: Triage, place: str) -> None:
    """Title or body, first line or last of 20,000 characters: the same signals and level."""
    plain = triage.read([Letter("1", "", DANGER)])[0].crisis
    letter = Letter("1", *PLACED[place])
    found = triage.read([letter])[0]
    wanted = [(s.type, s.who, s.state, s.span.quote, s.source) for s in plain.signals]
    assert wanted
    got = [(s.type, s.who, s.state, s.span.quote, s.source) for s in found.crisis.signals]
    assert set(wanted) <= set(got)
    assert (found.crisis.level, found.urgency.level) == (plain.level, 3)
    assert assert_quotes(letter, found)


def test_a_title_alone_and_a_body_alone_are_read(triage: Triage) -> None:
    """The same words are understood in either part."""
    said = "隔壁工厂半夜排放废气，气味刺鼻，请环保局查处"
    first, second = triage.read([Letter("1", said, ""), Letter("2", "", said)])
    assert first.category.l1 == second.category.l1 == "环境保护"


class NoFinders:
    """Finds nothing, at once."""

    def find(self, views: Any) -> list[Any]:
        """No answers."""
        from nlp.report import Fields  # noqa: PLC0415

        return [Fields() for _ in views]


class BrokenFinders:
    """Finders that quote the letter and fail."""

    def find(self, views: Any) -> list[Any]:
        """Fail with the letter's words in the message."""
        raise ValueError(views[0].raw)


def broken_scorer(**how: BaseException) -> ToyScorer:
    """A scorer that fails."""
    return replace(ToyScorer(toys.heads(labels.load())), **cast("dict[str, Any]", how))


PANIC = type("PanicException", (BaseException,), {})
PARTS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "scorer": (lambda: {"scorer": broken_scorer(broken=ValueError(MARK))}, "模型未能读这封信"),
    "no memory": (lambda: {"scorer": broken_scorer(broken=MemoryError())}, "模型未能读这封信"),
    "too deep": (lambda: {"scorer": broken_scorer(broken=RecursionError())}, "模型未能读这封信"),
    "native": (lambda: {"scorer": broken_scorer(broken=PANIC(MARK))}, "模型未能读这封信"),
    "evidence": (
        lambda: {"scorer": broken_scorer(broken_evidence=ValueError(MARK))}, "模型未能读这封信"
    ),
    "finders": (lambda: {"finders": BrokenFinders()}, "字段未能提取"),
    "both": (
        lambda: {"scorer": broken_scorer(broken=OSError(MARK)), "finders": BrokenFinders()},
        "字段未能提取",
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_danger_is_said_whatever_breaks(part: str, caplog: pytest.LogCaptureFixture) -> None:
    """Signals survive a failing part, a person is called, the log holds no word of the letter."""
    make, reason = PARTS[part]
    own = [Letter("1", "", f"我是{MARK}。{DANGER}"), Letter("2", MARK, PLAIN), Letter("3", "", "")]
    whole = toy_triage().read(own)
    with caplog.at_level(logging.DEBUG):
        found = toy_triage(**make()).read(own)
    assert [report.id for report in found] == ["1", "2", "3"]
    assert found[0].crisis == whole[0].crisis
    assert found[0].crisis.level in {"high", "imminent"}
    assert found[0].urgency.level == whole[0].urgency.level == 3
    assert all(report.review.required for report in found)
    for report in found[:2]:
        assert any(reason in said for said in report.review.reasons)
        SCHEMA.validate(encode(report))
    assert "有危机信号" in found[0].review.reasons
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "读信出错" in logged
    assert not [word for word in (MARK, "不想活", "学区") if word in logged]


@pytest.mark.parametrize("part", ["handling.read", "group_size.find", "flags.rule_features"])
def test_danger_is_said_when_the_report_cannot_be_put_together(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even then the signals, the urgency they ask for and the actions reach a person."""

    def broken(*given: Any, **named: Any) -> Any:
        raise ZeroDivisionError

    whole = toy_triage().read([Letter("1", "", DANGER)])[0]
    monkeypatch.setattr(f"nlp.{part}", broken)
    found = toy_triage().read([Letter("1", "", DANGER), Letter("2", "", PLAIN)])
    assert found[0].crisis == whole.crisis
    assert found[0].urgency.level == 3
    assert found[0].urgency.reasons[0].span == whole.crisis.signals[0].span
    assert all(report.review.required for report in found)
    assert any("未能" in reason for reason in found[1].review.reasons)


def test_broken_crisis_rules_are_said_loudly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When the crisis rules themselves fail, each letter goes to a person at once, not unsaid."""

    def broken(self: Any, view: Any, hits: Any, scores: Any = None) -> Any:
        raise ValueError(view.raw)

    monkeypatch.setattr(crisis.Reader, "read", broken)
    with caplog.at_level(logging.DEBUG):
        reports = toy_triage().read([Letter("1", "", f"{MARK}{DANGER}"), Letter("2", "", PLAIN)])
    assert all(report.review.required for report in reports)
    assert all("危机规则未能运行" in report.review.reasons[0] for report in reports)
    assert MARK not in caplog.text


def test_one_bad_letter_does_not_harm_its_neighbours() -> None:
    """A letter on which a part fails is said so; the others of its batch are read whole."""

    class Picky(ToyScorer):
        def read(self, views: Any) -> Any:
            if any("毒" in view.raw for view in views):
                raise ValueError
            return super().read(views)

    heads = toys.heads(labels.load())
    own = [Letter("1", "", PLAIN), Letter("2", "", "毒" + PLAIN), Letter("3", "", DANGER)]
    found = toy_triage(scorer=Picky(heads)).read(own)
    whole = toy_triage().read(own)
    assert [found[0], found[2]] == [whole[0], whole[2]]
    assert "模型未能读这封信，只有规则的结果" in found[1].review.reasons


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_person_can_stop_it(stop: type[BaseException]) -> None:
    """Ctrl-C and exit are not swallowed as a letter's trouble."""
    with pytest.raises(stop):
        toy_triage(scorer=broken_scorer(broken=cast("Any", stop()))).read([Letter("1", "", PLAIN)])


def test_logs_hold_nothing_of_letters(triage: Triage, caplog: pytest.LogCaptureFixture) -> None:
    """Reading the examples at the most talkative level logs none of their words."""
    own = examples()[:8]
    with caplog.at_level(logging.DEBUG):
        triage.read(own)
    words = {word for letter in own for word in cut(letter.body) if len(word) > 2}
    assert not [word for word in words if word in caplog.text]
