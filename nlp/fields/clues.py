"""What finders may look at: a letter's words, clauses and rule hits, and candidates with scores."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from nlp.entities import Token
from nlp.fields import clauses, mentions, units
from nlp.fields.grid import Grid
from nlp.fields.ranker import Ranker
from nlp.report import FieldValue, Value
from nlp.rules import Hit
from nlp.text import View

MENTIONS = ("when", "where", "who_self", "who_party", "agency")
CLAUSES = ("what", "why", "how", "history")
NAMED = frozenset({"where", "who_self", "who_party", "agency"})
# Words that the cutting leaves around a name; no name of two characters or more begins or ends
# so. How often gold and given spans of the training letters begin with each was counted; a writer's
# standing (住在某小区的业主) keeps the verbs, and a place loses its people.
_LINKS = r"我们?是|是|请|咨询|关于|位于|在|入|由|向|被"
_VERBS = (
    r"投诉|反映|举报|解决|督促|要求|请求|恳求|建议|希望|现在|当时|进入|家住|住在|系"
    r"|拨打|打[过了]?|找[过了]?|去[过了]?|到[过了]?|问[过了]?|[至报](?=1)"
)
_LINK = re.compile(rf"(?:{_LINKS})(?=.{{2}})")
_LEAD = re.compile(rf"(?:{_LINKS}|{_VERBS})+(?=.{{2}})")
_PEOPLE = re.compile(r"(?<=..)(?:的?(?:村民|业主|居民|职工|全体|扰民)|的多[项个])+$")
# Table sizes and number of places of each ranker's candidates.
SHAPES = {
    "mentions": (mentions.TABLE_SIZES, len(mentions.PLACES) + 1),
    "clauses": (clauses.TABLE_SIZES, len(clauses.PLACES) + 1),
}
MODEL = "model:linear-fields"
# The most answers a field takes (the annotators' guide), and the fields that name a thing once:
# there a part of a chosen answer, or what holds one, is no answer of its own.
LIMITS = MappingProxyType(
    {
        "when": 9,
        "where": 3,
        "who_self": 3,
        "who_party": 4,
        "agency": 10,
        "what": 1,
        "why": 1,
        "how": 3,
        "history": 3,
    }
)
DISTINCT = frozenset({"where", "who_self", "who_party"})
_BARE = "lac"
# How often a bare LAC entity is an answer, measured on the annotated training letters.
_LAC = {"TIME": ("when", 0.27), "LOC": ("where", 0.12), "ORG": ("who_party", 0.26)}
# The ranker reads this many code points, three times the longest petition seen; beyond them the
# rules go on alone, so that a letter of a megabyte costs seconds and loses no hit.
HORIZON = 40_000


class Found(NamedTuple):
    """A candidate that may be an answer: (start, end) in ``View.text``."""

    start: int
    end: int
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class Clues:
    """One letter as finders see it, everything computed once.

    Attributes:
        view: The letter.
        tokens: Its words with LAC's tags, offsets in ``View.raw``.
        hits: What the field rules found in it.
        found: Possible answers of each field, best first.
    """

    view: View
    tokens: tuple[Token, ...]
    hits: tuple[Hit, ...]
    found: Mapping[str, tuple[Found, ...]]

    def pick(self, field: str) -> list[Found]:
        """Choose answers of a field that do not overlap, none in the same words twice.

        Returns:
            The best, at most LIMITS of the field, in the order of the letter.
        """
        chosen: list[Found] = []
        words: list[str] = []
        for found in self.found.get(field, ()):
            if any(found.start < other.end and other.start < found.end for other in chosen):
                continue
            text = self.view.text[found.start : found.end]
            if text in words or (field in DISTINCT and any(text in w or w in text for w in words)):
                continue
            chosen.append(found)
            words.append(text)
            if len(chosen) == LIMITS[field]:
                break
        return sorted(chosen)

    def answers(self, field: str, normal: Callable[[str], Value] | None = None) -> list[FieldValue]:
        """The chosen answers as reports write them.

        Args:
            field: The field's key.
            normal: Makes the normal form of a wording (folded); None where there is none.
        """
        return [
            FieldValue(
                span,
                normal(self.view.text[found.start : found.end]) if normal else None,
                round(found.score, 4),
                self._source(field, found),
            )
            for found in (self._bare(field, found) for found in self.pick(field))
            if (span := self.view.span(found.start, found.end))
        ]

    def _bare(self, field: str, found: Found) -> Found:
        """A name without the words around it, as in 投诉青禾小区 or 到社保局; a clause as it is."""
        if field not in NAMED:
            return found
        leading = _LINK if field == "who_self" else _LEAD
        lead = leading.match(self.view.text, found.start, found.end)
        start = lead.end() if lead else found.start
        tail = _PEOPLE.search(self.view.text[start : found.end]) if field == "where" else None
        return found._replace(start=start, end=start + tail.start() if tail else found.end)

    def _source(self, field: str, found: Found) -> str:
        """Who found an answer; of one that the model chose, also the rule that points at it."""
        if found.source != MODEL:
            return found.source
        near = (hit for hit in self.hits if hit.start < found.end and found.start < hit.end)
        rule = next((hit.source for hit in near if hit.rule.label == field), _BARE)
        return f"{rule}+{MODEL}"


def tidy(text: str) -> str | None:
    """A wording without blanks, and without signs at its ends; None when nothing is left."""
    return "".join(text.split()).strip("“”\"'()《》<>,、.:") or None


def grids(
    view: View, tokens: Sequence[Token], hits: Sequence[Hit], rules: Sequence[str]
) -> dict[str, Grid]:
    """The candidates of a letter, up to HORIZON, by the name of the ranker that judges them."""
    words = units.cut(view.text, [token for token in tokens if token.end <= HORIZON])
    near = [hit for hit in hits if hit.end <= HORIZON]
    known = frozenset(rules)
    return {
        "mentions": mentions.grid(view, words, [h for h in near if h.rule.id in known], rules),
        "clauses": clauses.grid(view, clauses.cut(view, HORIZON), words, near),
    }


def read(
    view: View, tokens: tuple[Token, ...], hits: tuple[Hit, ...], rankers: Mapping[str, Ranker]
) -> Clues:
    """Gather what finders need.

    Args:
        view: The letter.
        tokens: Its words.
        hits: What the field rules found.
        rankers: "mentions" and "clauses", or empty for rules alone. Rules alone also answer
            for what lies beyond HORIZON.
    """
    if not rankers:
        return Clues(view, tokens, hits, _by_rules(view, tokens, hits, 0))
    found: dict[str, tuple[Found, ...]] = {}
    for name, grid in grids(view, tokens, hits, rankers["mentions"].rules).items():
        found.update(_by_rank(grid, rankers[name]))
    if len(view.text) > HORIZON:
        far = _by_rules(view, tokens, hits, HORIZON)
        found = {field: (*found[field], *far[field]) for field in found}
    return Clues(view, tokens, hits, found)


def _by_rank(grid: Grid, ranker: Ranker) -> Iterable[tuple[str, tuple[Found, ...]]]:
    """Candidates above each field's threshold, best first."""
    probabilities = ranker.probabilities(grid)
    for column, field in enumerate(ranker.fields):
        scores = probabilities[:, column]
        rows = np.flatnonzero(scores >= ranker.thresholds[field])
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        columns = (grid.start[rows].tolist(), grid.end[rows].tolist(), scores[rows].tolist())
        yield field, tuple(Found(*one, MODEL) for one in zip(*columns, strict=True))


def _by_rules(
    view: View, tokens: Sequence[Token], hits: Sequence[Hit], begin: int
) -> dict[str, tuple[Found, ...]]:
    """Answers without a model: what the rules hit from ``begin``, then LAC's bare entities.

    A rule, however unsure, goes before a bare entity: its wording is the fuller one.
    """
    found: dict[str, list[Found]] = {field: [] for field in (*MENTIONS, *CLAUSES)}
    parts = clauses.cut(view, len(view.text))
    firsts = [part.start for part in parts]
    for hit in hits:
        if hit.start >= begin:
            field, at = hit.rule.label, bisect_right(firsts, hit.start) - 1
            place = parts[at] if field in CLAUSES and at >= 0 else hit
            found[field].append(Found(place.start, place.end, hit.rule.score, hit.source))
    for token in tokens:
        if token.tag in _LAC and token.start >= begin:
            field, score = _LAC[token.tag]
            found[field].append(Found(token.start, token.end, score, _BARE))
    return {
        field: tuple(
            sorted(row, key=lambda one: (one.source == _BARE, -one.score, one.start - one.end))
        )
        for field, row in found.items()
    }
