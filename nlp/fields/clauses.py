"""Candidates for what, why, how and history: runs of clauses within a sentence."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from nlp.fields.grid import Grid, Ints, Unit, spread
from nlp.rules import Hit
from nlp.text import View

PLACES = ("before2", "before", "first", "last", "after", "after2")
TABLE_SIZES = (31, 4, 10, 10, 10, 2, 2, 2, 5, 4 * 31, 9, 9)
_END = re.compile(r"[,。!?;:…\s]+|(?<!\d)\.+|\.{2,}|_x000D_")
_FULL_STOP = frozenset("。!?;\n…")
_MOST_CLAUSES, _MOST_CHARACTERS = 4, 72
_SHORTEST = 2
_RECURS = 2
_NAMES = frozenset({"LOC", "ORG", "PER", "TIME"})


def cut(view: View, stop: int) -> list[Unit]:
    """Clauses of a letter without the punctuation around them.

    Args:
        view: The letter.
        stop: Where to stop reading, in code points.

    Returns:
        Units whose tag is the first sign after the clause, "" at the end of a part.
    """
    units: list[Unit] = []
    for low, high in _parts(view, stop):
        start = low
        for match in _END.finditer(view.text, low, high):
            if match.start() > start:
                signs = match.group()
                sign = next((sign for sign in signs if sign in _FULL_STOP), signs[0])
                units.append(Unit(start, match.start(), sign))
            start = match.end()
        if start < high:
            units.append(Unit(start, high, ""))
    return units


def _parts(view: View, stop: int) -> Iterator[tuple[int, int]]:
    """Title and body, up to ``stop``."""
    shift = view.letter.body_offset
    if shift:
        yield 0, min(shift - 1, stop)
    yield shift, min(len(view.text), stop)


def grid(view: View, clauses: Sequence[Unit], words: Sequence[Unit], hits: Sequence[Hit]) -> Grid:
    """Candidates of a letter and what is known of them.

    Args:
        view: The letter.
        clauses: Its clauses.
        words: Its words.
        hits: What the rules found in it.
    """
    pairs = np.array(sorted(_runs(clauses)), dtype=np.int64).reshape(-1, 2)
    first, last = pairs[:, 0], pairs[:, 1]
    starts, ends = spread(clauses)
    start, end = starts[first], ends[last]
    count = len(clauses)
    columns = [first - 2, first - 1, first, last, last + 1, last + 2]
    places = np.stack(columns, axis=1)
    return Grid(
        keys=[tuple(unit) for unit in _keys(view, clauses, words, hits)],
        recurs=False,
        first=first,
        last=last,
        start=start,
        end=end,
        places=np.where((places < 0) | (places >= count), count, places),
        tables=_tables(view, clauses, (first, last, start, end), _echoes(view, clauses, words)),
        rules=np.zeros((len(first), 0), dtype=np.float32),
        wordings=[""] * len(first),
        kind=np.zeros(len(first), dtype=np.int64),
    )


def _runs(clauses: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of runs short enough for an answer and not beyond a full stop."""
    for first, clause in enumerate(clauses):
        if clause.end - clause.start >= _SHORTEST:
            yield first, first
        for last in range(first + 1, min(first + _MOST_CLAUSES, len(clauses))):
            if clauses[last - 1].tag in _FULL_STOP or not clauses[last - 1].tag:
                break
            if clauses[last].end - clause.start > _MOST_CHARACTERS:
                break
            yield first, last


def _keys(
    view: View, clauses: Sequence[Unit], words: Sequence[Unit], hits: Sequence[Hit]
) -> list[list[str]]:
    """Features of each clause: its words and pairs of words, names and rules in it."""
    keys: list[list[str]] = [[f"z{clause.tag}"] for clause in clauses]
    before, at = "^", 0
    for start, end, tag in words:
        while at < len(clauses) and clauses[at].end <= start:
            at, before = at + 1, "^"
        if at == len(clauses):
            break
        if end <= clauses[at].start:
            continue
        text = view.text[start:end]
        shown = f"#{min(len(text), 5)}" if text.isdecimal() else text
        shown = f"<{tag}>" if tag in _NAMES else shown
        keys[at] += (shown, f"{before} {shown}")
        before = shown
    at = 0
    for hit in hits:
        while at < len(clauses) and clauses[at].end <= hit.start:
            at += 1
        if at < len(clauses):
            keys[at].append(f"r:{hit.rule.id}")
    return keys


def _echoes(view: View, clauses: Sequence[Unit], words: Sequence[Unit]) -> tuple[Ints, Ints]:
    """How many words of each clause stand in the title, and how many recur in the letter."""
    texts = [view.text[start:end] for start, end, _ in words]
    begins, ends = spread(words)
    clause = np.searchsorted(spread(clauses)[0], begins, side="right") - 1
    titled = set(texts[: int((ends < view.letter.body_offset).sum())])
    frequent = {text for text, count in Counter(texts).items() if count > _RECURS}
    own = np.array([len(t) > 1 and t in titled for t in texts], dtype=np.int64)
    recurring = np.array([len(t) > 1 and t in frequent for t in texts], dtype=np.int64)
    inside = clause >= 0
    size = len(clauses)
    return (
        np.bincount(clause[inside], own[inside], size).astype(np.int64),
        np.bincount(clause[inside], recurring[inside], size).astype(np.int64),
    )


def _tables(
    view: View,
    clauses: Sequence[Unit],
    runs: tuple[Ints, Ints, Ints, Ints],
    echoes: tuple[Ints, Ints],
) -> Ints:
    """Rows of the tables of each candidate: lengths, and where in letter and sentence it lies."""
    first, last, start, end = runs
    if not len(first):
        return np.zeros((0, len(TABLE_SIZES)), dtype=np.int64)
    stops = np.array([clause.tag in _FULL_STOP or not clause.tag for clause in clauses])
    count, shift = len(clauses), view.letter.body_offset
    title = int(np.searchsorted(spread(clauses)[0], shift)) if shift else 0
    sentence_first = (first == 0) | stops[first - 1]
    size = np.minimum((end - start) // 3, 30)
    inner = np.minimum(last - first, 3)
    columns = [
        size,
        inner,
        10 * first // max(count, 1),
        np.minimum(np.maximum(first - title, 0), 9),
        np.minimum(count - 1 - last, 9),
        start < shift,
        sentence_first,
        stops[last],
        np.full(len(first), min(count // 8, 4)),
        inner * 31 + size,
        *(np.minimum(_run_sums(echo, first, last), 8) for echo in echoes),
    ]
    return np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)


def _run_sums(values: Ints, first: Ints, last: Ints) -> Ints:
    """Sum of values over each run."""
    totals = np.concatenate([[0], np.cumsum(values)])
    return totals[last + 1] - totals[first]
