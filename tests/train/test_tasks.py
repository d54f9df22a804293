"""Tasks: targets of letters and pieces, and the loss of a head."""

from typing import Any

import numpy as np
import pytest
import torch

from nlp import labels
from nlp.decisions import check_heads
from nlp.errors import PetitionError
from nlp.fields import FINDERS
from nlp.train.tasks import Task, letter_targets, tag_targets, tags, tasks
from tests import toy_training

KNOWN = labels.load()
TASKS = {task.name: task for task in tasks(KNOWN)}
GOLD = toy_training.gold_rows()[1]


def said(targets: Any, name: str) -> list[str]:
    """Labels that a target calls right."""
    return [label for label, right in zip(TASKS[name].labels, targets[name], strict=True) if right]


def test_the_heads_are_those_that_serving_wants() -> None:
    """Letter heads fit the labels, in the order that reports are written in."""
    heads = {task.name: task.labels for task in TASKS.values() if task.unit == "letter"}
    nothing: Any = None
    check_heads(nothing, heads, KNOWN)


def test_an_annotation_teaches_every_task() -> None:
    """One label of a choice, each level up to the letter's, every name of a list."""
    targets = letter_targets({**GOLD, "crisis": [{"type": "自杀自伤"}]}, tuple(TASKS.values()))
    letter = {task.name for task in TASKS.values() if task.unit == "letter"}
    assert set(targets) == letter - {"board"}
    assert said(targets, "category") == [GOLD["category_l1"]]
    assert said(targets, "category_l2") == [f"{GOLD['category_l1']}/{GOLD['category_l2']}"]
    assert said(targets, "convention") == []
    assert said(targets, "urgency") == ["1", "2"]
    assert set(said(targets, "flags")) == set(GOLD["flags"])
    assert said(targets, "crisis") == ["自杀自伤"]
    assert all(target.dtype == np.float32 for target in targets.values())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"category_l1": "种花"}, "没有 category 的标签"),
    ({"category_l2": "种花"}, "没有 category_l2 的标签"),
    ({"purpose": "聊天"}, "没有 purpose 的标签"),
    ({"flags": ["种花"]}, "没有 flags 的标签"),
    ({"crisis": [{"type": "种花"}]}, "没有 crisis 的标签"),
    ({"urgency": None}, "缺少或写错了"),
    ({"crisis": [{}]}, "缺少或写错了 'type'"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG, ids=[text for _, text in WRONG])
def test_an_annotation_by_other_labels_is_refused(changed: dict[str, Any], message: str) -> None:
    """A label that is not known, or a key that lacks, is named with its letter."""
    with pytest.raises(PetitionError, match=message) as caught:
        letter_targets({**GOLD, **changed}, tuple(TASKS.values()))
    assert caught.value.where == GOLD["id"]


def test_a_missing_key_is_named() -> None:
    """A letter without its purpose."""
    row = {key: value for key, value in GOLD.items() if key != "purpose"}
    with pytest.raises(PetitionError, match="缺少或写错了 'purpose'"):
        letter_targets(row, tuple(TASKS.values()))


def test_tags_are_those_of_the_fields() -> None:
    """Two for each field that a report has, by the key that quotes are annotated under."""
    assert tags(KNOWN) == tuple(f"{k}/{p}" for k in FINDERS for p in ("inside", "begin"))
    assert set(GOLD["fields"]) == set(FINDERS)


def test_pieces_inside_a_quote_are_tagged() -> None:
    """Pieces that share a character with it; its first piece begins it; fields may overlap."""
    starts, ends = np.array([-1, 0, 2, 3, 5, -1]), np.array([-1, 2, 3, 5, 6, -1])
    names = ("a/inside", "a/begin", "b/inside", "b/begin", "c/inside")
    target = tag_targets(starts, ends, {"a": [(1, 4)], "b": [(2, 3), (5, 6)]}, names)
    assert target.T.tolist() == [
        [0, 1, 1, 1, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 1, 0],
        [0, 0, 1, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_a_quote_begins_once() -> None:
    """In the window where it stands first; in the next one it only goes on."""
    names, spans = ("a/inside", "a/begin"), {"a": [(2, 8)]}
    here = tag_targets(np.array([0, 2, 4]), np.array([2, 4, 6]), spans, names)
    after = tag_targets(np.array([6, 8]), np.array([8, 9]), spans, names)
    assert here.T.tolist() == [[0, 1, 1], [0, 1, 0]]
    assert after.T.tolist() == [[1, 0], [0, 0]]


def test_a_choice_costs_what_it_is_unsure_of() -> None:
    """Nothing when sure and right, log n when it has no idea, more when smoothed and too sure."""
    task = Task("x", "choice", "letter", ("a", "b", "c", "d"))
    truth = torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    sure, none = torch.tensor([[0.0, 50.0, 0.0, 0.0]]), torch.zeros(1, 4)
    assert task.loss(sure, truth, smoothing=0.0).tolist() == pytest.approx([0.0])
    assert task.loss(none, truth, smoothing=0.0).tolist() == pytest.approx([np.log(4)])
    assert task.loss(none, truth, smoothing=0.1).tolist() == pytest.approx([np.log(4)])
    assert task.loss(sure, truth, smoothing=0.1).tolist() == pytest.approx([0.075 * 50])


def test_labels_of_their_own_add_up() -> None:
    """Each label costs for itself, the sum halved."""
    task = Task("x", "each", "letter", ("a", "b"))
    one = task.loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), smoothing=0.5)
    assert one.tolist() == pytest.approx([np.log(2)])
