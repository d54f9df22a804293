"""The service on a real socket, started and stopped as an operator does."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from nlp import serve
from nlp.errors import PetitionError

from .fakes import MARK, WORDS, letter, problem

ROOT = Path(__file__).parents[2]
_SCRIPT = """
import sys, types
sys.path.insert(0, {tests!r})
from serve.fakes import FakeTriage
import time
class Triage:
    @staticmethod
    def load(bundle=None, labels_folder=None):
        if str(bundle) == "absent":
            from nlp.errors import BundleError
            raise BundleError("没有这个模型", where="absent")
        return FakeTriage(before=lambda letters: time.sleep(0.6 if letters[0].id == "slow" else 0))
module = types.ModuleType("nlp.triage")
module.Triage = Triage
sys.modules["nlp.triage"] = module
from nlp import serve
from nlp.errors import PetitionError
try:
    serve.run(port=int(sys.argv[1]))
except PetitionError as error:
    sys.exit(str(error))
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _process(**environ: str) -> Generator[tuple[subprocess.Popen[str], str], None, None]:
    """A service in a fresh interpreter, and its address; always ended."""
    port = _free_port()
    script = _SCRIPT.format(tests=str(ROOT / "tests"))
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", script, str(port)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def _ready(url: str) -> bool:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return True
        except httpx.ConnectError:
            pass
        threading.Event().wait(0.05)
    return False


def _seconds(url: str, count: int) -> float:
    """How long some requests on one connection take; 40 ms each while TCP waits for ACKs."""
    with httpx.Client() as http:
        begun = time.perf_counter()
        for _ in range(count):
            assert http.get(f"{url}/healthz").status_code == 200
        return time.perf_counter() - begun


def test_a_real_server_answers_and_ends_in_order() -> None:
    """Over TCP: a report, a refusal of a large body, no Server header; SIGTERM waits for work."""
    with _process(PETITION_MAX_BODY_BYTES="100000") as (process, url):
        assert _ready(url)
        answer = httpx.post(f"{url}/v1/triage", json=letter())
        assert answer.status_code == 200
        assert "server" not in answer.headers
        assert _seconds(url, 20) < 0.4
        for size in (100_001, 9_000_000):
            refused = httpx.post(
                f"{url}/v1/triage",
                content=b" " * size,
                headers={"Content-Type": "application/json"},
            )
            assert refused.status_code == 413
            assert problem(refused)["errors"] == []
        threading.Timer(0.2, process.send_signal, (signal.SIGTERM,)).start()
        slow = httpx.post(f"{url}/v1/triage", json=letter(id="slow"))
        assert slow.status_code == 200
        _, log = process.communicate(timeout=20)
    assert process.returncode in {0, -signal.SIGTERM}
    assert "POST /v1/triage 200" in log
    assert MARK not in log
    assert WORDS not in log


def test_without_a_model_it_ends_with_the_reason() -> None:
    """When the model cannot be loaded the process ends, not zero, with what and where."""
    with _process(PETITION_BUNDLE="absent") as (process, _):
        _, log = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "absent：没有这个模型" in log
    assert "Traceback" not in log


def test_a_taken_port_is_named() -> None:
    """A port in use is refused with address and remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(PetitionError) as caught:
            serve.run(port=port)
    assert str(port) in caught.value.where
    assert "PETITION_PORT" in caught.value.remedy


def test_serve_is_light() -> None:
    """A fresh interpreter that imports nlp.serve holds no training library."""
    code = (
        "import sys, nlp.serve;"
        "sys.exit(','.join({'torch','transformers','sklearn','pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == 0
