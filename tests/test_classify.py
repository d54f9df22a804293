"""Logits to category and purpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import classify, labels
from nlp.classify import Mixture

LABELS = labels.load()
FIRST = LABELS.level_one()
PAIRS = tuple(f"{a}/{b}" for a in FIRST for b in LABELS.children(a))
numbers = st.floats(-60, 60, width=32)


@given(st.lists(numbers, min_size=15, max_size=15), st.lists(numbers, min_size=15, max_size=15))
def test_the_mixture_is_a_distribution(solver: list[float], board: list[float]) -> None:
    """Whatever the logits and the prior, probabilities are at least 0 and sum to 1."""
    logits = {
        "category": np.array([solver], np.float32),
        "board": np.array([board], np.float32),
        "convention": np.array([[solver[0]]], np.float32),
    }
    for prior in (-np.inf, -4.0, 0.0, 50.0):
        rows = classify.mix(logits, Mixture(prior, 0.3))
        assert (rows >= 0).all()
        assert rows.sum() == pytest.approx(1.0, abs=1e-5)


def test_the_prior_chooses_the_convention() -> None:
    """Minus infinity answers by the solver alone, a high prior by the board."""
    solver, board = np.eye(1, 15, 2, dtype=np.float32) * 9, np.eye(1, 15, 5, dtype=np.float32) * 9
    logits = {"category": solver, "board": board, "convention": np.zeros((1, 1), np.float32)}
    assert classify.mix(logits, Mixture(-np.inf, 0.0)).argmax() == 2
    assert classify.mix(logits, Mixture(30.0, 0.0)).argmax() == 5


@pytest.mark.parametrize("best", range(15))
def test_the_second_level_belongs_to_the_first(best: int) -> None:
    """Even when another category's second level has the highest logit of all."""
    first = np.full(15, 0.01, np.float32)
    first[best] = 0.86
    second = np.zeros(len(PAIRS), np.float32)
    second[(best * 7 + 3) % len(PAIRS)] = 9.0
    found = classify.category(first, second, LABELS, PAIRS, floor=0.3)
    assert found.l1 == FIRST[best]
    assert found.l2 in LABELS.children(FIRST[best])
    assert all(a.l2 in LABELS.children(a.l1) for a in found.alternatives)


def test_alternatives_come_in_order() -> None:
    """Up to three others, likeliest first, none twice."""
    first = np.array([0.1, 0.4, 0.2, 0.3, *[0.0] * 11], np.float32)
    found = classify.category(first, np.zeros(len(PAIRS), np.float32), LABELS, PAIRS, floor=0.3)
    assert [a.l1 for a in found.alternatives] == [FIRST[3], FIRST[2], FIRST[0]]
    assert [a.confidence for a in found.alternatives] == [0.3, 0.2, 0.1]


@pytest.mark.parametrize(("chance", "unsure"), [(0.34, True), (0.36, False)])
def test_unsure_is_an_answer(chance: float, unsure: bool) -> None:
    """Below the floor the category is suggested and marked."""
    first = np.full(15, (1 - chance) / 14, np.float32)
    first[4] = chance
    found = classify.category(first, np.zeros(len(PAIRS), np.float32), LABELS, PAIRS, floor=0.35)
    assert found.l1 == FIRST[4]
    assert found.abstained is unsure


def test_a_purpose_has_its_official_class() -> None:
    """The best purpose, its class of the regulation, and its probability."""
    for index, kind in enumerate(LABELS.purposes):
        found = classify.purpose(np.eye(1, 6, index, dtype=np.float32)[0] * 5, LABELS)
        assert (found.name, found.official) == (kind.name, kind.official)
        assert found.confidence == pytest.approx(np.exp(5) / (np.exp(5) + 5), abs=1e-4)


def test_extreme_logits_do_not_overflow() -> None:
    """Sigmoid and softmax of huge logits are plain 0 and 1."""
    huge = np.array([[-1e4, 0.0, 1e4]], np.float32)
    np.testing.assert_allclose(classify.sigmoid(huge), [[0, 0.5, 1]], atol=1e-6)
    np.testing.assert_allclose(classify.softmax(huge), [[0, 0, 1]], atol=1e-6)
