"""How sure a figure is: bootstrap intervals over letters, and Wilson's for a bare count.

A figure here is a function of sums over letters, so that a draw of the bootstrap (Efron 1979) is
one product of how often each letter was drawn with what each letter counts.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = dict[str, float | None]
DRAWS = 1000
SEED = 0
LEVELS = 4
_Z = 1.959964
"""Two-sided 95 % of the normal distribution."""


@dataclass(frozen=True)
class Figure:
    """A figure of some letters.

    Attributes:
        counts: What each letter counts, shape (letters, counts).
        of: Sums of counts, shape (draws, counts), to the figure of each draw, shape (draws,);
            nan where it is not defined.
    """

    counts: Floats
    of: Callable[[Floats], Floats]

    def interval(self, *, draws: int = DRAWS, seed: int = SEED) -> Interval:
        """The figure, and where 95 in 100 draws of as many letters put it.

        Args:
            draws: How many.
            seed: Of the draws.

        Returns:
            "value", "low" and "high"; None where the figure is not defined.
        """
        count = len(self.counts)
        rng = np.random.default_rng(seed)
        times = (
            np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(draws)
        )
        found = self.of(np.stack([own @ self.counts for own in times]))
        value = self.of(self.counts.sum(axis=0, keepdims=True))[0]
        known = found[~np.isnan(found)]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        return {"value": _plain(value), "low": _plain(low), "high": _plain(high)}


def share(right: Sequence[bool]) -> Figure:
    """Share of letters that are right."""
    own = np.array(right, float)
    return Figure(np.stack([own, np.ones_like(own)], axis=1), lambda s: _ratio(s[:, 0], s[:, 1]))


def recall(gold: Sequence[bool], given: Sequence[bool]) -> Figure:
    """Share of the letters with something to find in which it was found."""
    wanted, found = np.array(gold, bool), np.array(given, bool)
    counts = np.stack([wanted & found, wanted], axis=1).astype(float)
    return Figure(counts, lambda s: _ratio(s[:, 0], s[:, 1]))


def micro_f1(gold: Sequence[Collection[str]], given: Sequence[Collection[str]]) -> Figure:
    """F1 over all labels of all letters."""
    pairs = [(set(g), set(p)) for g, p in zip(gold, given, strict=True)]
    counts = np.array([[2 * len(g & p), len(g) + len(p)] for g, p in pairs], float)
    return Figure(counts, lambda s: _ratio(s[:, 0], s[:, 1]))


def macro_f1(gold: Sequence[str], given: Sequence[str | None]) -> Figure:
    """Mean F1 over the labels that occur in gold.

    A label that a draw has no letter of keeps the F1 it has on all letters: left out, it would
    move the mean by its absence alone.
    """
    names = sorted(set(gold))
    wanted = np.array([[g == name for name in names] for g in gold], float)
    found = np.array([[p == name for name in names] for p in given], float)

    counts = np.hstack([wanted * found, wanted, found])

    def each(sums: Floats) -> Floats:
        right, there, said = np.split(sums, 3, axis=1)
        return np.where(there > 0, 2 * right / np.maximum(there + said, 1), np.nan)

    whole = each(counts.sum(axis=0, keepdims=True))

    def of(sums: Floats) -> Floats:
        scores = each(sums)
        return np.where(np.isnan(scores), whole, scores).mean(axis=1)

    return Figure(counts, of)


def kappa(gold: Sequence[int], given: Sequence[int]) -> Figure:
    """Cohen's kappa with quadratic weights, levels 0 to 3."""
    cells = np.array(gold) * LEVELS + np.array(given)
    steps = np.arange(LEVELS)
    weights = (steps[:, None] - steps[None]) ** 2

    def of(sums: Floats) -> Floats:
        seen = sums.reshape(-1, LEVELS, LEVELS)
        rows, columns = seen.sum(axis=2), seen.sum(axis=1)
        chance = np.einsum("di,dj,ij->d", rows, columns, weights)
        return 1 - _ratio((seen * weights).sum(axis=(1, 2)) * seen.sum(axis=(1, 2)), chance)

    return Figure(np.eye(LEVELS * LEVELS)[cells], of)


def counted(right: int, among: int) -> dict[str, int | float | None]:
    """A share as a count, with the interval of Wilson (1927), which holds for few letters too.

    Returns:
        "right", "of", "low" and "high"; the last two None when there is nothing to count.
    """
    if not among:
        return {"right": right, "of": among, "low": None, "high": None}
    rate, extra = right / among, _Z * _Z / among
    middle = (rate + extra / 2) / (1 + extra)
    half = _Z * sqrt(rate * (1 - rate) / among + extra / among / 4) / (1 + extra)
    low, high = round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)
    return {"right": right, "of": among, "low": low, "high": high}


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Part of a whole, nan where there is no whole."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _plain(value: float) -> float | None:
    """Four digits, None for nan."""
    return None if np.isnan(value) else round(float(value), 4)
