"""Encoders behind one contract: pieces in, one state a piece out; chosen by name in the TOML.

Each kind has a module with ``build(config, texts)``; everything after it (heads, training,
export, serving) is the same for all of them.
"""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor, nn

from nlp.score.windows import Layout
from nlp.train.config import EncoderConfig

KINDS = ("use", "hf", "scratch")


class Encoder(nn.Module):
    """What the heads need of an encoder.

    Attributes:
        tokenizer: Text to pieces with offsets; saved as ``tokenizer.json``.
        width: Size of a piece's state.
        summary_width: Size of what ``summarise`` gives.
        window: Pieces that one window may hold; 0 for no limit.
        by_sentence: True when context never crosses the end of a sentence, so that the windows
            of a letter are its sentences; else windows run over sentence ends and overlap, and
            sentences are read once more by themselves.
        begin: Pieces set before each window.
        end: Pieces set after each window.
        unknown: The piece that stands for an unknown one.
        blank: The piece that stands for a hidden one when pre-training.
    """

    tokenizer: Tokenizer
    width: int
    summary_width: int
    window: int
    by_sentence: bool
    begin: tuple[int, ...]
    end: tuple[int, ...]
    unknown: int
    blank: int

    @property
    def layout(self) -> Layout:
        """How its windows are cut."""
        return Layout(self.window, self.by_sentence, self.begin, self.end, self.unknown)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of pieces.

        Args:
            ids: Piece numbers, shape (windows, pieces), int64.
            mask: 1 where a piece stands, 0 for padding, shape (windows, pieces), float32.

        Returns:
            Shape (windows, pieces, width); padding holds anything.
        """
        raise NotImplementedError

    def summarise(self, total: Tensor, count: Tensor) -> Tensor:
        """One vector for a text from the sum of its states.

        Args:
            total: Sum of the states of its pieces, shape (texts, width).
            count: How many pieces, shape (texts, 1).

        Returns:
            Shape (texts, summary_width).
        """
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write what another training run could start from; nothing unless a kind has a use."""


def build(config: EncoderConfig, texts: Iterable[str]) -> Encoder:
    """Make the encoder that a run asks for.

    Args:
        config: The [encoder] table.
        texts: Letters to fit the vocabulary to; read only by kinds that prune or learn one.

    Raises:
        PetitionError: Its source is missing.
    """
    module: Any = importlib.import_module(f"nlp.train.encoders.{config.kind}")
    return module.build(config, texts)
