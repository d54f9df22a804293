"""Priors, cut points and thresholds, chosen on held-out logits."""

from typing import Any, cast

import numpy as np
import pytest

from nlp import labels
from nlp.letter import Letter
from nlp.train import decide
from nlp.train.decide import Held

LABELS = labels.load()
FIRST = LABELS.level_one()
LEVELS = np.repeat([0, 1, 2, 3], 12)


def held(rows: list[dict[str, Any]], **logits: Any) -> Held:
    """Annotated letters without a text, and what a model says of them."""
    return Held(rows, [Letter("样") for _ in rows], logits)


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


def test_the_highest_level_must_be_earned() -> None:
    """Its cut rises until half of what the model alone puts there belongs there, else to never."""
    truth = np.repeat([0, 1, 2, 3], [8, 8, 8, 4])
    nothing = np.zeros_like(truth)
    apart = np.where(truth == 3, 2.6, truth * 0.9)
    assert decide._earned([0.5, 1.5, 1.7], apart, nothing, truth) == [0.5, 1.5, 1.8]
    assert decide._earned([0.5, 1.5, 2.0], apart, nothing, truth) == [0.5, 1.5, 2.0]
    same = np.where(truth >= 2, 2.6, truth * 0.9)
    assert decide._earned([0.5, 1.5, 1.7], same, nothing, truth) == [0.5, 1.5, decide.NEVER]
    ruled = np.where(truth == 3, 3, 0)
    assert decide._earned([0.5, 1.5, 1.7], apart, ruled, truth) == [0.5, 1.5, decide.NEVER]


def conventions(prior_at: float) -> tuple[Held, Held]:
    """Letters whose solver is never their board, and how surely the model tells archives apart."""
    own = np.arange(40) % 4
    said = {"category": np.eye(15)[own] * 6, "board": np.eye(15)[(own + 1) % 4] * 6}
    archive, annotated = (np.full((40, 1), sign * prior_at) for sign in (1, -1))
    return (
        held([{"category_l1": FIRST[i]} for i in own], **said, convention=annotated),
        held([{"category_l1": FIRST[(i + 1) % 4]} for i in own], **said, convention=archive),
    )


def test_the_prior_costs_annotated_letters_next_to_nothing() -> None:
    """The highest prior for the archive at which annotated letters stay as right as they were."""
    prior, figures = decide._prior(*conventions(3.0), LABELS)
    assert figures == {"category_gold_accuracy": 1.0, "category_archive_macro_f1": 1.0}
    assert prior == max(p for p in decide.PRIORS if p < 3.0)


def test_without_an_archive_the_solver_decides() -> None:
    """The lowest prior is taken, and nothing is said of an archive that was not there."""
    gold, archive = conventions(3.0)
    nothing = held([], **{name: rows[:0] for name, rows in archive.logits.items()})
    prior, figures = decide._prior(gold, nothing, LABELS)
    assert prior == min(decide.PRIORS)
    assert figures == {"category_gold_accuracy": 1.0}


def test_thresholds_part_yes_from_no() -> None:
    """Each label gets a threshold between the letters that have it and those that have not."""
    names = tuple(kind.name for kind in LABELS.needs)
    rows = [{"needs": [names[i % len(names)]]} for i in range(36)]
    truth = np.array([[name in row["needs"] for name in names] for row in rows])
    gold = held(rows, needs=np.where(truth, -0.4, -2.0))
    picked, score = decide._thresholds(gold, "needs", names)
    assert score == 1.0
    assert all(1 / (1 + np.exp(2.0)) < value <= 1 / (1 + np.exp(0.4)) for value in picked)


def test_what_was_chosen_can_be_read_back(toy_training_run: Any) -> None:
    """Each figure of the trained bundle is one of the figures that ``all_heads`` names."""
    figures = cast("dict[str, Any]", toy_training_run[1])
    assert {"category_gold_accuracy", "urgency_kappa", "flags_micro_f1"} <= set(figures)
