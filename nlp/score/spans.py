"""Tag logits of pieces to spans of the letter, one list a field; fields may overlap."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlp.score.windows import Floats, Ints

INSIDE, BEGIN = "inside", "begin"
SEPARATOR = "/"
BREAK = 0.5
"""A piece that begins a quote with this probability parts it from what stands before."""


class Found(NamedTuple):
    """A span that the tagger found.

    Attributes:
        start: First code point in ``View.text``.
        end: One past the last.
        score: Mean probability of its pieces.
    """

    start: int
    end: int
    score: float


def decode(
    starts: Ints,
    ends: Ints,
    logits: Floats,
    *,
    names: Sequence[str],
    thresholds: Mapping[str, float],
) -> dict[str, list[Found]]:
    """Spans of every field.

    Args:
        starts: First code point of each piece, shape (n,), ascending.
        ends: One past the last, shape (n,).
        logits: Shape (n, tags).
        names: Of the tags, "field/inside" and "field/begin".
        thresholds: Field to the probability from which a piece is inside; other fields are left
            out.

    Returns:
        Field to its spans in the order of the text.
    """
    chances = (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)
    column = {name: i for i, name in enumerate(names)}
    return {
        field: _runs(
            starts,
            ends,
            chances[:, column[f"{field}{SEPARATOR}{INSIDE}"]],
            chances[:, column[f"{field}{SEPARATOR}{BEGIN}"]],
            threshold,
        )
        for field, threshold in thresholds.items()
    }


def _runs(starts: Ints, ends: Ints, inside: Floats, begin: Floats, threshold: float) -> list[Found]:
    """Runs of pieces that are inside, parted where a new quote begins."""
    is_in = inside >= threshold
    before = np.concatenate([[False], is_in[:-1]])
    after = np.concatenate([is_in[1:], [False]])
    fresh = np.concatenate([(begin[1:] >= BREAK), [False]])
    first = np.flatnonzero(is_in & (~before | (begin >= BREAK)))
    last = np.flatnonzero(is_in & (~after | fresh))
    return [
        Found(int(starts[a]), int(ends[b]), float(inside[a : b + 1].mean()))
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]
