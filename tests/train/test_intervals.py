"""Intervals: the figures are those of nlp.metrics, and the bounds stand around them."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from nlp import metrics
from nlp.train import intervals
from nlp.train.intervals import Figure

RANDOM = np.random.default_rng(3)
COUNT = 120
NAMES = ("甲", "乙", "丙")
GOLD: list[str] = RANDOM.choice(NAMES, COUNT).tolist()
GIVEN: list[str] = [g if k else "乙" for g, k in zip(GOLD, RANDOM.random(COUNT) < 0.7, strict=True)]
LEVELS: list[int] = RANDOM.integers(0, 4, COUNT).tolist()
GRADES: list[int] = np.clip(np.array(LEVELS) + RANDOM.integers(-1, 2, COUNT), 0, 3).tolist()
SETS, FOUND = [{g} for g in GOLD], [{p} | ({"丁"} if p == "乙" else set()) for p in GIVEN]
DANGER, ALARM = [level > 1 for level in LEVELS], [level > 1 for level in GRADES]
FIGURES: Mapping[str, tuple[Figure, Callable[[], float]]] = {
    "share": (
        intervals.share([g == p for g, p in zip(GOLD, GIVEN, strict=True)]),
        lambda: metrics.accuracy(GOLD, GIVEN),
    ),
    "macro": (intervals.macro_f1(GOLD, GIVEN), lambda: metrics.macro_f1(GOLD, GIVEN)),
    "kappa": (intervals.kappa(LEVELS, GRADES), lambda: metrics.quadratic_kappa(LEVELS, GRADES)),
    "micro": (intervals.micro_f1(SETS, FOUND), lambda: metrics.multilabel(SETS, FOUND)[0].f1),
    "recall": (intervals.recall(DANGER, ALARM), lambda: metrics.alarm(DANGER, ALARM).recall),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_figure_is_that_of_metrics(name: str) -> None:
    """What is resampled is the very figure that is reported, and its interval holds it."""
    figure, plain = FIGURES[name]
    found = figure.interval(draws=200)
    assert found["value"] == pytest.approx(plain(), abs=1e-4)
    low, high = found["low"], found["high"]
    assert low is not None
    assert high is not None
    assert low < plain() < high
    assert high - low < 0.4


def test_the_same_seed_draws_the_same() -> None:
    """An interval can be found again; other draws give other bounds."""
    figure = FIGURES["share"][0]
    assert figure.interval(draws=50) == figure.interval(draws=50)
    assert figure.interval(draws=50) != figure.interval(draws=50, seed=1)


def test_more_letters_narrow_the_interval() -> None:
    """Four times the letters, about half the width."""
    few = intervals.share([True, False] * 20).interval()
    many = intervals.share([True, False] * 80).interval()
    widths = [(own["high"] or 0) - (own["low"] or 0) for own in (few, many)]
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.2)


def test_what_is_not_defined_is_none() -> None:
    """Recall of nothing is no number, and draws without a case are left out."""
    nothing = intervals.recall([False] * 5, [True] * 5).interval(draws=20)
    assert set(nothing.values()) == {None}
    once = intervals.recall([True] + [False] * 5, [True] + [False] * 5).interval(draws=50)
    assert once == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_label_that_a_draw_lacks_does_not_lift_the_mean() -> None:
    """One letter of a label never found: without it in a draw the mean stays as low."""
    gold = ["甲", *["乙"] * 30]
    found = intervals.macro_f1(gold, ["乙"] * 31).interval(draws=100)
    assert found["high"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("right", "among", "low", "high"),
    [(5, 6, 0.4365, 0.9699), (0, 10, 0.0, 0.2775), (20, 20, 0.8389, 1.0), (0, 0, None, None)],
)
def test_a_count_keeps_its_doubt(right: int, among: int, low: float, high: float) -> None:
    """Wilson's interval of all or none of a few letters is not a point."""
    found = intervals.counted(right, among)
    assert (found["right"], found["of"]) == (right, among)
    assert (found["low"], found["high"]) == (low, high)
