"""Folds that keep length, and sentences as offsets: one View per letter, computed once.

Every fold maps one code point to one code point, so an offset in the folded text is an offset
in the letter as it came.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from operator import add, itemgetter
from typing import Any, cast

import opencc

from nlp.letter import Letter, Span

MAX_SENTENCE = 240
_SENTENCE_END = re.compile(r"[。！？!?；;…]+[”’\"』」）)]*|[\n\r]+|(?<=[^\d])\.(?=\s|$)")
_CLAUSE_END = re.compile(r"[，,、：:\s]")
_HANZI = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))


@cache
def _folding() -> dict[int, str]:
    """One-to-one folds: full-width forms and compatibility signs, then traditional hanzi.

    Source: Unicode NFKC per code point, and OpenCC t2s applied to single characters.
    """
    table: dict[int, str] = {}
    for point in (*range(0x2000, 0x3100), *range(0xFE00, 0x10000), 0x00A0):
        folded = unicodedata.normalize("NFKC", chr(point))
        if len(folded) == 1 and folded != chr(point):
            table[point] = folded
    hanzi = [chr(point) for low, high in _HANZI for point in range(low, high)]
    converter = cast("Any", opencc).OpenCC("t2s")
    simple: list[str] = converter.convert("\n".join(hanzi)).split("\n")
    table |= {ord(a): b for a, b in zip(hanzi, simple, strict=True) if a != b and len(b) == 1}
    return table


def fold(text: str) -> str:
    """Full-width to half-width and traditional to simplified, length kept.

    Chinese punctuation that has an ASCII twin (，：；！？（）) becomes that twin.
    """
    return text.translate(_folding())


def signs(text: str) -> frozenset[str]:
    """Every sign of a text, and every two neighbouring ones."""
    return frozenset((*text, *map(add, text, text[1:])))


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Cut text into sentences that together hold every non-blank character.

    Args:
        text: Any text.

    Returns:
        (start, end) offsets in order; none is blank, none is longer than MAX_SENTENCE:
        longer ones are cut at a comma or blank where there is one.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        found.extend(_cut(text, start, match.end()))
        start = match.end()
    found.extend(_cut(text, start, len(text)))
    return tuple(found)


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Trim blanks and cut what is too long."""
    pieces: list[tuple[int, int]] = []
    while end - start > MAX_SENTENCE:
        breaks = [m.end() for m in _CLAUSE_END.finditer(text, start + 1, start + MAX_SENTENCE)]
        stop = breaks[-1] if breaks else start + MAX_SENTENCE
        pieces.append((start, stop))
        start = stop
    pieces.append((start, end))
    return [trimmed for piece in pieces if (trimmed := _trim(text, *piece)) is not None]


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Drop blanks at both ends; None when nothing is left."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    size = len(piece.strip())
    return (start + left, start + left + size) if size else None


@dataclass(frozen=True)
class View:
    """One letter as finders and rules see it: folded, cut into sentences, same offsets.

    Attributes:
        letter: The letter as it came.
    """

    letter: Letter

    @cached_property
    def raw(self) -> str:
        """Title, line break, body, untouched."""
        return self.letter.text

    @cached_property
    def text(self) -> str:
        """``raw`` folded; the same length."""
        return fold(self.raw)

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """Sentences of the title and of the body, as offsets in ``text``."""
        return sentences(self.text)

    @cached_property
    def signs(self) -> frozenset[str]:
        """Every sign of ``text``, and every two neighbouring ones."""
        return signs(self.text)

    def sentence_at(self, offset: int) -> tuple[int, int]:
        """The sentence that holds an offset, or the whole text when none does."""
        index = bisect_right(self.sentences, offset, key=itemgetter(0)) - 1
        if index >= 0 and offset < self.sentences[index][1]:
            return self.sentences[index]
        return 0, len(self.text)

    def span(self, start: int, end: int) -> Span | None:
        """Span of the letter for offsets in ``text``."""
        return self.letter.span(start, end)
