"""Character n-grams of a vocabulary, found in texts as numbers: no n-gram is ever cut out.

Each sign of the vocabulary has a number of sixteen bits, so that up to four neighbours pack into
one number of sixty-four; a sorted table tells which of them are terms, and of which column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Packed = NDArray[np.uint64]
_BITS = np.uint64(16)
_MOST_SIGNS = (1 << 16) - 1
_END = np.iinfo(np.uint64).max
_LONGEST = 4
_POINTS = 0x110000


@dataclass(frozen=True, slots=True)
class _Size:
    """Terms of one length: packed, in rising order, with the column of each.

    The last one is no term: the largest number, so that every search ends within the table.
    """

    packed: Packed
    columns: Ints


class Grams:
    """Looks up a family of character n-grams.

    Args:
        terms: N-gram to column, one to four signs each.

    Raises:
        ValueError: A term is empty or too long, or there are too many different signs.
    """

    def __init__(self, terms: Mapping[str, int]) -> None:
        signs = sorted(set("".join(terms)))
        lengths = {len(term) for term in terms}
        if len(signs) >= _MOST_SIGNS or not lengths <= set(range(1, _LONGEST + 1)):
            raise ValueError(len(signs))
        self._numbers = np.zeros(_POINTS, np.uint16)  # 0 is every sign that no term holds
        self._numbers[[ord(sign) for sign in signs]] = np.arange(1, len(signs) + 1)
        longest = max(lengths, default=0)
        self._sizes = [self._table(terms, size) for size in range(1, longest + 1)]

    def find(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Columns of the n-grams of texts.

        Args:
            texts: Folded texts.

        Returns:
            Columns, shorter n-grams first, those of one length in the order of the texts; and
            which text each was found in.
        """
        numbers = self._number("".join(f"{text}\0" for text in texts))
        ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
        numbers[ends - 1] = 0  # what no n-gram reaches across
        columns: list[Ints] = []
        places: list[Ints] = []
        packed = numbers
        for size, table in enumerate(self._sizes):
            packed = (packed[: len(packed) - 1] << _BITS) | numbers[size:] if size else numbers
            rows = table.packed.searchsorted(packed)
            found = np.flatnonzero(table.packed[rows] == packed)
            columns.append(table.columns[rows[found]])
            places.append(found)
        return _join(columns), ends.searchsorted(_join(places), side="right")

    def _number(self, text: str) -> Packed:
        """The number of each sign of a text."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return self._numbers[points].astype(np.uint64)

    def _table(self, terms: Mapping[str, int], size: int) -> _Size:
        """The terms of one length."""
        own = [term for term in terms if len(term) == size]
        signs = self._number("".join(own)).reshape(-1, size)
        packed = np.zeros(len(own), np.uint64)
        for column in signs.T:
            packed = (packed << _BITS) | column
        order = np.argsort(packed)
        columns = np.array([terms[term] for term in own], np.int64)
        return _Size(np.append(packed[order], _END), columns[order])


def _join(parts: Sequence[Ints]) -> Ints:
    """One array of several, of none too."""
    return np.concatenate([np.zeros(0, np.int64), *parts])
