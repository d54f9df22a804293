"""Screening flags (甄别): rule hits and model probabilities to flags with their words.

A rule whose measured precision reaches ``FLOOR`` gives its flag by itself; nothing here takes such
a flag away. Weaker rules are clues: a small stacked logistic regression weighs them together with
the model. Every flag stands on words of the letter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import report
from nlp.errors import BundleError
from nlp.labels import Labels
from nlp.letter import Span
from nlp.rules import Hit
from nlp.text import View

FLOOR = 0.9
MAX_SPANS = 6
INPUTS = 4
"""What a flag is weighed by: model logit, best rule score, log1p(rule hits), log1p(group size)."""
_EDGE = 1e-4
Floats = NDArray[np.float32]
Evidence = Callable[[str], Span | None]


def rule_features(hits: Sequence[Hit], labels: Labels, *, group_size: int | None) -> Floats:
    """What the rules say of one letter, as inputs for ``Stack``.

    Args:
        hits: Hits of the flag rules.
        labels: The labels; their order of flags is the order of the columns.
        group_size: People or households the letter speaks for, if it says.

    Returns:
        Shape (2 n + 1,): best rule score of each flag, log1p of its hits, log1p of group_size.
    """
    column = {kind.name: i for i, kind in enumerate(labels.flags)}
    best = np.zeros(len(column), np.float32)
    count = np.zeros(len(column), np.float32)
    for hit in hits:
        i = column[hit.rule.label]
        best[i] = max(best[i], hit.rule.score)
        count[i] += 1
    size = np.asarray([group_size or 0], np.float32)
    return np.concatenate([best, np.log1p(count), np.log1p(size)])


def stack_inputs(probabilities: Floats, features: Floats) -> Floats:
    """Line up what each flag is weighed by.

    Args:
        probabilities: Of the model, shape (letters, n).
        features: Of ``rule_features``, shape (letters, 2 n + 1).

    Returns:
        Shape (letters, n, INPUTS).
    """
    n = probabilities.shape[1]
    sure = np.clip(probabilities, _EDGE, 1 - _EDGE)
    size = np.repeat(features[:, 2 * n :], n, axis=1)
    parts = (np.log(sure / (1 - sure)), features[:, :n], features[:, n : 2 * n], size)
    return np.stack(parts, axis=2).astype(np.float32)


@dataclass(frozen=True)
class Stack:
    """Weights that join the model and the rules, one logistic regression a flag.

    Attributes:
        names: Flags, in the order of the rows.
        weights: Shape (n, INPUTS).
        bias: Shape (n,).
        thresholds: Probability from which each flag is given, shape (n,).
    """

    names: tuple[str, ...]
    weights: Floats
    bias: Floats
    thresholds: Floats

    def combine(self, probabilities: Floats, features: Floats) -> Floats:
        """Probability of each flag given the model and the rules.

        Args:
            probabilities: Of the model, shape (letters, n).
            features: Of ``rule_features``, shape (letters, 2 n + 1).

        Returns:
            Shape (letters, n).
        """
        inputs = stack_inputs(probabilities, features)
        total = np.einsum("lni,ni->ln", inputs, self.weights) + self.bias
        return (1 / (1 + np.exp(-total))).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a bundle's JSON file."""
        return {
            "names": list(self.names),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "thresholds": self.thresholds.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], labels: Labels) -> "Stack":
        """Read what ``to_json`` wrote.

        Raises:
            BundleError: The weights were made for other flags than those of the labels.
        """
        names = tuple(kind.name for kind in labels.flags)
        stack = cls(
            tuple(data["names"]),
            *(np.asarray(data[key], np.float32) for key in ("weights", "bias", "thresholds")),
        )
        shapes = (stack.weights.shape, stack.bias.shape, stack.thresholds.shape)
        if stack.names != names or shapes != ((len(names), INPUTS), (len(names),), (len(names),)):
            raise BundleError("甄别权重与 labels/flags.toml 的标记不符", remedy="请重新训练")
        return stack


class Reader:
    """Turns hits and probabilities into flags.

    Args:
        labels: The labels.
        thresholds: Flag to the probability from which it is given; a flag that is missing here
            is given by rules alone.
        source: How reports name the model.
    """

    def __init__(
        self, labels: Labels, thresholds: Mapping[str, float], *, source: str = "model:linear"
    ) -> None:
        self._flags = labels.flags
        self._thresholds = thresholds
        self._source = source

    def read(
        self,
        view: View,
        hits: Sequence[Hit],
        probabilities: Mapping[str, float],
        evidence: Evidence,
    ) -> tuple[report.Flag, ...]:
        """Decide the flags of one letter.

        Args:
            view: The letter.
            hits: Hits of the flag rules.
            probabilities: Flag to the combined probability of ``Stack.combine``.
            evidence: Flag to the words the model's word for it stands on, if it can tell.

        Returns:
            Flags in the order of labels/flags.toml, none without words.
        """
        found: list[report.Flag] = []
        for kind in self._flags:
            own = sorted(
                (hit for hit in hits if hit.rule.label == kind.name),
                key=lambda hit: (-hit.rule.score, hit.start),
            )
            chance = probabilities.get(kind.name, 0.0)
            modelled = chance >= self._thresholds.get(kind.name, np.inf)
            ruled = own[0].rule.score if own and own[0].rule.score >= FLOOR else 0.0
            if not modelled and not ruled:
                continue
            spans = _spans(view, own) or _fallback(view, evidence(kind.name))
            if not spans:
                continue
            sources = [own[0].source] if own else []
            sources += [self._source] if modelled else []
            confidence = round(float(max(chance, ruled)), 4)
            source = "+".join(sources)
            found.append(report.Flag(kind.name, confidence, spans, source, kind.basis))
        return tuple(found)


def _spans(view: View, hits: Sequence[Hit]) -> tuple[Span, ...]:
    """Where the rules hit, surest first, no place twice."""
    spans = (view.span(hit.start, hit.end) for hit in hits)
    return tuple(dict.fromkeys(span for span in spans if span))[:MAX_SPANS]


def _fallback(view: View, evidence: Span | None) -> tuple[Span, ...]:
    """The model's sentence, or else the title or the first sentence."""
    if evidence is not None:
        return (evidence,)
    first = view.span(*view.sentences[0]) if view.sentences else None
    return (first,) if first else ()
