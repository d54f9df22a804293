"""Lexicon entries to hits, with guards: negation, quotation, hypothesis, idiom, third person.

Rules are data (labels/rules); this file only runs them over the folded text of a View.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nlp.entries import Guard, Rule
from nlp.text import View


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched.

    Attributes:
        rule: The entry.
        start: First code point in ``View.text``.
        end: One past the last.
    """

    rule: Rule
    start: int
    end: int

    @property
    def source(self) -> str:
        """The rule's name as reports write it."""
        return f"rule:{self.rule.id}"


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    patterns: tuple[re.Pattern[str], ...]
    guards: tuple["_CompiledGuard", ...]


@dataclass(frozen=True, slots=True)
class _CompiledGuard:
    before: tuple[re.Pattern[str], ...]
    after: tuple[re.Pattern[str], ...]
    around: tuple[re.Pattern[str], ...]
    reach: int

    def holds(self, sentence: str, start: int, end: int) -> bool:
        """Whether the context of sentence[start:end] says that the match does not count."""
        head = sentence[max(0, start - self.reach) : start]
        tail = sentence[end : end + self.reach]
        if any(p.search(head) for p in self.before) or any(p.search(tail) for p in self.after):
            return True
        return any(
            m.start() <= start and end <= m.end() for p in self.around for m in p.finditer(sentence)
        )


class Lexicon:
    """A family of rules, compiled once."""

    def __init__(self, rules: Iterable[Rule], guards: Mapping[str, Guard]) -> None:
        compiled = {name: _compile_guard(guard) for name, guard in guards.items()}
        self._rules = tuple(
            _Compiled(
                rule=rule,
                patterns=tuple(re.compile(p) for p in rule.patterns),
                guards=tuple(compiled[name] for name in rule.guards),
            )
            for rule in rules
        )

    def find(self, view: View) -> list[Hit]:
        """Run every rule over a letter.

        Returns:
            Hits in the order of the letter, then of the rules; a rule hits a place once.
        """
        hits = {hit: None for rule in self._rules for hit in _hits(rule, view)}
        return sorted(hits, key=lambda hit: (hit.start, hit.end))


def _hits(compiled: _Compiled, view: View) -> Iterable[Hit]:
    """Matches of one rule that no guard takes away."""
    for pattern in compiled.patterns:
        for match in pattern.finditer(view.text):
            group = "span" if "span" in pattern.groupindex else 0
            start, end = match.span(group)
            first, last = view.sentence_at(start)
            sentence = view.text[first : max(last, end)]
            if not any(g.holds(sentence, start - first, end - first) for g in compiled.guards):
                yield Hit(compiled.rule, start, end)


def _compile_guard(guard: Guard) -> _CompiledGuard:
    return _CompiledGuard(
        before=tuple(re.compile(p) for p in guard.before),
        after=tuple(re.compile(p) for p in guard.after),
        around=tuple(re.compile(p) for p in guard.around),
        reach=guard.reach,
    )
