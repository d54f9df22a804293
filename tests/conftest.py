"""What all tests share: the data folder beside the checkout, the real triage, a closed network."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nlp.triage import Triage
from tests import toy_training

# the machine may be busy: how long one example takes says nothing
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The private data folder beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("旁边没有 shared/data，量不了")
    return SHARED


@pytest.fixture(scope="session")
def triage() -> Triage:
    """The triage as it ships, with the bundle of models/petition-zh."""
    return Triage.load()


@pytest.fixture(scope="session")
def toy_training_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A bundle trained on invented letters, and the figures of its training."""
    return toy_training.train(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def toy_bundle(toy_training_run: tuple[Path, dict[str, Any]]) -> Path:
    """A bundle trained on invented letters; not to be written to."""
    return toy_training_run[0]


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Letters stay on the host: a test that looks up or calls another machine fails."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
    yield
    patch.undo()


def _guarded(call: Any) -> Any:
    """A socket call that goes to this machine only; the address comes last."""

    def checked(own: socket.socket, *given: Any) -> Any:
        if own.family in {socket.AF_INET, socket.AF_INET6}:
            _refuse_away(given[-1][0])
        return call(own, *given)

    return checked


def _guarded_lookup(call: Any) -> Any:
    """A name look-up that answers for this machine only."""

    def checked(host: Any, *given: Any, **named: Any) -> Any:
        _refuse_away(host)
        return call(host, *given, **named)

    return checked


def _refuse_away(host: Any) -> None:
    """Fail when an address is not of this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return
    try:
        here = ipaddress.ip_address(name).is_loopback
    except ValueError:
        here = False
    if not here and name != "0.0.0.0":  # noqa: S104  # a listening address, not a call
        pytest.fail(f"测试要连别的机器：{name}")
