"""Pools of windows, added up to letters and sentences while the windows come in any order.

Letters and sentences are units with one numbering: letters first, then the sentences of the first
letter, of the second and so on.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlp.score.windows import Floats, Window


class Pools(NamedTuple):
    """What windows, or the units made of them, give; the outputs of ``encoder.onnx``.

    Attributes:
        sums: Weighted sums of piece states, shape (n, 1 + gates, width).
        weights: The weights' sums, shape (n, 1 + gates).
        peak: Features at their highest over the windows, shape (n, peak).
    """

    sums: Floats
    weights: Floats
    peak: Floats


class Complete(NamedTuple):
    """Units all windows of which have come.

    Attributes:
        units: Their numbers.
        pools: Theirs, a row each.
    """

    units: Sequence[int]
    pools: Pools


class Gatherer:
    """Holds the pools of units until all their windows have come.

    A sentence of one window, as nearly all are, is complete at once and given out by ``ready``;
    letters, and sentences of several windows, by ``rest``.

    Args:
        windows: All windows.
        first: For each letter the number of its first sentence.
    """

    def __init__(self, windows: Sequence[Window], first: Sequence[int]) -> None:
        self._letters = [w.letter if w.whole else -1 for w in windows]
        own = [first[w.letter] + w.sentence if w.sentence >= 0 else -1 for w in windows]
        counts = Counter(own)
        late = [*range(len(first)), *(u for u, n in counts.items() if u >= 0 and n > 1)]
        self._sentences = own
        self._late = {unit: row for row, unit in enumerate(late)}
        self._sums: Pools | None = None
        self._units: list[int] = []
        self._pools: list[Pools] = []

    def add(self, chosen: Sequence[int], pools: Pools) -> None:
        """Take the pools of some windows.

        Args:
            chosen: Which windows, one for each row of ``pools``.
            pools: Theirs.
        """
        sums = self._sums = self._sums or _empty(len(self._late), pools)
        single: list[int] = []
        for row, index in enumerate(chosen):
            letter, sentence = self._letters[index], self._sentences[index]
            if letter >= 0:
                _join(sums, self._late[letter], pools, row)
            if sentence in self._late:
                _join(sums, self._late[sentence], pools, row)
            elif sentence >= 0:
                single.append(row)
                self._units.append(sentence)
        self._pools.append(Pools(*(part[single] for part in pools)))

    def ready(self, least: int = 1) -> list[Complete]:
        """Complete sentences that were not given out yet; none while there are fewer."""
        if len(self._units) < least:
            return []
        pools = Pools(*map(np.concatenate, zip(*self._pools, strict=True)))
        found = Complete(self._units, pools)
        self._units, self._pools = [], []
        return [found]

    def rest(self) -> list[Complete]:
        """All other units, when all windows have come."""
        return [] if self._sums is None else [Complete(list(self._late), self._sums)]


def _empty(count: int, like: Pools) -> Pools:
    """Pools of no window, for so many units."""
    made = [np.zeros((count, *part.shape[1:]), np.float32) for part in like]
    made[2].fill(-np.inf)
    return Pools(*made)


def _join(total: Pools, to: int, pools: Pools, row: int) -> None:
    """Add one window to one unit."""
    total.sums[to] += pools.sums[row]
    total.weights[to] += pools.weights[row]
    np.maximum(total.peak[to], pools.peak[row], out=total.peak[to])
