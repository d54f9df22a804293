"""Lexicon entries to hits, with guards: negation, quotation, hypothesis, idiom, third person.

Rules are data (labels/rules); this file only runs them over the folded text of a View. A pattern
is run only over letters that hold the literals it cannot match without, which keeps hundreds
of rules within a few hundred microseconds a letter.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby, islice

from nlp.entries import Guard, Rule
from nlp.needles import Sieve
from nlp.text import View, sentences, signs

MAX_HITS = 200
"""Hits of one rule in one letter; more of the same say nothing more, and a flood would cost."""
_WIDE = "\u2e80-\ufaff\U00020000-\U0003ffff"
_INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_BLANK = " \t\u3000"
_GAP = re.compile(rf"[{_INVISIBLE}]+|(?<=[{_WIDE}])[{_BLANK}]+(?=[{_WIDE}])")
_GAP_SIGN = re.compile(rf"[{_INVISIBLE}{_BLANK}]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched.

    Attributes:
        rule: The entry.
        start: First code point in ``View.text``.
        end: One past the last.
        who: Offsets of the pattern's group "who", where the person concerned is to be looked
            for, or None when the pattern has no such group or it took no part.
    """

    rule: Rule
    start: int
    end: int
    who: tuple[int, int] | None = None

    @property
    def source(self) -> str:
        """The rule's name as reports write it."""
        return f"rule:{self.rule.id}"


class _Page:
    """The text that rules run over, with the way back to ``View.text``."""

    def __init__(self, view: View, *, close_gaps: bool) -> None:
        gaps = _gaps(view.text) if close_gaps else []
        self.text = _GAP.sub("", view.text) if gaps else view.text
        self.signs = signs(self.text) if gaps else view.signs
        self._sentences = sentences(self.text) if gaps else view.sentences
        self._firsts = [first for first, _ in self._sentences]
        removed = [0, *accumulate(end - start for start, end in gaps)]
        self._removed = removed
        self._gaps = [start - gone for (start, _), gone in zip(gaps, removed, strict=False)]
        self._idioms: dict[tuple[int, int, int], list[tuple[int, int]]] = {}

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The sentence that holds start, drawn out to hold end as well."""
        index = bisect_right(self._firsts, start) - 1
        if index < 0:
            return 0, end
        first, last = self._sentences[index]
        return first, max(last, end)

    def guarded(self, guard: "_CompiledGuard", start: int, end: int) -> bool:
        """Whether the context of text[start:end], within its sentence, takes a match away."""
        first, last = self.sentence(start, end)
        head = self.text[max(first, start - guard.reach) : start]
        if any(p.search(head) for p in guard.before):
            return True
        tail = self.text[end : min(last, end + guard.reach)]
        if any(p.search(tail) for p in guard.after):
            return True
        return any(a <= start and end <= b for a, b in self._around(guard, first, last))

    def _around(self, guard: "_CompiledGuard", first: int, last: int) -> list[tuple[int, int]]:
        """Places of a guard's idioms in a sentence, looked up once however many matches it has."""
        key = (id(guard), first, last)
        if key not in self._idioms:
            sentence = self.text[first:last]
            self._idioms[key] = [
                (first + m.start(), first + m.end())
                for p in guard.around
                for m in p.finditer(sentence)
            ]
        return self._idioms[key]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in ``View.text`` for offsets here; a gap inside the match stays inside."""
        return (
            start + self._removed[bisect_right(self._gaps, start)],
            end + self._removed[bisect_right(self._gaps, end - 1)],
        )


def _gaps(text: str) -> list[tuple[int, int]]:
    """Places of the gaps; most letters have no sign that could be one."""
    return [m.span() for m in _GAP.finditer(text)] if _GAP_SIGN.search(text) else []


@dataclass(frozen=True, slots=True)
class _CompiledGuard:
    before: tuple[re.Pattern[str], ...]
    after: tuple[re.Pattern[str], ...]
    around: tuple[re.Pattern[str], ...]
    reach: int


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One pattern of a rule.

    Attributes:
        number: The rule's place in the file.
    """

    number: int
    rule: Rule
    pattern: re.Pattern[str]
    guards: tuple[_CompiledGuard, ...]

    def matches(self, page: _Page) -> Iterator[re.Match[str]]:
        """Matches that no guard takes away."""
        for match in self.pattern.finditer(page.text):
            start, end = match.span(_group(self.pattern))
            if not any(page.guarded(guard, start, end) for guard in self.guards):
                yield match


class Lexicon:
    """A family of rules, compiled once.

    Args:
        rules: The entries.
        guards: Every guard that the entries name.
        close_gaps: Also match through zero-width characters and through blanks between hanzi,
            which people put in by accident or to get past a filter. Spans then hold the gap.
    """

    def __init__(
        self, rules: Iterable[Rule], guards: Mapping[str, Guard], *, close_gaps: bool = False
    ) -> None:
        compiled = {name: _compile_guard(guard) for name, guard in guards.items()}
        self._close_gaps = close_gaps
        self._patterns = tuple(
            _Compiled(number, rule, re.compile(p), tuple(compiled[name] for name in rule.guards))
            for number, rule in enumerate(rules)
            for p in rule.patterns
        )
        self._sieve = Sieve(one.pattern.pattern for one in self._patterns)

    def find(self, view: View) -> list[Hit]:
        """Run every rule over a letter.

        Returns:
            Hits in the order of the letter, then of the rules; a rule hits a place once.
        """
        page = _Page(view, close_gaps=self._close_gaps)
        live = [self._patterns[i] for i in self._sieve.live(page.text, page.signs)]
        hits: dict[Hit, None] = {}
        for _, patterns in groupby(live, key=lambda one: one.number):
            own = (_hit(one.rule, m, page) for one in patterns for m in one.matches(page))
            hits |= dict.fromkeys(islice(own, MAX_HITS))
        return sorted(hits, key=lambda hit: (hit.start, hit.end))


def _hit(rule: Rule, match: re.Match[str], page: _Page) -> Hit:
    """A match as offsets of the letter."""
    start, end = page.back(*match.span(_group(match.re)))
    who = match.span("who") if "who" in match.re.groupindex else (-1, -1)
    return Hit(rule, start, end, page.back(*who) if 0 <= who[0] < who[1] else None)


def _group(pattern: re.Pattern[str]) -> str | int:
    """The group that counts: "span" where a pattern names one, else the whole match."""
    return "span" if "span" in pattern.groupindex else 0


def _compile_guard(guard: Guard) -> _CompiledGuard:
    return _CompiledGuard(
        before=tuple(re.compile(p) for p in guard.before),
        after=tuple(re.compile(p) for p in guard.after),
        around=tuple(re.compile(p) for p in guard.around),
        reach=guard.reach,
    )
