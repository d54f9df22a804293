"""Candidates for times, places, persons and organs, and what is known of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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
# Rows of the tables that ``_tables`` fills.
TABLE_SIZES = (41, 13, 5, 2, 2, 2, 9, 8, 6, _SIZE * _SIZE * 4, _SIZE * _SIZE, 2, 2, 2, 2, 2 * 21)
Flags = NDArray[np.bool_]
_LONGEST_PHRASE = 10
_STOPS = frozenset("。!?;\n")
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
    words = [_word(view.text[unit.start : unit.end], unit.tag) for unit in units]
    marks = _marks(words)
    first, last, kind = _runs(marks, times.runs(view, units))
    starts, ends = spread(units)
    start, end = starts[first], ends[last]
    wordings = [view.text[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    return Grid(
        keys=[word.features for word in words],
        recurs=True,
        first=first,
        last=last,
        start=start,
        end=end,
        places=_places(first, last, marks),
        tables=_tables(view, marks, (first, last, start, end), wordings),
        rules=overlaps(start, end, hits, rules),
        wordings=wordings,
        kind=kind,
    )


# Number of the word's tag; it ends a clause; it ends a sentence; it may end a phrase; it may begin
# a phrase after any word (2), after some (1), or never (0); a phrase may begin after it; it holds
# 的; it begins with a Latin capital, as masks do.
_MARKS = ("tag", "breaks", "stops", "heads", "opens", "joint", "joins", "capital")


class _Word(NamedTuple):
    """What is known of a word by itself.

    Attributes:
        features: For the ranker.
        marks: One byte for each of ``_MARKS``.
    """

    features: tuple[str, ...]
    marks: bytes


@lru_cache(maxsize=65536)
def _word(text: str, tag: str) -> _Word:
    """Look at a word."""
    shown = f"#{min(len(text), 5)}" if text.isdecimal() else text
    tail, mixed = text[-1], tag in _MISREAD and text[-1] in _HEAD_SUFFIX
    ends = (f"e{tail}", f"E{text[-2:]}{tag}", f"b{text[0]}{tag}")
    barred = tag in _NEVER_FIRST and text[0] not in "(“"
    marks = (
        _TAG.get(tag, _SIZE - 1),
        tail in _BREAKS,
        tail in _STOPS,
        tag in _HEADS or tail in ")”" or mixed,
        0 if barred else 1 + (tag in _NAMES),
        tag in _JOINTS,
        "的" in text,
        "A" <= text[0] <= "Z",
    )
    return _Word((f"w{shown}", f"t{tag}", f"l{min(len(text), 6)}", *ends), bytes(marks))


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks of ``_Word`` for the words of a letter, shape (units,)."""

    tags: Ints
    breaks: Flags
    stops: Flags
    heads: Flags
    openers: Flags
    joins: Flags
    capital: Flags


def _marks(words: Sequence[_Word]) -> _Marks:
    """Put what is known of the words into arrays."""
    table = np.frombuffer(b"".join([word.marks for word in words]), np.uint8)
    columns = table.reshape(-1, len(_MARKS)).T.astype(np.int64)
    tags, breaks, stops, heads, opens, joint, joins, capital = columns
    after = np.concatenate([[1], joint])[: len(words)]
    flags = (breaks, stops, heads, (opens > 0) & (opens + after > 1), joins, capital)
    return _Marks(tags, *(column.astype(bool) for column in flags))


def _runs(marks: _Marks, timed: Iterable[tuple[int, int]]) -> tuple[Ints, Ints, Ints]:
    """First unit, last unit and kind of each candidate, sorted, none twice."""
    count = len(marks.tags)
    spoken = np.array([(a * count + b) * 2 + TIME for a, b in timed], dtype=np.int64)
    clause = np.cumsum(marks.breaks) * 2 + marks.breaks
    last = np.flatnonzero(marks.heads & ~marks.breaks)[:, None]
    reach = last - np.arange(_LONGEST_PHRASE)
    first = np.maximum(reach, 0)
    fits = (reach >= 0) & (clause[first] == clause[last]) & (marks.openers[first] | (first == last))
    code = np.concatenate([spoken, ((first * count + last) * 2 + PHRASE)[fits]])
    code.sort()
    code = code[np.diff(code, prepend=-1) > 0]
    return code // 2 // max(count, 1), code // 2 % max(count, 1), code % 2


def _places(first: Ints, last: Ints, marks: _Marks) -> Ints:
    """The unit in each of PLACES for each candidate; the number of units stands for none."""
    count = len(marks.tags)
    verbs = (marks.tags == _TAG["v"]) | (marks.tags == _TAG["vn"])
    left = nearest(verbs | (marks.tags == _TAG["p"]), marks.breaks)
    right = count - 1 - nearest(verbs[::-1], np.roll(marks.breaks, 1)[::-1])[::-1]
    verb, next_verb = left[first], right[last]
    columns = [
        *(first - 3, first - 2, first - 1, first, last),
        np.where(last > first, last - 1, -1),
        *(last + 1, last + 2),
        np.where(verb == first - 1, -1, verb),
        np.where(next_verb == last + 1, -1, next_verb),
    ]
    places = np.stack(columns, axis=1)
    return np.where((places < 0) | (places >= count), count, places)


def _tables(
    view: View, marks: _Marks, runs: tuple[Ints, Ints, Ints, Ints], wordings: Sequence[str]
) -> Ints:
    """Rows of the tables of each candidate: lengths, place in the letter, tags at the seams."""
    first, last, start, end = runs
    if not len(first):
        return np.zeros((0, len(TABLE_SIZES)), dtype=np.int64)
    count, shift = len(marks.tags), view.letter.body_offset
    earliest = dict(zip(reversed(wordings), range(len(wordings) - 1, -1, -1), strict=True))
    same = np.array([earliest[wording] for wording in wordings])
    debut = start[same]
    tags = np.append(marks.tags, _SIZE - 1)
    ends = np.append(marks.breaks, True)
    sentence = np.concatenate([[0], np.cumsum(marks.stops)[:-1]])
    joins = np.concatenate([[0], np.cumsum(marks.joins)])
    begins = (first == 0) | ends[first - 1]
    columns = [
        np.minimum(end - start, 40),
        np.minimum(last - first, 12),
        np.minimum(np.bincount(same)[same], 4),
        debut == start,
        start < shift,
        (debut < shift) & (start >= shift),
        8 * start // max(len(view.text), 1),
        np.minimum(sentence[first], 7),
        np.minimum(sentence[-1] - sentence[first], 5),
        (tags[first] * _SIZE + tags[last]) * 4 + np.minimum(last - first, 3),
        tags[np.where(first > 0, first - 1, count)] * _SIZE + tags[last + 1],
        begins,
        (last == count - 1) | ends[last + 1],
        joins[last + 1] > joins[first],
        marks.capital[first],
        begins * 21 + np.minimum(end - start, 20),
    ]
    return np.stack(columns, axis=1).astype(np.int64)
