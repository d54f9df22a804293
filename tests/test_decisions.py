"""A bundle must fit the labels, and its manifest must decide everything that reading needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlp import labels
from nlp.bundle import Bundle
from nlp.classify import BY_BOARD
from nlp.decisions import check_heads, read_decisions
from nlp.errors import BundleError
from tests import toys

LABELS = labels.load()
HEADS = toys.heads(LABELS)


def opened(**manifest: Any) -> Bundle:
    """A bundle that decides what is given and everything else."""
    own = toys.decisions(LABELS)
    whole = {
        "mixture": {"board_prior": -4.0, "floor": 0.35},
        "cuts": {"urgency": [0.5, 1.5, 2.5], "distress": [0.5, 1.5, 2.5]},
        "flag_stack": own.stack.to_json(),
        "thresholds": {"needs": list(own.needs), "emotions": list(own.emotions)},
    }
    kept = {key: value for key, value in {**whole, **manifest}.items() if value is not None}
    return Bundle(Path("models/样"), kept, "sha256:0")


def test_fitting_heads_pass() -> None:
    """Heads with the labels of labels/, in their order, are taken; more heads do no harm."""
    check_heads(opened(), {**HEADS, "more": ("x",)}, LABELS)


@pytest.mark.parametrize("head", HEADS)
def test_a_bundle_for_other_labels_is_refused(head: str) -> None:
    """A head that is missing, short, longer, reordered or renamed is refused by name."""
    names = HEADS[head]
    others: list[tuple[str, ...] | None] = [
        None, names[:-1], (*names, "新"), (*names[:-1], "改名"), tuple(reversed(names)),
    ]  # fmt: skip
    for changed in others:
        if changed == names:
            continue
        with pytest.raises(BundleError) as caught:
            check_heads(opened(), {**HEADS, head: changed}, LABELS)  # pyright: ignore[reportArgumentType]
        assert head in caught.value.where
        assert "models/样" in caught.value.where
        assert "训练" in caught.value.remedy


def test_decisions_are_read() -> None:
    """What the manifest decides is what reading goes by."""
    found = read_decisions(opened(), LABELS)
    assert found.mixture.floor == 0.35
    assert found.cuts.urgency == (0.5, 1.5, 2.5)
    assert len(found.needs) == len(LABELS.needs)
    assert len(found.emotions) == len(LABELS.emotions)
    assert found.stack.names == tuple(kind.name for kind in LABELS.flags)


def _without(part: str, key: str) -> Callable[[], dict[str, Any]]:
    whole = opened().manifest[part]
    return lambda: {part: {k: v for k, v in whole.items() if k != key}}


BROKEN: dict[str, Callable[[], dict[str, Any]]] = {
    **{f"no {key}": lambda key=key: {key: None} for key in opened().manifest},
    **{
        f"no {part}.{key}": _without(part, key)
        for part in opened().manifest
        for key in opened().manifest[part]
    },
    "unknown key": lambda: {"mixture": {"board_prior": 0.0, "floor": 0.3, "more": 1}},
    "a number": lambda: {"cuts": {"urgency": 1, "distress": 2}},
    "two cuts": lambda: {"cuts": {"urgency": [0.5, 1.5], "distress": [0.5, 1.5, 2.5]}},
    "words for cuts": lambda: {"cuts": {"urgency": ["低", "中", "高"], "distress": [1, 2, 3]}},
    "too few needs": lambda: {"thresholds": {"needs": [0.5], "emotions": [0.5] * 9}},
    "ragged weights": lambda: {
        "flag_stack": {**opened().manifest["flag_stack"], "weights": [[1], [1, 2]]}
    },
    "no mixture": lambda: {"mixture": []},
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_manifest_that_does_not_decide_is_refused(broken: str) -> None:
    """What is missing, malformed or of another length is refused, with what to do."""
    with pytest.raises(BundleError) as caught:
        read_decisions(opened(**BROKEN[broken]()), LABELS)
    assert caught.value.remedy


def test_a_platform_may_ask_for_its_own_boards() -> None:
    """By board, the receiving board alone names the category, whatever the bundle says."""
    assert read_decisions(opened(), LABELS).mixture.board_prior == -4.0
    assert read_decisions(opened(), LABELS, by_board=True).mixture.board_prior == BY_BOARD
