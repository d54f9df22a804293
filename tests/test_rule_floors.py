"""Every rule under labels/rules keeps its promises: its own sentences, and measured floors."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nlp import labels
from nlp.crisis import Reader, lexicon
from nlp.entries import Rule
from nlp.letter import Letter
from nlp.rules import Lexicon
from nlp.text import View

LABELS = labels.load()
RULES = [rule for family in labels.FAMILIES for rule in LABELS.rules[family]]
# Check digits, which privacy rules rely on, are code: tests/test_privacy.py runs those.
GUARDED = [rule for rule in RULES if rule not in LABELS.rules["privacy"]]
CRISIS = LABELS.rules["crisis"]
SCALE = LABELS.rules["scale"]
MARGIN = 0.1
MIN_SUPPORT = 5
MEASURED = {"crisis": 21, "scale": 19}
"""Rules of a family with support enough to be measured: may grow, never shrink."""
UNMEASURED = 0.8
"""The highest score of a rule whose precision nothing has measured."""
HIGH_PER_THOUSAND = 25
ANY_PER_THOUSAND = 65


def names(rules: Iterator[Rule] | list[Rule] | tuple[Rule, ...]) -> list[str]:
    """Ids for pytest."""
    return [rule.id for rule in rules]


@cache
def alone(rule: Rule) -> Lexicon:
    """A lexicon of one rule."""
    return Lexicon([rule], LABELS.guards, close_gaps=True)


def matches(rule: Rule, sentence: str) -> bool:
    """Whether a rule, guards included, hits a sentence."""
    return bool(alone(rule).find(View(Letter("例", body=sentence))))


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_examples_are_hit(rule: Rule) -> None:
    """A rule hits each of its own examples."""
    assert [sentence for sentence in rule.examples if not matches(rule, sentence)] == []


@pytest.mark.parametrize("rule", GUARDED, ids=names(GUARDED))
def test_counterexamples_are_left_alone(rule: Rule) -> None:
    """A rule, guards included, hits none of its counterexamples."""
    assert [sentence for sentence in rule.counterexamples if matches(rule, sentence)] == []


@pytest.mark.parametrize("rule", [*CRISIS, *SCALE], ids=names([*CRISIS, *SCALE]))
def test_rules_that_raise_are_well_documented(rule: Rule) -> None:
    """A rule about danger or distress has three examples, two counterexamples and a level."""
    assert len(rule.examples) >= 3
    assert len(rule.counterexamples) >= 2
    assert 1 <= rule.level <= 3


@pytest.mark.parametrize("rule", CRISIS, ids=names(CRISIS))
def test_crisis_rules_say_who_and_state(rule: Rule) -> None:
    """A crisis rule names a default person and a state."""
    assert rule.who
    assert rule.state


@pytest.mark.parametrize("rule", [*CRISIS, *SCALE], ids=names([*CRISIS, *SCALE]))
def test_no_rule_is_shadowed(rule: Rule) -> None:
    """No other rule of the same label and level, as sure or surer, hits all its examples."""
    rivals = [
        other
        for other in (*CRISIS, *SCALE)
        if other.id != rule.id
        and (other.label, other.level) == (rule.label, rule.level)
        and other.score >= rule.score
    ]
    shadows = [other.id for other in rivals if all(matches(other, s) for s in rule.examples)]
    assert shadows == []


def read(path: Path) -> list[dict[str, Any]]:
    """Lines of a gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def view(row: dict[str, Any]) -> View:
    """A letter of the data folder as rules see it."""
    return View(Letter(str(row["id"]), row["title"] or "", row["body"]))


def counted(rows: list[dict[str, Any]], family: tuple[Rule, ...]) -> dict[str, tuple[int, int]]:
    """Per rule: letters it hits, and those of them whose annotation bears it out."""
    finder = Lexicon(family, LABELS.guards, close_gaps=True)
    tally: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        for rule in {hit.rule.id: hit.rule for hit in finder.find(view(row))}.values():
            crisis = rule.label not in {"urgency", "distress"}
            borne_out = bool(row["crisis"]) if crisis else row[rule.label] >= rule.level
            tally[rule.id].append(borne_out)
    return {name: (len(found), sum(found)) for name, found in tally.items()}


@pytest.mark.shared
@pytest.mark.parametrize("family", ["crisis", "scale"])
def test_precision_floors_hold_on_annotated_letters(shared_data: Path, family: str) -> None:
    """No rule with enough support is less precise than its score by more than a margin."""
    rows = read(shared_data / "gold_train.jsonl.gz")
    tally = counted(rows, LABELS.rules[family])
    measured = {name: hits for name, hits in tally.items() if hits[0] >= MIN_SUPPORT}
    scores = {rule.id: rule.score for rule in LABELS.rules[family]}
    assert len(measured) >= MEASURED[family], "a floor over nothing proves nothing"
    assert max(s for name, s in scores.items() if name not in measured) <= UNMEASURED
    low = {
        name: (hits, right, scores[name])
        for name, (hits, right) in measured.items()
        if right / hits < scores[name] - MARGIN
    }
    assert low == {}


@pytest.mark.shared
def test_alarms_stay_rare_on_ordinary_letters(shared_data: Path) -> None:
    """Few ordinary letters raise an alarm, fewer still one that calls for someone at once."""
    rows = read(shared_data / "letters_unlabelled.jsonl.gz")[::5]
    assert len(rows) > 1000, "a rate over nothing proves nothing"
    finder, reader = lexicon(LABELS), Reader(LABELS)
    levels = [reader.read(v, finder.find(v)).level for v in map(view, rows)]
    alarms = sum(level != "none" for level in levels)
    high = sum(level in {"high", "imminent"} for level in levels)
    assert 0 < alarms / len(rows) * 1000 <= ANY_PER_THOUSAND
    assert 0 < high / len(rows) * 1000 <= HIGH_PER_THOUSAND


@pytest.mark.shared
def test_recall_floor_on_annotated_letters(shared_data: Path) -> None:
    """Letters annotated with a signal are found, those about suicide above all."""
    rows = [row for row in read(shared_data / "gold_train.jsonl.gz") if row["crisis"]]
    assert rows, "a recall over nothing proves nothing"
    finder = lexicon(LABELS)
    found = {row["id"]: bool(finder.find(view(row))) for row in rows}
    life = [row["id"] for row in rows if any(c["type"] == "自杀自伤" for c in row["crisis"])]
    assert sum(found.values()) / len(found) >= 0.9
    assert all(found[name] for name in life)
