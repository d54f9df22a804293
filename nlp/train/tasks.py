"""What the network learns of a letter, a sentence and a piece: tasks, targets and losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nlp.classify import SEPARATOR
from nlp.errors import PetitionError
from nlp.labels import Labels
from nlp.scales import STEPS
from nlp.score.encoder import SENTENCE_DISTRESS, SIGNAL
from nlp.score.spans import BEGIN, INSIDE
from nlp.train.data import Row

Kind = Literal["choice", "each"]
Unit = Literal["letter", "sentence"]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """One head.

    Attributes:
        name: Of the head.
        kind: "choice" picks one label, "each" says yes or no to every label; a scale is "each"
            over "reaches level k".
        unit: What it is said of.
        labels: In the order of the logits.
    """

    name: str
    kind: Kind
    unit: Unit
    labels: tuple[str, ...]

    def loss(self, logits: Tensor, truth: Tensor, *, smoothing: float) -> Tensor:
        """Loss of each unit.

        Args:
            logits: Shape (n, labels).
            truth: Shape (n, labels): the right label is 1, or each label is 0 or 1.
            smoothing: Label smoothing of a choice.

        Returns:
            Shape (n,).
        """
        if self.kind == "choice":
            soft = truth * (1 - smoothing) + smoothing / len(self.labels)
            return -(soft * F.log_softmax(logits, dim=1)).sum(dim=1)
        each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        return each.sum(dim=1) / 2


def tasks(labels: Labels) -> tuple[Task, ...]:
    """Every head, in the order of the logits."""
    first = labels.level_one()
    pairs = tuple(f"{a}{SEPARATOR}{b}" for a in first for b in labels.children(a))
    steps = tuple(str(step) for step in STEPS)
    named = {
        "emotions": labels.emotions,
        "flags": labels.flags,
        "needs": labels.needs,
        "crisis": labels.crisis_types,
    }
    return (
        Task("category", "choice", "letter", first),
        Task("category_l2", "choice", "letter", pairs),
        Task("board", "choice", "letter", first),
        Task("convention", "each", "letter", ("board",)),
        Task("purpose", "choice", "letter", tuple(kind.name for kind in labels.purposes)),
        Task("urgency", "each", "letter", steps),
        Task("distress", "each", "letter", steps),
        *(Task(n, "each", "letter", tuple(k.name for k in kinds)) for n, kinds in named.items()),
        Task(SIGNAL, "each", "sentence", tuple(kind.name for kind in labels.crisis_types)),
        Task(SENTENCE_DISTRESS, "each", "sentence", steps),
    )


def tags(labels: Labels) -> tuple[str, ...]:
    """Tags of a piece: inside a field's quote, and at its beginning; fields may overlap."""
    keys = [kind.key for kind in labels.fields if kind.key != "group_size"]
    return tuple(f"{key}/{part}" for key in keys for part in (INSIDE, BEGIN))


def letter_targets(row: Row, learnt: Sequence[Task]) -> dict[str, Floats]:
    """What an annotated letter teaches; tasks that its annotation is silent on are left out.

    Args:
        row: An annotated row, one that knows its receiving board alone (``board``), or a short
            text that teaches nothing about letters (``only``).
        learnt: The tasks.

    Returns:
        Task name to a target of shape (labels,).

    Raises:
        PetitionError: The annotation lacks a key, or has a label that ``labels/`` has not.
    """
    try:
        given = {} if "only" in row else _given(row)
    except (KeyError, TypeError) as error:
        raise PetitionError(f"标注缺少或写错了 {error}", where=str(row.get("id"))) from error
    targets: dict[str, Floats] = {}
    for task in learnt:
        if task.unit == "letter" and task.name in given:
            if unknown := set(given[task.name]) - set(task.labels):
                what = f"labels/ 里没有 {task.name} 的标签 {min(unknown)!r}"
                raise PetitionError(what, where=str(row.get("id")), remedy="请改正标注")
            targets[task.name] = np.isin(task.labels, given[task.name]).astype(np.float32)
    return targets


def _given(row: Row) -> dict[str, list[str]]:
    """Task name to the labels that are right."""
    if "board" in row:
        return {"board": [row["board"]], "convention": ["board"]}
    return {
        "category": [row["category_l1"]],
        "category_l2": [f"{row['category_l1']}{SEPARATOR}{row['category_l2']}"],
        "convention": [],
        "purpose": [row["purpose"]],
        "urgency": [str(step) for step in STEPS if row["urgency"] >= step],
        "distress": [str(step) for step in STEPS if row["distress"] >= step],
        **{name: list(row[name]) for name in ("emotions", "flags", "needs")},
        "crisis": [signal["type"] for signal in row["crisis"]],
    }


def tag_targets(
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    spans: Mapping[str, Any],
    names: Sequence[str],
) -> Floats:
    """Which pieces of a window stand inside quotes, and which of them begin one.

    Args:
        starts: First code point of each piece, shape (n,).
        ends: One past the last, shape (n,).
        spans: Field to (start, end) pairs of its quotes.
        names: Of ``tags``.

    Returns:
        Shape (n, tags).
    """
    target = np.zeros((len(starts), len(names)), np.float32)
    for column, name in enumerate(names):
        field, part = name.split("/")
        for start, end in spans.get(field, ()):
            inside = (starts < end) & (ends > start) & (starts >= 0)
            if part == BEGIN and inside.any():
                first = np.arange(len(starts)) == int(np.argmax(inside))
                begun_before = start < starts[starts >= 0].min()
                inside = first & ~begun_before
            target[inside, column] = 1
    return target
