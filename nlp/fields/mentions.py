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


class _Word(NamedTuple):
    """What is known of a word by itself.

    Attributes:
        features: For the ranker.
        tag: Number of its tag.
        breaks: It ends a clause.
        stops: It ends a sentence.
        heads: It may end a phrase.
        opens: It may begin a phrase after any word (2), after some (1), or never (0).
        joint: A phrase may begin after it.
        joins: It holds 的.
        capital: It begins with a Latin capital, as masks do.
    """

    features: tuple[str, ...]
    tag: int
    breaks: bool
    stops: bool
    heads: bool
    opens: int
    joint: bool
    joins: bool
    capital: bool


@lru_cache(maxsize=65536)
def _word(text: str, tag: str) -> _Word:
    """Look at a word."""
    shown = f"#{min(len(text), 5)}" if text.isdecimal() else text
    tail, mixed = text[-1], tag in _MISREAD and text[-1] in _HEAD_SUFFIX
    ends = (f"e{tail}", f"E{text[-2:]}{tag}", f"b{text[0]}{tag}")
    barred = tag in _NEVER_FIRST and text[0] not in "(“"
    return _Word(
        features=(f"w{shown}", f"t{tag}", f"l{min(len(text), 6)}", *ends),
        tag=_TAG.get(tag, _SIZE - 1),
        breaks=tail in _BREAKS,
        stops=tail in _STOPS,
        heads=tag in _HEADS or tail in ")”" or mixed,
        opens=0 if barred else 1 + (tag in _NAMES),
        joint=tag in _JOINTS,
        joins="的" in text,
        capital="A" <= text[0] <= "Z",
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """The columns of ``_Word`` for the words of a letter, shape (units,)."""

    tags: Ints
    breaks: Flags
    stops: Flags
    heads: Flags
    openers: Flags
    joins: Flags
    capital: Flags


def _marks(words: Sequence[_Word]) -> _Marks:
    """Put what is known of the words into arrays."""
    table = np.array([word[1:] for word in words], dtype=np.int64).reshape(
        -1, len(_Word._fields) - 1
    )
    tags, breaks, stops, heads, opens, joint, joins, capital = table.T
    after = np.concatenate([[1], joint])[: len(words)]
    flags = (breaks, stops, heads, (opens > 0) & (opens + after > 1), joins, capital)
    return _Marks(tags, *(column.astype(bool) for column in flags))


def _runs(marks: _Marks, timed: Iterable[tuple[int, int]]) -> tuple[Ints, Ints, Ints]:
    """First unit, last unit and kind of each candidate, sorted, none twice."""
    count = len(marks.tags)
    codes = [np.array([(a * count + b) * 2 + TIME for a, b in timed], dtype=np.int64)]
    clause = np.cumsum(marks.breaks) * 2 + marks.breaks
    ends = marks.heads & ~marks.breaks
    for length in range(min(_LONGEST_PHRASE, count)):
        last = np.arange(length, count)
        first = last - length
        fits = (clause[first] == clause[last]) & ends[last]
        fits &= marks.openers[first] if length else True
        codes.append(((first * count + last) * 2 + PHRASE)[fits])
    code = np.unique(np.concatenate(codes))
    return code // 2 // max(count, 1), code // 2 % max(count, 1), code % 2


def _places(first: Ints, last: Ints, marks: _Marks) -> Ints:
    """The unit in each of PLACES for each candidate; the number of units stands for none."""
    count = len(marks.tags)
    verbs = np.isin(marks.tags, [_TAG["v"], _TAG["vn"]])
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
    number: dict[str, int] = {}
    same = np.array([number.setdefault(wording, len(number)) for wording in wordings])
    debut = start[np.unique(same, return_index=True)[1]][same]
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
