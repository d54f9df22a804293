"""Settings of the service, from environment variables only; README.md lists them for people."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nlp.errors import OptionError

PREFIX = "PETITION_"
DEBUG = "PETITION_DEBUG"
"""Read by the command line, not by the service."""
_MIB = 1024 * 1024


_BOUNDS = {
    "port": (0, 65535),
    "max_batch": (1, 1000),
    "max_body_bytes": (1024, 1024 * _MIB),
    "max_batch_bytes": (1024, 4096 * _MIB),
    "queue": (1, 10_000),
    "read_seconds": (1, 3600),
    "answer_seconds": (1, 86_400),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the service runs; each field is the variable PETITION_ plus its name in capitals.

    Attributes:
        host: Address to listen on; only this machine unless someone decides otherwise.
        port: TCP port; 0 takes any free one.
        bundle: Model folder; None takes the one that ships with the package.
        labels: Labels folder; None takes the one that ships with the package.
        max_batch: Letters in one batch at most.
        max_body_bytes: Bytes in the body of a single letter's request at most.
        max_batch_bytes: Bytes in the body of a batch request at most.
        queue: Requests inside the service at once, the one being read included; beyond that 503.
        read_seconds: How long a client may take to send its body.
        answer_seconds: How long a request may wait for its reports.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    bundle: Path | None = None
    labels: Path | None = None
    max_batch: int = 100
    max_body_bytes: int = 8 * _MIB
    max_batch_bytes: int = 64 * _MIB
    queue: int = 32
    read_seconds: float = 30
    answer_seconds: float = 300


def names() -> tuple[str, ...]:
    """The environment variables there are, in the order of the fields."""
    return tuple(PREFIX + member.name.upper() for member in fields(Settings))


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        environ: The environment, usually ``os.environ``; an empty value counts as not set.

    Raises:
        OptionError: A PETITION_ variable is unknown or its value is wrong; names the variable.
    """
    known = names()
    given_names = {name for name in environ if name.startswith(PREFIX)}
    if unknown := sorted(given_names - {*known, DEBUG}):
        raise OptionError(
            "未知的环境变量", where=unknown[0], remedy=f"请改正或删去；可用的有：{'、'.join(known)}"
        )
    given: dict[str, Any] = {
        member.name: _read(environ[name], name, member.name)
        for name, member in zip(known, fields(Settings), strict=True)
        if environ.get(name)
    }
    return Settings(**given)


def _read(text: str, name: str, attribute: str) -> str | int | Path:
    """One value in the type of its field."""
    if attribute not in _BOUNDS:
        return text if attribute == "host" else Path(text)
    low, high = _BOUNDS[attribute]
    if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
        default = getattr(Settings(), attribute)
        raise OptionError(f"须为 {low} 到 {high} 的整数", where=name, remedy=f"默认为 {default}")
    return int(text)
