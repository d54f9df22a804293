"""Reads rows in chunks, on worker processes where it pays, and gives reports in order."""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, islice

from nlp.report import Report
from nlp.scan.crew import Crew, Job
from nlp.scan.reading import Loader, read_rows
from nlp.scan.rows import Row

CHUNK = 192
"""Letters read at a time: enough that sentences of equal length fill the tagger's batches."""
FEW = 128
_AHEAD = 3


def default_workers() -> int:
    """Two, or one on a machine with one core."""
    return min(2, os.cpu_count() or 1)


def read_all(
    rows: Iterable[Row], loader: Loader, *, workers: int
) -> Generator[tuple[Row, Report], None, None]:
    """Read every row; memory holds a few chunks at a time.

    Args:
        rows: The input, read as the output is taken.
        loader: Loads the triage; called here for few rows or one worker, else once in each
            worker process.
        workers: How many processes; 1 reads in this process.

    Yields:
        Each row with its report, in the order of the rows, none left out.
    """
    rows = iter(rows)
    head = list(islice(rows, FEW))
    rows = chain(head, rows)
    if workers < 2 or len(head) < FEW:  # noqa: PLR2004  # starting processes takes seconds
        triage = loader()
        for chunk in _chunks(rows):
            yield from zip(chunk, read_rows(triage, chunk), strict=True)
    else:
        yield from _read_with(Crew(loader, workers), rows, ahead=workers * _AHEAD)


def _read_with(crew: Crew, rows: Iterable[Row], *, ahead: int) -> Iterator[tuple[Row, Report]]:
    """Keep some chunks under way and take them back in order."""
    jobs = deque[Job]()
    try:
        for chunk in _chunks(rows):
            jobs.append(crew.submit(chunk))
            if len(jobs) >= ahead:
                yield from _finish(crew, jobs.popleft())
        while jobs:
            yield from _finish(crew, jobs.popleft())
    finally:
        crew.close()


def _finish(crew: Crew, job: Job) -> Iterator[tuple[Row, Report]]:
    """The rows of a job with their reports."""
    return zip(job.rows, crew.result(job), strict=True)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Lists of CHUNK rows, the last one shorter."""
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
