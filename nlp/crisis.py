"""Signs of danger to life: rule hits and sentence scores to signals, a level, and what to do.

Everything here only raises: a score adds a signal or lifts one, nothing takes one away.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from nlp import report
from nlp.entries import Action
from nlp.labels import Labels
from nlp.rules import Hit, Lexicon
from nlp.text import View

MAX_SIGNALS = 40
_CLAUSE_BREAK = re.compile(r"[,。!?;:、…\n\r(){}\[\]\"“”《》]")
_LEFT, _RIGHT = 16, 16
_LOOK_BACK = 120


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model says of a stretch of the letter.

    Attributes:
        start: First code point in ``View.text``.
        end: One past the last.
        type: Crisis type.
        level: Colour it raises to, 1 to 3.
        score: Probability, 0 to 1.
        source: Written into the report, such as "model:sentence".
        who: 本人, 家人, 他人 or 群体.
        state: 意图, 流露, 既往 or 正在发生.
    """

    start: int
    end: int
    type: str
    level: int
    score: float
    source: str
    who: str = "本人"
    state: str = "流露"


def lexicon(labels: Labels) -> Lexicon:
    """The finder of crisis rules; build it once and run it over every letter."""
    return Lexicon(labels.rules["crisis"], labels.guards, close_gaps=True)


class Reader:
    """Turns hits into a Crisis; holds what is compiled from the labels once."""

    def __init__(self, labels: Labels) -> None:
        self._types = [kind.name for kind in labels.crisis_types]
        self._levels = tuple(level.name for level in labels.crisis_levels)
        self._actions = labels.actions
        self._subjects = tuple(
            (re.compile("|".join(f"(?:{p})" for p in subject.patterns)), subject)
            for subject in labels.crisis_subjects
        )

    def read(
        self, view: View, hits: Sequence[Hit], sentence_scores: Iterable[Scored] | None = None
    ) -> report.Crisis:
        """Signals, most severe first, the level they add up to, and the actions it calls for.

        Args:
            view: The letter.
            hits: What ``lexicon`` found in it.
            sentence_scores: What a model adds, or None.

        Returns:
            The crisis part of the report; level "none" says only that nothing was found.
        """
        found = [*(self._scored(view, hit) for hit in hits), *(sentence_scores or ())]
        kept = _distinct(sorted(found, key=self._order))
        signals = tuple(s for item in kept if (s := _signal(view, item)) is not None)
        level = self._levels[max((item.level for item in found), default=0)]
        types = {signal.type for signal in signals}
        return report.Crisis(
            level=cast("report.CrisisLevel", level),
            signals=signals,
            actions=tuple(f"{a.text}（{a.basis}）" for a in self._due(level, types)),
        )

    def _order(self, item: Scored) -> tuple[int, int, float, int]:
        """Most severe first; among equals life before limb, the surer, the earlier."""
        return -item.level, self._types.index(item.type), -item.score, item.start

    def _due(self, level: str, types: set[str]) -> Iterator[Action]:
        """Actions of a level that are for every type or for one of these."""
        for action in self._actions:
            if level in action.levels and (not action.types or types & set(action.types)):
                yield action

    def _scored(self, view: View, hit: Hit) -> Scored:
        """A hit with its person and its clause."""
        rule = hit.rule
        start, end = _clause(view, hit.start, hit.end)
        return Scored(
            start=start,
            end=end,
            type=rule.label,
            level=rule.level,
            score=rule.score,
            source=hit.source,
            who=self._who(view, hit) or rule.who,
            state=rule.state,
        )

    def _who(self, view: View, hit: Hit) -> str:
        """The person named in the pattern's own place, else the nearest before the signal."""
        if hit.who is not None and (inside := self._last(view.text, *hit.who)):
            return inside
        first, _ = view.sentence_at(hit.start)
        return self._last(view.text, first, hit.end)

    def _last(self, text: str, start: int, end: int) -> str:
        """Who the last cue in text[start:end] is, or an empty string."""
        cues = [
            (match.end(), -match.start(), subject)
            for pattern, subject in self._subjects
            for match in pattern.finditer(text, start, end)
        ]
        if not cues:
            return ""
        _, begin, subject = max(cues, key=lambda cue: cue[:2])
        if subject.refers_back and self._names_family(text, -begin):
            return "家人"
        return subject.who

    def _names_family(self, text: str, before: int) -> bool:
        """Whether a family member is named shortly before a pronoun."""
        start = max(0, before - _LOOK_BACK)
        return any(
            pattern.search(text, start, before) is not None
            for pattern, subject in self._subjects
            if subject.who == "家人"
        )


def read(
    view: View,
    hits: Sequence[Hit],
    labels: Labels,
    sentence_scores: Iterable[Scored] | None = None,
) -> report.Crisis:
    """One-off form of ``Reader(labels).read``."""
    return Reader(labels).read(view, hits, sentence_scores)


def _clause(view: View, start: int, end: int) -> tuple[int, int]:
    """Draw a hit out to its clause, so that a worker can understand the quote by itself."""
    head = view.text[max(0, start - _LEFT) : start]
    tail = view.text[end : end + _RIGHT]
    before = [m.end() for m in _CLAUSE_BREAK.finditer(head)]
    after = _CLAUSE_BREAK.search(tail)
    first = start - len(head) + (before[-1] if before else 0)
    last = end + (after.start() if after else len(tail))
    piece = view.text[first:last]
    return first + len(piece) - len(piece.lstrip()), last - len(piece) + len(piece.rstrip())


def _distinct(items: Iterable[Scored]) -> list[Scored]:
    """The first of those of one type whose places overlap, at most MAX_SIGNALS in all."""
    kept: list[Scored] = []
    for item in items:
        if len(kept) == MAX_SIGNALS:
            break
        if not any(k.type == item.type and item.start < k.end and k.start < item.end for k in kept):
            kept.append(item)
    return kept


def _signal(view: View, item: Scored) -> report.Signal | None:
    """One item as the report writes it."""
    span = view.span(item.start, item.end)
    if span is None:
        return None
    return report.Signal(item.type, item.who, item.state, span, item.score, item.source)
