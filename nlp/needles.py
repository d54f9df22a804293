"""Literals that a regular expression cannot match without: a cheap test before the costly one.

``needles("(?:想|要)自杀|轻生")`` is one set for each thing that a branch asks for:
``((("想", "要"), ("自杀",)), (("轻生",),))``. A text can match only if some branch finds a
literal of each of its sets. The reader knows the plain syntax that rules use; whatever else it
meets, it promises nothing and the pattern is simply always run.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_QUANTIFIER = re.compile(r"(?:([?*+])|\{(\d*)(?:,\d*)?\})[?+]?")
_GROUP = re.compile(r"\((\?:|\?P<\w+>|\?<?[=!]|(?!\?))")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


Needles = tuple[tuple[tuple[str, ...], ...], ...]
"""Branches of a pattern; of each, the sets of literals of which a match holds one a set."""


def needles(pattern: str) -> Needles:
    """What every match holds: for one branch at least, a literal of each of its sets.

    Args:
        pattern: A regular expression.

    Returns:
        The branches, or nothing when one of them promises nothing.
    """
    reader = _Reader(pattern)
    try:
        branches = reader.branches()
    except _UnknownSyntaxError:
        return ()
    if reader.at < len(pattern) or not all(branch.promised for branch in branches):
        return ()
    return tuple(tuple(tuple(sorted(s)) for s in branch.promised) for branch in branches)


class Sieve:
    """Tells of many patterns which can match a text at all.

    Args:
        patterns: Regular expressions.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._always: set[int] = set()
        self._asked: defaultdict[str, list[tuple[int, tuple[frozenset[str], ...]]]]
        self._asked = defaultdict(list)
        literals: set[str] = set()
        for number, pattern in enumerate(patterns):
            branches = needles(pattern)
            if not branches:
                self._always.add(number)
            for branch in branches:
                first, *rest = sorted(branch, key=_rarity)
                others = tuple(frozenset(other) for other in rest)
                literals.update(*branch)
                for literal in first:
                    self._asked[literal].append((number, others))
        self._beginnings: defaultdict[str, list[str]] = defaultdict(list)
        for literal in sorted(literals):
            self._beginnings[literal[:2]].append(literal)

    def live(self, text: str, signs: frozenset[str]) -> list[int]:
        """Numbers of the patterns that can match, rising.

        Args:
            text: The text.
            signs: Every sign of it, and every two neighbouring ones.
        """
        present = set(self._present(text, signs))
        found = set(self._always)
        for literal in present & self._asked.keys():
            for number, others in self._asked[literal]:
                if number not in found and not any(map(present.isdisjoint, others)):
                    found.add(number)
        return sorted(found)

    def _present(self, text: str, signs: frozenset[str]) -> Iterator[str]:
        """Yield the literals that a text holds; looked up by their first two signs."""
        for beginning in signs & self._beginnings.keys():
            for literal in self._beginnings[beginning]:
                if len(literal) == len(beginning) or literal in text:
                    yield literal


class _UnknownSyntaxError(Exception):
    """Syntax that this reader does not know."""


def _rarity(literals: Iterable[str]) -> tuple[int, int]:
    """What sets are ordered by: the longest shortest literal first, then the smallest set."""
    sizes = [len(literal) for literal in literals]
    return -min(sizes), len(sizes)


@dataclass
class _Sequence:
    """What one branch has promised so far."""

    run: str = ""
    promised: list[frozenset[str]] = field(default_factory=list[frozenset[str]])

    def close(self) -> None:
        """End the run of plain characters."""
        if self.run:
            self.promised.append(frozenset({self.run}))
        self.run = ""

    def best(self) -> frozenset[str]:
        """The set that fewest texts hold a literal of."""
        return min(self.promised, key=_rarity, default=frozenset[str]())


@dataclass
class _Reader:
    pattern: str
    at: int = 0

    def alternatives(self) -> frozenset[str]:
        """Read branches up to a closing bracket or the end; empty when one promises nothing."""
        best = [branch.best() for branch in self.branches()]
        return frozenset[str]().union(*best) if all(best) else frozenset()

    def branches(self) -> list[_Sequence]:
        """Read branches up to a closing bracket or the end, with all that each promises."""
        found = [self._branch()]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            found.append(self._branch())
        return found

    def _branch(self) -> _Sequence:
        sequence = _Sequence()
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            sign = self.pattern[self.at]
            if sign == "(":
                self._group(sequence)
            elif sign in "[.^$" or re.match(r"\\[a-zA-Z0-9]", self.pattern[self.at :]):
                self._skip(sign)
                self._least()
                sequence.close()
            else:
                self._plain(sequence)
        sequence.close()
        return sequence

    def _group(self, sequence: _Sequence) -> None:
        """Read a bracket; negative look-arounds and optional ones promise nothing."""
        opening = _GROUP.match(self.pattern, self.at)
        if opening is None:
            raise _UnknownSyntaxError
        self.at = opening.end()
        inner = self.alternatives()
        if self.at >= len(self.pattern):
            raise _UnknownSyntaxError
        self.at += 1
        sequence.close()
        if self._least() and inner and opening[1] not in {"?!", "?<!"}:
            sequence.promised.append(inner)

    def _skip(self, sign: str) -> None:
        """Step over a class, a dot, an anchor or a lettered escape."""
        known = _CLASS.match(self.pattern, self.at)
        if sign == "[" and known is None:
            raise _UnknownSyntaxError
        width = 2 if sign == "\\" else 1
        self.at = known.end() if known is not None and sign == "[" else self.at + width

    def _plain(self, sequence: _Sequence) -> None:
        """Read one literal character with its quantifier."""
        self.at += self.pattern[self.at] == "\\"
        sign = self.pattern[self.at]
        self.at += 1
        before = self.at
        if least := self._least():
            sequence.run += sign
        if self.at > before or not least:
            sequence.close()

    def _least(self) -> bool:
        """Step over a quantifier, if any; whether what it counts must occur."""
        quantifier = _QUANTIFIER.match(self.pattern, self.at)
        if quantifier is None:
            return True
        self.at = quantifier.end()
        return quantifier[1] == "+" or (quantifier[2] or "0").strip("0") != ""
