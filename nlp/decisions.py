"""What a bundle's manifest decides beside the weights: priors, cut points, thresholds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nlp.bundle import Bundle
from nlp.classify import BY_BOARD, SEPARATOR, Mixture
from nlp.errors import BundleError
from nlp.flags import Stack
from nlp.labels import Labels
from nlp.scales import STEPS, Cuts

_REMEDY = "请用这套标签重新训练模型"


@dataclass(frozen=True)
class Decisions:
    """What the bundle's manifest decides beside the weights."""

    mixture: Mixture
    cuts: Cuts
    stack: Stack
    needs: tuple[float, ...]
    emotions: tuple[float, ...]


def check_heads(opened: Bundle, heads: Mapping[str, tuple[str, ...]], labels: Labels) -> None:
    """Refuse a bundle that was made for other labels.

    Args:
        opened: The bundle, for messages.
        heads: What the scorer gives.
        labels: What the reports are to be written in.

    Raises:
        BundleError: A head is missing or its labels are not those of labels/, in their order.
    """
    steps = tuple(str(step) for step in STEPS)
    first = labels.level_one()
    wanted: Mapping[str, tuple[str, ...]] = {
        "category": first,
        "board": first,
        "convention": ("board",),
        "purpose": tuple(kind.name for kind in labels.purposes),
        "urgency": steps,
        "distress": steps,
        "emotions": tuple(kind.name for kind in labels.emotions),
        "flags": tuple(kind.name for kind in labels.flags),
        "needs": tuple(kind.name for kind in labels.needs),
        "category_l2": tuple(f"{a}{SEPARATOR}{b}" for a in first for b in labels.children(a)),
    }
    for head, names in wanted.items():
        if heads.get(head) != names:
            where = f"{opened.folder} {head}"
            raise BundleError("模型的标签与 labels/ 不符", where=where, remedy=_REMEDY)


def read_decisions(opened: Bundle, labels: Labels, *, by_board: bool = False) -> Decisions:
    """Read the manifest's decisions.

    Args:
        opened: The bundle.
        labels: What the reports are to be written in.
        by_board: Answer the category by the receiving board alone.

    Raises:
        BundleError: One is missing or malformed.
    """
    manifest = opened.manifest
    try:
        cuts, thresholds = manifest["cuts"], manifest["thresholds"]
        mixture = Mixture(**{key: float(value) for key, value in manifest["mixture"].items()})
        return Decisions(
            mixture=replace(mixture, board_prior=BY_BOARD) if by_board else mixture,
            cuts=Cuts(*(_numbers(cuts[scale], len(STEPS)) for scale in ("urgency", "distress"))),
            stack=Stack.from_json(manifest["flag_stack"], labels),
            needs=_numbers(thresholds["needs"], len(labels.needs)),
            emotions=_numbers(thresholds["emotions"], len(labels.emotions)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            "模型清单缺少判定参数，或参数不合规格", where=str(opened.folder), remedy=_REMEDY
        ) from error


def _numbers(given: Iterable[Any], count: int) -> tuple[Any, ...]:
    """So many numbers: with one cut point fewer, a level would silently never be reached.

    Raises:
        ValueError: There are more or fewer, or one is not a number.
    """
    numbers = tuple(float(number) for number in given)
    if len(numbers) != count:
        raise ValueError(count)
    return numbers
