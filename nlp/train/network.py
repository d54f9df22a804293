"""Heads over an encoder: pools that add up over windows, then one network for letter and sentence.

A window gives sums of its piece states: the plain sum, and one sum for each gate, weighted by how
much the gate attends to a piece. Sums of windows add up, so a letter of any length is read whole;
a sentence is a unit with one window. Units become logits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlp.train.config import Heads
from nlp.train.encoders import Encoder

REACH = 4.0
"""A gate's logit stays within this, so that no piece can drown all others."""
DILATIONS = (1, 2, 4)


@dataclass(frozen=True)
class Pools:
    """What windows, or the units made of them, give.

    Attributes:
        sums: Weighted sums of piece states, the plain one first; shape (n, 1 + gates, width).
        weights: The weights' sums, shape (n, 1 + gates); the first counts pieces.
        peak: Features at their highest over the windows, shape (n, peak).
    """

    sums: Tensor
    weights: Tensor
    peak: Tensor

    def take(self, rows: Tensor) -> "Pools":
        """Some of the rows."""
        return Pools(self.sums[rows], self.weights[rows], self.peak[rows])

    def units(self, owner: Tensor, count: int) -> "Pools":
        """Join windows into units.

        Args:
            owner: Unit of each window, shape (n,).
            count: How many units; each has a window.

        Returns:
            Pools of the units.
        """
        sums = self.sums.new_zeros(count, *self.sums.shape[1:]).index_add(0, owner, self.sums)
        weights = self.weights.new_zeros(count, self.weights.shape[1])
        weights = weights.index_add(0, owner, self.weights)
        lowest = self.peak.new_full((count, self.peak.shape[1]), -torch.inf)
        index = owner[:, None].expand_as(self.peak)
        return Pools(sums, weights, lowest.scatter_reduce(0, index, self.peak, "amax"))


class Windows(nn.Module):
    """From pieces of windows to pools and tag logits; becomes ``encoder.onnx``.

    Args:
        encoder: The encoder.
        config: Sizes.
        tags: Number of tags; 0 for none.
    """

    def __init__(self, encoder: Encoder, config: Heads, tags: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.gate = nn.Linear(encoder.width, config.gates)
        self.peak = nn.Linear(encoder.width, config.peak)
        self.tagger = Tagger(encoder.width, config.tagger, tags) if tags and config.tagger else None

    def forward(self, ids: Tensor, mask: Tensor, share: Tensor) -> tuple[Tensor, ...]:
        """Read windows.

        Args:
            ids: Piece numbers, shape (windows, pieces), int64.
            mask: 1 where a piece stands, shape (windows, pieces), float32.
            share: What of a piece counts, so that one that stands in two overlapping windows
                counts once; shape (windows, pieces), float32.

        Returns:
            ``sums``, ``weights`` and ``peak`` of ``Pools``, and tag logits of shape
            (windows, pieces, tags) when there is a tagger.
        """
        states = self.encoder(ids, mask)
        gates = torch.exp(REACH * torch.tanh(self.gate(states) / REACH))
        weight = torch.cat([torch.ones_like(gates[:, :, :1]), gates], dim=2) * share[:, :, None]
        sums = weight.transpose(1, 2) @ states
        weights = weight.sum(dim=1)
        mean = sums[:, 0] / weights[:, :1].clamp_min(1)
        pooled = (sums, weights, F.gelu(self.peak(mean)))
        return pooled if self.tagger is None else (*pooled, self.tagger(states, mask))


class Tagger(nn.Module):
    """Dilated convolutions over piece states (Strubell et al. 2017), one logit a tag.

    Args:
        width: Size of a state.
        inner: Width of the convolutions.
        tags: Number of tags.
    """

    def __init__(self, width: int, inner: int, tags: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, inner)
        self.steps = nn.ModuleList(nn.Linear(3 * inner, inner) for _ in DILATIONS)
        self.leave = nn.Linear(inner, tags)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Tag logits, shape (windows, pieces, tags)."""
        here = mask[:, :, None]
        inner = F.gelu(self.enter(states)) * here
        for dilation, step in zip(DILATIONS, self.steps, strict=True):
            length = inner.shape[1]
            padded = F.pad(inner, (0, 0, dilation, dilation))
            spans = [padded[:, i * dilation : i * dilation + length] for i in range(3)]
            inner = (inner + F.gelu(step(torch.cat(spans, dim=2)))) * here
        return self.leave(inner)


class Units(nn.Module):
    """From pools of a letter or a sentence to logits; becomes ``heads.onnx``.

    Args:
        encoder: For its summary of a text.
        config: Sizes.
        heads: Head to its labels, in the order of the logits.
    """

    def __init__(self, encoder: Encoder, config: Heads, heads: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.summarise = encoder.summarise
        self.views = nn.ModuleList(
            nn.Linear(encoder.width, config.gate_width) for _ in range(config.gates)
        )
        width = encoder.summary_width
        self.shared = nn.Linear(
            width + config.peak + config.gates * config.gate_width, config.hidden
        )
        self.drop = nn.Dropout(config.dropout)
        self.leave = nn.Linear(config.hidden + width, sum(map(len, heads.values())))

    def forward(self, sums: Tensor, weights: Tensor, peak: Tensor) -> Tensor:
        """Logits of every head side by side, shape (units, labels)."""
        summary = self.summarise(sums[:, 0], weights[:, :1])
        means = sums[:, 1:] / weights[:, 1:, None]
        seen = [view(means[:, i]) for i, view in enumerate(self.views)]
        hidden = F.gelu(self.shared(self.drop(torch.cat([summary, peak, *seen], dim=1))))
        return self.leave(self.drop(torch.cat([hidden, summary], dim=1)))


class Network(nn.Module):
    """Encoder, window pools and heads in one trainable whole.

    Args:
        encoder: The encoder.
        config: Sizes.
        heads: Head to its labels.
        tags: Names of the tags.
    """

    def __init__(
        self,
        encoder: Encoder,
        config: Heads,
        heads: Mapping[str, Sequence[str]],
        tags: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.windows = Windows(encoder, config, len(tags))
        self.units = Units(encoder, config, heads)
        self.sizes = {name: len(labels) for name, labels in heads.items()}

    @property
    def encoder(self) -> Encoder:
        """The encoder."""
        return self.windows.encoder

    def logits(self, pools: Pools) -> dict[str, Tensor]:
        """Head name to logits of shape (units, labels)."""
        flat = self.units(pools.sums, pools.weights, pools.peak)
        parts = flat.split(list(self.sizes.values()), dim=1)
        return dict(zip(self.sizes, parts, strict=True))
