"""The guards of the suite itself."""

import socket

import pytest


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "2001:db8::1"])
def test_another_machine_cannot_be_called(host: str) -> None:
    """A connection off this machine fails the test before anything is sent."""
    with pytest.raises(pytest.fail.Exception, match="别的机器"):
        socket.create_connection((host, 80), timeout=0.1)


def test_this_machine_can_be_called() -> None:
    """The loop back stays open, for the tests of the service."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=1) as client,
    ):
        assert client.getpeername() == server.getsockname()
