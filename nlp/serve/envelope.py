"""What surrounds every answer: request id, security headers, one log line, no leak on a crash.

Logs hold method, path template, status, milliseconds and request id; never a body, a query, a
letter's id or the message of a foreign exception, which may quote any of them.
"""

import logging
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlp.errors import PetitionError
from nlp.serve.problems import INTERNAL, ProblemError

REQUEST_ID = "X-Request-Id"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_access = logging.getLogger("nlp.serve.access")
_log = logging.getLogger("nlp.serve")


@dataclass(slots=True)
class _Exchange:
    """One request under way."""

    request_id: str
    begun: float = field(default_factory=time.perf_counter)
    status: int = 0

    def line(self, scope: Scope) -> str:
        """The log line: who asked for what stays out, which address and how long goes in."""
        method = scope["method"] if scope["method"] in _METHODS else "?"
        path = getattr(scope.get("route"), "path", None) or "-"
        milliseconds = (time.perf_counter() - self.begun) * 1000
        return f"{method} {path} {self.status or 499} {milliseconds:.1f}ms {self.request_id}"


class Envelope:
    """ASGI middleware around the whole application.

    Args:
        app: The application.
        policy: The Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self._app = app
        self._headers: Mapping[str, str] = _HEADERS | {"Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; no exception passes, so that no server logs its message."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        exchange = _Exchange(given if _GIVEN_ID.fullmatch(given) else uuid4().hex)
        scope.setdefault("state", {})["request_id"] = exchange.request_id

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                self._dress(MutableHeaders(raw=message["headers"]), exchange.request_id)
            await send(message)

        try:
            await self._app(scope, receive, dressed)
        except ClientDisconnect:
            exchange.status = 0
        except Exception as error:  # noqa: BLE001  # the last wall before the server's own log
            report_crash(error, exchange.request_id)
            if not exchange.status:
                answer = ProblemError(INTERNAL).response(exchange.request_id)
                await answer(scope, receive, dressed)
        finally:
            _access.info(exchange.line(scope))

    def _dress(self, headers: MutableHeaders, request_id: str) -> None:
        for name, value in self._headers.items():
            headers[name] = value
        headers[REQUEST_ID] = request_id


def report_crash(error: BaseException, request_id: str) -> None:
    """Log a crash: types and places of the whole chain, messages only where they are ours."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None:
        words = f"：{link}" if isinstance(link, PetitionError) else ""
        lines.append(f"{type(link).__name__}{words}")
        frames = traceback.extract_tb(link.__traceback__, limit=-12)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        link = link.__cause__
    _log.error("request_id=%s 内部错误\n%s", request_id, "\n".join(lines))
