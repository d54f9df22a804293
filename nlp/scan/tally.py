"""What a scan adds up to: counts, and the letters to open first."""

import time
from bisect import insort
from collections import Counter
from dataclasses import dataclass, field

from nlp.report import CrisisLevel, Report
from nlp.scan.rows import Row
from nlp.scan.table import Cell, flatten, rank, unread, urgency_name


@dataclass(slots=True)
class Tally:
    """Figures of a scan; ``top`` holds the most urgent lines of the flat table.

    Attributes:
        limit: How many lines to keep.
    """

    limit: int = 10
    letters: int = 0
    review: int = 0
    unread: int = 0
    urgency: Counter[str] = field(default_factory=Counter[str])
    crisis: Counter[CrisisLevel] = field(default_factory=Counter[CrisisLevel])
    category: Counter[str] = field(default_factory=Counter[str])
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    _top: list[tuple[int, int, dict[str, Cell]]] = field(
        default_factory=list[tuple[int, int, dict[str, Cell]]]
    )

    @property
    def top(self) -> list[dict[str, Cell]]:
        """Cells of the most urgent letters, the most urgent first."""
        return [cells for _, _, cells in self._top]

    def add(self, row: Row, report: Report) -> None:
        """Count one letter."""
        self.letters += 1
        self.review += report.review.required
        self.seconds = time.monotonic() - self.started
        if unread(row, report):
            self.unread += 1
        else:
            self.urgency[urgency_name(report)] += 1
            self.crisis[report.crisis.level] += 1
            self.category[report.category.l1 or "（未判定）"] += 1
        self._keep(row, report)

    def _keep(self, row: Row, report: Report) -> None:
        """Hold the letter among the first ones if it belongs there."""
        place = -rank(row, report), self.letters
        if len(self._top) < self.limit or (self._top and place < self._top[-1][:2]):
            insort(self._top, (*place, flatten(row, report)), key=lambda held: held[:2])
            del self._top[self.limit :]
