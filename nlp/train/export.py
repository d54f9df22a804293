"""Packs fitted heads into the tensors that ``nlp.score.linear`` serves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.train.features import Features
from nlp.train.heads import Head
from nlp.train.ridge import Floats

BYTE = 127


def pack(heads: Mapping[str, Head], learnt: Features) -> dict[str, NDArray[Any]]:
    """Calibrated, quantised weights.

    Args:
        heads: In the order of the manifest; the one over fewer terms comes last.
        learnt: Vocabulary, idf and latent directions.

    Returns:
        Tensor name to array, as ``nlp.score.linear`` documents them.
    """
    whole = [_calibrated(head.direct, head) for head in heads.values() if not head.first_column]
    part = [_calibrated(head.direct, head) for head in heads.values() if head.first_column]
    dense = [_calibrated(head.dense, head) for head in heads.values()]
    return {
        "idf": learnt.idf.astype(np.float32),
        "columns": learnt.columns.astype(np.int32),
        "dense": np.hstack(dense).astype(np.float32),
        "bias": np.concatenate([h.calibration.bias for h in heads.values()]).astype(np.float32),
        **_quantised("weights", np.hstack(whole)),
        **_quantised("second", np.hstack(part)),
        **_quantised("latent", learnt.latent),
    }


def _calibrated(weights: Floats, head: Head) -> Floats:
    """Weights that give logits instead of ridge scores."""
    return weights @ head.calibration.matrix


def _quantised(name: str, weights: Floats) -> dict[str, NDArray[Any]]:
    """Eight bits a weight, with a scale for each column and each row.

    A frequent n-gram weighs many times what a rare one does; without a scale of its own the
    rare one would round to nothing.
    """
    columns = np.maximum(np.sqrt((weights**2).mean(axis=0)), 1e-12)
    rows = np.maximum(np.abs(weights / columns).max(axis=1), 1e-12) / BYTE
    return {
        name: np.rint(weights / columns / rows[:, None]).astype(np.int8),
        f"{name}_rows": rows.astype(np.float32),
        f"{name}_columns": columns.astype(np.float32),
    }
