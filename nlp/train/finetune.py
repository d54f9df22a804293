"""One run from its TOML to a trained network. Read ``train`` top to bottom: it is the recipe."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import cohen_kappa_score, f1_score

from nlp import labels
from nlp.errors import OptionError
from nlp.labels import Labels
from nlp.text import View
from nlp.train import config as configs
from nlp.train import encoders
from nlp.train.config import Config, Data, Loop
from nlp.train.corpus import Lesson, Prepared, Preparer, Split, gather
from nlp.train.data import read_rows, to_letter
from nlp.train.encoders import Encoder
from nlp.train.loop import CHECKPOINT, Course, fit
from nlp.train.losses import TAGS, Aims, predict
from nlp.train.network import Network
from nlp.train.places import unmask
from nlp.train.pretrain import Plan, pretrain
from nlp.train.tasks import Task, tags, tasks

TOML = "train.toml"
_log = logging.getLogger(__name__)
Figures = dict[str, float]


@dataclass(frozen=True)
class Run:
    """A trained network with what it was trained on.

    Attributes:
        config: The run's TOML.
        network: The network.
        split: Its letters.
        preparer: Reads letters for it.
        learnt: The tasks.
        known: The labels.
    """

    config: Config
    network: Network
    split: Split
    preparer: Preparer
    learnt: tuple[Task, ...]
    known: Labels


def train(path: Path, out: Path, *, go_on: bool = True) -> Run:
    """Train the network that a TOML file describes, or go on from its checkpoint.

    Args:
        path: The run's TOML.
        out: Where checkpoint and curves go; made when missing.
        go_on: Whether an unfinished run is trained on; else it is refused.

    Raises:
        PetitionError: The TOML, a training set or the encoder's source is missing or wrong, the
            checkpoint is of another TOML, or the run is unfinished and ``go_on`` is False.
    """
    config = configs.load(path)
    known = labels.load(configs.labels_folder(config, path))
    _check_weights(config, path, tasks(known))
    _keep_toml(config, path, out)
    torch.manual_seed(config.loop.seed)
    split = gather(config.data, path.parent, seed=config.loop.seed, known=known)
    texts = list(_texts(config.data, path.parent))
    encoder = encoders.build(config.encoder, texts)
    if not (out / CHECKPOINT).is_file():
        _adapt(encoder, texts, config)
    run = assemble(config, encoder, split, known)
    _log.info("学 %d 份，留出 %d 封", len(split.train), len(split.dev))
    dev = [run.preparer.prepare(one) for one in split.dev]
    course = Course(
        lessons=split.train,
        prepare=lambda one, rng: vary(run.preparer, one, config.loop, rng),
        aims=Aims(run.learnt, config.heads.weights),
        measure=lambda network: measure(network, dev, split.dev, run.learnt),
        settings=config.loop,
        folder=out,
    )
    fit(run.network, course, go_on=go_on)
    return run


def _check_weights(config: Config, path: Path, learnt: Sequence[Task]) -> None:
    """Refuse weights of tasks that there are not: they would be forgotten in silence."""
    known = [*(task.name for task in learnt), TAGS]
    if unknown := sorted(set(config.heads.weights) - set(known)):
        where = f"{path} heads.weights.{unknown[0]}"
        raise OptionError("没有这个任务", where=where, remedy=f"可用：{'、'.join(known)}")


def _keep_toml(config: Config, path: Path, out: Path) -> None:
    """Keep the TOML beside the checkpoint; refuse to go on from one that another TOML made."""
    kept = out / TOML
    out.mkdir(parents=True, exist_ok=True)
    if (
        (out / CHECKPOINT).is_file()
        and kept.is_file()
        and _told(configs.load(kept)) != _told(config)
    ):
        remedy = "请用 --work 另选文件夹，或删掉检查点重新训练"
        raise OptionError("检查点是按另一份配置训练的", where=str(out / CHECKPOINT), remedy=remedy)
    if path.resolve() != kept.resolve():
        shutil.copyfile(path, kept)


def _told(config: Config) -> tuple[object, ...]:
    """What the weights depend on; where letters and labels lie and how many threads run is free."""
    data, loop = (
        replace(config.data, folder="", labels=""),
        replace(config.loop, threads=1, checkpoint=1),
    )
    return data, config.encoder, config.heads, loop


def assemble(config: Config, encoder: Encoder, split: Split, known: Labels) -> Run:
    """Heads over an encoder, and what reads letters for them."""
    learnt = tasks(known)
    names = tags(known) if config.heads.tagger else ()
    network = Network(encoder, config.heads, {t.name: t.labels for t in learnt}, names)
    preparer = Preparer(
        lambda texts: encoder.tokenizer.encode_batch(list(texts), add_special_tokens=False),
        encoder.layout,
        learnt,
        names,
    )
    return Run(config, network, split, preparer, learnt, known)


def _texts(data: Data, root: Path) -> Iterator[str]:
    """Every letter and text of the run's sets, folded as in serving."""
    folder = (root / data.folder).resolve()
    names = [*data.annotated, *data.boards, *data.texts, *data.crisis, *data.unlabelled]
    for name in dict.fromkeys(names):
        for number, row in enumerate(read_rows(folder, name)):
            yield View(to_letter({"id": f"{name} {number}", **row})).text


def _adapt(encoder: Encoder, texts: Sequence[str], config: Config) -> None:
    """Masked language modelling before the tasks, where the run asks for it."""
    if rounds := config.encoder.pretrain_epochs:
        loop = config.loop
        plan = Plan(epochs=rounds, batch=loop.batch, seed=loop.seed, threads=loop.threads)
        pretrain(encoder, texts, plan, lambda step, loss: _log.info("预训练 %d：%.3f", step, loss))


def vary(preparer: Preparer, lesson: Lesson, loop: Loop, rng: np.random.Generator) -> Prepared:
    """A lesson with what changes from round to round: named places, and which part is read."""
    letter = to_letter(lesson.row)
    if rng.random() < loop.unmask:
        letter = unmask(letter, rng)
    whole = preparer.prepare(lesson, letter)
    return shorten(whole, loop.max_tokens, rng)


def shorten(lesson: Prepared, limit: int, rng: np.random.Generator) -> Prepared:
    """At most so many pieces of a lesson: its beginning, and a run from a random place on.

    Whole windows are kept or left; signals of sentences that are left are left too. The first
    window and the first sentence, which is a window of its own where windows run over sentence
    ends, always stay.
    """
    sizes = np.array([len(w.ids) for w in lesson.windows])
    first = [0, *(i for i, w in enumerate(lesson.windows) if w.sentence >= 0)][:2]
    first = first[:1] if lesson.windows[0].sentence >= 0 else first
    if sizes.sum() <= limit or len(sizes) == len(first):
        return lesson
    rest = [i for i in range(len(sizes)) if i not in first]
    start = int(rng.integers(len(rest)))
    order = [*first, *rest[start:], *rest[:start]]
    within = np.cumsum(sizes[order]) <= limit
    kept = sorted({*first, *(i for i, fits in zip(order, within, strict=True) if fits)})
    sentences = sorted({w.sentence for i in kept if (w := lesson.windows[i]).sentence >= 0})
    place = {old: new for new, old in enumerate(sentences)}
    windows = [
        w._replace(sentence=place.get(w.sentence, -1)) for i in kept for w in [lesson.windows[i]]
    ]
    return Prepared(
        windows,
        lesson.weight,
        lesson.letter,
        {name: truth[sentences] for name, truth in lesson.sentences.items()},
        [lesson.tags[i] for i in kept] if lesson.tags else (),
    )


def logits(network: Network, prepared: Sequence[Prepared]) -> dict[str, np.ndarray]:
    """Letter logits of prepared letters: task to shape (letters, labels)."""
    found = [said.letters for said in predict(network, prepared)]
    return {name: np.concatenate([part[name].numpy() for part in found]) for name in found[0]}


def measure(
    network: Network, dev: Sequence[Prepared], lessons: Sequence[Lesson], learnt: Sequence[Task]
) -> Figures:
    """A few dev figures, uncalibrated, to watch a run by.

    Returns:
        "dev TASK" to accuracy (choice), quadratic kappa (scales) or micro-F1 (each).
    """
    said = logits(network, dev)
    figures: Figures = {}
    for task in (task for task in learnt if task.unit == "letter"):
        rows = [i for i, one in enumerate(dev) if task.name in one.letter]
        truth = np.stack([dev[i].letter[task.name] for i in rows]) if rows else None
        if truth is None or task.name == "convention":
            continue
        figures[f"dev {task.name}"] = figure(task, said[task.name][rows], truth)
    return figures


def figure(task: Task, said: np.ndarray, truth: np.ndarray) -> float:
    """The figure that suits a task, its answers cut at one half.

    Args:
        task: The head.
        said: Logits, shape (letters, labels).
        truth: What is right, of the same shape.

    Returns:
        Accuracy of a choice (macro-F1 of purpose), quadratic kappa of a scale, else micro-F1.
    """
    if task.kind == "choice":
        if task.name == "purpose":
            return float(f1_score(truth.argmax(1), said.argmax(1), average="macro"))
        return float((said.argmax(1) == truth.argmax(1)).mean())
    given = said > 0
    if task.name in {"urgency", "distress"}:
        levels = given.sum(1), truth.astype(int).sum(1)
        return float(cohen_kappa_score(*levels, weights="quadratic"))
    return float(2 * (given & (truth > 0)).sum() / max(given.sum() + truth.sum(), 1))
