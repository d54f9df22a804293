"""Masked language modelling: an encoder learns to guess hidden pieces of letters (Devlin 2018).

For an encoder that starts from nothing, and to bring a ready one nearer to petitions before the
tasks. What predicts the pieces is thrown away.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlp.train.encoders import Encoder

HIDDEN, BLANKED, SWAPPED = 0.15, 0.8, 0.1
"""Share of pieces to guess; of these, shares that are blanked and swapped, the rest stay."""
USUAL_ROOM, SHORTEST = 128, 4
"""Pieces of a run where the encoder has no limit; a shorter run than the second is left out."""
WARMUP, DECAY, CLIP = 0.1, 0.01, 1.0
FULL, SAMPLE = 32_768, 8_192
"""A vocabulary above the first is guessed against a sample of it."""
_POOL, _READ = 32, 512
Ints = NDArray[np.int64]
Log = Callable[[int, float], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to pre-train.

    Attributes:
        epochs: Rounds over the texts.
        batch: Runs of pieces a step.
        rate: Peak learning rate.
        seed: Of everything random.
        threads: CPU threads.
    """

    epochs: int
    batch: int = 32
    rate: float = 5e-4
    seed: int = 0
    threads: int = 2


def pretrain(
    encoder: Encoder, texts: Iterable[str], plan: Plan, log: Log | None = None
) -> list[float]:
    """Train ``encoder`` in place.

    Args:
        encoder: Any encoder.
        texts: Letters, folded as in serving.
        plan: How.
        log: Told the step, from 1, and its loss.

    Returns:
        The loss of each step; empty when the texts give no run of pieces.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    chance = np.random.default_rng(plan.seed)
    found = runs(encoder, texts)
    steps = plan.epochs * -(-len(found) // plan.batch)
    if not steps:
        return []
    guesser = Guesser(encoder)
    fitted = torch.optim.AdamW(guesser.parameters(), plan.rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        fitted, plan.rate, total_steps=steps + 1, pct_start=WARMUP, cycle_momentum=False
    )
    losses: list[float] = []
    guesser.train()
    for _ in range(plan.epochs):
        for chosen in batches(found, plan.batch, chance):
            loss = guesser(*hide(encoder, [found[i] for i in chosen], chance))
            fitted.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(guesser.parameters(), CLIP)
            fitted.step()
            schedule.step()
            losses.append(loss.item())
            if log:
                log(len(losses), losses[-1])
    encoder.eval()
    return losses


def runs(encoder: Encoder, texts: Iterable[str]) -> list[Ints]:
    """Texts as runs of pieces that fit a window, one after the other."""
    marks = len(encoder.begin) + len(encoder.end)
    room = encoder.window - marks if encoder.window else USUAL_ROOM
    rest, found = iter(texts), []
    while some := list(islice(rest, _READ)):
        for text in encoder.tokenizer.encode_batch_fast(some, add_special_tokens=False):
            ids = np.array(text.ids, np.int64)
            found += [ids[i : i + room] for i in range(0, len(ids), room)]
    return [ids for ids in found if len(ids) >= SHORTEST]


def batches(found: Sequence[Ints], size: int, chance: Generator) -> Iterator[Ints]:
    """Every run once, in random order, those of about one length together."""
    order = chance.permutation(len(found))
    lengths = np.array([len(ids) for ids in found])
    pools = [order[i : i + size * _POOL] for i in range(0, len(order), size * _POOL)]
    pools = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    parts = [pool[i : i + size] for pool in pools for i in range(0, len(pool), size)]
    for i in chance.permutation(len(parts)):
        yield parts[i]


def hide(
    encoder: Encoder, chosen: Sequence[Ints], chance: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """One batch with pieces to guess.

    Returns:
        Piece numbers after hiding and mask, each of shape (runs, pieces), and the pieces to
        guess, of the same shape, -1 where there is nothing to guess.
    """
    before, after = len(encoder.begin), len(encoder.end)
    shape = (len(chosen), max(map(len, chosen)) + before + after)
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    wanted = np.full(shape, -1)
    for row, run in enumerate(chosen):
        full = np.concatenate([encoder.begin, run, encoder.end]).astype(np.int64)
        ids[row, : len(full)], mask[row, : len(full)] = full, 1
        count = max(1, round(HIDDEN * len(run)))
        places = before + chance.choice(len(run), count, replace=False)
        wanted[row, places] = ids[row, places]
        fate = chance.random(count)
        other = chance.integers(encoder.tokenizer.get_vocab_size(), size=count)
        swapped = np.where(fate < BLANKED + SWAPPED, other, ids[row, places])
        ids[row, places] = np.where(fate < BLANKED, encoder.blank, swapped)
    return torch.tensor(ids), torch.tensor(mask), torch.tensor(wanted)


class Guesser(nn.Module):
    """An encoder and what guesses pieces from its states, tied to its own embeddings.

    Args:
        encoder: Has its pieces in its largest ``nn.Embedding``.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        tables = (part for part in encoder.modules() if isinstance(part, nn.Embedding))
        self.encoder = encoder
        self.table = max(tables, key=lambda table: table.num_embeddings)
        width = self.table.embedding_dim
        self.view = nn.Sequential(nn.Linear(encoder.width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(self.table.num_embeddings))
        spread = float(self.table.weight.detach().std()) * width**0.5
        self.scale = nn.Parameter(torch.tensor(1 / spread))

    def forward(self, ids: Tensor, mask: Tensor, wanted: Tensor) -> Tensor:
        """Mean loss of the guesses: see ``hide``."""
        states = self.encoder(ids, mask)[wanted >= 0]
        truth = wanted[wanted >= 0]
        table, bias = self.table.weight, self.bias
        if len(table) > FULL:
            rivals = torch.cat([truth, torch.randint(len(table), (SAMPLE,))])
            among, place = rivals.unique(return_inverse=True)
            table, bias, truth = table[among], bias[among], place[: len(truth)]
        return functional.cross_entropy(self.scale * (self.view(states) @ table.T) + bias, truth)
