"""Work off the event loop: health while reading, a bounded queue, a clock, an orderly end."""

import logging
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.serve import Settings

from .fakes import Client, FakeTriage, Gate, letter, problem, serving

ONE, MANY = "/v1/triage", "/v1/triage/batch"


@contextmanager
def _posting(client: Client, count: int, path: str, body: Any) -> Generator[Any, None, None]:
    """Requests under way in threads, as futures."""
    with ThreadPoolExecutor(count) as pool:
        found: list[Future[httpx.Response]] = [
            pool.submit(client.post, path, body) for _ in range(count)
        ]
        yield found


def test_health_answers_while_a_batch_is_read() -> None:
    """/healthz and /readyz answer while the model is busy."""
    gate = Gate()
    with (
        serving(FakeTriage(before=gate)) as client,
        _posting(client, 1, MANY, {"letters": [letter()]}) as posted,
    ):
        assert gate.arrived.wait(5)
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert not posted[0].done()
        gate.opened.set()
        assert posted[0].result().status_code == 200


def test_beyond_the_queue_there_is_a_refusal() -> None:
    """The request beyond the queue gets 503 at once, with Retry-After; the others their reports."""
    gate = Gate()
    with (
        serving(FakeTriage(before=gate), Settings(queue=3)) as client,
        _posting(client, 4, ONE, letter()) as posted,
    ):
        refused = _first_done(posted)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        found = problem(refused)
        assert found["type"].endswith("busy")
        assert "由人工阅读" in found["remedy"]
        gate.opened.set()
        assert sorted(f.result().status_code for f in posted) == [200, 200, 200, 503]
        assert client.post(ONE, letter()).status_code == 200


def _first_done(posted: Sequence[Future[httpx.Response]]) -> httpx.Response:
    done, _ = wait(posted, timeout=10, return_when=FIRST_COMPLETED)
    return done.pop().result()


def test_a_batch_lets_a_single_letter_pass() -> None:
    """A letter that comes during a batch of 100 is read before the batch ends."""
    order: list[str] = []
    gate = Gate()

    def note(letters: Sequence[Letter]) -> None:
        order.append(letters[0].id)
        if len(order) == 1:
            gate(letters)

    many = {"letters": [letter(id=f"m{i}") for i in range(100)]}
    with (
        serving(FakeTriage(before=note)) as client,
        _posting(client, 1, MANY, many) as batch,
    ):
        assert gate.arrived.wait(5)
        with _posting(client, 1, ONE, letter(id="urgent")) as single:
            threading.Event().wait(0.2)
            gate.opened.set()
            assert single[0].result().status_code == 200
        assert batch[0].result().status_code == 200
    assert order.index("urgent") == 1


def test_what_hangs_is_not_waited_for() -> None:
    """After answer_seconds the caller gets 503 with the remedy, and so does whoever comes next."""
    gate = Gate()
    with serving(FakeTriage(before=gate), Settings(answer_seconds=0.2)) as client:
        answer = client.post(ONE, letter())
        ready, following = client.get("/readyz"), client.post(ONE, letter())
        gate.opened.set()
        assert client.ready()
    for found in (answer, ready, following):
        assert found.status_code == 503
        assert problem(found)["type"].endswith("answer-timeout")
        assert "请立即由人工阅读" in problem(found)["remedy"]


def test_while_loading_letters_are_refused() -> None:
    """Until the model is there /healthz says alive, /readyz and letters get 503."""
    opened = threading.Event()

    def load() -> FakeTriage:
        assert opened.wait(10)
        return FakeTriage()

    with serving(load=load) as client:
        assert client.get("/healthz").status_code == 200
        for answer in (
            client.get("/readyz"),
            client.get("/v1/labels"),
            client.post(ONE, letter()),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert problem(answer)["type"].endswith("loading")
        opened.set()
        assert client.ready()


@pytest.mark.parametrize(
    ("error", "traced"),
    [(BundleError("缺少文件", where="model.npz"), False), (OSError("model.npz：缺少文件"), True)],
)
def test_a_model_that_does_not_load_is_loud(
    error: Exception, traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why, a bug with its traceback; callers are told only to have a person read."""

    def load() -> FakeTriage:
        raise error

    with caplog.at_level(logging.CRITICAL), serving(load=load) as client:
        assert _failed(client)
        answer = client.post(ONE, letter())
    assert answer.status_code == 503
    assert "请立即由人工阅读" in problem(answer)["remedy"]
    assert "model.npz" not in answer.text
    assert "model.npz：缺少文件" in caplog.text
    assert ("Traceback" in caplog.text) is traced


def _failed(client: Client) -> bool:
    """Wait until readiness says model-failed."""
    for _ in range(300):
        if problem(client.get("/readyz"))["type"].endswith("model-failed"):
            return True
        threading.Event().wait(0.01)
    return False


def test_the_end_waits_for_the_work() -> None:
    """Leaving the application waits until the letter at hand is read."""
    gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        with serving(FakeTriage(before=gate)) as client:
            posted = pool.submit(client.post, ONE, letter())
            assert gate.arrived.wait(5)
            threading.Timer(0.2, gate.opened.set).start()
        assert posted.result(5).status_code == 200
