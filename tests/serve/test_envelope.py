"""Logs: one line a request, and nothing of the letter at any level."""

import json
import logging
import re

import pytest

from .fakes import MARK, FakeTriage, letter, serving


def test_access_line_has_five_words(caplog: pytest.LogCaptureFixture) -> None:
    """Method, path template, status, milliseconds, request id; no query, no given path."""
    caplog.set_level(logging.INFO)
    with serving() as client:
        caplog.clear()
        client.post("/v1/triage", letter())
        client.get(f"/healthz?q={MARK}")
        client.get(f"/{MARK}?q=1")
        client.send("BREW", "/v1/triage")
    lines = [r.getMessage() for r in caplog.records if r.name == "nlp.serve.access"]
    heads = ["POST /v1/triage 200", "GET /healthz 200", "GET - 404", r"\? (-|/v1/triage) 405"]
    for line, head in zip(lines, heads, strict=True):
        assert re.fullmatch(head + r" \d+\.\dms [0-9a-f]{32}", line)


def test_no_letter_in_any_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At DEBUG, over success, every kind of fault and a crash: not a word of the letter, no id."""
    caplog.set_level(logging.DEBUG)
    broken: list[bool] = []

    def sometimes(_: object) -> None:
        if broken:
            raise ValueError(MARK)

    name = "号主王五"
    with serving(FakeTriage(before=sometimes)) as client:
        client.post("/v1/triage", letter(id=name))
        client.post("/v1/triage/batch", {"letters": [letter(id=name), letter(id=name)]})
        client.post("/v1/triage", {MARK: name})
        client.post("/v1/triage", letter(received_at=MARK))
        client.raw("/v1/triage", f'{{"body": "{MARK}'.encode())
        client.send("PUT", f"/{MARK}", json=letter())
        broken.append(True)
        client.post("/v1/triage", letter(id=name))
    captured = capfd.readouterr()
    everything = caplog.text + captured.out + captured.err
    for words in (MARK, name):
        for form in (words, json.dumps(words)[1:-1], repr(words.encode())[2:-1]):
            assert form not in everything
    assert "nlp.serve.access" in caplog.text
