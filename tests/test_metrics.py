"""Figures against values worked out by hand."""

import pytest

from nlp import metrics
from nlp.metrics import Tally


@pytest.mark.parametrize(
    ("tally", "precision", "recall", "f1"),
    [
        (Tally(3, 1, 2), 3 / 4, 3 / 5, 6 / 9),
        (Tally(0, 4, 0), 0.0, 0.0, 0.0),
        (Tally(0, 0, 0), 0.0, 0.0, 0.0),
        (Tally(5, 0, 0), 1.0, 1.0, 1.0),
    ],
)
def test_tally(tally: Tally, precision: float, recall: float, f1: float) -> None:
    """Precision, recall and F1, 0 where nothing can be said."""
    assert (tally.precision, tally.recall, tally.f1) == (precision, recall, f1)


GOLD = ["甲", "甲", "甲", "乙", "丙"]
GIVEN = ["甲", "甲", "乙", "乙", None]


def test_macro_f1() -> None:
    """甲 2/(2+.5) = .8, 乙 1/(1+.5) = 2/3, 丙 0: the mean over labels that gold has."""
    assert metrics.label_f1(GOLD, GIVEN) == pytest.approx({"甲": 0.8, "乙": 2 / 3, "丙": 0.0})
    assert metrics.macro_f1(GOLD, GIVEN) == pytest.approx((0.8 + 2 / 3) / 3)


def test_accuracy() -> None:
    """Share that agrees; a missing answer is wrong."""
    assert metrics.accuracy(GOLD, GIVEN) == 0.6
    assert metrics.accuracy([], []) == 0.0


@pytest.mark.parametrize(
    ("gold", "given", "kappa"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], 1.0),
        ([0, 0, 3, 3], [3, 3, 0, 0], -1.0),
        # observed (1 + 0 + 0 + 1) / 4; by chance, each gold against each given: 26 / 16
        ([0, 1, 2, 2], [1, 1, 2, 3], 1 - (2 / 4) / (26 / 16)),
        ([1, 1], [1, 1], 1.0),
        ([1, 1], [0, 0], 0.0),
    ],
)
def test_quadratic_kappa(gold: list[int], given: list[int], kappa: float) -> None:
    """1 for agreement, below 0 for contradiction, squared distances in between."""
    assert metrics.quadratic_kappa(gold, given) == pytest.approx(kappa)


def test_alarm() -> None:
    """Right, wrong and missed alarms."""
    gold, given = [True, True, False, False, True], [True, False, True, False, True]
    assert metrics.alarm(gold, given) == Tally(2, 1, 1)


def test_multilabel() -> None:
    """Labels are pooled over letters, and counted each."""
    whole, each = metrics.multilabel([["甲", "乙"], ["甲"], []], [["甲"], ["乙"], ["丙"]])
    assert whole == Tally(1, 2, 2)
    assert each == {"丙": Tally(0, 1, 0), "乙": Tally(0, 1, 1), "甲": Tally(1, 0, 1)}


def test_calibration_error() -> None:
    """Two bins of two: |.3 - 0| and |1.7 - 2|, over four letters."""
    found = metrics.calibration_error([0.9, 0.1, 0.8, 0.2], [True, False, True, False], bins=2)
    assert found == pytest.approx((0.3 + 0.3) / 4)
    assert metrics.calibration_error([], []) == 0.0


TEXT = "夜里吵，白天也吵，夜里最吵"


@pytest.mark.parametrize(
    ("quote", "given", "place"),
    [
        ("夜里", set(), (0, 2)),
        ("夜里", {9, 10}, (9, 11)),
        ("夜里", {1, 9}, (0, 2)),
        ("停水", set(), None),
    ],
)
def test_a_quote_stands_where_the_answer_does(
    quote: str, given: set[int], place: tuple[int, int] | None
) -> None:
    """Of several places the one that the answer covers most, else the first."""
    assert metrics.locate(TEXT, quote, given) == place


@pytest.mark.parametrize(
    ("quotes", "given", "spans", "characters"),
    [
        (["夜里吵"], [(0, 3)], Tally(1, 0, 0), Tally(3, 0, 0)),
        (["夜里吵"], [(0, 6)], Tally(1, 0, 0), Tally(3, 3, 0)),
        (["夜里吵"], [(0, 7)], Tally(0, 1, 1), Tally(3, 4, 0)),
        (["夜里吵"], [(0, 2), (1, 3)], Tally(1, 1, 0), Tally(3, 0, 0)),
        (["夜里吵", "白天也吵"], [], Tally(0, 0, 2), Tally(0, 0, 7)),
        ([], [(0, 2)], Tally(0, 1, 0), Tally(0, 2, 0)),
    ],
)
def test_spans(
    quotes: list[str], given: list[tuple[int, int]], spans: Tally, characters: Tally
) -> None:
    """Half of the longer must be shared; each gold span is used once; characters are pooled."""
    assert metrics.spans(TEXT, quotes, given) == (spans, characters)


def test_add_and_round() -> None:
    """Tallies add up; figures for people have four digits."""
    assert metrics.add([Tally(1, 2, 3), Tally(4, 5, 6)]) == Tally(5, 7, 9)
    assert metrics.rounded({"甲": 2 / 3}) == {"甲": 0.6667}
