"""Kernel ridge over a precomputed kernel, held-out scores, and calibration to logits.

Everything stays linear: the dual answer is a weight per letter, which ``nlp.train.linear``
folds back into a weight per n-gram.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

FOLDS = 5
SHARPNESS = 3.0
"""Ridge scores lie near -1 to 1; logistic calibration sees them times this."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Calibration:
    """Ridge scores (n, k) to logits (n, m): ``scores @ matrix + bias``."""

    matrix: Floats
    bias: Floats

    def logits(self, scores: Floats) -> Floats:
        """Shape (n, m)."""
        return scores @ self.matrix + self.bias


def fit(kernel: Floats, targets: Floats, penalty: float) -> Floats:
    """Dual weights, shape (n, k), of a kernel (n, n) for targets (n, k)."""
    model = KernelRidge(alpha=cast("Any", penalty), kernel="precomputed")  # its stubs want int
    return np.asarray(model.fit(kernel, targets).dual_coef_)


def folds(groups: Ints) -> Iterator[tuple[Ints, Ints]]:
    """(learn, test) indices, never across a near-duplicate cluster."""
    yield from GroupKFold(FOLDS).split(groups, groups=groups)


def held_out(kernel: Floats, targets: Floats, groups: Ints, penalty: float) -> Floats:
    """Scores, shape (n, k), each by a model that did not see the letter's group."""
    scores = np.zeros_like(targets)
    for learn, test in folds(groups):
        dual = fit(kernel[np.ix_(learn, learn)], targets[learn], penalty)
        scores[test] = kernel[np.ix_(test, learn)] @ dual
    return scores


def one_hot(values: NDArray[np.str_], labels: tuple[str, ...]) -> Floats:
    """+1 where a value is the label, -1 elsewhere; shape (n, len(labels))."""
    return np.where(values[:, None] == np.array(labels)[None], 1.0, -1.0)


def calibrate_choice(scores: Floats, truth: Ints, *, labels: int, softness: float) -> Calibration:
    """Multinomial logistic calibration of one-of-many scores.

    Args:
        scores: Held-out ridge scores, shape (n, k).
        truth: Index of the right label, shape (n,).
        labels: How many labels there are; those never seen get a very low logit.
        softness: Inverse penalty of the logistic regression.
    """
    model = LogisticRegression(C=softness, max_iter=3000).fit(scores * SHARPNESS, truth)
    matrix = np.zeros((scores.shape[1], labels))
    bias = np.full(labels, -12.0)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # noqa: PLR2004  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    matrix[:, model.classes_] = coefficients.T * SHARPNESS
    bias[model.classes_] = intercepts
    return Calibration(matrix, bias)


def calibrate_each(scores: Floats, truth: NDArray[np.bool_]) -> Calibration:
    """Logistic calibration of each column by itself (Platt); rare labels share one slope.

    Args:
        scores: Held-out ridge scores, shape (n, k).
        truth: Which labels hold, shape (n, k).
    """
    count = scores.shape[1]
    pooled = LogisticRegression(C=10.0).fit(scores.reshape(-1, 1), truth.reshape(-1))
    slopes = np.full(count, float(pooled.coef_[0, 0]))
    bias = np.full(count, float(pooled.intercept_[0]))
    for i in range(count):
        if truth[:, i].sum() >= FOLDS:
            model = LogisticRegression(C=10.0).fit(scores[:, i : i + 1], truth[:, i])
            slopes[i], bias[i] = model.coef_[0, 0], model.intercept_[0]
    return Calibration(np.diag(slopes), bias)
