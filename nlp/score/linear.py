"""The linear scorer: n-gram weights and a latent-semantic projection, numpy alone.

A letter becomes one sparse vector x (families of terms, TF-IDF, each family of unit length)
and one dense unit vector z (its character n-grams projected on the directions that letters vary
in, Deerwester et al. 1990). Logits are ``x W + z U + b``: calibrated at training, so softmax or
sigmoid of them is a probability. Weights are stored in eight bits with one scale a column.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from nlp.bundle import Bundle
from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.score import Evidence, Logits
from nlp.score.terms import FAMILIES

WEIGHTS = "weights.safetensors"
VOCABULARY = "vocabulary.json"
Floats = NDArray[np.float32]
_TENSORS = (
    *("idf", "weights", "weight_scale", "expand", "dense", "bias"),
    *("latent", "latent_scale", "columns"),
)


@dataclass(frozen=True)
class _Sparse:
    """Columns of the terms a letter has, and their values."""

    columns: NDArray[np.int64]
    values: Floats


class LinearScorer:
    """Scores letters with the weights of one bundle.

    Args:
        bundle: An opened bundle of kind "linear".

    Raises:
        BundleError: A file of it is not what the manifest promises.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._arrays = _read_arrays(bundle.file(WEIGHTS))
        self._terms = _read_vocabulary(bundle.file(VOCABULARY))
        self._family_weight: dict[str, float] = bundle.manifest["families"]
        self.heads = MappingProxyType(_read_heads(bundle.manifest["heads"]))
        self._slices = _slices(self.heads)
        self._latent_row = np.full(len(self._arrays["idf"]), -1, np.int64)
        self._latent_row[self._arrays["columns"]] = np.arange(len(self._arrays["columns"]))
        total = sum(len(labels) for labels in self.heads.values())
        if len(self._arrays["bias"]) != total or len(self._arrays["weights"]) != len(
            self._arrays["idf"]
        ):
            raise BundleError("权重的形状与清单不符", where=str(bundle.folder))

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
            rows[i] = self._latent(sparse) @ self._arrays["dense"] + self._arrays["bias"]
            rows[i] += self._direct(sparse)
        return {head: rows[:, part] for head, part in self._slices.items()}

    def evidence(self, parts: Sequence[str]) -> Evidence:
        """A way to ask which part of a letter speaks most for a label.

        Args:
            parts: Sentences of the letter.
        """
        lookup = self._terms["characters"]

        @cache
        def terms() -> list[NDArray[np.int64]]:
            grams = (FAMILIES["characters"](Letter("", "", part)) for part in parts)
            return [
                np.array(sorted({lookup[g] for g in own if g in lookup}), np.int64) for own in grams
            ]

        def best(head: str, label: str) -> int | None:
            column = self._slices[head].start + self.heads[head].index(label)
            weigh = self._arrays["weights"][:, column]
            scores = [float(weigh[own] @ self._arrays["idf"][own]) for own in terms()]
            top = int(np.argmax(scores)) if scores else 0
            return top if scores and scores[top] > 0 else None

        return best

    def _sparse(self, letter: Letter) -> _Sparse:
        """TF-IDF of the letter's terms (1 + log count), each family of unit length."""
        columns: list[NDArray[np.int64]] = []
        values: list[Floats] = []
        for family, cut in FAMILIES.items():
            lookup = self._terms[family]
            counts = Counter(c for term in cut(letter) if (c := lookup.get(term)) is not None)
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
        """``x W``, shape (outputs,); the last heads' W is a product of two thin matrices."""
        rows = self._arrays["weights"][sparse.columns].astype(np.float32)
        direct = (sparse.values @ rows) * self._arrays["weight_scale"]
        whole = len(direct) - len(self._arrays["expand"])
        return np.concatenate([direct[:whole], direct[whole:] @ self._arrays["expand"]])

    def _latent(self, sparse: _Sparse) -> Floats:
        """``z``, shape (directions,), of unit length; zeros for a letter without known terms."""
        rows = self._latent_row[sparse.columns]
        known = rows >= 0
        vectors = self._arrays["latent"][rows[known]].astype(np.float32)
        z = (sparse.values[known] @ vectors) * self._arrays["latent_scale"]
        return z / max(float(np.linalg.norm(z)), 1e-6)


def _read_arrays(path: Path) -> dict[str, Any]:
    """The tensors of the weights file."""
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BundleError("权重文件读不出来", where=str(path)) from error
    if missing := [name for name in _TENSORS if name not in arrays]:
        raise BundleError(f"权重文件缺少 {missing[0]}", where=str(path))
    return arrays


def _read_vocabulary(path: Path) -> dict[str, dict[str, int]]:
    """Family to term to column; columns count through the families in order."""
    try:
        families = json.loads(path.read_text(encoding="utf-8"))
        columns: dict[str, dict[str, int]] = {}
        start = 0
        for family in FAMILIES:
            columns[family] = {term: start + i for i, term in enumerate(families[family])}
            start += len(families[family])
    except (OSError, ValueError, KeyError) as error:
        raise BundleError("词表读不出来", where=str(path)) from error
    return columns


def _read_heads(heads: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {head: tuple(labels) for head, labels in heads.items()}


def _slices(heads: Mapping[str, tuple[str, ...]]) -> dict[str, slice]:
    """Where each head's columns lie."""
    places: dict[str, slice] = {}
    start = 0
    for head, labels in heads.items():
        places[head] = slice(start, start + len(labels))
        start += len(labels)
    return places
