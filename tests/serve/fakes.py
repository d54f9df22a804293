"""A small triage that really reads letters, can be made slow or broken, and a client for it."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from nlp.labels import Labels
from nlp.labels import load as load_labels
from nlp.letter import Letter
from nlp.report import Category, Distress, Flag, ModelInfo, Purpose, Report, Urgency
from nlp.serve import Settings, create_app

MARK = "暗号青禾苑七号楼"
WORDS = f"我是{MARK}的住户，楼上漏水。"


def _nothing(_: Sequence[Letter]) -> None:
    return None


@dataclass
class FakeTriage:
    """Gives each letter a report that quotes its first character.

    Attributes:
        before: Called with the letters before they are read: may wait, count or raise.
    """

    before: Callable[[Sequence[Letter]], object] = _nothing
    model: ModelInfo = field(default_factory=lambda: ModelInfo("fake", "0.1", "sha256:00"))
    labels: Labels = field(default_factory=load_labels)
    threads: set[str] = field(default_factory=set[str])

    def read(self, letters: Sequence[Letter]) -> list[Report]:
        """One report per letter, in order."""
        self.threads.add(threading.current_thread().name)
        self.before(letters)
        return [self._report(letter) for letter in letters]

    def _report(self, letter: Letter) -> Report:
        span = letter.span(letter.body_offset, letter.body_offset + 1) if letter.body else None
        flags = (Flag("集体", 0.9, (span,), "rule:fake", "信访工作条例 第20条"),) if span else ()
        return Report(
            id=letter.id,
            model=self.model,
            labels_digest=self.labels.digest,
            category=Category("城乡建设", None, 0.9),
            purpose=Purpose("投诉", "申诉求决", 0.8),
            urgency=Urgency(1, "关注", 0.8),
            distress=Distress(0, "平稳", ("平静",), 0.8),
            flags=flags,
        )


class Client:
    """Sends requests to an application without a network, from ordinary tests."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://service", timeout=20
        )
        self.portal = portal

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """One request, its answer."""
        return self.portal.call(self.asend, method, path, how)

    async def asend(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        """The same inside the event loop."""
        return await self._http.request(method, path, **how)

    def get(self, path: str, **how: Any) -> httpx.Response:
        """GET."""
        return self.send("GET", path, **how)

    def post(self, path: str, body: object) -> httpx.Response:
        """POST of JSON."""
        return self.send("POST", path, json=body)

    def raw(self, path: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        """POST of bytes under the name of JSON."""
        return self.send(
            "POST", path, content=content, headers={"Content-Type": "application/json"}
        )

    def ready(self) -> bool:
        """Wait until the model is loaded; False after some seconds."""
        for _ in range(500):
            if self.get("/readyz").status_code == 200:
                return True
            threading.Event().wait(0.01)
        return False


@contextmanager
def serving(
    triage: FakeTriage | None = None,
    settings: Settings | None = None,
    load: Callable[[], FakeTriage] | None = None,
) -> Generator[Client, None, None]:
    """A running application and its client; waits for the model unless ``load`` is given."""
    read = triage or FakeTriage()
    app = create_app(load or (lambda: read), settings=settings)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        client = Client(app, portal)
        assert load is not None or client.ready()
        yield client


def letter(**more: object) -> dict[str, object]:
    """A sound letter, changed as told."""
    return {"id": "a-1", "title": "漏水", "body": WORDS} | more


_VALIDATOR: Any = Draft202012Validator


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a JSON value follows a schema."""
    return bool(_VALIDATOR(schema).is_valid(value))


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem in an answer, which must say what, where and what to do, and no letter text."""
    assert answer.headers["content-type"] == "application/problem+json"
    found = json.loads(answer.content)
    assert set(found) == {
        "type", "title", "status", "detail", "instance", "remedy", "request_id", "errors",
    }  # fmt: skip
    assert found["status"] == answer.status_code
    assert found["title"]
    assert found["detail"]
    assert found["remedy"]
    assert found["request_id"] == answer.headers["x-request-id"]
    assert MARK not in answer.text
    return found


class Gate:
    """Holds the reading thread until opened, and tells when it has arrived."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: Sequence[Letter]) -> None:
        """Say that the thread is here, and wait."""
        self.arrived.set()
        assert self.opened.wait(20)
