"""The addresses of the service, and the application that holds them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from nlp import __version__, codec
from nlp.serve import body, openapi, schema
from nlp.serve.catalogue import Readiness, catalogue
from nlp.serve.desk import Desk, TriageLike
from nlp.serve.envelope import Envelope
from nlp.serve.problems import ProblemError, of_status
from nlp.serve.settings import Settings

_TITLE = "信访来信智能辅助"
_ABOUT = """把来信变成报告：内容分类、信访目的、轻重缓急、情绪、危机信号、甄别标记、5W1H、办理建议。

系统只提建议，由人决定；来信不出本机，日志不含来信文字。报告里的位置按 Unicode 码点计，左闭右开。
除 200 以外的回答都是 `application/problem+json`（RFC 9457）。
**遇到 500 或 503，请立即由人工阅读来信。**"""
_LETTER = {
    "id": "2026-0001",
    "title": "小区夜里施工",
    "body": "我是青禾苑的住户，楼下工地每天半夜还在打桩，老人睡不着，请有关部门管一管。",
    "received_at": "2026-05-16",
}


class Doors:
    """The handlers of all addresses.

    Args:
        desk: Where letters are read.
        settings: Limits and times.
    """

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self._desk = desk
        self._settings = settings
        self._page = openapi.page(_TITLE)

    async def triage(self, request: Request) -> Response:
        """读一封来信，返回一份报告。"""
        async with self._taken(request, self._settings.max_body_bytes) as data:
            letter = await asyncio.to_thread(schema.read_letter, data)
            reports = await self._desk.read([letter])
            return Response(reports[0], media_type="application/json")

    async def batch(self, request: Request) -> Response:
        """读一批来信，报告的顺序与来信相同。任何一封写法有误，整批退回并指明是哪几封。"""
        most = self._settings.max_batch
        async with self._taken(request, self._settings.max_batch_bytes) as data:
            letters = await asyncio.to_thread(schema.read_batch, data, most)
            reports = await self._desk.read(letters)
            return Response(
                '{"reports":[' + ",".join(reports) + "]}", media_type="application/json"
            )

    @asynccontextmanager
    async def _taken(self, request: Request, limit: int) -> AsyncGenerator[object, None]:
        """Hold a place at the desk and give the JSON of the body."""
        body.check_head(request, limit)
        with self._desk.place():
            raw = await body.read(request, limit, self._settings.read_seconds)
            yield await asyncio.to_thread(body.parse, raw)

    async def labels(self) -> Response:
        """报告里可能出现的全部标签：内容分类树、信访目的、分级、危机、甄别标记、需要、字段。"""
        return JSONResponse(codec.encode(catalogue(self._desk.triage().labels)))

    async def schema(self) -> Response:
        """报告的 JSON Schema（2020-12）。"""
        return JSONResponse(codec.json_schema())

    async def alive(self) -> Response:
        """进程在，即答。"""
        return JSONResponse({"status": "alive"})

    async def ready(self) -> Response:
        """能读信时答 200 与模型、标签的版本；模型未装入或卡住时答 503。"""
        triage = self._desk.triage()
        readiness = Readiness("ready", triage.model, triage.labels.digest)
        return JSONResponse(codec.encode(readiness))

    async def docs(self) -> Response:
        """The offline API page."""
        return HTMLResponse(self._page)

    def into(self, app: FastAPI) -> None:
        """Give every handler its address."""
        batch = {"letters": [_LETTER]}
        for address in (
            _Address("/v1/triage", self.triage, "读一封来信", "Report", ("LetterIn", _LETTER)),
            _Address("/v1/triage/batch", self.batch, "读一批来信", "Batch", ("BatchIn", batch)),
            _Address("/v1/labels", self.labels, "全部标签", "LabelsCatalogue", refuses=(503,)),
            _Address("/v1/schema", self.schema, "报告的 JSON Schema", "Schema"),
            _Address("/healthz", self.alive, "进程是否在", "Alive"),
            _Address("/readyz", self.ready, "能否读信", "Readiness", refuses=(503,)),
        ):
            app.add_api_route(address.path, address.handler, **address.options())
        app.add_api_route("/docs", self.docs, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Address:
    """What the router and the OpenAPI document know of one handler.

    Attributes:
        answers: Component that a 200 holds.
        sends: Component and example of the body; None for a GET.
        refuses: Problem statuses beside 500 and those of reading a body.
    """

    path: str
    handler: Callable[..., Awaitable[Response]]
    summary: str
    answers: str
    sends: tuple[str, object] | None = None
    refuses: tuple[int, ...] = ()

    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``add_api_route``."""
        statuses = (408, 413, 415, 422, 503) if self.sends else self.refuses
        return {
            "methods": ["POST" if self.sends else "GET"],
            "summary": self.summary,
            "response_model": None,
            "responses": openapi.responses(self.answers, self.summary, *statuses),
            "openapi_extra": openapi.request_body(*self.sends) if self.sends else None,
        }


def create_app(
    load: Callable[[], TriageLike],
    *,
    settings: Settings | None = None,
    on_failure: Callable[[BaseException], None] = lambda _: None,
) -> FastAPI:
    """Build the service.

    Args:
        load: Gives the model; called once, on the worker thread, after the service is up.
        settings: Limits and times; the defaults when None.
        on_failure: Told when the model cannot be loaded.

    Returns:
        An ASGI application.
    """
    chosen = settings or Settings()
    desk = Desk(load, queue=chosen.queue, seconds=chosen.answer_seconds)
    doors = Doors(desk, chosen)
    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        static_url=openapi.STATIC,
        title=_TITLE,
        version=__version__,
        description=_ABOUT,
        lifespan=_life(desk, on_failure),
        exception_handlers={ProblemError: _problem, HTTPException: _http},
    )
    doors.into(app)
    app.openapi = lambda: openapi.document(app)
    app.add_middleware(Envelope, policy=openapi.policy(openapi.page(_TITLE)))
    return app


def _life(
    desk: Desk, on_failure: Callable[[BaseException], None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Load while already answering /healthz; at the end wait for the work at hand."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncGenerator[None, None]:
        loading = asyncio.create_task(desk.open(on_failure))
        yield
        await desk.close()
        await loading

    return life


def _id(request: Request) -> str:
    return str(request.state.request_id)


async def _problem(request: Request, error: Exception) -> Response:
    """A refusal of ours."""
    return cast("ProblemError", error).response(_id(request))


async def _http(request: Request, error: Exception) -> Response:
    """A refusal of the framework: unknown address, wrong method."""
    refused = cast("HTTPException", error)
    return of_status(refused.status_code, refused.headers).response(_id(request))
