"""Urgency and distress: ordinal levels from the model, raised by rules and crisis signals.

Rules only raise. Every level above 0 names what carries it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nlp.entries import Level
from nlp.labels import Labels
from nlp.letter import Span
from nlp.report import Crisis, Distress, Reason, Signal, Urgency
from nlp.rules import Hit
from nlp.text import View

Floats = NDArray[np.float32]
Scale = Literal["urgency", "distress"]
Evidence = Callable[[int], Span | None]
STEPS = (1, 2, 3)
"""Levels that the model gives the probability of reaching."""
MAX_REASONS = 5
CALM = "平静"
MAX_EMOTIONS = 3
SOURCE = "model:linear"
"""How reports name the model that graded a letter."""
_CRISIS_URGENCY: Mapping[str, int] = {"imminent": 3, "high": 2}
_CRISIS_DISTRESS: Mapping[str, int] = {"imminent": 3, "high": 2}
_INWARD = "自杀自伤"


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the expected level of a scale becomes the next level; three rising numbers."""

    urgency: tuple[float, float, float]
    distress: tuple[float, float, float]

    def level(self, scale: Scale, steps: Floats) -> int:
        """Level of one letter.

        Args:
            scale: Which scale.
            steps: Probability of being at level 1, 2, 3 or above, shape (3,).

        Returns:
            0 to 3.
        """
        expected = float(np.sum(steps))
        return sum(expected > cut for cut in getattr(self, scale))


def rule_level(hits: Sequence[Hit], scale: Scale, crisis: Crisis) -> int:
    """The level that rules and crisis signals alone ask for, 0 to 3."""
    ruled = max((hit.rule.level for hit in hits if hit.rule.label == scale), default=0)
    return max(ruled, _crisis_level(crisis, scale))


def _crisis_level(crisis: Crisis, scale: Scale) -> int:
    """What crisis signals ask for; only danger by one's own hand speaks for the distress."""
    if scale == "urgency":
        return _CRISIS_URGENCY.get(crisis.level, 0)
    inward = any(signal.type == _INWARD for signal in crisis.signals)
    return _CRISIS_DISTRESS.get(crisis.level, 0) if inward else 0


@dataclass(frozen=True, slots=True)
class Grader:
    """Grades letters by the labels' scales.

    Attributes:
        labels: The labels.
        cuts: The bundle's cut points.
        source: What the model's reasons are signed with.
    """

    labels: Labels
    cuts: Cuts
    source: str = SOURCE

    def urgency(
        self,
        view: View,
        steps: Floats | None,
        hits: Sequence[Hit],
        crisis: Crisis,
        evidence: Evidence,
    ) -> Urgency:
        """Grade how soon the matter will hurt someone.

        Args:
            view: The letter.
            steps: Probability of level 1, 2, 3 or above, shape (3,); None without a model.
            hits: Hits of the scale rules.
            crisis: The signals found.
            evidence: Level to the sentence that speaks most for it.
        """
        level, confidence = self._grade("urgency", steps, hits, crisis)
        reasons = self._reasons("urgency", level, view, hits, crisis, evidence)
        return Urgency(level, self.labels.urgency[level].name, confidence, reasons)

    def distress(  # noqa: PLR0913  # what urgency takes, and the emotions
        self,
        view: View,
        steps: Floats | None,
        hits: Sequence[Hit],
        crisis: Crisis,
        evidence: Evidence,
        *,
        emotions: tuple[str, ...],
    ) -> Distress:
        """Grade how much the writer suffers; arguments as for ``urgency``."""
        level, confidence = self._grade("distress", steps, hits, crisis)
        reasons = self._reasons("distress", level, view, hits, crisis, evidence)
        return Distress(level, self.labels.distress[level].name, emotions, confidence, reasons)

    def _reasons(  # noqa: PLR0913, PLR0917  # what speaks for a level
        self,
        scale: Scale,
        level: int,
        view: View,
        hits: Sequence[Hit],
        crisis: Crisis,
        evidence: Evidence,
    ) -> tuple[Reason, ...]:
        """Signals that carry a level, then rules; the model's sentence where neither does."""
        levels: tuple[Level, ...] = getattr(self.labels, scale)
        words = levels[level].description
        signals = _signal_reasons(crisis, scale, level)
        ruled = _rule_reasons(view, _carrying(hits, scale, level), words)
        said = (*signals, *ruled)[:MAX_REASONS]
        return said or _model_reason(levels, level, evidence, self.source)

    def _grade(
        self, scale: Scale, steps: Floats | None, hits: Sequence[Hit], crisis: Crisis
    ) -> tuple[int, float]:
        """The higher of model and rules, and the surest word for it."""
        ruled = rule_level(hits, scale, crisis)
        level = ruled if steps is None else max(ruled, self.cuts.level(scale, steps))
        words = [0.0 if steps is None else float(_chances(steps)[level])]
        words += [hit.rule.score for hit in _carrying(hits, scale, level)]
        if level and _crisis_level(crisis, scale) >= level:
            words += [signal.score for signal in _speaking(crisis, scale)]
        return level, round(max(words), 4)


def _carrying(hits: Sequence[Hit], scale: Scale, level: int) -> list[Hit]:
    """Hits of the rules that ask for just this level."""
    return [hit for hit in hits if hit.rule.label == scale and hit.rule.level == level]


def _chances(steps: Floats) -> Floats:
    """Probability of each level from those of reaching it; shape (4,)."""
    reach = np.minimum.accumulate(np.concatenate([[1.0], steps, [0.0]]))
    return (reach[:-1] - reach[1:]).astype(np.float32)


def emotions(probabilities: Floats, thresholds: Sequence[float], labels: Labels) -> tuple[str, ...]:
    """The emotions shown, strongest first; 平静 stands alone.

    Args:
        probabilities: One per emotion, shape (9,).
        thresholds: From where each counts.
        labels: The labels.
    """
    order: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    names = [labels.emotions[i].name for i in order if probabilities[i] >= thresholds[i]]
    shown = [name for name in names if name != CALM]
    return tuple(shown[:MAX_EMOTIONS]) or (CALM,)


def _signal_reasons(crisis: Crisis, scale: Scale, level: int) -> tuple[Reason, ...]:
    """Crisis signals that carry the level."""
    if _crisis_level(crisis, scale) < level or not level:
        return ()
    speaking = _speaking(crisis, scale)
    return tuple(Reason(f"危机信号：{s.type}", s.span, s.source) for s in speaking)


def _speaking(crisis: Crisis, scale: Scale) -> list[Signal]:
    """Signals that speak for a scale: all of them for urgency, inward ones for distress."""
    return [s for s in crisis.signals if scale == "urgency" or s.type == _INWARD]


def _rule_reasons(view: View, carrying: Sequence[Hit], words: str) -> tuple[Reason, ...]:
    """Rules that carry the level, each place once."""
    found = {view.span(hit.start, hit.end): hit for hit in reversed(carrying)}
    return tuple(
        Reason(f"词句属于{words}", span, hit.source)
        for span, hit in reversed(found.items())
        if span is not None
    )


def _model_reason(
    levels: Sequence[Level], level: int, evidence: Evidence, source: str
) -> tuple[Reason, ...]:
    """The sentence that the model's level stands on most, or else a level below it."""
    if not level:
        return ()
    spans = (evidence(reached) for reached in range(level, 0, -1))
    words = next((span for span in spans if span is not None), None)
    return (Reason(levels[level].description, words, source),)
