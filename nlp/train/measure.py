"""What a model card needs to know of a bundle, beside the figures of ``petition evaluate``.

Everything is counted from reports as they are served. The answer is plain JSON: no letter text,
no ids. What the subgroups are is said in ``nlp.train.subgroups``.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp import metrics
from nlp.bundle import open_bundle
from nlp.errors import LetterError
from nlp.evaluate import Figures, Gold, score
from nlp.train import intervals
from nlp.train.data import read_file, to_letter
from nlp.train.intervals import Figure
from nlp.train.subgroups import (
    BEYOND_CATEGORY,
    Read,
    counts,
    dangers,
    pair,
    purposes,
    rewritten,
    subgroups,
)
from nlp.triage import Triage

COVERAGE = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
BINS = 10
SEED = 0
DIGITS = 4


def measure(
    bundle: Path | None, sets: Mapping[str, Path], *, labels: Path | None = None
) -> dict[str, Any]:
    """Measure a bundle on annotated sets.

    Args:
        bundle: The model folder; None takes the shipped one.
        sets: Name to annotated letters, in any form of ``nlp.train.data``. A set without some
            annotations gives what it can; one with the category alone is also read by the
            receiving board.
        labels: The labels folder; None takes the shipped one.

    Returns:
        For ``figures.json``: "bundle", and under "sets" for each set "figures" (see
        ``nlp.evaluate.score``), "category", "purpose", "intervals", "counts", "subgroups",
        "rewritten" and "by_board", as far as it has them; numbers of four digits.

    Raises:
        BundleError: The bundle cannot be used.
        LetterError: A set is empty or broken.
    """
    opened = open_bundle(bundle)
    floor = float(opened.manifest["mixture"]["floor"])
    annotated = {name: _rows(path) for name, path in sets.items()}
    triage = Triage.load(bundle, labels)
    board: Triage | None = None
    found: dict[str, Any] = {}
    for name, rows in annotated.items():
        letters = [to_letter(row) for row in rows]
        read = Read(rows, triage.read(letters))
        own = {"file": sets[name].name, **_whole(read, floor), "subgroups": subgroups(read)}
        own["rewritten"] = rewritten(read, letters, triage)
        if not any(key in row for row in rows for key in BEYOND_CATEGORY):
            board = board or Triage.load(bundle, labels, by_board=True)
            own["by_board"] = _whole(Read(rows, board.read(letters)), floor)
        found[name] = own
    info = opened.info
    about = {"name": info.name, "version": info.version, "digest": info.digest}
    return {"bundle": about, "sets": _rounded(found)}


def _rows(path: Path) -> Sequence[Gold]:
    """The rows of a set, at least one."""
    if rows := read_file(path):
        return rows
    raise LetterError("金标文件是空的", where=str(path))


def _whole(read: Read, floor: float) -> Figures:
    """Figures of a set as a whole."""
    figures: Figures = {"figures": score(read.rows, read.reports)}
    if (own := read.having("category_l1")).rows:
        figures["category"] = _category(own, floor)
    if (own := read.having("purpose")).rows:
        figures["purpose"] = _purpose(own)
    return {**figures, "intervals": _intervals(read), "counts": counts(read)}


def _category(read: Read, floor: float) -> Figures:
    """Second answers, confidence and abstention of the first-level category."""
    given = [report.category for report in read.reports]
    gold = [row["category_l1"] for row in read.rows]
    sure = [kind.confidence for kind in given]
    right = [kind.l1 == wanted for kind, wanted in zip(given, gold, strict=True)]
    offered = [{kind.l1, *(o.l1 for o in kind.alternatives[:1])} for kind in given]
    return {
        "top2_accuracy": sum(g in o for g, o in zip(gold, offered, strict=True)) / len(gold),
        "risk_coverage": _risk(sure, right),
        "abstention": {"floor": floor, **_abstention([k.abstained for k in given], right)},
        "reliability": _reliability(sure, right),
    }


def _purpose(read: Read) -> Figures:
    """Confidence of the purpose."""
    sure = [report.purpose.confidence for report in read.reports]
    pairs = zip(read.reports, read.rows, strict=True)
    right = [report.purpose.name == row["purpose"] for report, row in pairs]
    return {
        "accuracy": sum(right) / len(right),
        "ece": metrics.calibration_error(sure, right, bins=BINS),
        "reliability": _reliability(sure, right),
    }


def _risk(sure: Sequence[float], right: Sequence[bool]) -> list[Figures]:
    """Share of wrong answers among the surest letters, for each share of letters answered."""
    order = sorted(zip(sure, right, strict=True), key=lambda pair: -pair[0])
    rows: list[Figures] = []
    for coverage in COVERAGE:
        kept = order[: max(1, round(coverage * len(order)))]
        wrong = sum(not ok for _, ok in kept) / len(kept)
        rows.append({"coverage": coverage, "error": wrong, "threshold": kept[-1][0]})
    return rows


def _abstention(unsure: Sequence[bool], right: Sequence[bool]) -> Figures:
    """How many answers are marked as unsure, and how often either kind is wrong."""
    pairs = list(zip(unsure, right, strict=True))
    marked, rest = ([ok for mark, ok in pairs if mark == asked] for asked in (True, False))
    return {
        "abstained": len(marked),
        "share": len(marked) / len(pairs),
        "error_rest": 1 - sum(rest) / len(rest) if rest else None,
        "error_abstained": 1 - sum(marked) / len(marked) if marked else None,
    }


def _reliability(sure: Sequence[float], right: Sequence[bool]) -> list[Figures]:
    """Confidence against truth in bins of equal count, those of ``calibration_error``."""
    rows = sorted(zip(sure, right, strict=True))
    cuts = [rows[len(rows) * i // BINS : len(rows) * (i + 1) // BINS] for i in range(BINS)]
    return [
        {
            "count": len(cut),
            "confidence": sum(own for own, _ in cut) / len(cut),
            "right": sum(ok for _, ok in cut) / len(cut),
        }
        for cut in cuts
        if cut
    ]


def _intervals(read: Read) -> Figures:
    """Bootstrap intervals, under the names that ``score`` gives the figures."""
    parts: Mapping[str, Callable[[Read], Mapping[str, Figure]]] = {
        "category_l1": _category_figures,
        "purpose": lambda own: {"macro_f1": intervals.macro_f1(*pair(own, purposes))},
        "urgency": lambda own: _scale_figures(own, "urgency"),
        "distress": lambda own: _scale_figures(own, "distress"),
        "flags": lambda own: {"micro_f1": _named_figure(own, "flags")},
        "needs": lambda own: {"micro_f1": _named_figure(own, "needs")},
        "crisis": lambda own: {"recall": intervals.recall(*pair(own, dangers))},
    }
    return {
        key: {name: figure.interval(seed=SEED) for name, figure in part(own).items()}
        for key, part in parts.items()
        if (own := read.having(key)).rows
    }


def _category_figures(read: Read) -> Mapping[str, Figure]:
    gold, said = pair(read, lambda row, report: (row["category_l1"], report.category.l1))
    right = [g == p for g, p in zip(gold, said, strict=True)]
    return {"accuracy": intervals.share(right), "macro_f1": intervals.macro_f1(gold, said)}


def _scale_figures(read: Read, key: str) -> Mapping[str, Figure]:
    return {
        "quadratic_kappa": intervals.kappa(
            *pair(read, lambda row, report: (row[key], getattr(report, key).level))
        )
    }


def _named_figure(read: Read, key: str) -> Figure:
    names = pair(read, lambda row, rep: (row[key], [one.name for one in getattr(rep, key)]))
    return intervals.micro_f1(*names)


def _rounded(value: Any) -> Any:  # noqa: ANN401  # a tree of JSON
    """Four digits everywhere."""
    if isinstance(value, Mapping):
        return {key: _rounded(own) for key, own in value.items()}
    if isinstance(value, list):
        return [_rounded(own) for own in value]
    return round(value, DIGITS) if isinstance(value, float) else value
