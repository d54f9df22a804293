"""Logits to category and purpose, with confidence as probability; unsure is an answer.

Two bodies of letters taught the category: annotated ones, labelled by who should solve the
matter, and an older archive, labelled by the board that received the letter. The scorer knows
both conventions and how much a letter looks like either body; the answer is the mixture
``P = (1 - q) P_solver + q P_board``, q shifted by a prior that the bundle names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlp.labels import Labels
from nlp.report import Alternative, Category, Purpose

Floats = NDArray[np.float32]
ALTERNATIVES = 3
SEPARATOR = "/"
BY_BOARD = 40.0
"""A prior that leaves nothing to the other convention."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the two conventions are joined.

    Attributes:
        board_prior: Added to the logit of q; a very low one answers by the solver alone, BY_BOARD
            by the receiving board alone.
        floor: Below this probability of the best category the answer is "unsure".
    """

    board_prior: float
    floor: float


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis; same shape."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(logits: Floats) -> Floats:
    """Probability of each logit by itself; same shape."""
    return (1 / (1 + np.exp(-np.clip(logits, -40, 40)))).astype(np.float32)


def chances(row: Mapping[str, Floats] | None, head: str) -> Floats | None:
    """Probability of each label of a yes-or-no head; None without a model."""
    return None if row is None else sigmoid(row[head])


def mix(logits: Mapping[str, Floats], mixture: Mixture) -> Floats:
    """Category probabilities.

    Args:
        logits: Heads "category", "board" (both (n, 15)) and "convention" (n, 1).
        mixture: How to join them.

    Returns:
        Shape (n, 15), rows sum to 1.
    """
    q = sigmoid(logits["convention"] + np.float32(mixture.board_prior))
    mixed = (1 - q) * softmax(logits["category"]) + q * softmax(logits["board"])
    return np.asarray(mixed, np.float32)


def category(
    first: Floats, second: Floats, labels: Labels, l2_names: Sequence[str], *, floor: float
) -> Category:
    """The category of one letter.

    Args:
        first: Probability of each first-level category, shape (15,).
        second: Logit of each "l1/l2" pair, shape (len(l2_names),).
        labels: The labels.
        l2_names: The pairs, in the order of the columns.
        floor: Below this the answer is marked as unsure.

    Returns:
        The best pair and up to three others; l2 always belongs to its l1.
    """
    names = labels.level_one()
    order = [int(i) for i in np.argsort(-first, kind="stable")]
    best = _second(names[order[0]], second, l2_names)
    others = tuple(
        Alternative(names[i], _second(names[i], second, l2_names), _round(first[i]))
        for i in order[1 : ALTERNATIVES + 1]
    )
    confidence = _round(first[order[0]])
    return Category(names[order[0]], best, confidence, others, abstained=confidence < floor)


def _second(l1: str, logits: Floats, l2_names: Sequence[str]) -> str | None:
    """The best second-level name under a first-level one."""
    own = _under(l1, tuple(l2_names))
    if not own:
        return None
    return l2_names[max(own, key=lambda i: float(logits[i]))].removeprefix(l1 + SEPARATOR)


@cache
def _under(l1: str, l2_names: tuple[str, ...]) -> tuple[int, ...]:
    """Columns of the second-level names under a first-level one."""
    return tuple(i for i, name in enumerate(l2_names) if name.startswith(l1 + SEPARATOR))


def purpose(logits: Floats, labels: Labels) -> Purpose:
    """The purpose of one letter from its logits, shape (6,)."""
    probabilities = softmax(logits)
    best = int(np.argmax(probabilities))
    kind = labels.purposes[best]
    return Purpose(kind.name, kind.official, _round(probabilities[best]))


def _round(value: np.float32 | float) -> float:
    """Four digits are enough for a probability."""
    return round(float(value), 4)
