"""Trains the field ranker on annotated letters and measures it by cross-validation.

The objective is the logistic loss over all candidates with an L2 penalty, minimised by L-BFGS.
A candidate's target is its overlap with the nearest annotated wording (intersection over the
longer), 0 below one half, so that the fullest wording ranks first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from nlp import entities
from nlp.fields import clauses, mentions
from nlp.fields.clues import CLAUSES, MENTIONS, Clues, Found, grids
from nlp.fields.grid import Floats, Grid, Ints
from nlp.fields.ranker import FILE, Ranker, save
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.rules import Lexicon
from nlp.text import View

Row = Mapping[str, Any]
_FOLDS = 4
_BATCH = 64
_RAREST = 4
_LONGEST_WORDING = 10
_THRESHOLDS = tuple(round(0.04 * step, 2) for step in range(1, 18))
_LIMITS = {"when": 9, "where": 3, "who_self": 3, "who_party": 4, "agency": 10,
           "what": 1, "why": 1, "how": 3, "history": 3}  # fmt: skip
_DISTINCT = frozenset({"where", "who_self", "who_party"})


@dataclass(frozen=True)
class Task:
    """One ranker to train: its fields, their candidates' kinds, its grid's shape.

    Attributes:
        penalty: Weight of the L2 penalty.
    """

    fields: tuple[str, ...]
    kinds: tuple[int, ...]
    sizes: tuple[int, ...]
    places: int
    penalty: float


TASKS = {
    "mentions": Task(
        MENTIONS,
        tuple(mentions.TIME if field == "when" else mentions.PHRASE for field in MENTIONS),
        mentions.TABLE_SIZES,
        len(mentions.PLACES) + 1,
        2.0,
    ),
    "clauses": Task(
        CLAUSES, (0,) * len(CLAUSES), clauses.TABLE_SIZES, len(clauses.PLACES) + 1, 4.0
    ),
}


@dataclass(frozen=True)
class Example:
    """An annotated letter with its candidates and the right answers as spans."""

    view: View
    grids: Mapping[str, Grid]
    gold: Mapping[str, Sequence[str]]


def train(rows: Sequence[Row], labels: Labels, out: Path) -> dict[str, Any]:
    """Train on annotated letters, choose thresholds by cross-validation, write the ranker.

    Args:
        rows: Letters with "title", "body", "group" and "fields" as the annotators' guide says.
        labels: Where the rules come from.
        out: The bundle folder to write into.

    Returns:
        Cross-validated figures: span and character F1 of each field, and the threshold.
    """
    examples = list(collect(rows, labels))
    rules = rules_of(labels)
    folds = folds_of(rows)
    figures: dict[str, Any] = {}
    rankers: dict[str, Ranker] = {}
    for name, task in TASKS.items():
        own = rules if name == "mentions" else ()
        held = [np.zeros((len(e.grids[name].first), len(task.fields)), np.float32) for e in examples]
        for fold in range(_FOLDS):
            inner = [e for e, f in zip(examples, folds, strict=True) if f != fold]
            ranker = fit(inner, name, own)
            for index in np.flatnonzero(np.array(folds) == fold):
                held[index] = ranker.probabilities(examples[index].grids[name])
        found = {field: tune(examples, name, column, held) for column, field in enumerate(task.fields)}
        figures |= found
        thresholds = {field: figure["threshold"] for field, figure in found.items()}
        rankers[name] = replace(fit(examples, name, own), thresholds=thresholds)
    out.mkdir(parents=True, exist_ok=True)
    save(out / FILE, rankers)
    return figures


def rules_of(labels: Labels) -> tuple[str, ...]:
    """Ids of the rules for mentions."""
    return tuple(rule.id for rule in labels.rules["field"] if rule.label in MENTIONS)


def folds_of(rows: Sequence[Row]) -> list[int]:
    """Fold of each letter; near-duplicates share one."""
    groups: dict[object, int] = {}
    for row in rows:
        groups.setdefault(row.get("group", row["id"]), len(groups))
    order = np.random.default_rng(0).permutation(len(groups))
    return [int(order[groups[row.get("group", row["id"])]]) % _FOLDS for row in rows]


def collect(rows: Sequence[Row], labels: Labels) -> Iterator[Example]:
    """Read letters into candidates."""
    lexicon = Lexicon(labels.rules["field"], labels.guards)
    rules = rules_of(labels)
    for first in range(0, len(rows), _BATCH):
        batch = rows[first : first + _BATCH]
        views = [View(Letter(str(r["id"]), r["title"] or "", r["body"], _day(r))) for r in batch]
        for row, view, tokens in zip(batch, views, entities.tag(views), strict=True):
            cut = grids(view, tokens, lexicon.find(view), rules)
            yield Example(view, cut, row["fields"])


def _day(row: Row) -> date | None:
    """Training needs no day of receipt."""
    return None


def fit(examples: Sequence[Example], name: str, rules: tuple[str, ...]) -> Ranker:
    """Fit one ranker; thresholds are left empty."""
    task = TASKS[name]
    features = _vocabulary(key for e in examples for unit in e.grids[name].keys for key in unit)
    wordings = _vocabulary(
        w for e in examples for w in e.grids[name].wordings if 0 < len(w) <= _LONGEST_WORDING
    )
    empty = Ranker(
        fields=task.fields,
        kinds=task.kinds,
        thresholds={},
        features=features,
        wordings=wordings,
        sizes=task.sizes,
        rules=rules,
        unit_weights=np.zeros((len(features) + 1, task.places, len(task.fields)), np.float32),
        table_weights=np.zeros((sum(task.sizes), len(task.fields)), np.float32),
        rule_weights=np.zeros((len(rules), len(task.fields)), np.float32),
        wording_weights=np.zeros((len(wordings) + 1, len(task.fields)), np.float32),
        bias=np.full(len(task.fields), -4.0, np.float32),
    )
    return Problem(empty, examples, name, task.penalty).solve()


def _vocabulary(words: Iterable[str]) -> dict[str, int]:
    """Words that occur often enough, to rows from 1."""
    counts = Counter(words)
    kept = [word for word, count in counts.most_common() if count >= _RAREST]
    return {word: row for row, word in enumerate(kept, 1)}


class Problem:
    """The loss of a ranker over many letters, with its gradient, as sparse products."""

    def __init__(
        self, empty: Ranker, examples: Sequence[Example], name: str, penalty: float
    ) -> None:
        self._ranker = empty
        self._penalty = penalty
        cut = [example.grids[name] for example in examples]
        units = np.cumsum([0, *(len(grid.keys) for grid in cut)])
        self._units = _one_hot(
            [[row for key in unit if (row := empty.features.get(key))] for g in cut for unit in g.keys],
            len(empty.features) + 1,
        )
        self._places = [
            _picks([_shift(g, place, base) for g, base in zip(cut, units, strict=False)], int(units[-1]))
            for place in range(empty.unit_weights.shape[1] - 1)
        ]
        self._places.append(_insides(cut, units))
        self._backs = [matrix.T.tocsr() for matrix in self._places]
        self._units_back = self._units.T.tocsr()
        self._extras = _extras(empty, cut)
        self._extras_back = self._extras.T.tocsr()
        kinds = np.concatenate([grid.kind for grid in cut])
        self._mask = (kinds[:, None] == np.array(empty.kinds)).astype(np.float32)
        self._targets = np.concatenate([targets(e, e.grids[name], empty.fields) for e in examples])

    def solve(self) -> Ranker:
        """Minimise; the ranker with its weights."""
        ranker = self._ranker
        parts = (ranker.unit_weights.size, self._extras.shape[1] * len(ranker.fields))
        start = np.concatenate([np.zeros(sum(parts)), ranker.bias])
        result = minimize(
            self._loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "maxcor": 8}
        )
        units, extras, bias = self._split(np.asarray(result.x, dtype=np.float32))
        tables, rules = len(ranker.table_weights), len(ranker.rule_weights)
        return replace(
            ranker,
            unit_weights=units,
            table_weights=extras[:tables],
            rule_weights=extras[tables : tables + rules],
            wording_weights=extras[tables + rules :],
            bias=bias,
        )

    def _split(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        """Unit weights, other weights and bias of a flat vector."""
        shape = self._ranker.unit_weights.shape
        size = int(np.prod(shape))
        count = shape[2]
        return flat[:size].reshape(shape), flat[size:-count].reshape(-1, count), flat[-count:]

    def _loss(self, flat: Floats) -> tuple[float, Floats]:
        units, extras, bias = self._split(flat.astype(np.float32))
        sums = (self._units @ units.reshape(len(units), -1)).reshape(-1, *units.shape[1:])
        scores = self._extras @ extras + bias
        for place, matrix in enumerate(self._places):
            scores = scores + matrix @ sums[:, place]
        gap = (1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))) - self._targets) * self._mask
        loss = ((np.logaddexp(0, scores) - self._targets * scores) * self._mask).sum()
        loss += self._penalty / 2 * float((units**2).sum() + (extras**2).sum())
        back = np.stack([matrix @ gap for matrix in self._backs], axis=1)
        slope = (self._units_back @ back.reshape(len(back), -1)).reshape(units.shape)
        slope += self._penalty * units
        others = self._extras_back @ gap + self._penalty * extras
        flat_slope = np.concatenate([slope.ravel(), others.ravel(), gap.sum(axis=0)])
        return float(loss), flat_slope.astype(np.float64)


def _one_hot(rows: Sequence[Sequence[int]], width: int) -> Any:  # noqa: ANN401  # scipy has no types
    """Sparse matrix with ones in the given columns of each row."""
    stops = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    ones = np.ones(len(columns), np.float32)
    return sparse.csr_matrix((ones, columns, stops), shape=(len(rows), width))


def _shift(grid: Grid, place: int, base: int) -> Ints:
    """Global unit of a place; -1 for none."""
    local = grid.places[:, place]
    return np.where(local == len(grid.keys), -1, local + base)


def _picks(columns: Sequence[Ints], width: int) -> Any:  # noqa: ANN401
    """Sparse matrix that picks one unit a candidate, or none."""
    flat = np.concatenate(columns)
    rows = np.flatnonzero(flat >= 0)
    ones = np.ones(len(rows), np.float32)
    return sparse.csr_matrix((ones, (rows, flat[rows])), shape=(len(flat), width))


def _insides(cut: Sequence[Grid], units: Ints) -> Any:  # noqa: ANN401
    """Sparse matrix that sums a candidate's units over the root of their number."""
    first = np.concatenate([g.first + base for g, base in zip(cut, units, strict=False)])
    length = np.concatenate([g.last - g.first + 1 for g in cut])
    rows = np.repeat(np.arange(len(first)), length)
    starts = np.concatenate([[0], np.cumsum(length)[:-1]])
    columns = np.arange(len(rows)) - np.repeat(starts, length) + np.repeat(first, length)
    values = np.repeat(1 / np.sqrt(length), length).astype(np.float32)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(first), int(units[-1])))


def _extras(ranker: Ranker, cut: Sequence[Grid]) -> Any:  # noqa: ANN401
    """Tables, rules and wordings as one sparse matrix."""
    offsets = np.concatenate([[0], np.cumsum(ranker.sizes)[:-1]])
    tables = np.concatenate([grid.tables for grid in cut]) + offsets
    wordings = [[ranker.wordings.get(word, 0)] for grid in cut for word in grid.wordings]
    return sparse.hstack(
        [
            _one_hot(tables.tolist(), sum(ranker.sizes)),
            sparse.csr_matrix(np.concatenate([grid.rules for grid in cut])),
            _one_hot(wordings, len(ranker.wordings) + 1),
        ],
        format="csr",
        dtype=np.float32,
    )


def targets(example: Example, grid: Grid, fields: Sequence[str]) -> Floats:
    """Overlap of each candidate with an annotated wording, shape (candidates, fields)."""
    found = np.zeros((len(grid.first), len(fields)), np.float32)
    for column, field in enumerate(fields):
        for quote in example.gold[field]:
            for start in _occurrences(example.view.raw, quote):
                end = start + len(quote)
                shared = np.minimum(grid.end, end) - np.maximum(grid.start, start)
                share = shared / np.maximum(grid.end - grid.start, len(quote))
                found[:, column] = np.maximum(found[:, column], np.where(share >= 0.5, share, 0))  # noqa: PLR2004
    return found


def _occurrences(text: str, quote: str) -> Iterator[int]:
    """Yield where a quote begins."""
    at = text.find(quote)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


def tune(
    examples: Sequence[Example], name: str, column: int, held: Sequence[Floats]
) -> dict[str, float]:
    """Threshold with the best mean of span and character F1 on held-out candidates."""
    field = TASKS[name].fields[column]
    best: dict[str, float] = {}
    for threshold in _THRESHOLDS:
        answers = [
            _answers(e, e.grids[name], scores[:, column], (field, threshold))
            for e, scores in zip(examples, held, strict=True)
        ]
        figure = measure([(e.view.raw, e.gold[field]) for e in examples], answers)
        key = figure["span_f1"] + (figure["char_f1"] if field in CLAUSES else 0.0)
        if key > best.get("key", -1.0):
            best = {**figure, "threshold": threshold, "key": key}
    del best["key"]
    return best


def _answers(
    example: Example, grid: Grid, scores: Floats, rule: tuple[str, float]
) -> list[tuple[int, int]]:
    """What the finder of a field would answer at a threshold."""
    field, threshold = rule
    rows = [int(row) for row in np.argsort(-scores, kind="stable") if scores[row] >= threshold]
    found = tuple(
        Found(int(grid.start[row]), int(grid.end[row]), float(scores[row]), "") for row in rows
    )
    clues = Clues(example.view, (), (), {field: found})
    chosen = clues.pick(field, limit=_LIMITS[field], distinct=field in _DISTINCT)
    return [(one.start, one.end) for one in chosen]


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
    starts = list(_occurrences(text, quote))
    start = max(starts, key=lambda at: (len(covered.intersection(range(at, at + size))), -at))
    return start, start + size


def _hits(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans share at least half of the longer."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 2 * shared >= max(one[1] - one[0], other[1] - other[0])


def _f1(counts: Mapping[str, int]) -> float:
    """F1 of counts tp, fp, fn."""
    return 2 * counts["tp"] / (2 * counts["tp"] + counts["fp"] + counts["fn"]) if counts["tp"] else 0.0
