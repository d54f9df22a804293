"""Features at training: what the scorer will compute, and directions that depend on no label."""

import numpy as np
import pytest

from nlp.letter import Letter
from nlp.train import features
from tests import toy_training

LETTERS = [Letter(row["id"], row["title"], row["body"]) for row in toy_training.gold_rows()]


@pytest.fixture(scope="module")
def learnt() -> features.Features:
    """Features of the invented letters, few terms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "SIZES", {"characters": 400, "words": 200, "title": 100})
        patch.setattr(features, "DIRECTIONS", 12)
        return features.fit(LETTERS, seed=3)


def test_columns_are_one_per_term(learnt: features.Features) -> None:
    """Vocabulary, idf and rows have the same columns, families one after another."""
    sizes = {family: len(terms) for family, terms in learnt.vocabulary.items()}
    assert sizes == {"characters": 400, "words": 200, "title": 100}
    assert learnt.idf.shape == (700,)
    assert learnt.sparse(LETTERS[:3]).shape == (3, 700)


def test_families_have_their_weights(learnt: features.Features) -> None:
    """Each family of a letter's terms is a vector as long as the family's weight."""
    rows = learnt.sparse(LETTERS[:5]).toarray()
    lengths = [np.linalg.norm(part, axis=1) for part in np.split(rows, [400, 600], axis=1)]
    for length, weight in zip(lengths, features.WEIGHTS.values(), strict=True):
        np.testing.assert_allclose(length, weight, rtol=1e-5)


def test_latent_vectors_are_units(learnt: features.Features) -> None:
    """Known letters have length one, a letter without known terms has none."""
    rows = learnt.sparse([*LETTERS[:4], Letter("x", "", "𠮷")])
    lengths = np.linalg.norm(learnt.dense(rows), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 1, 0], atol=1e-5)


def test_latent_columns_are_middle_grams(learnt: features.Features) -> None:
    """Directions are made of n-grams of two and three signs that are not in most letters."""
    terms = [learnt.vocabulary["characters"][i] for i in learnt.columns]
    assert {len(term) for term in terms} <= {2, 3}
    share = {term: sum(term in letter.text for letter in LETTERS) / len(LETTERS) for term in terms}
    assert max(share.values()) <= features.COMMON


def test_the_same_seed_gives_the_same_directions(learnt: features.Features) -> None:
    """Training again from the same letters and seed gives the same projection."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "SIZES", {"characters": 400, "words": 200, "title": 100})
        patch.setattr(features, "DIRECTIONS", 12)
        again = features.fit(LETTERS, seed=3)
    np.testing.assert_array_equal(learnt.latent, again.latent)
    assert learnt.vocabulary == again.vocabulary


def test_few_letters_are_enough() -> None:
    """A city with only some dozen letters can train: directions are as many as letters allow."""
    learnt = features.fit(LETTERS[:12], seed=0)
    assert np.isfinite(learnt.latent).all()
    assert np.isfinite(learnt.dense(learnt.sparse(LETTERS[:12]))).all()
