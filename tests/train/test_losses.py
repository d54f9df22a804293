"""Reading letters in torch, and the loss: what is not known costs nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nlp.train.corpus import Prepared
from nlp.train.finetune import Run, shorten
from nlp.train.losses import TAGS, Aims, loss, predict, read
from nlp.train.tasks import SENTENCE_DISTRESS, SIGNAL
from tests import toy_run


@pytest.fixture(scope="module", params=[True, False], ids=["sentences", "overlapping"])
def own(request: pytest.FixtureRequest) -> Run:
    """An untrained run without chance: no dropout."""
    made = toy_run.run(by_sentence=request.param)
    made.network.eval()
    return made


def lost(own: Run, lessons: Sequence[Prepared], **weights: float) -> Tensor:
    """The loss of letters, without dropped pieces."""
    aims = Aims(own.learnt, weights)
    return loss(own.network, lessons, aims, drop=0.0, smoothing=0.0)


def number(given: Tensor) -> float:
    """A loss as a number."""
    return float(given.detach())


def test_neighbours_do_not_matter(own: Run) -> None:
    """A letter is read the same alone and in a batch; its sentences follow each other."""
    lessons = toy_run.prepared(own)
    (together,) = predict(own.network, lessons)
    assert together.owner.tolist() == sorted(together.owner.tolist())
    for i, alone in enumerate(predict(own.network, lessons, size=1)):
        for name, rows in alone.letters.items():
            torch.testing.assert_close(rows[0], together.letters[name][i], atol=1e-5, rtol=1e-4)
            mine = together.sentences[name][together.owner == i]
            torch.testing.assert_close(alone.sentences[name], mine, atol=1e-5, rtol=1e-4)


def test_the_loss_is_a_mean_of_letters(own: Run) -> None:
    """Whatever each letter knows: the loss of a batch is the mean of the letters' own."""
    lessons = toy_run.prepared(own)
    single = [number(lost(own, [one], **{TAGS: 0.0})) for one in lessons]
    assert number(lost(own, lessons, **{TAGS: 0.0})) == pytest.approx(np.mean(single), rel=1e-4)
    assert min(single) > 0


def test_what_is_not_known_is_not_learnt(own: Run) -> None:
    """A letter of an archive moves the heads of its board alone; a weight of nought moves none."""
    board = toy_run.prepared(own)[1]
    assert moved(own, [board]) == {"board", "convention"}
    assert moved(own, [board], board=0.0) == {"convention"}
    short = toy_run.prepared(own)[3]
    assert moved(own, [short]) == {SIGNAL}
    gold = toy_run.prepared(own)[0]
    assert moved(own, [gold]) == {task.name for task in own.learnt} - {"board"}
    assert SENTENCE_DISTRESS not in moved(own, [gold], **{SENTENCE_DISTRESS: 0.0})


def moved(own: Run, lessons: Sequence[Prepared], **weights: float) -> set[str]:
    """Heads whose last layer gets a gradient."""
    own.network.zero_grad()
    lost(own, lessons, **weights).backward()
    leave: Any = own.network.units.leave
    parts = leave.weight.grad.split(list(own.network.sizes.values()))
    return {name for name, part in zip(own.network.sizes, parts, strict=True) if part.abs().sum()}


def test_a_letter_counts_by_its_weight(own: Run) -> None:
    """Half the weight, half the loss: of what is said of letter, sentences and pieces."""
    for one in toy_run.prepared(own):
        half = replace(one, weight=0.5 * one.weight)
        assert number(lost(own, [half])) == pytest.approx(0.5 * number(lost(own, [one])), rel=1e-5)


def test_distress_is_that_of_the_worst_sentence(own: Run) -> None:
    """Only the sentences that reach highest are told what the letter's distress is."""
    gold = toy_run.prepared(own)[0]
    said = read(own.network, gold.windows, 1)
    top = said.sentences[SENTENCE_DISTRESS].max(dim=0).values
    truth = torch.from_numpy(gold.letter["distress"])
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(top, truth, reduction="sum") / 2
    off = {task.name: 0.0 for task in own.learnt if task.name != SENTENCE_DISTRESS}
    assert number(lost(own, [gold], **off, **{TAGS: 0.0})) == pytest.approx(
        number(wanted), rel=1e-5
    )


def test_quotes_teach_the_tagger(own: Run) -> None:
    """A letter whose quotes are known has a loss of tags, one without has none."""
    off = {task.name: 0.0 for task in own.learnt}
    gold, board = toy_run.prepared(own)[:2]
    assert number(lost(own, [gold], **off)) > 0
    assert number(lost(own, [board], **off)) == 0
    assert number(lost(own, [gold, board], **off)) == pytest.approx(
        number(lost(own, [gold], **off)) / 2, rel=1e-4
    )
    assert any(target.any() for target in gold.tags)


def test_a_shortened_letter_has_a_loss(own: Run) -> None:
    """However little of a letter is read, the loss and its gradient are numbers."""
    rng = np.random.default_rng(0)
    for one in toy_run.prepared(own):
        for limit in (1, 70):
            own.network.zero_grad()
            found = lost(own, [shorten(one, limit, rng)])
            found.backward()
            assert torch.isfinite(found)
            grads = [p.grad for p in own.network.parameters() if p.grad is not None]
            assert all(bool(torch.isfinite(grad).all()) for grad in grads)


def test_dropped_pieces_are_unknown(own: Run) -> None:
    """With all dropped, every letter of one length is the same letter."""
    gold = toy_run.prepared(own)[0]
    swapped = [w._replace(ids=np.where(w.starts >= 0, 5, w.ids)) for w in gold.windows]
    one, other = (
        read(own.network, windows, 1, drop=1.0).letters["category"]
        for windows in (gold.windows, swapped)
    )
    torch.testing.assert_close(one, other)
    plain = read(own.network, gold.windows, 1).letters["category"]
    assert not torch.allclose(one, plain)
