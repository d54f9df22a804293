"""The one desk at which letters are read: a single worker thread, a bounded queue, a clock.

The model is not made for several threads, and the event loop must stay free, so that /healthz
answers while a batch is being read.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

from nlp.codec import encode
from nlp.errors import PetitionError
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.report import ModelInfo, Report
from nlp.serve.problems import BUSY, FAILED, LOADING, STUCK, ProblemError

SLICE = 16
_log = logging.getLogger("nlp.serve")
T = TypeVar("T")


class TriageLike(Protocol):
    """What the service needs of ``nlp.triage.Triage``."""

    @property
    def model(self) -> ModelInfo:
        """Which bundle reads."""
        ...

    @property
    def labels(self) -> Labels:
        """What is being looked for."""
        ...

    def read(self, letters: Sequence[Letter]) -> list[Report]:
        """One report per letter, in order."""
        ...


class ReadingError(Exception):
    """The work at the desk broke; ``__cause__`` says how, and is never shown to a caller."""


class Desk:
    """Loads the model once and reads letters one slice after another.

    Args:
        load: Gives the model; runs on the worker thread.
        queue: Requests inside at once.
        seconds: How long a request may wait for its reports.
    """

    def __init__(self, load: Callable[[], TriageLike], *, queue: int, seconds: float) -> None:
        self._load = load
        self._queue = queue
        self._seconds = seconds
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")
        self._triage: TriageLike | None = None
        self._inside = 0
        self._begun: float | None = None
        self._failed = False

    async def open(self, on_failure: Callable[[BaseException], None]) -> None:
        """Load the model; a failure is kept, logged, and reported once.

        No letter has been seen yet, so the log may have the whole traceback.
        """
        try:
            self._triage = await self._run(self._load)
            model = self._triage.model
            _log.info("模型已装入：%s %s", model.name, model.version)
        except ReadingError as error:
            self._failed = True
            cause = error.__cause__ or error
            known = isinstance(cause, PetitionError)
            _log.critical("模型没有装入：%s", cause, exc_info=None if known else cause)
            on_failure(cause)

    async def close(self) -> None:
        """Wait for the work at hand, drop what has not begun."""
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=True)

    def triage(self) -> TriageLike:
        """The model, ready to read.

        Raises:
            ProblemError: 503 while it is loading, when it failed to load, or when it hangs.
        """
        if self._failed:
            raise ProblemError(FAILED)
        if self._triage is None:
            raise ProblemError(LOADING)
        if self._begun is not None and time.monotonic() - self._begun > self._seconds:
            raise ProblemError(STUCK)
        return self._triage

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """Hold one of the places in the queue, from before the body is read to the answer.

        Raises:
            ProblemError: 503 when there is none.
        """
        self.triage()
        if self._inside >= self._queue:
            raise ProblemError(BUSY, f"已有 {self._inside} 个请求在处理或等候")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def read(self, letters: Sequence[Letter]) -> list[str]:
        """Read letters; other requests get their turn after every SLICE of them.

        Returns:
            One report per letter, in order, each as JSON.

        Raises:
            ProblemError: 503 when it takes too long.
            ReadingError: The model broke, or did not give each letter its report.
        """
        triage = self.triage()
        reports: list[str] = []
        try:
            async with asyncio.timeout(self._seconds):
                for at in range(0, len(letters), SLICE):
                    reports += await self._run(_reading(triage, letters[at : at + SLICE]))
        except TimeoutError:
            raise ProblemError(STUCK, f"{self._seconds:g} 秒内没有读完") from None
        return reports

    async def _run(self, work: Callable[[], T]) -> T:
        """Do work on the worker thread, after what came before."""
        return await asyncio.wrap_future(self._worker.submit(self._timed, work))

    def _timed(self, work: Callable[[], T]) -> T:
        """Run on the worker: note the time, and let nothing but ReadingError out.

        A panic in native code arrives as a BaseException and would end the event loop.
        """
        self._begun = time.monotonic()
        try:
            return work()
        except BaseException as error:
            raise ReadingError(type(error).__name__) from error
        finally:
            self._begun = None


def _reading(triage: TriageLike, letters: Sequence[Letter]) -> Callable[[], list[str]]:
    """The work on one slice: read, count that no letter was left out, write the JSON."""

    def work() -> list[str]:
        reports = triage.read(letters)
        if [report.id for report in reports] != [letter.id for letter in letters]:
            raise PetitionError("报告与来信不是一一对应")
        return [json.dumps(encode(r), ensure_ascii=False, allow_nan=False) for r in reports]

    return work
