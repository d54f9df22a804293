"""One linear head a task, fitted by kernel ridge: category, purpose, scales, flags, needs ...

Category is learnt from two bodies of letters at once (Evgeniou & Pontil 2004): a letter of the
other body counts RELATED as much, which gives one head per labelling convention.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.classify import SEPARATOR
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.scales import STEPS
from nlp.train import ridge
from nlp.train.data import Row, groups
from nlp.train.features import WEIGHTS, Features
from nlp.train.ridge import Calibration, Floats, Ints

LATENT_SHARE = 0.35
"""Weight of the latent kernel beside the n-gram kernel's 1."""
PENALTY = 0.15
RELATED = 0.5
SOFTNESS = 1.0
SECOND_FAMILIES = ("words", "title")
"""Terms that the second level is told by: as good as all of them, at a third of the size."""
Strings = NDArray[np.str_]
_SQUARED_LENGTH = sum(weight * weight for weight in WEIGHTS.values())


@dataclass(frozen=True)
class Corpus:
    """Letters with their features.

    Attributes:
        sparse: Shape (n, columns), scipy CSR.
        dense: Shape (n, directions).
        groups: Near-duplicate clusters, shape (n,).
        tail: How many of the columns, from the end, belong to SECOND_FAMILIES.
    """

    rows: Sequence[Row]
    letters: Sequence[Letter]
    sparse: Any
    dense: Floats
    groups: Ints
    tail: int

    @classmethod
    def build(cls, rows: Sequence[Row], letters: Sequence[Letter], learnt: Features) -> "Corpus":
        """Compute the features of annotated letters."""
        sparse = learnt.sparse(letters)
        tail = sum(len(learnt.vocabulary[family]) for family in SECOND_FAMILIES)
        return cls(rows, letters, sparse, learnt.dense(sparse), groups(rows), tail)

    def kernel(self, other: "Corpus") -> Floats:
        """Similarity of each letter here to each there, shape (n, m), 1 on the diagonal."""
        direct = np.asarray((self.sparse @ other.sparse.T).todense()) / _SQUARED_LENGTH
        return (direct + LATENT_SHARE * (self.dense @ other.dense.T)) / (1 + LATENT_SHARE)

    def column(self, key: str) -> Strings:
        """One annotation of every letter."""
        return np.array([row[key] for row in self.rows])


@dataclass(frozen=True)
class Head:
    """A fitted task.

    Attributes:
        labels: One per logit.
        direct: n-gram weights, shape (columns, k), logits before calibration.
        dense: Latent weights, shape (directions, k).
        calibration: From the k scores to the logits.
        held: Calibrated logits of the training letters, each held out, shape (n, len(labels)).
        first_column: First of the columns that ``direct`` has rows for.
    """

    labels: tuple[str, ...]
    direct: Floats
    dense: Floats
    calibration: Calibration
    held: Floats
    first_column: int = 0


def fit_all(gold: Corpus, board: Corpus, labels: Labels) -> dict[str, Head]:
    """Every head of the bundle; those with few labels first, the second level last."""
    kernel = gold.kernel(gold)
    heads = _categories(gold, board, kernel, labels)
    purposes = tuple(kind.name for kind in labels.purposes)
    heads["purpose"] = _choice(gold, kernel, gold.column("purpose"), purposes)
    for scale in ("urgency", "distress"):
        reached = np.array([[row[scale] >= step for step in STEPS] for row in gold.rows])
        heads[scale] = _each(gold, kernel, reached, tuple(str(step) for step in STEPS))
    kinds = {"emotions": labels.emotions, "flags": labels.flags, "needs": labels.needs}
    for key, named in kinds.items():
        names = tuple(kind.name for kind in named)
        held = np.array([[name in row[key] for name in names] for row in gold.rows])
        heads[key] = _each(gold, kernel, held, names)
    heads["category_l2"] = _second_level(gold, labels)
    return heads


def _second_level(gold: Corpus, labels: Labels) -> Head:
    """Pairs of first and second level; raw scores, since only their order matters."""
    pairs = tuple(f"{a}{SEPARATOR}{b}" for a in labels.level_one() for b in labels.children(a))
    own = np.array([f"{row['category_l1']}{SEPARATOR}{row['category_l2']}" for row in gold.rows])
    start = gold.sparse.shape[1] - gold.tail
    part = replace(gold, sparse=gold.sparse[:, start:])
    targets = ridge.one_hot(own, pairs)
    dual = ridge.fit(part.kernel(part), targets, PENALTY)
    plain = Calibration(np.eye(len(pairs)), np.zeros(len(pairs)))
    return Head(pairs, *_primal(dual, part), plain, np.zeros((0, len(pairs))), start)


def _choice(corpus: Corpus, kernel: Floats, values: Strings, labels: tuple[str, ...]) -> Head:
    """A one-of-many head."""
    targets = ridge.one_hot(values, labels)
    scores = ridge.held_out(kernel, targets, corpus.groups, PENALTY)
    truth = np.array([labels.index(value) for value in values])
    calibration = ridge.calibrate_choice(scores, truth, labels=len(labels), softness=SOFTNESS)
    dual = ridge.fit(kernel, targets, PENALTY)
    return Head(labels, *_primal(dual, corpus), calibration, calibration.logits(scores))


def _each(
    corpus: Corpus, kernel: Floats, truth: NDArray[np.bool_], labels: tuple[str, ...]
) -> Head:
    """A head of independent yes-or-no labels."""
    targets = np.where(truth, 1.0, -1.0)
    scores = ridge.held_out(kernel, targets, corpus.groups, PENALTY)
    calibration = ridge.calibrate_each(scores, truth)
    dual = ridge.fit(kernel, targets, PENALTY)
    return Head(labels, *_primal(dual, corpus), calibration, calibration.logits(scores))


def _primal(dual: Floats, *corpora: Corpus) -> tuple[Floats, Floats]:
    """Weights per n-gram and per direction from weights per letter."""
    direct, dense, start = 0.0, 0.0, 0
    for corpus in corpora:
        own = dual[start : start + len(corpus.rows)]
        direct = direct + np.asarray(corpus.sparse.T @ own) / _SQUARED_LENGTH
        dense = dense + corpus.dense.T @ own * LATENT_SHARE
        start += len(corpus.rows)
    return np.asarray(direct) / (1 + LATENT_SHARE), np.asarray(dense) / (1 + LATENT_SHARE)


@dataclass(frozen=True)
class _Both:
    """Both bodies of letters in one kernel; gold letters first."""

    kernel: Floats
    targets: Floats
    is_board: np.ndarray[Any, np.dtype[np.bool_]]
    groups: Ints


def _categories(
    gold: Corpus, board: Corpus, gold_kernel: Floats, labels: Labels
) -> dict[str, Head]:
    """The heads "category" (who should solve it), "board" (who received it), "convention"."""
    names = labels.level_one()
    cross = gold.kernel(board)
    kernel = np.block([[gold_kernel, cross], [cross.T, board.kernel(board)]])
    values = np.concatenate([gold.column("category_l1"), board.column("category_l1")])
    is_board = np.arange(len(values)) >= len(gold.rows)
    shared = np.concatenate([gold.groups, board.groups])
    both = _Both(kernel, ridge.one_hot(values, names), is_board, shared)
    truth = np.array([names.index(value) for value in values])
    heads: dict[str, Head] = {}
    held = _related_held_out(both)
    dual = _related_fit(both, np.arange(len(values)))
    for name, own in (("category", ~is_board), ("board", is_board)):
        calibration = ridge.calibrate_choice(
            held[name][own], truth[own], labels=len(names), softness=SOFTNESS
        )
        weight = np.where(own, 1.0, RELATED)[:, None]
        primal = _primal(dual * weight, gold, board)
        heads[name] = Head(names, *primal, calibration, calibration.logits(held[name]))
    source = np.where(is_board, 1.0, -1.0)[:, None]
    scores = ridge.held_out(kernel, source, shared, PENALTY)
    calibration = ridge.calibrate_each(scores, is_board[:, None])
    primal = _primal(ridge.fit(kernel, source, PENALTY), gold, board)
    heads["convention"] = Head(("board",), *primal, calibration, calibration.logits(scores))
    return heads


def _related_fit(both: _Both, learn: Ints) -> Floats:
    """Dual weights with a letter of the other body counting RELATED as much."""
    same = both.is_board[learn][:, None] == both.is_board[learn][None]
    kernel = both.kernel[np.ix_(learn, learn)] * np.where(same, 1.0, RELATED)
    return ridge.fit(kernel, both.targets[learn], PENALTY)


def _related_held_out(both: _Both) -> dict[str, Floats]:
    """Scores of both heads for every letter, its group held out."""
    scores = {name: np.zeros_like(both.targets) for name in ("category", "board")}
    for learn, test in ridge.folds(both.groups):
        dual = _related_fit(both, learn)
        cross = both.kernel[np.ix_(test, learn)]
        for name, own in (("category", False), ("board", True)):
            weight = np.where(both.is_board[learn] == own, 1.0, RELATED)
            scores[name][test] = cross @ (dual * weight[:, None])
    return scores
