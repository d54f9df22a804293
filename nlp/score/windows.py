"""How a letter is cut into windows of pieces, the same in training and in serving.

Nothing is truncated: windows of a letter cover every piece, and where two overlap each piece
counts once. Sentences are units of their own: where context never crosses the end of a sentence
the windows are the sentences, else each sentence is read once more by itself, so that what is
said of a sentence does not depend on where in the letter it stands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.text import View

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
GROWTH, SLACK = 1.2, 4
"""A batch holds windows up to this much longer than its shortest one."""
MAX_PIECES = 4096
"""Pieces of a batch, padding included; a longer window has a batch of its own."""


class Pieces(Protocol):
    """What is used of ``tokenizers.Encoding``."""

    @property
    def ids(self) -> Sequence[int]:
        """Piece numbers."""
        ...

    @property
    def offsets(self) -> Sequence[tuple[int, int]]:
        """Where each piece stands in the text given."""
        ...


Tokenize = Callable[[Sequence[str]], Sequence[Pieces]]


@dataclass(frozen=True)
class Layout:
    """How an encoder wants its windows.

    Attributes:
        limit: Pieces a window holds at most, ``begin`` and ``end`` included; 0 for no limit.
        by_sentence: Windows are sentences.
        begin: Pieces set before each window.
        end: Pieces set after each window.
        unknown: The piece for a text that gives none.
    """

    limit: int
    by_sentence: bool
    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    unknown: int = 0

    @property
    def room(self) -> int:
        """Pieces of text that a window holds at most; 0 for no limit."""
        return self.limit and max(self.limit - len(self.begin) - len(self.end), 1)


class Window(NamedTuple):
    """A run of pieces that the encoder reads at once.

    Attributes:
        letter: Index of the letter.
        sentence: Index of the sentence in its letter when the window belongs to one, else -1.
        whole: Whether it counts for the letter.
        ids: Piece numbers, shape (n,).
        share: What of each piece counts, 0 or 1, shape (n,).
        starts: First code point of each piece in ``View.text``, shape (n,); -1 for begin and end.
        ends: One past the last, shape (n,).
    """

    letter: int
    sentence: int
    whole: bool
    ids: Ints
    share: Floats
    starts: Ints
    ends: Ints


class Batch(NamedTuple):
    """Windows of about one length, padded to the longest.

    Attributes:
        windows: Which ones, shape (b,).
        ids: Shape (b, t), int64.
        mask: 1 where a piece stands, shape (b, t).
        share: Shape (b, t).
    """

    windows: Ints
    ids: Ints
    mask: Floats
    share: Floats


def cut(views: Sequence[View], tokenize: Tokenize, layout: Layout) -> list[Window]:
    """Windows of letters.

    Args:
        views: The letters.
        tokenize: Texts to pieces.
        layout: What the encoder wants.

    Returns:
        Windows in the order of letters; each letter has one at least, and each sentence has one.
    """
    places = [view.sentences or ((0, len(view.text)),) for view in views]
    texts = [v.text[a:b] for v, own in zip(views, places, strict=True) for a, b in own]
    encoded = iter(tokenize(texts))
    whole = None if layout.by_sentence else iter(tokenize([view.text for view in views]))
    windows: list[Window] = []
    for i, own in enumerate(places):
        if whole is not None:
            windows += _split(_arrays(next(whole), 0, layout), i, -1, layout, whole=True)
        for j, (start, _) in enumerate(own):
            pieces = _arrays(next(encoded), start, layout)
            windows += _split(pieces, i, j, layout, whole=whole is None)
    return windows


def _arrays(found: Pieces, shift: int, layout: Layout) -> tuple[Ints, Ints]:
    """Piece numbers (n,) and offsets (n, 2); one unknown piece when there is none."""
    ids = found.ids
    if not ids:
        return np.array([layout.unknown], np.int64), np.full((1, 2), shift, np.int64)
    flat = chain.from_iterable(found.offsets)
    places = np.fromiter(flat, np.int64, 2 * len(ids)).reshape(-1, 2)
    return np.fromiter(ids, np.int64, len(ids)), places + shift


def _split(
    pieces: tuple[Ints, Ints], letter: int, sentence: int, layout: Layout, *, whole: bool
) -> Iterator[Window]:
    """Windows of a run of pieces; those of a long run overlap by half.

    Of what two windows share, each piece counts in the one where it stands further inside.
    """
    ids, places = pieces
    room = layout.room or len(ids)
    last = max(len(ids) - room, 0)
    starts = [*range(0, last, max(room // 2, 1)), last]
    middles = [(a + room + b) // 2 for a, b in pairwise(starts)]
    for start, low, high in zip(starts, [0, *middles], [*middles, len(ids)], strict=True):
        stop = min(start + room, len(ids))
        share = np.zeros(stop - start, np.float32)
        share[low - start : high - start] = 1
        own = Window(letter, sentence, whole, ids[start:stop], share, *places[start:stop].T)
        yield _marked(own, layout) if layout.begin or layout.end else own


def _marked(window: Window, layout: Layout) -> Window:
    """A window with its begin and end pieces, which count for nothing and stand nowhere."""
    sides = (len(layout.begin), len(layout.end))
    return window._replace(
        ids=np.concatenate([layout.begin, window.ids, layout.end]).astype(np.int64),
        share=np.pad(window.share, sides),
        starts=np.pad(window.starts, sides, constant_values=-1),
        ends=np.pad(window.ends, sides, constant_values=-1),
    )


def batches(windows: Sequence[Window], max_pieces: int = MAX_PIECES) -> Iterator[Batch]:
    """Group windows by length, so that little padding is read.

    Args:
        windows: Any number.
        max_pieces: Of one batch, padding included.
    """
    order = sorted(range(len(windows)), key=lambda i: len(windows[i].ids))
    start = 0
    while start < len(order):
        shortest = len(windows[order[start]].ids)
        top = max(shortest * GROWTH, shortest + SLACK)
        stop = start + 1
        while stop < len(order):
            length = len(windows[order[stop]].ids)
            if length > top or length * (stop + 1 - start) > max_pieces:
                break
            stop += 1
        yield _pad(windows, order[start:stop])
        start = stop


def _pad(windows: Sequence[Window], chosen: Sequence[int]) -> Batch:
    """One batch of the chosen windows, the longest of which comes last."""
    shape = (len(chosen), len(windows[chosen[-1]].ids))
    ids = np.zeros(shape, np.int64)
    mask, share = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, index in enumerate(chosen):
        length = len(windows[index].ids)
        ids[row, :length] = windows[index].ids
        mask[row, :length] = 1
        share[row, :length] = windows[index].share
    return Batch(np.array(chosen), ids, mask, share)
