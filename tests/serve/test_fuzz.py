"""Whatever JSON comes, the answer is a report or a problem that blames the caller."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fakes import Client

_TEXT = st.text(st.characters(categories=None), max_size=20)
_PLAIN: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT
_JSON: st.SearchStrategy[Any] = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)
_KEYS = st.sampled_from(["id", "title", "body", "text", "received_at", "letters", "x"])
_LETTER = st.fixed_dictionaries({}, optional={
    "id": _TEXT | _JSON, "title": _TEXT | st.none(), "body": _TEXT, "text": _TEXT | _JSON,
    "received_at": st.none() | st.dates().map(str) | st.datetimes().map(str) | _TEXT,
})  # fmt: skip
_BODY = (
    _JSON
    | _LETTER
    | st.dictionaries(_KEYS, _JSON, max_size=4)
    | st.fixed_dictionaries({"letters": st.lists(_LETTER | _JSON, max_size=3)})
)


@given(body=_BODY, path=st.sampled_from(["/v1/triage", "/v1/triage/batch"]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_json_never_breaks_the_service(client: Client, body: object, path: str) -> None:
    """Any JSON gets 200, 413 or 422."""
    answer = client.raw(path, json.dumps(body).encode())
    assert answer.status_code in {200, 413, 422}
    assert answer.json()


@given(content=st.binary(max_size=60) | _TEXT.map(lambda text: text.encode(errors="replace")))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_never_break_the_service(client: Client, content: bytes) -> None:
    """Any bytes get 422, or 200 in the unlikely case that they are a letter."""
    assert client.raw("/v1/triage", content).status_code in {200, 422}
