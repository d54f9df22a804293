"""A small random encoder that keeps the contract, and bundles exported from it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tokenizers import Tokenizer, models
from torch import Tensor, nn

from nlp import bundle
from nlp.bundle import Bundle
from nlp.letter import Letter
from nlp.text import View
from nlp.train.config import Heads
from nlp.train.encoders import Encoder
from nlp.train.export_onnx import FILES, export
from nlp.train.network import Network

WIDTH, SUMMARY = 64, 16
SPECIAL = ("<unk>", "<s>", "</s>")
SIGNS = (
    "我们小区停水三天了没有人管。请尽快处理！谢路灯坏局长收钱学校房子塌市民热线电话，？1234567890"
)
HEADS: Mapping[str, tuple[str, ...]] = {
    "category": ("城建", "交通", "教育"),
    "urgency": ("1", "2"),
    "crisis": ("自伤",),
}
TAGS = ("O", "when", "where")
SIZES = Heads(gates=2, gate_width=8, peak=8, hidden=80, tagger=64)


class ToyEncoder(Encoder):
    """One look-up and one convolution over three pieces.

    Args:
        by_sentence: As in ``Encoder``; else windows hold 64 pieces with a begin and an end.
    """

    def __init__(self, *, by_sentence: bool) -> None:
        super().__init__()
        names = [*SPECIAL, *dict.fromkeys(SIGNS)]
        vocabulary = {name: number for number, name in enumerate(names)}
        self.tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=SPECIAL[0]))
        self.width, self.summary_width = WIDTH, SUMMARY
        self.by_sentence, self.window = by_sentence, 0 if by_sentence else 64
        self.begin, self.end, self.unknown = ((), (), 0) if by_sentence else ((1,), (2,), 0)
        self.embedding = nn.Embedding(len(names) + 30, WIDTH)
        self.enter = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.mix = nn.Linear(3 * WIDTH, WIDTH)
        self.short = nn.Linear(WIDTH, SUMMARY)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of pieces: see ``Encoder``."""
        here = self.norm(self.enter(self.embedding(ids))) * mask[:, :, None]
        length = here.shape[1]
        padded = nn.functional.pad(here, (0, 0, 1, 1))
        spans = [padded[:, i : i + length] for i in range(3)]
        return torch.relu(self.mix(torch.cat(spans, dim=2))) + here

    def summarise(self, total: Tensor, count: Tensor) -> Tensor:
        """One vector for a text: see ``Encoder``."""
        return torch.tanh(self.short(total / count))


def network(*, by_sentence: bool = True) -> Network:
    """A network of random weights, always the same."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        made = Network(ToyEncoder(by_sentence=by_sentence), SIZES, HEADS, TAGS)
    return made.eval()


def views(*bodies: str) -> list[View]:
    """Letters without a title."""
    return [View(Letter(str(i), "", body)) for i, body in enumerate(bodies)]


SAMPLE = views(
    "我们小区停水三天了，没有人管。请尽快处理！谢谢",
    "路灯坏了。局长收钱？学校房子塌了！市民热线电话1234567890",
    "请尽快处理我们学校停水三天了没有人管房子路灯坏了谢谢市民",
    *("我们小区停水三天了没有人管。" * n for n in (1, 2, 5)),
)


@cache
def exported(*, by_sentence: bool, precision: str) -> tuple[Mapping[str, bytes], dict[str, Any]]:
    """The files of an export of the toy network, and what it measured; made once a process."""
    made = network(by_sentence=by_sentence)
    with TemporaryDirectory() as name:
        folder = Path(name)
        told = export(made, folder, precision=precision, views=SAMPLE, limit=0.05)
        return {file: (folder / file).read_bytes() for file in FILES}, told


def bundle_at(folder: Path, *, by_sentence: bool, precision: str) -> Bundle:
    """A bundle of the toy network."""
    files, told = exported(by_sentence=by_sentence, precision=precision)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest = {
        "name": "样", "version": "1", "kind": "encoder", "tags": list(TAGS),
        "layout": told["layout"], "unit_heads": {head: list(own) for head, own in HEADS.items()},
    }  # fmt: skip
    return bundle.write(folder, manifest, FILES)
