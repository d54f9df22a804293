"""Packs fitted heads into the tensors that ``nlp.score.linear`` serves, and proves the match."""

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
        heads: In the order of the manifest; those with a rank come last.
        learnt: Vocabulary, idf and latent directions.

    Returns:
        Tensor name to array, as ``nlp.score.linear`` documents them.
    """
    direct = [_calibrated(head.direct, head) for head in heads.values() if not head.rank]
    expand: list[Floats] = []
    for head in heads.values():
        if head.rank:
            factor, rest = _factorised(_calibrated(head.direct, head), head.rank)
            direct.append(factor)
            expand.append(rest)
    weights, weight_scale = quantise(np.hstack(direct))
    latent, latent_scale = quantise(learnt.latent)
    return {
        "idf": learnt.idf.astype(np.float32),
        "weights": weights,
        "weight_scale": weight_scale,
        "expand": np.vstack(expand).astype(np.float32),
        "dense": np.hstack([_calibrated(h.dense, h) for h in heads.values()]).astype(np.float32),
        "bias": np.concatenate([h.calibration.bias for h in heads.values()]).astype(np.float32),
        "latent": latent,
        "latent_scale": latent_scale,
        "columns": learnt.columns.astype(np.int32),
    }


def _calibrated(weights: Floats, head: Head) -> Floats:
    """Weights that give logits instead of ridge scores."""
    return weights @ head.calibration.matrix


def _factorised(weights: Floats, rank: int) -> tuple[Floats, Floats]:
    """The best product of two thin matrices, by singular values (Eckart & Young 1936)."""
    gram = weights.T @ weights
    _, directions = np.linalg.eigh(gram)
    expand = directions[:, ::-1][:, :rank].T
    return weights @ expand.T, expand


def quantise(weights: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Eight bits a weight with one scale a column.

    Returns:
        Integers of the same shape, and scales of shape (columns,).
    """
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12) / BYTE
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)
