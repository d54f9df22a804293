"""Ridge, folds and calibration against what they must equal."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from nlp.train import ridge

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 5))
TRUTH = np.argmax(ROWS[:, :3] + RANDOM.normal(scale=0.5, size=(60, 3)), axis=1)


def test_dual_weights_fold_into_plain_ones() -> None:
    """Kernel ridge over a linear kernel is ridge regression: ``X' dual`` are its weights."""
    targets = np.stack([ROWS[:, 0], -ROWS[:, 1]], axis=1)
    dual = ridge.fit(ROWS @ ROWS.T, targets, 0.3)
    plain = Ridge(alpha=0.3, fit_intercept=False).fit(ROWS, targets)
    np.testing.assert_allclose((ROWS.T @ dual).T, plain.coef_, rtol=1e-6)


def test_folds_never_cross_a_group() -> None:
    """Near-duplicates are learnt from together or held out together; each is held out once."""
    groups = np.repeat(np.arange(20), 3)
    held = np.zeros(60, int)
    for learn, test in ridge.folds(groups):
        assert not set(groups[learn]) & set(groups[test])
        held[test] += 1
    assert (held == 1).all()


def test_held_out_scores_have_not_seen_the_letter() -> None:
    """A letter's own target does not move its held-out score, and moves its plain one."""
    kernel = np.eye(10) + 0.5
    groups = np.arange(10)
    targets = np.ones((10, 1))
    changed = targets.copy()
    changed[4] = -9.0
    before = ridge.held_out(kernel, targets, groups, 0.1)
    after = ridge.held_out(kernel, changed, groups, 0.1)
    assert after[4] == pytest.approx(before[4])
    assert after[5] != pytest.approx(before[5])


def test_one_hot_is_plus_and_minus_one() -> None:
    """+1 for the label, -1 for the others."""
    found = ridge.one_hot(np.array(["乙", "甲"]), ("甲", "乙"))
    assert found.tolist() == [[-1.0, 1.0], [1.0, -1.0]]


@pytest.mark.parametrize("classes", [2, 3])
def test_choice_is_calibrated(classes: int) -> None:
    """Probabilities sum right: their mean is the share of each label; unseen labels get none."""
    truth = TRUTH % classes
    scores = np.eye(3)[truth] + RANDOM.normal(scale=0.7, size=(60, 3))
    found = ridge.calibrate_choice(scores, truth, labels=4, softness=100.0)
    logits = found.logits(scores)
    assert logits.shape == (60, 4)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    shares = np.bincount(truth, minlength=4) / 60
    np.testing.assert_allclose(chances.mean(axis=0), shares, atol=0.02)
    assert (chances[:, 3] < 1e-3).all()


def test_each_label_is_calibrated() -> None:
    """The mean probability of a label is its share; labels too rare to fit share one slope."""
    truth = np.stack([TRUTH == 0, TRUTH == 1, np.arange(60) == 7], axis=1)
    scores = np.where(truth, 0.4, -0.4) + RANDOM.normal(scale=0.6, size=(60, 3))
    found = ridge.calibrate_each(scores, truth)
    chances = 1 / (1 + np.exp(-found.logits(scores)))
    np.testing.assert_allclose(chances[:, :2].mean(axis=0), truth[:, :2].mean(axis=0), atol=0.02)
    assert (np.diag(found.matrix) > 0).all()
    assert np.count_nonzero(found.matrix - np.diag(np.diag(found.matrix))) == 0
