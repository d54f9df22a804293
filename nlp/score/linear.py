"""The linear scorer: n-gram weights and a latent-semantic projection, numpy alone.

A letter becomes one sparse vector x (families of terms, TF-IDF, each family of unit length)
and one dense unit vector z (its character n-grams projected on the directions that letters vary
in, Deerwester et al. 1990). Logits are ``x W + z U + b``: calibrated at training, so softmax or
sigmoid of them is a probability. The last head, the second level of the category, reads only
words and title terms. Weights are stored in eight bits with a scale a row and a column.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType]

from nlp.bundle import MANIFEST, REMEDY, Bundle
from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.score import Evidence, Logits, Opinion
from nlp.score.grams import Grams
from nlp.score.terms import FAMILIES, flat, word_pairs
from nlp.text import View

WEIGHTS = "weights.safetensors"
VOCABULARY = "vocabulary.json"
Floats = NDArray[np.float32]
_TABLES = ("weights", "second", "latent")
_PARTS = ("", "_rows", "_columns")
_TENSORS = (
    *("idf", "columns", "dense", "bias"),
    *(f"{table}{part}" for table in _TABLES for part in _PARTS),
)


@dataclass(frozen=True)
class _Table:
    """A matrix in eight bits with a scale for each row and each column."""

    data: NDArray[np.int8]
    rows: Floats
    columns: Floats

    def weigh(self, rows: NDArray[np.int64], values: Floats) -> Floats:
        """Sum of the given rows times values, shape (columns,)."""
        total = (values * self.rows[rows]) @ self.data[rows].astype(np.float32)
        return (total * self.columns).astype(np.float32)


@dataclass(frozen=True)
class _Sparse:
    """Columns of the terms a letter has, and their values."""

    columns: NDArray[np.int64]
    values: Floats


@dataclass(frozen=True)
class _Vocabulary:
    """Terms to columns, by family.

    Attributes:
        size: Columns of all families together.
    """

    size: int
    characters: Grams
    words: Mapping[str, int]
    title: Grams


class LinearScorer:
    """Scores letters with the weights of one bundle.

    Args:
        bundle: An opened bundle of kind "linear".

    Raises:
        BundleError: A file of it is not what the manifest promises.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._arrays = _read_arrays(bundle.file(WEIGHTS))
        self._vocabulary = _read_vocabulary(bundle.file(VOCABULARY))
        self._family_weight, heads = _read_manifest(bundle)
        self.heads = MappingProxyType(heads)
        self._slices = _slices(self.heads)
        if not _fit_together(self._arrays, self._vocabulary.size, sum(map(len, heads.values()))):
            where = str(bundle.folder / WEIGHTS)
            raise BundleError("权重的形状与清单或词表不符", where=where, remedy=REMEDY)
        self._weights, self._second, self._latent = (
            _Table(*(self._arrays[f"{name}{part}"] for part in _PARTS)) for name in _TABLES
        )
        self._second_start = len(self._arrays["idf"]) - len(self._second.rows)
        self._latent_row = np.full(len(self._arrays["idf"]), -1, np.int64)
        self._latent_row[self._arrays["columns"]] = np.arange(len(self._arrays["columns"]))

    def read(self, views: Sequence[View]) -> Sequence[Opinion]:
        """Read letters; see ``nlp.score.Scorer``."""
        logits = self.score([view.letter for view in views])
        return [
            Opinion(
                {head: rows[i] for head, rows in logits.items()},
                self.evidence([view.raw[start:end] for start, end in view.sentences]),
            )
            for i, view in enumerate(views)
        ]

    def score(self, letters: Sequence[Letter]) -> Logits:
        """Calibrated logits of every head.

        Args:
            letters: Any number of letters of any length.

        Returns:
            Head name to float32 of shape (len(letters), len(labels)).
        """
        width = len(self._arrays["bias"])
        rows = np.zeros((len(letters), width), np.float32)
        for i, letter in enumerate(letters):
            sparse = self._sparse(letter)
            rows[i] = self._direct(sparse) + self._project(sparse) @ self._arrays["dense"]
        rows += self._arrays["bias"]
        return {head: rows[:, part] for head, part in self._slices.items()}

    def evidence(self, parts: Sequence[str]) -> Evidence:
        """A way to ask how much each part of a letter speaks for a label.

        Args:
            parts: Sentences of the letter.
        """

        @cache
        def terms() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            columns, whose = self._vocabulary.characters.find([flat(part) for part in parts])
            size = len(self._arrays["idf"])
            once = dict.fromkeys((whose * size + columns).tolist())
            found = np.fromiter(once, np.int64, len(once))
            return found % size, found // size

        def weigh(head: str, label: str) -> Floats | None:
            column = self._slices[head].start + self.heads[head].index(label)
            columns, whose = terms()
            weights = self._weights.data[columns, column] * self._weights.rows[columns]
            weights *= self._arrays["idf"][columns]
            totals = np.bincount(whose, weights, minlength=len(parts)).astype(np.float32)
            return totals if (totals > 0).any() else None

        return weigh

    def _counts(self, letter: Letter) -> Iterator[tuple[str, Counter[int]]]:
        """Yield families with the columns and counts of a letter's terms."""
        known = self._vocabulary
        yield "characters", Counter(known.characters.find([flat(letter.text)])[0].tolist())
        words = known.words
        yield "words", Counter(words[term] for term in word_pairs(letter) if term in words)
        yield "title", Counter(known.title.find([flat(letter.title)])[0].tolist())

    def _sparse(self, letter: Letter) -> _Sparse:
        """TF-IDF of the letter's terms (1 + log count), each family of unit length."""
        columns: list[NDArray[np.int64]] = []
        values: list[Floats] = []
        for family, counts in self._counts(letter):
            if counts:
                own = np.fromiter(counts.keys(), np.int64, len(counts))
                weight = np.fromiter(counts.values(), np.float32, len(counts))
                weight = (1 + np.log(weight)) * self._arrays["idf"][own]
                values.append(weight * (self._family_weight[family] / np.linalg.norm(weight)))
                columns.append(own)
        if not columns:
            return _Sparse(np.zeros(0, np.int64), np.zeros(0, np.float32))
        return _Sparse(np.concatenate(columns), np.concatenate(values).astype(np.float32))

    def _direct(self, sparse: _Sparse) -> Floats:
        """``x W``, shape (outputs,); the last head reads the terms from _second_start on."""
        late = sparse.columns >= self._second_start
        second = self._second.weigh(sparse.columns[late] - self._second_start, sparse.values[late])
        return np.concatenate([self._weights.weigh(sparse.columns, sparse.values), second])

    def _project(self, sparse: _Sparse) -> Floats:
        """``z``, shape (directions,), of unit length; zeros for a letter without known terms."""
        rows = self._latent_row[sparse.columns]
        known = rows >= 0
        z = self._latent.weigh(rows[known], sparse.values[known])
        return z / max(float(np.linalg.norm(z)), 1e-6)


def _read_arrays(path: Path) -> dict[str, Any]:
    """The tensors of the weights file."""
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BundleError("权重文件读不出来", where=str(path), remedy=REMEDY) from error
    if missing := [name for name in _TENSORS if name not in arrays]:
        raise BundleError(f"权重文件缺少 {missing[0]}", where=str(path), remedy=REMEDY)
    return arrays


def _read_vocabulary(path: Path) -> _Vocabulary:
    """The terms of every family; columns count through the families in order."""
    try:
        families = json.loads(path.read_text(encoding="utf-8"))
        columns: dict[str, dict[str, int]] = {}
        start = 0
        for family in FAMILIES:
            columns[family] = {term: start + i for i, term in enumerate(families[family])}
            start += len(families[family])
        characters, title = Grams(columns["characters"]), Grams(columns["title"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError("词表读不出来", where=str(path), remedy=REMEDY) from error
    return _Vocabulary(start, characters, columns["words"], title)


def _read_manifest(bundle: Bundle) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """Weight of each family of terms, and labels of each head."""
    try:
        given = bundle.manifest["families"]
        families = {family: float(given[family]) for family in FAMILIES}
        heads = {head: tuple(labels) for head, labels in bundle.manifest["heads"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = str(bundle.folder / MANIFEST)
        raise BundleError("模型清单缺少词族或任务", where=where, remedy=REMEDY) from error
    return families, heads


def _fit_together(arrays: Mapping[str, Any], terms: int, outputs: int) -> bool:
    """Whether the tensors have the shapes that so many terms and outputs ask for."""
    columns, dense = arrays["columns"], arrays["dense"]
    late, own = np.atleast_2d(arrays["second"]).shape
    tables = {
        "weights": (terms, outputs - own),
        "second": (min(late, terms), own),
        "latent": (len(columns), len(dense)),
    }
    shapes: dict[str, tuple[int, ...]] = {
        "idf": (terms,), "bias": (outputs,), "dense": (len(dense), outputs), **tables
    }  # fmt: skip
    for name, (rows, width) in tables.items():
        shapes |= {f"{name}_rows": (rows,), f"{name}_columns": (width,)}
    inside = bool(((columns >= 0) & (columns < terms)).all())
    return inside and all(arrays[name].shape == shape for name, shape in shapes.items())


def _slices(heads: Mapping[str, tuple[str, ...]]) -> dict[str, slice]:
    """Where each head's columns lie."""
    places: dict[str, slice] = {}
    start = 0
    for head, labels in heads.items():
        places[head] = slice(start, start + len(labels))
        start += len(labels)
    return places
