"""Rows to reports inside one process: one report a row, whatever happens to a letter."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from nlp.labels import Labels
from nlp.letter import Letter
from nlp.report import ModelInfo, Report, Review
from nlp.scan.rows import Row


class Reads(Protocol):
    """What a scan needs of ``nlp.triage.Triage``."""

    @property
    def model(self) -> ModelInfo:
        """Which bundle reads."""
        ...

    @property
    def labels(self) -> Labels:
        """The labels it reads with."""
        ...

    def read(self, letters: Sequence[Letter]) -> list[Report]:
        """One report a letter, in order."""
        ...


# Must be picklable: worker processes call it once each.
Loader = Callable[[], Reads]


def read_rows(triage: Reads, rows: Sequence[Row]) -> list[Report]:
    """One report a row, in order, with the rows' notes among the review reasons."""
    letters = [row.letter for row in rows if row.letter is not None]
    found = iter(_read(triage, letters))
    return [
        _noted(row, next(found) if row.letter is not None else _lost(triage, row.id, row.reason))
        for row in rows
    ]


def failed(row: Row, reason: str, model: ModelInfo, labels_digest: str) -> Report:
    """The report of a row that no process could read."""
    return _noted(row, _unreadable(row.id, row.reason or reason, model, labels_digest))


def _read(triage: Reads, letters: Sequence[Letter]) -> list[Report]:
    """Read together; if that fails, each alone; a letter that still fails goes to a person."""
    if not letters:
        return []
    try:
        reports = triage.read(letters)
        if [report.id for report in reports] == [letter.id for letter in letters]:
            return reports
        fault = "报告与来信对不上"
    except Exception as error:  # noqa: BLE001  # a letter must never be lost to a bug
        fault = type(error).__name__
    if len(letters) > 1:
        return [report for letter in letters for report in _read(triage, [letter])]
    return [_lost(triage, letters[0].id, f"系统出错（{fault}），未能研判，请人工阅读原信")]


def _lost(triage: Reads, letter_id: str, reason: str) -> Report:
    """The report of a letter that was not read."""
    return _unreadable(letter_id, reason, triage.model, triage.labels.digest)


def _unreadable(letter_id: str, reason: str, model: ModelInfo, labels_digest: str) -> Report:
    """``nlp.triage.unreadable``, loaded when needed: a parent of workers often never needs it."""
    from nlp.triage import unreadable  # noqa: PLC0415

    return unreadable(letter_id, reason, model, labels_digest)


def _noted(row: Row, report: Report) -> Report:
    """The report with what the reader of the file noticed."""
    if not row.notes and not row.doubtful:
        return report
    review = report.review
    reasons = (*review.reasons, *row.notes)
    return replace(report, review=Review(review.required or row.doubtful, reasons))
