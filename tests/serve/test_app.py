"""The addresses: what a sound request gets."""

import json
import re

import httpx
import pytest

from nlp import codec

from .fakes import WORDS, Client, FakeTriage, fits, letter, serving


def test_one_letter_gets_its_report(client: Client) -> None:
    """A letter posted alone comes back as a report of the contract, quotes exact."""
    answer = client.post("/v1/triage", letter())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    report = codec.from_json(answer.text)
    assert report.id == "a-1"
    assert report.flags[0].spans[0].quote == WORDS[0]
    assert fits(answer.json(), codec.json_schema())


def test_an_id_is_made_when_missing(client: Client) -> None:
    """Without an id, or with null, the report carries a fresh uuid4 in hex."""
    ids = [client.post("/v1/triage", letter(id=None)).json()["id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch("[0-9a-f]{32}", found) for found in ids)


@pytest.mark.parametrize(
    "body",
    [
        {"text": WORDS},
        {"body": WORDS, "text": WORDS},
        {"body": "", "title": "救命"},
        {"title": None, "body": WORDS, "received_at": None},
        {"body": "🙏"},
        {"body": "\u0000急\r\n𠮷\u200b"},
    ],
)
def test_sound_letters_are_read(client: Client, body: dict[str, object]) -> None:
    """Either name of the body, an empty body under a title, null for nothing, any script."""
    assert client.post("/v1/triage", body).status_code == 200


def test_the_shape_of_json_is_free(client: Client) -> None:
    """A byte order mark, escapes, a charset and a +json type are as good."""
    raw = json.dumps(letter()).encode()
    for content, kind in [
        (b"\xef\xbb\xbf" + raw, "application/json"),
        (raw, 'application/json; charset="UTF-8"'),
        (raw, "application/vnd.petition+json"),
    ]:
        answer = client.send("POST", "/v1/triage", content=content, headers={"Content-Type": kind})
        assert answer.status_code == 200


def test_a_letter_of_one_megabyte_is_read(client: Client) -> None:
    """A long letter is read whole."""
    assert client.post("/v1/triage", letter(body="楼上漏水。" * 70_000)).status_code == 200


def test_batch_keeps_order() -> None:
    """A hundred letters come back as a hundred reports in the same order, on one thread."""
    triage = FakeTriage()
    with serving(triage) as client:
        ids = [f"n-{i * 37 % 100}" for i in range(100)]
        answer = client.post("/v1/triage/batch", {"letters": [letter(id=i) for i in ids]})
    assert [report["id"] for report in answer.json()["reports"]] == ids
    assert len(triage.threads) == 1


def test_labels_show_the_tree(client: Client) -> None:
    """GET /v1/labels lays out every topic under its parent, and the digest."""
    found = client.get("/v1/labels").json()
    labels = FakeTriage().labels
    assert found["digest"] == labels.digest
    assert [node["name"] for node in found["taxonomy"]] == list(labels.level_one())
    below = found["taxonomy"][0]["children"]
    assert [node["name"] for node in below] == list(labels.children(labels.level_one()[0]))
    assert {flag["name"] for flag in found["flags"] if flag["basis"]} == {
        flag.name for flag in labels.flags
    }


def test_schema_is_the_contract(client: Client) -> None:
    """GET /v1/schema is the JSON Schema that the code generates."""
    assert client.get("/v1/schema").json() == codec.json_schema()


def test_health_and_readiness(client: Client) -> None:
    """/healthz says alive; /readyz names model and labels."""
    assert client.get("/healthz").json() == {"status": "alive"}
    found = client.get("/readyz").json()
    assert found["model"] == {"name": "fake", "version": "0.1", "digest": "sha256:00"}
    assert found["labels_digest"] == FakeTriage().labels.digest


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/nowhere", "/static-docs/swagger-ui.css"])
def test_every_answer_is_dressed(client: Client, path: str) -> None:
    """Security headers and a request id stand on every answer, and no CORS header."""
    headers = client.get(path, headers={"Origin": "http://elsewhere"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_X", True), ("坏", False), ("a" * 65, False)])
def test_request_id_is_echoed_when_harmless(client: Client, given: str, kept: bool) -> None:
    """A caller's X-Request-Id comes back when it is short and plain, else a new one."""
    headers: list[tuple[bytes, bytes]] = [(b"X-Request-Id", given.encode())]
    answer: httpx.Response = client.get("/healthz", headers=headers)
    assert (answer.headers["x-request-id"] == given) is kept
