"""Reports against annotated letters: the figures that ``petition evaluate`` prints.

A key that the gold file lacks is not scored; a letter without a report counts as wrong.
"""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from nlp import metrics
from nlp.codec import from_json
from nlp.errors import LetterError
from nlp.letter import Letter
from nlp.report import Fields, FieldValue, Report
from nlp.triage import Triage

Gold = Mapping[str, Any]
Figures = dict[str, Any]
Pairs = Sequence[tuple[Gold, Report | None]]
FIELDS = tuple(field.name for field in fields(Fields))
_PRESSING = 2
_BESIDE: Mapping[str, tuple[str, ...]] = {"category_l2": ("category_l1",)}
"""Annotations that one cannot be scored without."""


def evaluate_file(
    gold: Path,
    *,
    bundle: Path | None = None,
    labels: Path | None = None,
    reports: Path | None = None,
    by_board: bool = False,
) -> Figures:
    """Score a bundle, or reports that already lie in a file, on annotated letters.

    Args:
        gold: JSON lines by the annotators' guide with title and body, plain or gzipped.
        bundle: The model folder; None takes the shipped one.
        labels: The labels folder; None takes the shipped one.
        reports: What ``petition scan`` wrote for the gold file; None reads the letters now.
        by_board: Name categories by the receiving board.

    Raises:
        LetterError: A file is empty or a line of it is not what it should be.
    """
    rows = read_lines(gold)
    if not rows:
        raise LetterError("金标文件是空的", where=str(gold))
    if reports is None:
        triage = Triage.load(bundle, labels, by_board=by_board)
        given = triage.read([_letter(row) for row in rows])
    else:
        given = [from_json(json.dumps(row)) for row in read_lines(reports)]
    found = {report.id: report for report in given}
    return score(rows, [found.get(str(row["id"])) for row in rows])


def score(rows: Sequence[Gold], reports: Sequence[Report | None]) -> Figures:
    """All figures that the gold rows allow.

    Args:
        rows: Annotated letters.
        reports: One for each row, None where it is missing.
    """
    pairs = list(zip(rows, reports, strict=True))
    figures: Figures = {"letters": len(rows), "without_report": sum(r is None for r in reports)}
    parts: Mapping[str, Callable[[Pairs], Figures]] = {
        "category_l1": _category,
        "category_l2": _second_level,
        "purpose": _purpose,
        "urgency": lambda own: _scale(own, "urgency"),
        "distress": lambda own: _scale(own, "distress"),
        "crisis": _crisis,
        "flags": lambda own: _names(own, "flags"),
        "needs": lambda own: _names(own, "needs"),
        "group_size": _group_size,
        "fields": _fields,
    }
    for key, part in parts.items():
        keys = {key, *_BESIDE.get(key, ())}
        if own := [pair for pair in pairs if keys <= pair[0].keys()]:
            figures[key] = part(own)
    return figures


def _category(pairs: Pairs) -> Figures:
    gold = [row["category_l1"] for row, _ in pairs]
    given = [report.category.l1 if report else None for _, report in pairs]
    confidence = [report.category.confidence if report else 0.0 for _, report in pairs]
    offered = [_offered(report) for _, report in pairs]
    right = [g == p for g, p in zip(gold, given, strict=True)]
    return {
        "macro_f1": metrics.macro_f1(gold, given),
        "accuracy": metrics.accuracy(gold, given),
        "top4_accuracy": sum(g in o for g, o in zip(gold, offered, strict=True)) / len(gold),
        "ece": metrics.calibration_error(confidence, right),
        "per_label_f1": metrics.rounded(metrics.label_f1(gold, given)),
    }


def _offered(report: Report | None) -> set[str | None]:
    """The first-level categories that a report names at all."""
    if report is None:
        return set()
    return {report.category.l1, *(other.l1 for other in report.category.alternatives)}


def _second_level(pairs: Pairs) -> Figures:
    gold = [(row["category_l1"], row["category_l2"]) for row, _ in pairs]
    given = [(r.category.l1, r.category.l2) if r else None for _, r in pairs]
    return {"accuracy": metrics.accuracy(gold, given)}


def _purpose(pairs: Pairs) -> Figures:
    gold = [row["purpose"] for row, _ in pairs]
    given = [report.purpose.name if report else None for _, report in pairs]
    return {
        "macro_f1": metrics.macro_f1(gold, given),
        "per_label_f1": metrics.rounded(metrics.label_f1(gold, given)),
    }


def _scale(pairs: Pairs, key: str) -> Figures:
    gold = [row[key] for row, _ in pairs]
    given = [getattr(report, key).level if report else 0 for _, report in pairs]
    pressing = metrics.alarm([g >= _PRESSING for g in gold], [p >= _PRESSING for p in given])
    return {
        "quadratic_kappa": metrics.quadratic_kappa(gold, given),
        "accuracy": metrics.accuracy(gold, given),
        "recall_level_2_up": pressing.recall,
        "precision_level_2_up": pressing.precision,
        "support_level_2_up": pressing.right + pressing.missed,
    }


def _crisis(pairs: Pairs) -> Figures:
    gold = [bool(row["crisis"]) for row, _ in pairs]
    given = [bool(report and report.crisis.signals) for _, report in pairs]
    tally = metrics.alarm(gold, given)
    life = [
        found
        for (row, _), found in zip(pairs, given, strict=True)
        if any(signal["type"] == "自杀自伤" for signal in row["crisis"])
    ]
    whole, each = metrics.multilabel(
        [{signal["type"] for signal in row["crisis"]} for row, _ in pairs],
        [
            {signal.type for signal in report.crisis.signals} if report else set()
            for _, report in pairs
        ],
    )
    return {
        "recall": tally.recall,
        "precision": tally.precision,
        "false_alarm_rate": tally.wrong / max(1, gold.count(False)),
        "suicide_recall": sum(life) / len(life) if life else None,
        "letters_with": sum(gold),
        "types_micro_f1": whole.f1,
        "per_type_f1": metrics.rounded({name: t.f1 for name, t in each.items()}),
    }


def _names(pairs: Pairs, key: str) -> Figures:
    whole, each = metrics.multilabel(
        [row[key] for row, _ in pairs],
        [[item.name for item in getattr(report, key)] if report else [] for _, report in pairs],
    )
    return {
        "micro_f1": whole.f1,
        "precision": whole.precision,
        "recall": whole.recall,
        "per_label_f1": metrics.rounded({name: t.f1 for name, t in each.items()}),
        "support": {name: t.right + t.missed for name, t in each.items()},
    }


def _group_size(pairs: Pairs) -> Figures:
    stated = [(row, report) for row, report in pairs if row["group_size"]]
    right = sum(bool(r and r.group_size == row["group_size"]) for row, r in stated)
    return {"accuracy": right / max(1, len(stated)), "letters_with": len(stated)}


def _fields(pairs: Pairs) -> Figures:
    figures: Figures = {}
    for key in FIELDS:
        tallies = [_field(row, report, key) for row, report in pairs]
        whole = metrics.add([span for span, _ in tallies])
        characters = metrics.add([character for _, character in tallies])
        figures[key] = metrics.rounded(
            {
                "span_f1": whole.f1,
                "span_precision": whole.precision,
                "span_recall": whole.recall,
                "char_f1": characters.f1,
            }
        )
    for name in ("span_f1", "char_f1"):
        figures[f"mean_{name}"] = round(sum(figures[key][name] for key in FIELDS) / len(FIELDS), 4)
    return figures


def _field(row: Gold, report: Report | None, key: str) -> tuple[metrics.Tally, metrics.Tally]:
    letter = _letter(row)
    values: tuple[FieldValue, ...] = getattr(report.fields, key) if report else ()
    places = [letter.offsets(value.span) for value in values]
    return metrics.spans(letter.text, row["fields"][key], places)


def _letter(row: Gold) -> Letter:
    """A gold row's letter; its day of receipt is left out, since no figure needs it."""
    return Letter(str(row["id"]), row.get("title") or "", row.get("body") or "")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """JSON lines of a plain or gzipped file."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise LetterError("这一行不是 JSON", where=f"{path}:{number}") from error
            if not isinstance(row, dict) or "id" not in row:
                raise LetterError("这一行没有 id", where=f"{path}:{number}")
            rows.append(cast("dict[str, Any]", row))
    return rows
