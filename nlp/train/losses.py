"""Running the network over letters, and what it is told to do better: the loss of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nlp.score.windows import Window, batches
from nlp.train.corpus import Prepared
from nlp.train.network import Network, Pools
from nlp.train.tasks import SENTENCE_DISTRESS, SIGNAL, Task

TAGS = "tags"


@dataclass(frozen=True)
class Aims:
    """What is learnt.

    Attributes:
        tasks: The heads.
        weights: Task, or "tags", to the weight of its loss; 1 where missing.
    """

    tasks: Sequence[Task]
    weights: Mapping[str, float]

    def weight(self, name: str) -> float:
        """Weight of a task."""
        return self.weights.get(name, 1.0)


@dataclass(frozen=True)
class Read:
    """What the network says of some letters.

    Attributes:
        letters: Task to logits, shape (letters, labels).
        sentences: Task to logits, shape (sentences, labels), letter by letter.
        owner: Letter of each sentence, shape (sentences,).
        tags: Logits of each window that was asked for, shape (pieces, tags).
    """

    letters: Mapping[str, Tensor]
    sentences: Mapping[str, Tensor]
    owner: Tensor
    tags: Mapping[int, Tensor]


def read(network: Network, windows: Sequence[Window], count: int, *, drop: float = 0.0) -> Read:
    """Run the network over windows of letters.

    Args:
        network: The network.
        windows: Of letters 0 to count - 1, in their order.
        count: How many letters.
        drop: Share of pieces that become the unknown piece.
    """
    parts: list[tuple[Tensor, ...]] = []
    order: list[int] = []
    tags: dict[int, Tensor] = {}
    for batch in batches(windows):
        ids, mask, share = (torch.from_numpy(a) for a in (batch.ids, batch.mask, batch.share))
        if drop:
            lost = torch.rand(ids.shape) < drop
            ids = torch.where(lost, torch.full_like(ids, network.encoder.unknown), ids)
        sums, weights, peak, *tagged = network.windows(ids, mask, share)
        parts.append((sums, weights, peak))
        order += batch.windows.tolist()
        for logits in tagged:
            tags |= dict(zip(batch.windows.tolist(), logits, strict=True))
    back = torch.argsort(torch.tensor(order))
    pools = Pools(*(torch.cat(part)[back] for part in zip(*parts, strict=True)))
    whole = torch.tensor([i for i, w in enumerate(windows) if w.whole])
    owner = torch.tensor([windows[i].letter for i in whole.tolist()])
    letters = network.logits(pools.take(whole).units(owner, count))
    single = [(w.letter, w.sentence) for w in windows if w.sentence >= 0]
    keys = {key: i for i, key in enumerate(dict.fromkeys(single))}
    own = torch.tensor([i for i, w in enumerate(windows) if w.sentence >= 0])
    units = pools.take(own).units(torch.tensor([keys[key] for key in single]), len(keys))
    return Read(letters, network.logits(units), torch.tensor([a for a, _ in keys]), tags)


def loss(
    network: Network, lessons: Sequence[Prepared], aims: Aims, *, drop: float, smoothing: float
) -> Tensor:
    """Loss of a batch: letters, sentences, pieces.

    Args:
        network: The network.
        lessons: The batch.
        aims: Tasks and their weights.
        drop: Share of pieces that become the unknown piece.
        smoothing: Label smoothing of choices.

    Returns:
        A scalar, per letter.
    """
    windows = [w._replace(letter=i) for i, one in enumerate(lessons) for w in one.windows]
    said = read(network, windows, len(lessons), drop=drop)
    truth, known = _stack([one.letter for one in lessons], [one.weight for one in lessons])
    letters = torch.zeros(())
    for task in (task for task in aims.tasks if task.name in truth):
        each = task.loss(said.letters[task.name], truth[task.name], smoothing=smoothing)
        letters = letters + aims.weight(task.name) * (known[task.name] * each).sum() / len(lessons)
    return letters + _sentence_loss(said, lessons, aims) + _tag_loss(said, lessons, aims)


def _tag_loss(said: Read, lessons: Sequence[Prepared], aims: Aims) -> Tensor:
    """Mean over the pieces of letters whose quotes are known, times their share."""
    targets = [(one.weight, t) for one in lessons for t in one.tags or [None] * len(one.windows)]
    marked = [
        (said.tags[i][: len(t)], torch.from_numpy(t), weight)
        for i, (weight, t) in enumerate(targets)
        if t is not None
    ]
    if not said.tags or not marked:
        return torch.zeros(())
    lost = [
        weight * F.binary_cross_entropy_with_logits(logits, truth, reduction="sum")
        for logits, truth, weight in marked
    ]
    mean = torch.stack(lost).sum() / sum(len(truth) for _, truth, _ in marked)
    return aims.weight(TAGS) * mean * sum(bool(one.tags) for one in lessons) / len(lessons)


def _stack(
    targets: Sequence[Mapping[str, Any]], weights: Sequence[float]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Targets task by task, zeros where unknown, and how much each unit counts."""
    names = {name: target.shape for own in targets for name, target in own.items()}
    truth = {
        name: torch.from_numpy(
            np.stack([own.get(name, np.zeros(shape)) for own in targets])
        ).float()
        for name, shape in names.items()
    }
    known = {
        name: torch.tensor(
            [w if name in own else 0.0 for own, w in zip(targets, weights, strict=True)]
        )
        for name in names
    }
    return truth, known


def _sentence_loss(said: Read, lessons: Sequence[Prepared], aims: Aims) -> Tensor:
    """Signals sentence by sentence; distress as the highest of a letter's sentences."""
    by_name = {task.name: task for task in aims.tasks if task.unit == "sentence"}
    counts = torch.tensor([one.weight for one in lessons])
    total = torch.zeros(())
    owners = [i for i, one in enumerate(lessons) if SIGNAL in one.sentences]
    if owners and SIGNAL in by_name:
        rows = torch.isin(said.owner, torch.tensor(owners))
        truth = torch.from_numpy(np.concatenate([lessons[i].sentences[SIGNAL] for i in owners]))
        each = by_name[SIGNAL].loss(said.sentences[SIGNAL][rows], truth, smoothing=0.0)
        each = each * counts[said.owner[rows]]
        total = total + aims.weight(SIGNAL) * each.sum() / len(lessons)
    graded = [i for i, one in enumerate(lessons) if "distress" in one.letter]
    if graded and SENTENCE_DISTRESS in by_name:
        logits = said.sentences[SENTENCE_DISTRESS]
        lowest = logits.new_full((len(lessons), logits.shape[1]), -torch.inf)
        index = said.owner[:, None].expand_as(logits)
        top = lowest.scatter_reduce(0, index, logits, "amax")[graded]
        truth = torch.from_numpy(np.stack([lessons[i].letter["distress"] for i in graded]))
        each = by_name[SENTENCE_DISTRESS].loss(top, truth, smoothing=0.0) * counts[graded]
        total = total + aims.weight(SENTENCE_DISTRESS) * each.sum() / len(lessons)
    return total


def predict(network: Network, prepared: Sequence[Prepared], size: int = 32) -> Iterator[Read]:
    """What the network says of prepared letters, in order, without learning."""
    network.eval()
    with torch.no_grad():
        for start in range(0, len(prepared), size):
            part = prepared[start : start + size]
            windows = [w._replace(letter=i) for i, one in enumerate(part) for w in one.windows]
            yield read(network, windows, len(part))
