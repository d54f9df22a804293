"""Trains the field ranker on annotated letters and measures it by cross-validation.

Folds never part near-duplicates. Thresholds are chosen on held-out candidates with the very code
that serves (``Clues.pick``), for the figures that the evaluation gives.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nlp import entities
from nlp.fields.clues import CLAUSES, MENTIONS, Clues, Found, grids
from nlp.fields.grid import Floats, Grid
from nlp.fields.ranker import FILE, Ranker
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.rules import Lexicon
from nlp.text import View
from nlp.train.data import groups
from nlp.train.ranker import TASKS, Example, fit, occurrences, save

Row = Mapping[str, Any]
_FOLDS = 4
_BATCH = 64
_THRESHOLDS = tuple(round(0.04 * step, 2) for step in range(1, 18))


def train(rows: Sequence[Row], labels: Labels, out: Path) -> dict[str, Any]:
    """Train on annotated letters, choose thresholds by cross-validation, write the ranker.

    Args:
        rows: Letters with "id", "title", "body", "fields" and, for near-duplicates, "group", as
            the annotators' guide says; of two groups at least.
        labels: Where the rules come from.
        out: The bundle folder to write into.

    Returns:
        Cross-validated figures: span and character F1 of each field, and the threshold.
    """
    with threadpool_limits(1):  # L-BFGS on many threads waits more than it works
        return _train(list(collect(rows, labels)), rows, labels, out)


def _train(
    examples: Sequence[Example], rows: Sequence[Row], labels: Labels, out: Path
) -> dict[str, Any]:
    """Train on letters read into candidates."""
    rules = rules_of(labels)
    folds = folds_of(rows)
    figures: dict[str, Any] = {}
    rankers: dict[str, Ranker] = {}
    for name, task in TASKS.items():
        own = rules if name == "mentions" else ()
        held = _held_out(examples, folds, name, own)
        found = {
            field: tune(examples, name, column, held) for column, field in enumerate(task.fields)
        }
        figures |= found
        thresholds = {field: figure["threshold"] for field, figure in found.items()}
        rankers[name] = replace(fit(examples, name, own), thresholds=thresholds)
    out.mkdir(parents=True, exist_ok=True)
    save(out / FILE, rankers)
    return figures


def _held_out(
    examples: Sequence[Example], folds: Sequence[int], name: str, rules: tuple[str, ...]
) -> list[Floats]:
    """Probabilities of every letter's candidates by a ranker that never saw its fold."""
    held: dict[int, Floats] = {}
    for fold in sorted(set(folds)):
        ranker = fit([e for e, f in zip(examples, folds, strict=True) if f != fold], name, rules)
        for index in (index for index, own in enumerate(folds) if own == fold):
            held[index] = ranker.probabilities(examples[index].grids[name])
    return [held[index] for index in range(len(examples))]


def rules_of(labels: Labels) -> tuple[str, ...]:
    """Ids of the rules for mentions."""
    return tuple(rule.id for rule in labels.rules["field"] if rule.label in MENTIONS)


def folds_of(rows: Sequence[Row]) -> list[int]:
    """Fold of each letter; near-duplicates share one."""
    clusters = np.unique(groups(rows), return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(clusters.max() + 1)
    return [int(fold) for fold in order[clusters] % _FOLDS]


def collect(rows: Sequence[Row], labels: Labels) -> Iterator[Example]:
    """Read letters into candidates."""
    lexicon = Lexicon(labels.rules["field"], labels.guards)
    rules = rules_of(labels)
    for first in range(0, len(rows), _BATCH):
        batch = rows[first : first + _BATCH]
        views = [View(Letter(str(r["id"]), r["title"] or "", r["body"])) for r in batch]
        for row, view, tokens in zip(batch, views, entities.tag(views), strict=True):
            cut = grids(view, tokens, lexicon.find(view), rules)
            yield Example(view, cut, row["fields"])


def tune(
    examples: Sequence[Example], name: str, column: int, held: Sequence[Floats]
) -> dict[str, float]:
    """Threshold with the best mean of span and character F1 on held-out candidates.

    A finder takes candidates best first, so that what it answers at a threshold is what it
    answers at the lowest one, less the answers that score below.
    """
    field = TASKS[name].fields[column]
    gold = [(e.view.raw, e.gold[field]) for e in examples]
    answers = [
        _answers(e, field, e.grids[name], scores[:, column])
        for e, scores in zip(examples, held, strict=True)
    ]
    figures = [
        {**measure(gold, _above(answers, threshold)), "threshold": threshold}
        for threshold in _THRESHOLDS
    ]
    weight = 1.0 if field in CLAUSES else 0.0
    return max(figures, key=lambda one: one["span_f1"] + weight * one["char_f1"])


def _answers(example: Example, field: str, grid: Grid, scores: Floats) -> list[Found]:
    """What the finder of a field would answer at the lowest threshold."""
    rows = [
        row for row in np.argsort(-scores, kind="stable").tolist() if scores[row] >= _THRESHOLDS[0]
    ]
    found = tuple(
        Found(int(grid.start[row]), int(grid.end[row]), float(scores[row]), "") for row in rows
    )
    return Clues(example.view, (), (), {field: found}).pick(field)


def _above(answers: Sequence[Sequence[Found]], threshold: float) -> list[list[tuple[int, int]]]:
    """Answers of each letter that reach a threshold, as spans."""
    return [[(one.start, one.end) for one in row if one.score >= threshold] for row in answers]


def measure(
    gold: Sequence[tuple[str, Sequence[str]]], given: Sequence[Sequence[tuple[int, int]]]
) -> dict[str, float]:
    """Span F1 (overlap of at least half of the longer) and character F1, pooled."""
    spans, characters = Counter[str](), Counter[str]()
    for (text, quotes), answers in zip(gold, given, strict=True):
        covered = {i for start, end in answers for i in range(start, end)}
        right = [_nearest(text, quote, covered) for quote in quotes]
        open_ = list(right)
        for start, end in answers:
            hit = next((g for g in open_ if _hits(g, (start, end))), None)
            spans["tp" if hit else "fp"] += 1
            if hit:
                open_.remove(hit)
        spans["fn"] += len(open_)
        wanted = {i for start, end in right for i in range(start, end)}
        characters["tp"] += len(covered & wanted)
        characters["fp"] += len(covered - wanted)
        characters["fn"] += len(wanted - covered)
    return {"span_f1": round(_f1(spans), 4), "char_f1": round(_f1(characters), 4)}


def _nearest(text: str, quote: str, covered: set[int]) -> tuple[int, int]:
    """The occurrence of a quote that the answers cover most, else the first."""
    size = len(quote)
    starts = list(occurrences(text, quote))
    start = max(starts, key=lambda at: (len(covered.intersection(range(at, at + size))), -at))
    return start, start + size


def _hits(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans share at least half of the longer."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 2 * shared >= max(one[1] - one[0], other[1] - other[0])


def _f1(counts: Mapping[str, int]) -> float:
    """F1 of counts tp, fp, fn."""
    return (
        2 * counts["tp"] / (2 * counts["tp"] + counts["fp"] + counts["fn"]) if counts["tp"] else 0.0
    )
