"""Worker processes that read chunks of rows, and what happens when one of them dies."""

import multiprocessing
import os
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from nlp.report import ModelInfo, Report
from nlp.scan.reading import Loader, Reads, failed, read_rows
from nlp.scan.rows import Row

_DIED = "读这封信时进程意外中断，未能研判，请人工阅读原信"
_loaders: list[Loader] = []


def _start(loader: Loader) -> None:
    """In a worker: keep to one thread, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    _loaders.append(loader)


@cache
def _triage() -> Reads:
    """In a worker: loaded once. Not in ``_start``, whose errors never reach the parent."""
    return _loaders[0]()


def _greet() -> tuple[ModelInfo, str]:
    """In a worker: say which model and labels are loaded."""
    return _triage().model, _triage().labels.digest


def _work(rows: Sequence[Row]) -> list[Report]:
    """In a worker: read one chunk."""
    return read_rows(_triage(), rows)


@dataclass(frozen=True, slots=True)
class Job:
    """A chunk on its way; without a future it is read in this process."""

    rows: tuple[Row, ...]
    pool: ProcessPoolExecutor | None
    future: "Future[list[Report]] | None"


class Crew:
    """A pool of workers that is replaced when one of them dies.

    A chunk whose worker died is read once more by fresh workers, with nothing else under way;
    if these die too, each of its rows is tried alone, and the row that kills its worker gets
    a report that sends it to a person. Where no worker can be started at all, chunks are read
    in this process.
    """

    def __init__(self, loader: Loader, workers: int) -> None:
        """Start the workers and wait for the first to be ready."""
        self._loader = loader
        self._workers = workers
        self._local: Reads | None = None
        self._about = ModelInfo("", "", ""), ""
        self._pool = self._open()

    def submit(self, rows: Sequence[Row]) -> Job:
        """Send one chunk off."""
        if self._pool is not None:
            try:
                return Job(tuple(rows), self._pool, self._pool.submit(_work, rows))
            except BrokenExecutor:
                self._replace(self._pool)
        if self._pool is not None:
            return Job(tuple(rows), self._pool, self._pool.submit(_work, rows))
        return Job(tuple(rows), None, None)

    def result(self, job: Job) -> list[Report]:
        """The reports of a chunk, one a row, in order."""
        reports = self._await(job)
        if reports is None:
            reports = self._await(self.submit(job.rows))
        return reports or [self._alone(row) for row in job.rows]

    def close(self) -> None:
        """Let the workers go; chunks not begun are dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _await(self, job: Job) -> list[Report] | None:
        """The reports, or None when the worker died."""
        if job.future is None:
            self._local = self._local or self._loader()
            return read_rows(self._local, job.rows)
        try:
            return job.future.result()
        except BrokenExecutor:
            self._replace(job.pool)
            return None

    def _alone(self, row: Row) -> Report:
        """One row with nothing else under way, so that its worker's death is its own doing."""
        reports = self._await(self.submit([row]))
        if reports is not None:
            return reports[0]
        return failed(row, _DIED, *self._about)

    def _replace(self, broken: ProcessPoolExecutor | None) -> None:
        """Open new workers, unless the broken pool has been replaced before."""
        if broken is self._pool and broken is not None:
            broken.shutdown(wait=False, cancel_futures=True)
            self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor | None:
        """Workers, of which one at least is ready; None when none can be started."""
        pool = ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(self._loader,),
        )
        try:
            with _interrupts_ignored():
                greetings = [pool.submit(_greet) for _ in range(self._workers)]
            self._about = greetings[0].result()
        except BrokenExecutor:
            pool.shutdown(wait=False, cancel_futures=True)
            return None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return pool


@contextmanager
def _interrupts_ignored() -> Generator[None, None, None]:
    """Processes started within inherit deafness to Ctrl-C from their first moment on."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread: no handler can be set there, nor is one needed
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
