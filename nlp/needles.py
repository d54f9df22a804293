"""Literals that a regular expression cannot match without: a cheap test before the costly one.

``needles("(?:想|要)自杀|轻生")`` is ``("自杀", "轻生")``: a text that holds neither cannot match.
The reader knows the plain syntax that rules use; whatever else it meets, it promises nothing
and the pattern is simply always run.
"""

import re
from dataclasses import dataclass, field

_QUANTIFIER = re.compile(r"(?:([?*+])|\{(\d*)(?:,\d*)?\})[?+]?")
_GROUP = re.compile(r"\((\?:|\?P<\w+>|\?<?[=!]|(?!\?))")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


def needles(pattern: str) -> tuple[str, ...]:
    """Literals of which every match holds at least one.

    Args:
        pattern: A regular expression.

    Returns:
        The literals, or nothing when none can be promised.
    """
    reader = _Reader(pattern)
    try:
        found = reader.alternatives()
    except _UnknownSyntaxError:
        return ()
    return tuple(sorted(found)) if found and reader.at == len(pattern) else ()


class _UnknownSyntaxError(Exception):
    """Syntax that this reader does not know."""


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
        """The set whose shortest literal is longest; among equals the smallest set."""
        self.close()
        return max(
            self.promised, key=lambda s: (min(map(len, s)), -len(s)), default=frozenset[str]()
        )


@dataclass
class _Reader:
    pattern: str
    at: int = 0

    def alternatives(self) -> frozenset[str]:
        """Read branches up to a closing bracket or the end; empty when one promises nothing."""
        branches = [self._branch()]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            branches.append(self._branch())
        return frozenset[str]().union(*branches) if all(branches) else frozenset()

    def _branch(self) -> frozenset[str]:
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
        return sequence.best()

    def _group(self, sequence: _Sequence) -> None:
        """Read a bracket; look-arounds and optional ones promise nothing."""
        opening = _GROUP.match(self.pattern, self.at)
        if opening is None:
            raise _UnknownSyntaxError
        self.at = opening.end()
        inner = self.alternatives()
        if self.at >= len(self.pattern):
            raise _UnknownSyntaxError
        self.at += 1
        sequence.close()
        if self._least() and inner and opening[1] not in {"?=", "?!", "?<=", "?<!"}:
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
