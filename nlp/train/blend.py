"""Calibration: how the encoder's logits, and a linear model's, become probabilities.

Vector scaling (Guo et al. 2017) over one or two models: ``a * encoder + b * linear + c``, fitted
by likelihood on held-out letters. One a and b serve all labels of a choice; labels of their own
(flags, needs ...) get their own, drawn towards the common ones where examples are few.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nlp.score.encoder import Share
from nlp.score.windows import Floats
from nlp.train.tasks import Task

STEPS = 60
TOWARDS = 1.0
"""Penalty on how far a label's own numbers stand from the common ones, against the likelihood of
all letters together: it fades as letters grow many."""


def fit(task: Task, encoder: Floats, linear: Floats | None, truth: Floats) -> Share:
    """Fit one head.

    Args:
        task: The head.
        encoder: Logits of letters the encoder did not learn from, shape (letters, labels).
        linear: The linear model's for the same letters, or None without it.
        truth: What is right, shape (letters, labels).

    Returns:
        Its numbers; with no letters at all, those that change nothing.
    """
    count = len(task.labels)
    if not len(truth):
        return Share(*(np.full(count, v, np.float32) for v in (1.0, 0.0, 0.0)))
    answers = truth.size if task.kind == "each" else len(truth)
    given = [torch.from_numpy(np.asarray(encoder, np.float32))]
    given.append(torch.zeros_like(given[0]) if linear is None else torch.from_numpy(linear))
    target = torch.from_numpy(truth)
    common = torch.tensor([1.0 if linear is None else 0.5, 0.0 if linear is None else 0.5])
    common.requires_grad_()
    own = torch.zeros(3, count, requires_grad=True)
    optimizer = torch.optim.LBFGS([common, own], max_iter=STEPS, line_search_fn="strong_wolfe")

    def numbers() -> tuple[Tensor, Tensor, Tensor]:
        parts = common[:, None] + (own[:2] if task.kind == "each" else torch.zeros(2, count))
        a, b = parts.clamp_min(0)
        return a, b if linear is not None else torch.zeros_like(b), own[2]

    def closure() -> Tensor:
        optimizer.zero_grad()
        a, b, c = numbers()
        loss = _likelihood(task, given[0] * a + given[1] * b + c, target)
        loss = loss + TOWARDS * own.square().sum() / answers
        loss.backward()
        return loss

    optimizer.step(closure)
    return Share(*(part.detach().numpy().astype(np.float32) for part in numbers()))


def _likelihood(task: Task, logits: Tensor, target: Tensor) -> Tensor:
    """Mean negative log likelihood."""
    if task.kind == "choice":
        return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()
    return F.binary_cross_entropy_with_logits(logits, target)


def joined(
    shares: Mapping[str, Share], encoder: Mapping[str, Any], linear: Mapping[str, Any]
) -> dict[str, Floats]:
    """Calibrated logits of every head."""
    return {name: own.join(encoder[name], linear.get(name)) for name, own in shares.items()}
