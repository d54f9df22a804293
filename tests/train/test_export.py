"""Packing: eight bits lose next to nothing, whatever the size of a weight."""

import numpy as np
import pytest

from nlp.train import export

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("rare", [1.0, 1e-4])
def test_eight_bits_are_within_half_a_step(rare: float) -> None:
    """Each weight is off by at most half of its row's step; a rare term keeps its own step."""
    weights = RANDOM.normal(size=(50, 4)) * [1e-6, 1.0, 1e3, 0.0]
    weights[7] *= rare
    packed = export._quantised("some", weights)
    data, rows, columns = (packed[f"some{part}"] for part in ("", "_rows", "_columns"))
    assert data.dtype == np.int8
    assert rows.dtype == columns.dtype == np.float32
    assert np.abs(data).max(axis=1).tolist() == [export.BYTE] * 50
    step = columns.astype(float) * rows.astype(float)[:, None]
    assert (np.abs(data * step - weights) <= 0.5001 * step).all()
    assert not data[:, 3].any()


def test_nothing_is_packed_as_nothing() -> None:
    """A matrix of noughts stays noughts, without a division by nought."""
    packed = export._quantised("some", np.zeros((3, 2)))
    assert not packed["some"].any()
    assert np.isfinite(packed["some_rows"]).all()
