"""Tests of nlp.flags and nlp.train.flags."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import flags, labels
from nlp.entries import Rule
from nlp.errors import BundleError
from nlp.letter import Letter, Span
from nlp.rules import Hit, Lexicon
from nlp.text import View
from nlp.train import flags as training

LABELS = labels.load()
NAMES = [kind.name for kind in LABELS.flags]
RULES = LABELS.rules["flag"]
LEXICON = Lexicon(RULES, LABELS.guards)
SURE = Rule("flag.test.sure", "怕报复", ("报复",), 0.95, ("怕报复", "被报复"))
WEAK = Rule("flag.test.weak", "怕报复", ("报复",), 0.4, ("怕报复", "被报复"))


def view(body: str, title: str = "") -> View:
    """A letter to look at."""
    return View(Letter("1", title, body))


def sample(text: str) -> View:
    """An example of a rule; what stands before a line break is the title."""
    title, _, body = text.partition("\n")
    return view(body, title) if body else view(text)


def nothing(_: str) -> Span | None:
    """A model that cannot say where it looked."""
    return None


def read(
    body: str, *, rule: Rule | None = None, chance: float = 0.0, threshold: float = 0.5
) -> list[flags.report.Flag]:
    """Flags of a letter for one rule and one probability of 怕报复."""
    letter = view(body)
    hits = Lexicon([rule], {}).find(letter) if rule else []
    reader = flags.Reader(LABELS, {"怕报复": threshold})
    return list(reader.read(letter, hits, {"怕报复": chance}, nothing))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_keeps_its_word(rule: Rule) -> None:
    """Every rule hits its examples and none of its counterexamples, guards included."""
    assert len(rule.examples) >= 2
    assert rule.counterexamples
    for example in rule.examples:
        assert rule.id in {hit.rule.id for hit in LEXICON.find(sample(example))}, example
    for example in rule.counterexamples:
        assert rule.id not in {hit.rule.id for hit in LEXICON.find(sample(example))}, example


def test_every_flag_has_a_rule() -> None:
    """No flag is left to the model alone."""
    assert {rule.label for rule in RULES} == set(NAMES)


def test_sure_rule_gives_its_flag_whatever_the_model_says() -> None:
    """A rule at the floor is never outvoted."""
    (flag,) = read("我怕被报复", rule=SURE, chance=0.0)
    assert (flag.name, flag.confidence, flag.source) == ("怕报复", 0.95, "rule:flag.test.sure")
    assert [span.quote for span in flag.spans] == ["报复"]
    assert flag.basis == LABELS.flags[NAMES.index("怕报复")].basis


def test_weak_rule_alone_gives_nothing() -> None:
    """A rule below the floor is only a clue."""
    assert read("我怕被报复", rule=WEAK, chance=0.4) == []


def test_model_with_weak_rule_names_both() -> None:
    """When the combined probability passes, source names the rule and the model."""
    (flag,) = read("我怕被报复", rule=WEAK, chance=0.7)
    assert (flag.confidence, flag.source) == (0.7, "rule:flag.test.weak+model:linear")


def test_model_alone_falls_back_to_the_first_sentence() -> None:
    """A flag of the model alone still stands on words."""
    (flag,) = read("请替我保密。谢谢。", chance=0.8)
    assert flag.source == "model:linear"
    assert [span.quote for span in flag.spans] == ["请替我保密。"]


def test_model_alone_uses_its_evidence() -> None:
    """The sentence that the model points at is taken first."""
    letter = view("您好。请替我保密。")
    reader = flags.Reader(LABELS, {"怕报复": 0.5})
    (flag,) = reader.read(letter, [], {"怕报复": 0.8}, lambda _: letter.span(3, 9))
    assert [span.quote for span in flag.spans] == ["请替我保密。"]


def test_flag_without_threshold_is_left_to_rules() -> None:
    """A probability says nothing for a flag that was not calibrated."""
    reader = flags.Reader(LABELS, {})
    assert reader.read(view("请保密"), [], {"怕报复": 1.0}, nothing) == ()


def test_empty_letter_has_no_flags() -> None:
    """Without words there is nothing a flag could stand on."""
    assert read("", chance=1.0) == []


def test_rule_features_hold_best_score_count_and_size() -> None:
    """Columns are best score, log hits and log size, in the order of the flags."""
    hits = [Hit(SURE, 0, 2), Hit(WEAK, 3, 5)]
    row = flags.rule_features(hits, LABELS, group_size=35)
    column = NAMES.index("怕报复")
    assert row.shape == (2 * len(NAMES) + 1,)
    assert row[column] == pytest.approx(0.95)
    assert row[len(NAMES) + column] == pytest.approx(np.log(3))
    assert row[-1] == pytest.approx(np.log(36))
    assert np.count_nonzero(row) == 3


@given(
    st.text(alphabet="我们小区业主联名上访投诉多次12345 报警残疾老人，。\n😀𠮷\u200b", max_size=60)
)
def test_spans_quote_the_part(body: str) -> None:
    """Every span of every flag stands at its offsets; none is missing."""
    letter = view(body, "投诉")
    reader = flags.Reader(LABELS, dict.fromkeys(NAMES, 0.5))
    given_flags = reader.read(letter, LEXICON.find(letter), dict.fromkeys(NAMES, 0.9), nothing)
    assert [flag.name for flag in given_flags] == NAMES
    for flag in given_flags:
        assert 1 <= len(flag.spans) <= flags.MAX_SPANS
        for span in flag.spans:
            part = "投诉" if span.part == "title" else body
            assert part[span.start : span.end] == span.quote


def made_rows() -> tuple[list[dict[str, Any]], flags.Floats, flags.Floats]:
    """Invented training rows: the rule column of 集体 is right, the model is noise."""
    noise = np.random.default_rng(0)
    count, n = 120, len(NAMES)
    truth = noise.random(count) < 0.4
    rows: list[dict[str, Any]] = [
        {"flags": ["集体"] if is_joint else [], "group": i} for i, is_joint in enumerate(truth)
    ]
    probabilities = noise.uniform(0.2, 0.4, (count, n)).astype(np.float32)
    features = np.zeros((count, 2 * n + 1), np.float32)
    features[:, NAMES.index("集体")] = truth * 0.8
    return rows, probabilities, features


def test_trained_stack_learns_from_rules() -> None:
    """Where the model knows nothing, a good rule decides; rare flags keep the model's word."""
    rows, probabilities, features = made_rows()
    stack = training.train(rows, probabilities, features, LABELS)
    chances = stack.combine(probabilities, features)
    given_joint = chances[:, 0] >= stack.thresholds[0]
    assert given_joint.tolist() == [bool(row["flags"]) for row in rows]
    assert chances[:, 1] == pytest.approx(probabilities[:, 1], abs=1e-5)


def test_stack_survives_json() -> None:
    """Weights read back from JSON give the same probabilities."""
    rows, probabilities, features = made_rows()
    stack = training.train(rows, probabilities, features, LABELS)
    again = flags.Stack.from_json(json.loads(json.dumps(stack.to_json())), LABELS)
    assert again.combine(probabilities, features) == pytest.approx(
        stack.combine(probabilities, features)
    )


def test_stack_for_other_flags_is_refused() -> None:
    """Weights made for another list of flags do not load."""
    n = len(NAMES)
    data = {
        "names": NAMES[::-1],
        "weights": np.zeros((n, flags.INPUTS)).tolist(),
        "bias": [0.0] * n,
        "thresholds": [0.5] * n,
    }
    with pytest.raises(BundleError, match="重新训练"):
        flags.Stack.from_json(data, LABELS)


@pytest.mark.shared
def test_scores_are_measured(shared_data: Path) -> None:
    """Each rule's score is its precision on the training letters, (right + 1) / (hit + 2)."""
    right: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    with gzip.open(shared_data / "gold_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            letter = View(Letter(row["id"], row["title"], row["body"]))
            for rule in {found.rule for found in LEXICON.find(letter)}:
                hit[rule.id] += 1
                right[rule.id] += rule.label in row["flags"]
    for rule in RULES:
        measured = (right[rule.id] + 1) / (hit[rule.id] + 2)
        assert rule.score == pytest.approx(measured, abs=0.02), rule.id
