"""Fits the linear model of ``nlp.fields.ranker`` and writes it.

The objective is the logistic loss over all candidates with an L2 penalty, minimised by L-BFGS.
A candidate's target is its overlap with the nearest annotated wording (intersection over the
longer), 0 below one half, so that the fullest wording ranks first.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy import sparse
from scipy.optimize import minimize

from nlp.fields import clauses, mentions
from nlp.fields.clues import CLAUSES, MENTIONS
from nlp.fields.grid import Floats, Grid, Ints
from nlp.fields.ranker import ARRAYS, Ranker
from nlp.text import View

_RAREST = 4
_LONGEST_WORDING = 10
_HALF = 0.5
_SMALLEST = 0.02
_STEPS = 60
_HEADS = ("fields", "kinds", "thresholds", "sizes", "rules")


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
        25.0,
    ),
    "clauses": Task(
        CLAUSES, (0,) * len(CLAUSES), clauses.TABLE_SIZES, len(clauses.PLACES) + 1, 40.0
    ),
}


@dataclass(frozen=True)
class Example:
    """An annotated letter with its candidates and the right answers as spans."""

    view: View
    grids: Mapping[str, Grid]
    gold: Mapping[str, Sequence[str]]


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
    return prune(Problem(empty, examples, name, task.penalty).solve())


def prune(ranker: Ranker) -> Ranker:
    """Leave out features and wordings whose weights are all next to nothing."""
    units = np.abs(ranker.unit_weights).max(axis=(1, 2)) >= _SMALLEST
    wordings = np.abs(ranker.wording_weights).max(axis=1) >= _SMALLEST
    units[0] = wordings[0] = True
    return replace(
        ranker,
        features=_renumber(ranker.features, units),
        wordings=_renumber(ranker.wordings, wordings),
        unit_weights=ranker.unit_weights[units],
        wording_weights=ranker.wording_weights[wordings],
    )


def _renumber(rows: Mapping[str, int], kept: NDArray[np.bool_]) -> dict[str, int]:
    """The words whose rows are kept, with their new rows."""
    fresh = np.cumsum(kept) - 1
    return {word: int(fresh[row]) for word, row in rows.items() if kept[row]}


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
            [
                [row for key in unit if (row := empty.features.get(key))]
                for g in cut
                for unit in g.keys
            ],
            len(empty.features) + 1,
        )
        self._places = [
            _picks(
                [_shift(g, place, base) for g, base in zip(cut, units, strict=False)],
                int(units[-1]),
            )
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
            self._loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 8}
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

    def _loss(self, flat: Floats) -> tuple[float, NDArray[np.float64]]:
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
            for start in occurrences(example.view.raw, quote):
                end = start + len(quote)
                shared = np.minimum(grid.end, end) - np.maximum(grid.start, start)
                share = shared / np.maximum(grid.end - grid.start, len(quote))
                found[:, column] = np.maximum(found[:, column], np.where(share >= _HALF, share, 0))
    return found


def occurrences(text: str, quote: str) -> Iterator[int]:
    """Yield where a quote begins."""
    at = text.find(quote)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


def save(path: Path, rankers: Mapping[str, Ranker]) -> None:
    """Write rankers into one file: weights as float16, vocabularies as JSON in its header."""
    arrays = {
        f"{name}.{key}": np.ascontiguousarray(getattr(ranker, key), dtype=np.float16)
        for name, ranker in rankers.items()
        for key in ARRAYS
    }
    heads = {
        name: {
            **{key: getattr(ranker, key) for key in _HEADS},
            "features": list(ranker.features),
            "wordings": list(ranker.wordings),
        }
        for name, ranker in rankers.items()
    }
    metadata = {name: json.dumps(head, ensure_ascii=False) for name, head in heads.items()}
    save_file(arrays, path, metadata=metadata)
    path.chmod(0o644)  # safetensors writes files that only their owner may read
