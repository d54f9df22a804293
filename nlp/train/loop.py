"""The training loop: batches, loss, steps, curves, checkpoints. Read ``fit`` from top to bottom."""

import csv
import ctypes
import logging
import platform
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nlp.errors import OptionError
from nlp.train.config import Loop
from nlp.train.corpus import Lesson, Prepared
from nlp.train.losses import Aims, loss
from nlp.train.network import Network

CHECKPOINT, CURVES = "checkpoint.pt", "curves.csv"
FINAL_RATE = 0.02
CLIP = 1.0
_POOL = 16
"""Batches whose letters are sorted by length together, so that padding stays small."""
_LOG_EVERY = 25
_AHEAD = 2
"""Steps whose lessons are read in advance."""
_SMOOTH = 0.95
_M_MMAP_MAX, _M_TRIM_THRESHOLD, _M_TOP_PAD = -4, -1, -2
_REMEDY = "请用 petition train 把它训练完"
_OTHER = "请删掉它重新训练，或用 --work 另选文件夹"
_log = logging.getLogger(__name__)
Prepare = Callable[[Lesson, np.random.Generator], Prepared]
Measure = Callable[[Network], Mapping[str, float]]


@dataclass
class Progress:
    """Where a run stands; what a checkpoint holds beside the weights.

    Attributes:
        step: Steps done.
        loss: Smoothed loss.
        curve: One row per logged step: step, epoch, loss, and dev figures where measured.
    """

    step: int = 0
    loss: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Course:
    """Everything ``fit`` goes through.

    Attributes:
        lessons: What to learn.
        prepare: Reads a lesson, with random changes, for one step.
        aims: What is learnt.
        measure: Dev figures of the network as it stands, after each round.
        settings: The [loop] table.
        folder: Where checkpoint and curves go.
    """

    lessons: Sequence[Lesson]
    prepare: Prepare
    aims: Aims
    measure: Measure
    settings: Loop
    folder: Path


def fit(network: Network, course: Course, *, go_on: bool = True) -> Progress:
    """Fit the network, from the checkpoint in ``course.folder`` when there is one.

    The order of letters, their random changes and dropout follow from the seed and the step, so
    that a run that was interrupted ends as it would have.

    Args:
        network: What to fit.
        course: Everything it goes through.
        go_on: Whether to train on when the checkpoint is not the last one.

    Returns:
        The curve; the weights are in ``network``.

    Raises:
        OptionError: The run is unfinished and ``go_on`` is False, the batch is larger than
            the set of letters, or the checkpoint is of another network.
    """
    settings = course.settings
    torch.set_num_threads(settings.threads)
    keep_memory()
    optimizer = _optimizer(network, settings)
    progress = _resume(network, optimizer, course.folder)
    per_round = len(course.lessons) // settings.batch
    if not per_round:
        raise OptionError("来信不够一批", where="loop.batch", remedy="请调小 batch")
    total = per_round * settings.epochs
    if progress.step < total and not go_on:
        done = f"训练到第 {progress.step} 步，共 {total} 步"
        raise OptionError(done, where=str(course.folder / CHECKPOINT), remedy=_REMEDY)
    for lessons in _ahead(course, range(progress.step, total), per_round):
        lost = _step(network, optimizer, course, lessons, step=(progress.step, total))
        known = progress.loss if progress.step else lost
        progress.loss = _SMOOTH * known + (1 - _SMOOTH) * lost
        progress.step += 1
        _note(progress, course, network, optimizer, per_round)
    return progress


def _ahead(course: Course, steps: range, per_round: int) -> Iterator[list[Prepared]]:
    """Lessons of each step; those of the next are read while this one is learnt."""

    def prepare(step: int) -> list[Prepared]:
        rng = np.random.default_rng(_seed(course, step))
        chosen = _order(course, step // per_round)[step % per_round]
        return [course.prepare(course.lessons[i], rng) for i in chosen]

    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[list[Prepared]]] = deque()
        for step in steps:
            waiting.append(pool.submit(prepare, step))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _seed(course: Course, step: int) -> int:
    """Of everything random in one step."""
    return (course.settings.seed + 1) * 1_000_003 + step


@lru_cache(maxsize=1)
def _order(course: Course, epoch: int) -> list[list[int]]:
    """Batches of a round: letters at random, those of about one length together."""
    settings = course.settings
    rng = np.random.default_rng((settings.seed, epoch))
    order = rng.permutation(len(course.lessons))
    lengths = np.array([len(lesson.row.get("body") or "") for lesson in course.lessons])
    size = settings.batch * _POOL
    pools = [order[i : i + size] for i in range(0, len(order), size)]
    sorted_pools = np.concatenate([p[np.argsort(lengths[p], kind="stable")] for p in pools])
    count = len(order) // settings.batch
    found = [sorted_pools[i * settings.batch : (i + 1) * settings.batch] for i in range(count)]
    return [found[i].tolist() for i in rng.permutation(count)]


def _step(
    network: Network,
    optimizer: torch.optim.Optimizer,
    course: Course,
    lessons: Sequence[Prepared],
    *,
    step: tuple[int, int],
) -> float:
    """One step; returns its loss."""
    settings = course.settings
    torch.manual_seed(_seed(course, step[0]))
    share = _rate(step[0] / step[1], settings.warmup)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share
    network.train()
    total = loss(
        network,
        lessons,
        course.aims,
        drop=settings.piece_dropout,
        smoothing=settings.smoothing,
    )
    optimizer.zero_grad()
    total.backward()
    nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    optimizer.step()
    return float(total.detach())


def _rate(done: float, warmup: float) -> float:
    """Share of the peak rate: up in a line, down in a line to FINAL_RATE."""
    if done < warmup:
        return done / warmup
    return max(FINAL_RATE, (1 - done) / (1 - warmup))


def _optimizer(network: Network, settings: Loop) -> torch.optim.Optimizer:
    """AdamW with a rate of its own for the encoder."""
    below = set(map(id, network.encoder.parameters()))
    own = [p for p in network.parameters() if id(p) in below and p.requires_grad]
    rest = [p for p in network.parameters() if id(p) not in below]
    groups = [
        {"params": own, "peak": settings.encoder_rate},
        {"params": rest, "peak": settings.rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.decay, fused=True)


def _note(
    progress: Progress,
    course: Course,
    network: Network,
    optimizer: torch.optim.Optimizer,
    per_round: int,
) -> None:
    """Log, measure and save when it is time."""
    ended = progress.step % per_round == 0
    if progress.step % _LOG_EVERY and not ended:
        return
    row = {"step": progress.step, "epoch": progress.step / per_round, "loss": progress.loss}
    if ended:
        row |= course.measure(network)
    progress.curve.append(row)
    _log.info("%s", "  ".join(f"{key} {value:.3f}" for key, value in row.items()))
    if ended or progress.step % course.settings.checkpoint < _LOG_EVERY:
        _save(progress, network, optimizer, course.folder)


def _save(
    progress: Progress, network: Network, optimizer: torch.optim.Optimizer, folder: Path
) -> None:
    """Write checkpoint and curves; a kill in between leaves the one before whole."""
    state = {
        "step": progress.step,
        "loss": progress.loss,
        "curve": progress.curve,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    # curves first: a run whose last checkpoint is there is never without its whole curve
    write_curve(progress.curve, folder / CURVES)
    part = folder / f"{CHECKPOINT}.part"
    torch.save(state, part)
    part.replace(folder / CHECKPOINT)


def _resume(network: Network, optimizer: torch.optim.Optimizer, folder: Path) -> Progress:
    """Load the checkpoint when there is one.

    Raises:
        OptionError: It is broken, or of another network.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return Progress()
    try:
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    except Exception as error:  # torch raises many types, with no common one
        raise OptionError("检查点读不出来，或与配置不符", where=str(path), remedy=_OTHER) from error
    _log.info("从第 %d 步接着训练", state["step"])
    return Progress(state["step"], state["loss"], state["curve"])


def write_curve(curve: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write a curve as CSV; columns are all keys, in order of first sight."""
    names = list(dict.fromkeys(key for row in curve for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: round(v, 5) for k, v in row.items()} for row in curve)


def keep_memory() -> None:
    """Ask glibc to keep freed memory instead of giving it back to the system.

    A step frees and takes hundreds of large arrays; on virtual machines each fresh page costs so
    much that a step can take several times as long.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_M_TOP_PAD, 256 * 2**20)
