"""One running service for all tests that do not change it."""

from collections.abc import Generator

import pytest

from .fakes import Client, serving


@pytest.fixture(scope="session")
def client() -> Generator[Client, None, None]:
    """A service with the fake triage, loaded."""
    with serving() as found:
        yield found
