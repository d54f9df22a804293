"""Suggested entries of the intake form's 问题/需要: what is likely, and what danger asks for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.labels import Labels
from nlp.report import Crisis, Need

CRISIS = "危机介入"
_PRESSING = frozenset({"high", "imminent"})


def read(
    probabilities: NDArray[np.float32] | None,
    thresholds: Sequence[float],
    signs: Crisis,
    labels: Labels,
    *,
    source: str,
) -> tuple[Need, ...]:
    """Suggest needs.

    Args:
        probabilities: One per need, shape (9,); None without a model.
        thresholds: From where each counts; the likeliest one always does.
        signs: Danger found; when it is near, 危机介入 is never left out.
        labels: The labels.
        source: How reports name the model.

    Returns:
        Needs, likeliest first, 危机介入 last where only the signals ask for it.
    """
    needs = [] if probabilities is None else _likely(probabilities, thresholds, labels, source)
    if signs.level in _PRESSING and CRISIS not in {need.name for need in needs}:
        surest = max(signs.signals, key=lambda signal: signal.score)
        needs.append(Need(CRISIS, surest.score, surest.source))
    return tuple(needs)


def _likely(
    probabilities: NDArray[np.float32], thresholds: Sequence[float], labels: Labels, source: str
) -> list[Need]:
    """Needs above their thresholds, or else the likeliest one."""
    above = [i for i, threshold in enumerate(thresholds) if probabilities[i] >= threshold]
    chosen = sorted(above or [int(np.argmax(probabilities))], key=lambda i: -probabilities[i])
    return [Need(labels.needs[i].name, round(float(probabilities[i]), 4), source) for i in chosen]
