"""Fits the stack that joins the model's flags with the rules, and picks the thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from nlp.flags import FLOOR, INPUTS, Floats, Stack, stack_inputs
from nlp.labels import Labels
from nlp.train.data import groups

FOLDS = 5
INVERSE_PENALTY = 5.0
RARE = 2
"""A flag with fewer letters than this keeps the model's probability as it is."""
_GRID = np.arange(0.16, 0.64, 0.02)
_PULL = 0.01
"""Micro-F1 a threshold must gain for each whole unit it moves away from the common one."""


def train(
    rows: Sequence[Mapping[str, Any]], probabilities: Floats, features: Floats, labels: Labels
) -> Stack:
    """Fit one small logistic regression a flag.

    Args:
        rows: Annotated letters with ``flags`` (names) and perhaps ``group`` (near-duplicates).
        probabilities: Of the model for letters it did not learn from, shape (letters, n).
        features: Of ``nlp.flags.rule_features``, shape (letters, 2 n + 1).
        labels: The labels.

    Returns:
        Weights, and thresholds picked by cross-validation over groups for micro-F1.
    """
    names = tuple(kind.name for kind in labels.flags)
    gold = np.array([[name in row["flags"] for name in names] for row in rows], bool)
    inputs = stack_inputs(probabilities, features)
    held = np.zeros(gold.shape, np.float32)
    for learn, test in GroupKFold(FOLDS).split(inputs, groups=groups(rows)):
        weights, bias = _fit(inputs[learn], gold[learn])
        fold = Stack(names, weights, bias, bias)
        held[test] = fold.combine(probabilities[test], features[test])
    thresholds = pick_thresholds(held, gold, features[:, : len(names)] >= FLOOR)
    return Stack(names, *_fit(inputs, gold), thresholds)


def _fit(inputs: Floats, gold: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Weights (n, INPUTS) and bias (n,); the model's own logit where a flag is too rare."""
    count = gold.shape[1]
    weights = np.tile(np.eye(1, INPUTS, dtype=np.float32), (count, 1))
    bias = np.zeros(count, np.float32)
    for i in range(count):
        if gold[:, i].sum() >= RARE:
            model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
            model.fit(inputs[:, i], gold[:, i])
            weights[i], bias[i] = np.ravel(model.coef_), np.ravel(model.intercept_)[0]
    return weights, bias


def pick_thresholds(
    probabilities: Floats, gold: NDArray[np.bool_], ruled: NDArray[np.bool_]
) -> Floats:
    """One threshold for all flags, then each moved where micro-F1 gains enough by it.

    Args:
        probabilities: For letters not learnt from, shape (letters, n).
        gold: Shape (letters, n).
        ruled: Where a rule gives the flag by itself, shape (letters, n).

    Returns:
        Shape (n,).
    """

    def worth(thresholds: NDArray[np.float64]) -> float:
        return micro_f1((probabilities >= thresholds) | ruled, gold)

    common = max(_GRID, key=lambda t: worth(np.full(gold.shape[1], t)))
    picked = np.full(gold.shape[1], common)
    for i in range(gold.shape[1]):
        tries = [np.where(np.arange(gold.shape[1]) == i, t, picked) for t in _GRID]
        picked = max(tries, key=lambda t: worth(t) - _PULL * abs(t[i] - common))
    return picked.astype(np.float32)


def micro_f1(given: NDArray[np.bool_], gold: NDArray[np.bool_]) -> float:
    """F1 over all letters and flags together."""
    return 2.0 * float((given & gold).sum()) / max(1.0, float(given.sum() + gold.sum()))
