"""Calibration: known scales are found again, probability never gets worse, numbers stay numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.classify import sigmoid, softmax
from nlp.score.encoder import Share
from nlp.score.windows import Floats
from nlp.train import blend
from nlp.train.tasks import Task

pytestmark = pytest.mark.slow

CHOICE = Task("x", "choice", "letter", ("a", "b", "c", "d"))
EACH = Task("x", "each", "letter", ("a", "b", "c", "d"))
COUNT = 4000


def made(task: Task, *, a: float, b: float, c: Any, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Logits of two models and truths drawn from their known mixture."""
    rng = np.random.default_rng(seed)
    encoder, linear = rng.normal(0, 2, (2, COUNT, 4)).astype(np.float32)
    chances = encoder * a + linear * b + np.asarray(c, np.float32)
    if task.kind == "each":
        return encoder, linear, (rng.random((COUNT, 4)) < sigmoid(chances)).astype(np.float32)
    drawn = [rng.choice(4, p=row / row.sum()) for row in softmax(chances).astype(float)]
    return encoder, linear, np.eye(4, dtype=np.float32)[drawn]


def cost(task: Task, logits: Floats, truth: Floats) -> float:
    """Mean negative log likelihood."""
    if task.kind == "choice":
        return float(-np.log((softmax(logits) * truth).sum(axis=1)).mean())
    right = np.where(truth > 0, logits, -logits).astype(np.float64)
    return float(np.logaddexp(0, -right).mean())


@pytest.mark.parametrize("task", [CHOICE, EACH], ids=["choice", "each"])
@pytest.mark.parametrize(("a", "b"), [(0.4, 0.0), (1.5, 0.5), (0.0, 1.0)])
def test_known_scales_are_found_again(task: Task, a: float, b: float) -> None:
    """Both factors, and the bias up to what a choice cannot tell."""
    bias = np.array([0.5, -0.5, 1.0, -1.0])
    encoder, linear, truth = made(task, a=a, b=b, c=bias)
    found = blend.fit(task, encoder, linear, truth)
    np.testing.assert_allclose(found.encoder, a, atol=0.12)
    np.testing.assert_allclose(found.linear, b, atol=0.12)
    np.testing.assert_allclose(found.bias - found.bias.mean(), bias - bias.mean(), atol=0.15)


@pytest.mark.parametrize("task", [CHOICE, EACH], ids=["choice", "each"])
def test_an_encoder_alone_is_made_less_sure(task: Task) -> None:
    """Without a linear model its factor is nought, and the encoder's own is found."""
    encoder, _, truth = made(task, a=0.3, b=0.0, c=0.0)
    found = blend.fit(task, encoder, None, truth)
    np.testing.assert_allclose(found.encoder, 0.3, atol=0.08)
    assert not found.linear.any()
    np.testing.assert_array_equal(found.join(encoder, None), found.join(encoder, encoder))


_logits = st.floats(-30, 30, width=32)


@settings(max_examples=60)
@given(data=st.data(), kind=st.sampled_from([CHOICE, EACH]), count=st.integers(1, 12))
def test_calibration_never_makes_it_worse(data: Any, kind: Task, count: int) -> None:
    """The likelihood of the letters it was fitted on is at least that of what it started from."""
    rows = st.lists(_logits, min_size=4, max_size=4)
    draw = st.lists(rows, min_size=count, max_size=count).map(lambda v: np.array(v, np.float32))
    encoder, linear = data.draw(draw), data.draw(st.one_of(st.none(), draw))
    if kind.kind == "choice":
        truth = np.eye(4, dtype=np.float32)[
            data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
        ]
    else:
        truth = (data.draw(draw) > 0).astype(np.float32)
    found = blend.fit(kind, encoder, linear, truth)
    numbers = [found.encoder, found.linear, found.bias]
    assert all(np.isfinite(part).all() for part in numbers)
    assert min(part.min() for part in numbers[:2]) >= 0
    start = encoder if linear is None else 0.5 * (encoder + linear)
    before, after = (cost(kind, rows, truth) for rows in (start, found.join(encoder, linear)))
    assert after <= before * 1.001 + 1e-3


@pytest.mark.parametrize("sign", [0.0, 1.0])
@pytest.mark.parametrize("scale", [0.0, 1.0, 200.0])
def test_a_label_without_examples_stays_a_number(sign: float, scale: float) -> None:
    """All yes or all no, from dull logits to wild ones, the answer follows and is finite."""
    rng = np.random.default_rng(0)
    encoder, linear = (rng.normal(0, 1, (2, 30, 4)) * scale).astype(np.float32)
    truth = np.full((30, 4), sign, np.float32)
    for side in (None, linear):
        found = blend.fit(EACH, encoder, side, truth)
        logits = found.join(encoder, side)
        assert np.isfinite(logits).all()
        assert abs(float(sigmoid(logits).mean()) - sign) <= 0.5


def test_no_letters_change_nothing() -> None:
    """With nothing to fit on, the encoder's logits are taken as they are."""
    nothing = np.zeros((0, 4), np.float32)
    found = blend.fit(CHOICE, nothing, nothing, nothing)
    logits = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_array_equal(found.join(logits, logits), logits)


def test_the_manifest_keeps_the_numbers() -> None:
    """As lists, to five digits; heads are joined by name, with or without a linear side."""
    numbers = [np.array(row, np.float32) for row in ([1, 2], [0.5, 0.25], [0.123456, 0])]
    shares = Share(*numbers)
    assert shares.to_json() == {"encoder": [1, 2], "linear": [0.5, 0.25], "bias": [0.12346, 0]}
    one = np.ones((1, 2), np.float32)
    both = blend.joined({"x": shares, "y": shares}, {"x": one, "y": one}, {"y": one})
    np.testing.assert_allclose(both["y"] - both["x"], [[0.5, 0.25]])
