"""Training runs small enough for a test: every task, invented letters, a random encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from nlp import labels
from nlp.train.config import Config, Data, EncoderConfig, Heads, Loop
from nlp.train.corpus import Lesson, Prepared, Split
from nlp.train.finetune import Run, assemble, vary
from nlp.train.loop import Course
from nlp.train.losses import Aims
from tests import toy_training
from tests.toy_encoder import ToyEncoder

KNOWN = labels.load()
HEADS = Heads(gates=2, gate_width=4, peak=4, hidden=16, tagger=8, dropout=0.2)
LOOP = Loop(epochs=3, batch=4, threads=1, max_tokens=60, rate=5e-3, encoder_rate=5e-3)


def lessons(count: int) -> list[Lesson]:
    """Letters of every kind in turn: annotated, of an archive, and short with a danger."""
    gold, boards = toy_training.gold_rows(), toy_training.board_rows()
    found: list[Lesson] = []
    for i in range(count):
        said = "我们停水，我不想活了。"
        short = {"id": f"s{i}", "title": "", "body": said, "only": "signal"}
        signal = {"type": KNOWN.crisis_types[0].name, "quote": said}
        board = {**boards[i], "board": boards[i]["category_l1"]}
        of_kind = [gold[i % len(gold)], board, gold[(i + 1) % len(gold)]]
        row = [*of_kind, {**short, "crisis": [signal]}][i % 4]
        found.append(Lesson(row, "toy", 1.0))
    return found


def run(*, by_sentence: bool = True, seed: int = 7, heads: Heads = HEADS) -> Run:
    """An untrained run over sixteen letters, always the same for a seed."""
    config = Config(
        name="样",
        data=Data(folder=".", annotated={"toy": 1.0}),
        encoder=EncoderConfig(kind="scratch"),
        heads=heads,
        loop=LOOP,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = ToyEncoder(by_sentence=by_sentence)
        return assemble(config, encoder, Split(lessons(16), [], []), KNOWN)


def prepared(own: Run, chosen: Sequence[Lesson] | None = None) -> list[Prepared]:
    """Letters as the network reads them."""
    return [own.preparer.prepare(one) for one in chosen or own.split.train]


def course(own: Run, folder: Path, settings: Loop = LOOP) -> Course:
    """What ``fit`` goes through: every letter, parts of it at random."""

    def prepare(one: Lesson, rng: np.random.Generator) -> Prepared:
        return vary(own.preparer, one, settings, rng)

    folder.mkdir(exist_ok=True)
    aims = Aims(own.learnt, {})
    return Course(own.split.train, prepare, aims, lambda _: {"dev x": 0.5}, settings, folder)
