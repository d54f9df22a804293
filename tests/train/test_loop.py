"""The training loop: what a seed gives, and that a kill changes nothing."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nlp.errors import OptionError
from nlp.train import loop
from nlp.train.config import Loop
from nlp.train.loop import CHECKPOINT, CURVES, Progress, fit
from nlp.train.losses import Aims, loss
from tests import toy_run
from tests.toy_run import LOOP

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """How the process keeps memory is left as it is."""
    monkeypatch.setattr(loop, "keep_memory", lambda: None)


def fitted(folder: Path, settings: Loop = LOOP) -> tuple[dict[str, Any], Progress]:
    """Weights and curve of a run from wherever the folder stands."""
    own = toy_run.run()
    progress = fit(own.network, toy_run.course(own, folder, settings))
    return own.network.state_dict(), progress


def killed(folder: Path) -> None:
    """A run that something ends."""
    with pytest.raises(KeyboardInterrupt):
        fitted(folder)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("killed_at", [1, 4, 5, 10])
def test_a_killed_run_ends_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Killed before the first checkpoint or after, the weights and the curve are the same."""
    whole, curve = fitted(tmp_path / "whole")
    count, step = 0, loop._step

    def until(*given: Any, **named: Any) -> float:
        nonlocal count
        if count == killed_at:
            raise KeyboardInterrupt
        count += 1
        return step(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_step", until)
        killed(tmp_path / "killed")
    assert (tmp_path / "killed" / CHECKPOINT).is_file() == (killed_at >= 4)
    again, resumed = fitted(tmp_path / "killed")
    assert same(whole, again)
    assert resumed == curve
    curves = [(tmp_path / name / CURVES).read_text("utf-8") for name in ("whole", "killed")]
    assert curves[0] == curves[1]


def test_a_kill_while_saving_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file is never taken for a checkpoint."""
    whole, _ = fitted(tmp_path / "whole")
    save: Any = torch.save

    def half(state: dict[str, Any], path: Path) -> None:
        save(state, path)
        if state["step"] > 4:
            path.write_bytes(path.read_bytes()[:-100])
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop.torch, "save", half)
        killed(tmp_path / "killed")
    assert torch.load(tmp_path / "killed" / CHECKPOINT, weights_only=True)["step"] == 4
    assert same(whole, fitted(tmp_path / "killed")[0])


def test_a_seed_decides_everything(tmp_path: Path) -> None:
    """The same seed gives the same weights, another seed others."""
    first, second = (fitted(tmp_path / name)[0] for name in "ab")
    other = fitted(tmp_path / "c", replace(LOOP, seed=1))[0]
    assert same(first, second)
    assert not same(first, other)


def test_the_loss_falls_and_the_curve_is_kept(tmp_path: Path) -> None:
    """The loss of all letters is less than before; one row a round with what dev said."""
    own = toy_run.run()
    lessons, aims = toy_run.prepared(own), Aims(own.learnt, {})

    def lost() -> float:
        with torch.no_grad():
            own.network.eval()
            return float(loss(own.network, lessons, aims, drop=0.0, smoothing=0.0))

    before = lost()
    settings = replace(LOOP, epochs=12, piece_dropout=0.0)
    progress = fit(own.network, toy_run.course(own, tmp_path / "run", settings))
    assert lost() < 0.6 * before
    rows = list(csv.DictReader((tmp_path / "run" / CURVES).read_text("utf-8").splitlines()))
    ends = [row for row in rows if row["dev x"]]
    assert [float(row["epoch"]) for row in ends] == list(range(1, 13))
    losses = [float(row["loss"]) for row in rows]
    assert losses == [round(row["loss"], 5) for row in progress.curve]
    assert [row["dev x"] for row in ends] == ["0.5"] * 12


def test_a_round_has_every_letter_once(tmp_path: Path) -> None:
    """Each round has another order; what is left over by a batch changes from round to round."""
    course = toy_run.course(toy_run.run(), tmp_path)
    rounds = [[i for batch in loop._order(course, epoch) for i in batch] for epoch in range(3)]
    assert all(sorted(order) == list(range(16)) for order in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    odd = toy_run.course(toy_run.run(), tmp_path, replace(LOOP, batch=5))
    left = [set(range(16)) - set(np.ravel(loop._order(odd, epoch))) for epoch in range(12)]
    assert all(len(one) == 1 for one in left)
    assert len(set.union(*left)) > 1


def test_an_unfinished_run_is_refused_when_it_must_be_whole(tmp_path: Path) -> None:
    """Nothing is trained; a finished one is opened as it is."""
    short = replace(LOOP, epochs=1)
    fitted(tmp_path / "run", short)
    own = toy_run.run()
    before = {name: value.clone() for name, value in own.network.state_dict().items()}
    with pytest.raises(OptionError, match="第 0 步，共 12 步"):
        fit(own.network, toy_run.course(own, tmp_path / "none"), go_on=False)
    assert same(before, own.network.state_dict())
    with pytest.raises(OptionError, match="第 4 步，共 12 步") as caught:
        fit(own.network, toy_run.course(own, tmp_path / "run"), go_on=False)
    assert caught.value.remedy
    weights = torch.load(tmp_path / "run" / CHECKPOINT, weights_only=True)["network"]
    fit(own.network, toy_run.course(own, tmp_path / "run", short), go_on=False)
    assert same(weights, own.network.state_dict())


def test_fewer_letters_than_a_batch_are_refused(tmp_path: Path) -> None:
    """There would be no step."""
    own = toy_run.run()
    with pytest.raises(OptionError, match="不够一批"):
        fit(own.network, toy_run.course(own, tmp_path, replace(LOOP, batch=17)))


@pytest.mark.parametrize("harm", ["broken", "other", "empty"])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path: Path, harm: str) -> None:
    """A broken file, one of another network, and one of something else are named."""
    fitted(tmp_path / "run", replace(LOOP, epochs=1))
    path = tmp_path / "run" / CHECKPOINT
    if harm == "broken":
        path.write_bytes(path.read_bytes()[:-3000])
    if harm == "empty":
        torch.save({}, path)
    heads = replace(toy_run.HEADS, hidden=8) if harm == "other" else toy_run.HEADS
    own = toy_run.run(heads=heads)
    with pytest.raises(OptionError, match="检查点") as caught:
        fit(own.network, toy_run.course(own, tmp_path / "run"))
    assert (caught.value.where, bool(caught.value.remedy)) == (str(path), True)


def test_the_rate_rises_and_falls() -> None:
    """From nought in a line to the peak, then down, never to nothing."""
    rates = [loop._rate(i / 100, 0.1) for i in range(100)]
    assert (rates[0], rates[5], rates[10]) == (0.0, 0.5, 1.0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == loop.FINAL_RATE
    assert loop._rate(0.0, 0.0) == 1.0
