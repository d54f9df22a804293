"""The service door: POST letters, get reports. fastapi, pydantic and uvicorn live only here."""

import logging.config
import os
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from nlp.errors import OptionError, PetitionError
from nlp.serve.app import create_app
from nlp.serve.desk import TriageLike
from nlp.serve.settings import Settings, from_environment

__all__ = ["Settings", "create_app", "from_environment", "run"]

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "nlp.serve": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
_log = logging.getLogger("nlp.serve")


def run(host: str | None = None, port: int | None = None, bundle: Path | None = None) -> None:
    """Serve until told to stop; what is None comes from the environment.

    Args:
        host: Address to listen on.
        port: TCP port.
        bundle: Model folder.

    Raises:
        PetitionError: A setting is wrong, the port is taken, or the model cannot be loaded.
    """
    given = {"host": host, "port": port, "bundle": bundle}
    settings = replace(
        from_environment(os.environ), **{k: v for k, v in given.items() if v is not None}
    )
    logging.config.dictConfig(_LOGGING)
    with _listen(settings.host, settings.port) as listener:
        serve(settings, listener)


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve on a socket that is already bound.

    Raises:
        PetitionError: The model cannot be loaded.
    """
    failures: list[BaseException] = []

    def stop(failure: BaseException) -> None:
        failures.append(failure)
        server.should_exit = True

    def load() -> TriageLike:
        from nlp.triage import Triage  # noqa: PLC0415  # on the worker: /healthz need not wait

        return Triage.load(settings.bundle, settings.labels)

    app = create_app(load, settings=settings, on_failure=stop)
    server = uvicorn.Server(_config(app, settings))
    _log.info("http://%s:%s/docs", *listener.getsockname()[:2])
    with suppress(KeyboardInterrupt):  # uvicorn has already ended in order and raises it again
        server.run(sockets=[listener])
    if failures:
        cause = failures[0]
        known = isinstance(cause, PetitionError)
        raise cause if known else PetitionError("模型没有装入", remedy="详见日志") from cause


def _config(app: Any, settings: Settings) -> uvicorn.Config:  # noqa: ANN401  # any ASGI app
    """One process, one port, no second access log, no word of what software answers."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.answer_seconds),
    )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, or the reason why there is none.

    TCP_NODELAY passes to what is accepted; without it each answer waits 40 ms for the client's
    acknowledgement, since asyncio sets it only on sockets it made itself.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise OptionError(
            f"不能在此监听：{error.strerror}",
            where=f"{host}:{port}",
            remedy="请换一个端口（PETITION_PORT），或停掉占用它的程序",
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
