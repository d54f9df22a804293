"""Pre-training: an encoder learns to guess hidden pieces, the same with the same seed."""

from typing import Any

import numpy as np
import pytest
import torch

from nlp.train import pretrain as module
from nlp.train.config import EncoderConfig
from nlp.train.encoders import Encoder, build
from nlp.train.encoders.scratch import BEGIN, BLANK
from nlp.train.pretrain import SHORTEST, Plan, batches, hide, pretrain, runs

PLACES = ("青禾", "柳溪", "云台", "白石")
MATTERS = ("小区停电三天了，物业一直不管。", "工厂半夜排放废气，气味刺鼻。", "单位拖欠工资半年。")
TEXTS = [f"我住在{place}。{matter}请尽快处理。" for place in PLACES for matter in MATTERS] * 4
PLAN = Plan(epochs=10, batch=16, rate=5e-3, threads=1)


@pytest.fixture
def encoder() -> Encoder:
    """A tiny untrained encoder."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"width": 32, "layers": 1, "attention": 2, "pieces": 400, "window": 16}
    return build(EncoderConfig(kind="scratch", **sizes), TEXTS)


@pytest.mark.parametrize("full", [module.FULL, 100])
def test_the_loss_falls(encoder: Encoder, monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    """Guesses get better, against the whole vocabulary and against a sample of it."""
    monkeypatch.setattr(module, "FULL", full)
    monkeypatch.setattr(module, "SAMPLE", 64)
    told: list[tuple[int, float]] = []
    losses = pretrain(encoder, TEXTS, PLAN, lambda step, loss: told.append((step, loss)))
    assert np.mean(losses[-6:]) < 0.6 * np.mean(losses[:3])
    assert told == list(enumerate(losses, 1))
    assert not encoder.training


def test_a_seed_decides_everything(encoder: Encoder) -> None:
    """The same seed gives the same losses, another seed others."""
    start = {name: value.clone() for name, value in encoder.state_dict().items()}
    first = []
    for seed in (1, 1, 2):
        encoder.load_state_dict(start)
        first.append(pretrain(encoder, TEXTS, Plan(epochs=1, batch=16, seed=seed, threads=1)))
    assert first[0] == first[1] != first[2]


def test_runs_hold_every_piece_once(encoder: Encoder) -> None:
    """A long text becomes runs that fill windows; only a short rest is left out."""
    text = "".join(TEXTS[:9])
    wanted = encoder.tokenizer.encode(text, add_special_tokens=False).ids
    found = runs(encoder, [text, "", "。"])
    assert all(len(ids) == encoder.window - 1 for ids in found[:-1])
    joined = np.concatenate(found).tolist()
    assert wanted[: len(joined)] == joined
    assert len(wanted) - len(joined) < SHORTEST
    order = np.concatenate(list(batches(found, 3, np.random.default_rng(0))))
    assert sorted(order.tolist()) == list(range(len(found)))


def test_some_pieces_are_hidden(encoder: Encoder) -> None:
    """15 % are to be guessed, four of five blanked; begin and padding never are."""
    chosen = [np.full(200, 300)] * 40 + [np.full(20, 300)]
    ids, mask, wanted = hide(encoder, chosen, np.random.default_rng(0))
    asked = wanted >= 0
    assert asked.sum() == 40 * 30 + 3
    assert (wanted[asked] == 300).all()
    assert float((ids[asked] == BLANK).float().mean()) == pytest.approx(0.8, abs=0.04)
    assert float((ids[asked] == 300).float().mean()) == pytest.approx(0.1, abs=0.03)
    assert (ids[:, 0] == BEGIN).all()
    assert not (asked & (mask == 0)).any()
    assert not asked[:, 0].any()
    assert (ids[~asked & (mask > 0)][1:] != BLANK).all()


def test_no_texts_no_training(encoder: Encoder) -> None:
    """Nothing to read is no error: there are no losses."""
    assert pretrain(encoder, ["", "。"], PLAN) == []
