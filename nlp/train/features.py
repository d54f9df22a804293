"""The training side of ``nlp.score.terms``: vocabulary, TF-IDF matrices, latent directions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp.letter import Letter
from nlp.score.terms import FAMILIES

SIZES: Mapping[str, int] = {"characters": 42_000, "words": 16_000, "title": 6_000}
WEIGHTS: Mapping[str, float] = {"characters": 1.0, "words": 0.7, "title": 0.7}
LATENT_TERMS = 18_000
LATENT_SIZES = range(2, 4)
DIRECTIONS = 160
COMMON = 0.4
"""Terms in more than this share of letters say nothing about what letters vary in."""
FLATTENING = 0.5
"""How far the directions' different spreads are evened out, 0 to 1."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """Terms and what is known of them before any label is seen.

    Attributes:
        vocabulary: Family to its terms, in the order of the columns.
        idf: Shape (columns,).
        columns: Columns the latent projection reads, shape (terms,).
        latent: Projection, shape (terms, directions).
    """

    vocabulary: Mapping[str, tuple[str, ...]]
    idf: Floats
    columns: NDArray[np.int64]
    latent: Floats
    vectorizers: Mapping[str, Any]

    def sparse(self, letters: Sequence[Letter]) -> Any:  # noqa: ANN401  # scipy has no types
        """TF-IDF rows, each family of unit length times its weight; shape (n, columns)."""
        blocks = [v.transform(letters) * WEIGHTS[f] for f, v in self.vectorizers.items()]
        return sp.hstack(blocks).tocsr()

    def dense(self, rows: Any) -> Floats:  # noqa: ANN401  # scipy has no types
        """Unit vectors along the latent directions; shape (n, directions)."""
        z = np.asarray(rows[:, self.columns] @ self.latent)
        return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-6)


def fit(letters: Sequence[Letter], *, seed: int) -> Features:
    """Learn vocabulary, idf and latent directions from letters, labelled or not."""
    vectorizers = {family: _vectorizer(family) for family in FAMILIES}
    rows = {family: v.fit_transform(letters) for family, v in vectorizers.items()}["characters"]
    vocabulary = {f: tuple(v.get_feature_names_out()) for f, v in vectorizers.items()}
    idf = np.concatenate([np.asarray(v.idf_, np.float64) for v in vectorizers.values()])
    columns = _latent_columns(rows, vocabulary["characters"])
    svd: Any = TruncatedSVD(DIRECTIONS, n_iter=3, random_state=seed).fit(rows[:, columns])
    spread = (rows[:, columns] @ svd.components_.T).std(axis=0)
    latent = svd.components_.T / spread**FLATTENING
    return Features(vocabulary, idf, columns, latent, vectorizers)


def _vectorizer(family: str) -> Any:  # noqa: ANN401  # its stubs know no callable analyzer
    """Counts terms exactly as the scorer does."""
    make: Any = TfidfVectorizer
    return make(
        analyzer=FAMILIES[family], max_features=SIZES[family], sublinear_tf=True, dtype=np.float32
    )


def _latent_columns(rows: Any, terms: Sequence[str]) -> NDArray[np.int64]:  # noqa: ANN401
    """The most frequent n-grams of middle length that are not in nearly every letter."""
    frequency = np.asarray((rows > 0).sum(axis=0)).ravel()
    sizes = np.array([len(term) for term in terms])
    fits = np.isin(sizes, LATENT_SIZES) & (frequency <= COMMON * rows.shape[0])
    order = np.argsort(-np.where(fits, frequency, -1), kind="stable")[
        : min(LATENT_TERMS, fits.sum())
    ]
    return np.sort(order)
