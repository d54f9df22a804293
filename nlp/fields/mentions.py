"""Candidates for times, places, persons and organs, and what is known of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nlp.fields import times
from nlp.fields.grid import Grid, Ints, Unit, nearest, overlaps, spread
from nlp.rules import Hit
from nlp.text import View

PHRASE, TIME = 0, 1
PLACES = (
    *("before3", "before2", "before", "first", "last", "last2", "after", "after2"),
    *("verb", "next_verb"),
)
_TAGS = (
    *("a", "ad", "an", "c", "d", "f", "m", "n", "nr", "ns", "nt", "nw", "nz", "p", "q", "r", "s"),
    *("t", "u", "v", "vd", "vn", "w", "xc", "O", "PER", "LOC", "ORG", "TIME"),
)
_TAG = {tag: number for number, tag in enumerate(_TAGS)}
_SIZE = len(_TAGS) + 1
_LONGEST_PHRASE = 10
_BREAKS = frozenset(",。!?;:\n\r… \t")
_NAMES = frozenset({"LOC", "ORG", "PER"})
_HEADS = frozenset({"n", "LOC", "ORG", "PER", "nz", "s", "nw", "f", "m"})
# LAC takes the last word of many a name for one of these; the suffix says that it is a head.
_MISREAD = frozenset({"vn", "v", "xc", "a"})
_HEAD_SUFFIX = frozenset("局委办府所站线司商队处部院厂店校会门台箱民主人工户员者区市县村镇路栋")
_JOINTS = frozenset({"v", "p", "d", "c", "u", "r", "w", "TIME", "vd", "xc", "ad"})
_NEVER_FIRST = frozenset({"p", "u", "c", "w", "d"})


def grid(view: View, units: Sequence[Unit], hits: Sequence[Hit], rules: Sequence[str]) -> Grid:
    """Candidates of a letter and what is known of them.

    Args:
        view: The letter.
        units: Its words.
        hits: What the rules found in it.
        rules: Ids of all rules of these fields.
    """
    words = [view.text[unit.start : unit.end] for unit in units]
    runs = {PHRASE: set(_phrases(words, units)), TIME: set(times.runs(words, units))}
    pairs = sorted((first, last, kind) for kind in runs for first, last in runs[kind])
    table = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    first, last, kind = table[:, 0], table[:, 1], table[:, 2]
    starts, ends = spread(units)
    start, end = starts[first], ends[last]
    wordings = [view.text[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    return Grid(
        keys=[_features(word, unit.tag) for word, unit in zip(words, units, strict=True)],
        first=first,
        last=last,
        start=start,
        end=end,
        places=_places(first, last, units, words),
        tables=_tables(view, units, (first, last, start, end), wordings),
        rules=overlaps(start, end, hits, rules),
        wordings=wordings,
        kind=kind,
    )


def _phrases(words: Sequence[str], units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of runs that may be a noun phrase."""
    count = len(units)
    breaks, heads, openers = _marks(words, units)
    clause = np.cumsum(breaks) * 2 + breaks
    for length in range(min(_LONGEST_PHRASE, count)):
        last = np.arange(length, count)
        first = last - length
        fits = (clause[first] == clause[last]) & heads[last] & ~breaks[last]
        fits &= openers[first] if length else True
        rows = np.flatnonzero(fits)
        yield from zip(first[rows].tolist(), last[rows].tolist(), strict=True)


def _marks(
    words: Sequence[str], units: Sequence[Unit]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which units end a clause, which may end a phrase, which may begin one."""
    tags = [unit.tag for unit in units]
    breaks = np.array([word[-1] in _BREAKS for word in words], dtype=bool)
    heads = np.array(
        [
            tag in _HEADS or word[-1] in ")”" or (tag in _MISREAD and word[-1] in _HEAD_SUFFIX)
            for word, tag in zip(words, tags, strict=True)
        ],
        dtype=bool,
    )
    before = ["w", *tags[:-1]]
    openers = np.array(
        [
            (tag in _NAMES or previous in _JOINTS) and (tag not in _NEVER_FIRST or word[0] in "(“")
            for word, tag, previous in zip(words, tags, before, strict=False)
        ],
        dtype=bool,
    )
    return breaks, heads, openers


@lru_cache(maxsize=65536)
def _features(word: str, tag: str) -> tuple[str, ...]:
    """What is known of a word by itself."""
    shown = f"#{min(len(word), 5)}" if word.isdecimal() else word
    size = min(len(word), 6)
    ends = (f"e{word[-1]}", f"E{word[-2:]}{tag}", f"b{word[0]}{tag}")
    return (f"w{shown}", f"t{tag}", f"l{size}", *ends)


def _places(first: Ints, last: Ints, units: Sequence[Unit], words: Sequence[str]) -> Ints:
    """The unit in each of PLACES for each candidate; len(units) stands for none."""
    count = len(units)
    tags = [unit.tag for unit in units]
    walls = np.array([word[-1] in _BREAKS for word in words], dtype=bool)
    left = nearest(np.array([tag in {"v", "vn", "p"} for tag in tags], dtype=bool), walls)
    verbs = np.array([tag in {"v", "vn"} for tag in tags], dtype=bool)
    right = count - 1 - nearest(verbs[::-1], np.roll(walls, 1)[::-1])[::-1] if count else left
    verb, next_verb = left[first], right[last]
    verb = np.where(verb == first - 1, -1, verb)
    next_verb = np.where((next_verb == last + 1) | (next_verb > count), -1, next_verb)
    columns = [first - 3, first - 2, first - 1, first, last, np.where(last > first, last - 1, -1),
               last + 1, last + 2, verb, next_verb]  # fmt: skip
    places = np.stack(columns, axis=1)
    return np.where((places < 0) | (places >= count), count, places)


TABLE_SIZES = (41, 13, 5, 2, 2, 2, 9, 8, 6, _SIZE * _SIZE * 4, _SIZE * _SIZE, 2, 2, 2, 2, 2 * 21)


def _tables(
    view: View, units: Sequence[Unit], runs: tuple[Ints, Ints, Ints, Ints], wordings: Sequence[str]
) -> Ints:
    """Rows of the tables of each candidate: lengths, place in the letter, tags at the seams."""
    first, last, start, end = runs
    if not len(first):
        return np.zeros((0, len(TABLE_SIZES)), dtype=np.int64)
    count = len(units)
    counts = Counter(wordings)
    seen: dict[str, int] = {}
    for wording, at in zip(wordings, start.tolist(), strict=True):
        seen.setdefault(wording, at)
    times = np.array([min(counts[wording], 4) for wording in wordings])
    fresh = np.array([seen[w] == a for w, a in zip(wordings, start.tolist(), strict=True)])
    titled = np.array([seen[wording] for wording in wordings]) < view.letter.body_offset
    tags = np.array([_TAG.get(unit.tag, _SIZE - 1) for unit in units] + [_SIZE - 1])
    ends = np.array([view.text[unit.end - 1] in _BREAKS for unit in units] + [True])
    stops = np.array([view.text[unit.end - 1] in "。!?;\n" for unit in units])
    sentence = np.concatenate([[0], np.cumsum(stops)[:-1]])
    begins = (first == 0) | ends[first - 1]
    closes = (last == count - 1) | ends[np.minimum(last + 1, count)]
    inner = np.minimum(last - first, 3)
    columns = [
        np.minimum(end - start, 40),
        np.minimum(last - first, 12),
        times,
        fresh,
        start < view.letter.body_offset,
        titled & (start >= view.letter.body_offset),
        8 * start // max(len(view.text), 1),
        np.minimum(sentence[first], 7),
        np.minimum(sentence[-1] - sentence[first], 5),
        (tags[first] * _SIZE + tags[last]) * 4 + inner,
        tags[np.where(first > 0, first - 1, count)] * _SIZE + tags[np.minimum(last + 1, count)],
        begins,
        closes,
        np.array(["的" in wording for wording in wordings]),
        np.array([wording[0].isascii() and wording[0].isupper() for wording in wordings]),
        begins * 21 + np.minimum(end - start, 20),
    ]
    return np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
