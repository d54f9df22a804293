"""Units, candidates and what is known of them: the arrays that the ranker reads.

A letter is a row of units (words, or clauses); a candidate is a run of units. Everything the
ranker knows of a candidate is a feature of a unit in a certain place (the one before it, its
first, its last, the one after it ...), a row of a table (its length, where it lies ...), a rule
that it matches, or its whole wording.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.rules import Hit

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
# So many hits meet all candidates at a time, which bounds memory.
_BLOCK = 64


class Unit(NamedTuple):
    """A word or a clause: (start, end) in ``View.text``, and its tag or kind."""

    start: int
    end: int
    tag: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The candidates of one letter, in the order of their beginnings.

    Attributes:
        keys: Features of each unit.
        recurs: Whether letters share such units, as they do words and hardly ever clauses.
        first: First unit of each candidate, shape (candidates,).
        last: Last unit of each candidate.
        start: First code point of each candidate.
        end: One past its last code point.
        places: Unit in each place of each candidate, shape (candidates, places); the number
            of units stands for none.
        tables: Row of each table, shape (candidates, tables).
        rules: Rules that each candidate matches, shape (candidates, rules), 0 or 1.
        wordings: The text of each candidate.
        kind: Which fields each candidate may answer; the ranker's fields name their kind.
    """

    keys: Sequence[tuple[str, ...]]
    recurs: bool
    first: Ints
    last: Ints
    start: Ints
    end: Ints
    places: Ints
    tables: Ints
    rules: Floats
    wordings: Sequence[str]
    kind: Ints


def spread(units: Sequence[Unit]) -> tuple[Ints, Ints]:
    """Starts and ends of units as two arrays."""
    starts = np.array([start for start, _, _ in units], dtype=np.int64)
    return starts, np.array([end for _, end, _ in units], dtype=np.int64)


def overlaps(start: Ints, end: Ints, hits: Sequence[Hit], rules: Sequence[str]) -> Floats:
    """Which rules share with each candidate at least half of the longer of the two.

    Args:
        start: First code point of each candidate.
        end: One past its last code point.
        hits: Matches in the letter.
        rules: Ids of all rules, in the order of the columns.

    Returns:
        Shape (candidates, rules), 0 or 1.
    """
    columns = {name: number for number, name in enumerate(rules)}
    found = np.zeros((len(start), len(rules)), dtype=np.float32)
    for low in range(0, len(hits), _BLOCK):
        block = [(hit.start, hit.end, columns[hit.rule.id]) for hit in hits[low : low + _BLOCK]]
        begin, stop, column = np.array(block, dtype=np.int64).T[:, :, None]
        shared = np.minimum(end, stop) - np.maximum(start, begin)
        longer = np.maximum(end - start, stop - begin)
        which, candidate = np.nonzero(shared * 2 >= longer)
        found[candidate, column[which, 0]] = 1.0
    return found


def nearest(flags: NDArray[np.bool_], walls: NDArray[np.bool_]) -> Ints:
    """Index of the last flagged unit before each unit, with no wall in between.

    Args:
        flags: Which units are looked for, shape (units,).
        walls: Which units nothing is seen through, itself included.

    Returns:
        Shape (units,); -1 where there is none.
    """
    index = np.arange(len(flags))
    flagged = np.maximum.accumulate(np.where(flags, index, -1))
    walled = np.maximum.accumulate(np.where(walls, index, -1))
    before = np.concatenate([[-1], flagged[:-1]])
    barred = np.concatenate([[-1], walled[:-1]])
    return np.where(before > barred, before, -1)
