"""Urgency and distress: rules only raise, and a level never comes without a reason."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import labels, scales
from nlp.entries import Rule
from nlp.letter import Letter, Span
from nlp.report import Crisis, CrisisLevel, Distress, Signal, Urgency
from nlp.rules import Hit
from nlp.scales import Cuts, Floats, Grader, Scale
from nlp.text import View

LABELS = labels.load()
VIEW = View(Letter("1", "", "停水三天了。老人没水吃药，我快撑不住了，请尽快处理。"))
GRADER = Grader(LABELS, Cuts((0.5, 1.5, 2.5), (0.5, 1.5, 2.5)))
SENTENCE = Span("text", 0, 6, "停水三天了。")
WORDS = Span("text", 13, 19, VIEW.raw[13:19])


def hit(scale: str, level: int, start: int = 0, end: int = 4) -> Hit:
    """A hit of an invented rule."""
    return Hit(Rule(f"{scale}.{level}", scale, ("x",), 0.9, ("x",), level=level), start, end)


def crisis(level: str, kind: str = "自杀自伤") -> Crisis:
    """One signal of a level, or none."""
    signal = Signal(kind, "本人", "流露", WORDS, 0.9, "rule:crisis")
    return Crisis(cast("CrisisLevel", level), () if level == "none" else (signal,))


def grade(scale: Scale, steps: Floats | None, hits: list[Hit], signs: Crisis) -> Urgency | Distress:
    """Grade the letter on either scale."""
    if scale == "urgency":
        return GRADER.urgency(VIEW, steps, hits, signs, lambda level: SENTENCE)
    return GRADER.distress(VIEW, steps, hits, signs, lambda level: SENTENCE, emotions=("平静",))


chances = st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3)
some_steps = st.none() | chances.map(lambda c: np.array(c, np.float32))
some_hits = st.lists(
    st.builds(
        hit, st.sampled_from(["urgency", "distress"]), st.integers(1, 3), st.integers(0, 9),
        st.integers(10, 20),
    ),
    max_size=5,
)  # fmt: skip
some_crisis = st.builds(
    crisis,
    st.sampled_from(["none", "concern", "high", "imminent"]),
    st.sampled_from(["自杀自伤", "遭受暴力"]),
)
both = pytest.mark.parametrize("scale", ["urgency", "distress"])


@both
@given(steps=some_steps, hits=some_hits, signs=some_crisis)
def test_rules_and_signals_only_raise(
    scale: Scale, steps: Floats | None, hits: list[Hit], signs: Crisis
) -> None:
    """No hit and no signal ever lowers the level that the model alone gives."""
    alone = grade(scale, steps, [], Crisis()).level
    raised = grade(scale, steps, hits, signs).level
    assert raised == max(alone, scales.rule_level(hits, scale, signs))
    assert grade(scale, steps, [*hits, hit(scale, 3)], signs).level == 3


@both
@given(steps=some_steps, hits=some_hits, signs=some_crisis)
def test_a_level_has_reasons(
    scale: Scale, steps: Floats | None, hits: list[Hit], signs: Crisis
) -> None:
    """Level 0 needs none; any other has one to five, each with its source."""
    found = grade(scale, steps, hits, signs)
    assert bool(found.reasons) == (found.level > 0)
    assert len(found.reasons) <= scales.MAX_REASONS
    assert all(reason.text and reason.source for reason in found.reasons)
    assert 0 <= found.confidence <= 1


@both
@given(hits=some_hits, signs=some_crisis)
def test_without_a_model_no_reason_is_the_models(
    scale: Scale, hits: list[Hit], signs: Crisis
) -> None:
    """A level that rules or signals gave says so."""
    found = grade(scale, None, hits, signs)
    assert not [reason for reason in found.reasons if reason.source.startswith("model:")]
    assert found.level == scales.rule_level(hits, scale, signs)


@pytest.mark.parametrize(
    ("level", "kind", "urgency", "distress"),
    [
        ("none", "自杀自伤", 0, 0),
        ("concern", "自杀自伤", 0, 0),
        ("high", "自杀自伤", 2, 2),
        ("imminent", "自杀自伤", 3, 3),
        ("high", "遭受暴力", 2, 0),
        ("imminent", "遭受暴力", 3, 0),
    ],
)
def test_what_signals_ask_for(level: str, kind: str, urgency: int, distress: int) -> None:
    """Danger near makes any letter urgent; only danger by one's own hand speaks for distress."""
    signs = crisis(level, kind)
    assert scales.rule_level([], "urgency", signs) == urgency
    assert scales.rule_level([], "distress", signs) == distress


@both
def test_signals_are_the_reason_where_they_carry(scale: Scale) -> None:
    """A level that a signal asks for points at the signal's words."""
    reasons = grade(scale, None, [], crisis("imminent")).reasons
    assert [(reason.span, reason.source) for reason in reasons] == [(WORDS, "rule:crisis")]


@both
def test_rules_name_their_words(scale: Scale) -> None:
    """Only hits that carry the level are reasons, each place once."""
    hits = [hit(scale, 2, 0, 4), hit(scale, 2, 0, 4), hit(scale, 1, 6, 8)]
    reasons = grade(scale, None, hits, Crisis()).reasons
    assert [reason.span for reason in reasons] == [Span("text", 0, 4, "停水三天")]
    assert reasons[0].source == f"rule:{scale}.2"


@pytest.mark.parametrize(
    ("steps", "level"),
    [([0, 0, 0], 0), ([0.5, 0, 0], 0), ([0.6, 0, 0], 1), ([1, 0.6, 0], 2), ([1, 1, 0.6], 3)],
)
def test_levels_are_cut_from_the_expected_level(steps: list[float], level: int) -> None:
    """The sum of the steps' probabilities is the expected level."""
    found = grade("urgency", np.array(steps, np.float32), [], Crisis())
    assert found.level == level
    assert found.name == LABELS.urgency[level].name


@pytest.mark.parametrize(
    ("chances", "shown"),
    [
        ({}, ("平静",)),
        ({"平静": 0.9}, ("平静",)),
        ({"平静": 0.9, "愤怒": 0.6}, ("愤怒",)),
        ({"愤怒": 0.6, "焦虑": 0.7}, ("焦虑", "愤怒")),
        ({"愤怒": 0.6, "焦虑": 0.7, "绝望": 0.9, "悲伤": 0.8}, ("绝望", "悲伤", "焦虑")),
    ],
)
def test_emotions(chances: dict[str, float], shown: tuple[str, ...]) -> None:
    """Strongest first, three at most; 平静 stands alone, also where nothing is shown."""
    values = np.array([chances.get(kind.name, 0.0) for kind in LABELS.emotions], np.float32)
    assert scales.emotions(values, [0.5] * len(LABELS.emotions), LABELS) == shown


def test_a_level_without_a_sentence_of_its_own_points_at_one_for_a_level_below() -> None:
    """The model's reason keeps its words when no sentence speaks for just that level."""
    below = Span("text", 0, 1, "吵")
    graded = GRADER.urgency(
        View(Letter("1", "", "吵")),
        np.ones(3, np.float32),
        (),
        Crisis(),
        lambda level: below if level == 1 else None,
    )
    assert graded.level == 3
    assert graded.reasons[0].span == below
