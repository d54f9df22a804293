"""LAC's words, re-cut so that field answers begin and end where a unit does.

Letters that were made public carry masks for places (A市A3区, K8县), which LAC takes apart or
glues to what follows; and LAC keeps an address and the firm in it as one organisation.
"""

import re
from collections.abc import Iterator, Sequence

from nlp.entities import Token
from nlp.fields.grid import Unit

_MASK = re.compile(
    r"西地省|(?<![A-Za-z0-9])[A-Z]\d{0,2}(?:县市|县县(?![委政])|市区(?![政委])|[市县区州])"
)
_SUFFIX = re.compile(r"(?:小区|花园|社区|街道|公寓|广场|[村镇乡路栋号楼区市县])(?=..)")
_SHORTEST = 2
_LONG = 3
_NAMES = frozenset({"LOC", "ORG"})


def cut(text: str, tokens: Sequence[Token]) -> list[Unit]:
    """Make units of tokens: masks are places of their own, long names end at each suffix.

    Args:
        text: The folded letter.
        tokens: Its words.

    Returns:
        Units in order, none overlapping another.
    """
    units: list[Unit] = []
    for unit in _unmask(text, tokens):
        if unit.tag in _NAMES and unit.end - unit.start > _LONG:
            units.extend(_split(text, unit))
        else:
            units.append(unit)
    return units


def _unmask(text: str, tokens: Sequence[Token]) -> Iterator[Unit]:
    """Yield tokens with every masked place as one LOC."""
    masks = [match.span() for match in _MASK.finditer(text)]
    masks.append((len(text), len(text)))
    at = done = 0
    next_mask = masks[0]
    for _, tag, first, end in tokens:
        start = max(first, done)
        while next_mask[0] < end and start < end:
            if next_mask[0] > start:
                yield Unit(start, next_mask[0], tag)
            yield Unit(*next_mask, "LOC")
            start = done = next_mask[1]
            at += 1
            next_mask = masks[at]
        if start < end:
            yield Unit(start, end, tag)


def _split(text: str, unit: Unit) -> Iterator[Unit]:
    """Cut a name after each suffix of a place; what is cut off is a place."""
    start = unit.start
    for match in _SUFFIX.finditer(text, unit.start, unit.end):
        end = match.end()
        if end - start >= _SHORTEST and unit.end - end >= _SHORTEST:
            yield Unit(start, end, "LOC")
            start = end
    yield Unit(start, unit.end, unit.tag)
