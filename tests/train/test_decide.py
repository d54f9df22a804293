"""Priors, cut points and thresholds, chosen on held-out logits."""

from typing import Any, cast

import numpy as np
import pytest

from nlp import labels
from nlp.train import decide
from nlp.train.heads import Corpus, Head
from nlp.train.ridge import Calibration, Floats

LABELS = labels.load()
FIRST = LABELS.level_one()
LEVELS = np.repeat([0, 1, 2, 3], 12)


def corpus(rows: list[dict[str, Any]]) -> Corpus:
    """Annotated letters without their features."""
    nothing = np.zeros((len(rows), 0))
    return Corpus(rows, [], nothing, nothing, np.arange(len(rows)), 0)


def head(names: tuple[str, ...], held: Floats) -> Head:
    """A head of which only the held-out logits are known."""
    nothing = np.zeros((0, len(names)))
    plain = Calibration(np.eye(len(names)), np.zeros(len(names)))
    return Head(names, nothing, nothing, plain, held)


@pytest.fixture(autouse=True)
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer tries."""
    monkeypatch.setattr(decide, "_GRID", np.arange(0.2, 2.9, 0.2))


def test_cuts_part_the_levels() -> None:
    """Expected levels that lie apart are cut between, in rising order."""
    expected = LEVELS * 0.8 + np.linspace(0, 0.2, len(LEVELS))
    cuts = decide._best_cuts(expected, np.zeros_like(LEVELS), LEVELS)
    assert cuts == sorted(cuts)
    given = decide._levels(expected, cuts, np.zeros_like(LEVELS))
    assert decide._kappa(given, LEVELS) == 1.0


def test_cuts_know_that_rules_raise() -> None:
    """Where rules already reach a level, a lower score is not cut down to reach it too."""
    expected = np.where(LEVELS == 3, 0.0, LEVELS * 0.8)
    ruled = np.where(LEVELS == 3, 3, 0)
    cuts = decide._best_cuts(expected, ruled, LEVELS)
    given = decide._levels(expected, cuts, ruled)
    assert decide._kappa(given, LEVELS) == 1.0


def test_the_prior_costs_annotated_letters_next_to_nothing() -> None:
    """The highest prior for the archive at which annotated letters stay as right as they were."""
    count = 40
    own = np.arange(count) % 4
    solver, board = np.eye(15)[own] * 6, np.eye(15)[(own + 1) % 4] * 6
    is_board = np.arange(2 * count) >= count
    heads = {
        "category": head(FIRST, np.vstack([solver, solver])),
        "board": head(FIRST, np.vstack([board, board])),
        "convention": head(("board",), np.where(is_board, 3.0, -3.0)[:, None]),
    }
    gold = corpus([{"category_l1": FIRST[i]} for i in own])
    archive = corpus([{"category_l1": FIRST[(i + 1) % 4]} for i in own])
    prior, figures = decide._prior(gold, archive, heads, LABELS)
    assert figures == {"category_gold_accuracy": 1.0, "category_archive_macro_f1": 1.0}
    assert prior == max(p for p in decide.PRIORS if p < 3.0)


def test_thresholds_part_yes_from_no() -> None:
    """Each label gets a threshold between the letters that have it and those that have not."""
    names = tuple(kind.name for kind in LABELS.needs)
    rows = [{"needs": [names[i % len(names)]]} for i in range(36)]
    truth = np.array([[name in row["needs"] for name in names] for row in rows])
    held = np.where(truth, -0.4, -2.0)
    picked, score = decide._thresholds(corpus(rows), head(names, held), "needs")
    assert score == 1.0
    assert all(1 / (1 + np.exp(2.0)) < value <= 1 / (1 + np.exp(0.4)) for value in picked)


def test_what_was_chosen_can_be_read_back(toy_training_run: Any) -> None:
    """Each figure of the trained bundle is one of the figures that ``all_heads`` names."""
    figures = cast("dict[str, Any]", toy_training_run[1])
    assert {"category_gold_accuracy", "urgency_kappa", "flags_micro_f1"} <= set(figures)
