"""Refusals: each error case, what it says, and that it never repeats the letter."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import nlp.serve
from nlp.serve import Settings
from nlp.serve.problems import KINDS

from .fakes import MARK, WORDS, Client, FakeTriage, letter, problem, serving

ONE, MANY = "/v1/triage", "/v1/triage/batch"


@pytest.mark.parametrize(
    ("path", "body", "pointer", "words"),
    [
        (ONE, [], "", "须为 JSON 对象"),
        (ONE, WORDS, "", "须为 JSON 对象"),
        (ONE, None, "", "须为 JSON 对象"),
        (ONE, {}, "", "缺少正文"),
        (ONE, letter(text="别的"), "", "请只留一个"),
        (ONE, letter(title=" ", body="\u3000\n\u200b"), "", "没有文字"),
        (ONE, letter(bdoy=WORDS), "/bdoy", "未知的键"),
        (ONE, letter(**{WORDS: 1}), "", "键名不在此重复"),
        (ONE, letter(id=7), "/id", "须为字符串"),
        (ONE, letter(id=""), "/id", "不可为空串"),
        (ONE, letter(id="x" * 201), "/id", "过长"),
        (ONE, letter(id=f"{MARK}\n"), "/id", "控制字符"),
        (ONE, letter(body=[WORDS]), "/body", "须为字符串"),
        (ONE, letter(body=f"{MARK}\ud800"), "/body", "代理码"),
        (ONE, letter(received_at=MARK), "/received_at", "须为日期"),
        (ONE, letter(received_at="2026-02-30"), "/received_at", "须为日期"),
        (ONE, letter(received_at=1_700_000_000), "/received_at", "须为字符串"),
        (MANY, [letter()], "", "须为 JSON 对象"),
        (MANY, {}, "/letters", "缺少这一项"),
        (MANY, {"letters": []}, "/letters", "空的"),
        (MANY, {"letters": letter()}, "/letters", "须为数组"),
        (MANY, {"letters": [letter(), {"id": "b"}]}, "/letters/1", "缺少正文"),
        (MANY, {"letters": [letter(), WORDS]}, "/letters/1", "须为 JSON 对象"),
        (MANY, {"letters": [letter()], "x": 1}, "/x", "未知的键"),
        (MANY, {"letters": [letter(), letter(id="c"), letter()]}, "/letters/2/id", "/letters/0/id"),
    ],
)
def test_a_wrong_letter_is_pointed_at(
    client: Client, path: str, body: object, pointer: str, words: str
) -> None:
    """422 names the place as a JSON Pointer and the fault in Chinese."""
    answer = client.raw(path, json.dumps(body).encode())
    assert answer.status_code == 422
    found = problem(answer)
    assert found["type"] == "urn:petition-nlp:problem:invalid-letter"
    assert [error["pointer"] for error in found["errors"]] == [pointer]
    assert words in found["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("content", "status", "name", "words"),
    [
        (b"", 422, "not-json", "第 1 行第 1 个字符"),
        (f'{{"body": "{MARK}'.encode(), 422, "not-json", "没有收尾"),
        (f'{{"body": "a",\n {MARK}: 1}}'.encode(), 422, "not-json", "第 2 行第 2 个字符"),
        (f'{{"body": "{MARK}\n"}}'.encode(), 422, "not-json", "未转义的控制字符"),
        (b'{"body": NaN}', 422, "not-json", "NaN"),
        (b'{"body": -Infinity}', 422, "not-json", "-Infinity"),
        (b'{"body": 1e999}', 422, "invalid-letter", "1 处"),
        (b'{"body": ' + b"9" * 5000 + b"}", 422, "not-json", "数字过长"),
        (f'{{"body": "{MARK}", "body": "b"}}'.encode(), 422, "not-json", "重复的键"),
        (b"[" * 200_000, 422, "not-json", "嵌套过深"),
        (b'{"a":' * 200_000, 422, "not-json", "嵌套过深"),
        (b'{"body": "\xc4\xe3"}', 422, "not-utf-8", "第 11 个字节"),
        ('{"body": "a"}'.encode("utf-16"), 422, "not-utf-8", "第 1 个字节"),
        (b"\x00\xff\xfe\x80" * 99, 422, "not-utf-8", "第 2 个字节"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    client: Client, content: bytes, status: int, name: str, words: str
) -> None:
    """Broken bytes get a 422 with the position, whatever they are."""
    answer = client.raw(ONE, content)
    assert answer.status_code == status
    found = problem(answer)
    assert found["type"].endswith(name)
    assert words in found["detail"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "application/json"),
        ({"Content-Type": "text/plain"}, "application/json"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "application/json"),
        ({"Content-Type": "application/jsonx"}, "application/json"),
        ({"Content-Type": "application/json; charset=gb18030"}, "UTF-8"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "压缩"),
    ],
)
def test_another_type_is_refused(client: Client, headers: dict[str, str], words: str) -> None:
    """415 for anything that is not plain UTF-8 JSON."""
    answer = client.send("POST", ONE, content=json.dumps(letter()), headers=headers)
    assert answer.status_code == 415
    assert words in problem(answer)["detail"]


@pytest.mark.parametrize("path", ["/nowhere", f"/{MARK}", "/v1/triage/", "/static-docs/none"])
def test_an_unknown_address_is_a_problem(client: Client, path: str) -> None:
    """404 as a problem that does not repeat the address."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert problem(answer)["type"].endswith("not-found")


def test_a_wrong_method_names_the_right_one(client: Client) -> None:
    """405 as a problem with Allow."""
    answer = client.get(ONE)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert problem(answer)["type"].endswith("method-not-allowed")


async def _stream(chunks: int) -> AsyncIterator[bytes]:
    for _ in range(chunks):
        yield b" " * 1024


@pytest.mark.parametrize(("path", "limit"), [(ONE, 2048), (MANY, 4096)])
def test_a_large_body_is_refused(path: str, limit: int) -> None:
    """413 by declared length and by what streams in, each address with its own limit."""
    settings = Settings(max_body_bytes=2048, max_batch_bytes=4096)
    with serving(settings=settings) as client:
        for content in (b" " * (limit + 1), _stream(limit // 1024 + 1)):
            answer = client.raw(path, content)
            assert answer.status_code == 413
            assert str(limit) in problem(answer)["detail"]
        assert client.raw(path, b" " * limit).status_code == 422


def test_too_many_letters_are_refused(client: Client) -> None:
    """413 for the letter beyond the hundredth, with both numbers and the remedy."""
    answer = client.post(MANY, {"letters": [letter(id=str(i)) for i in range(101)]})
    assert answer.status_code == 413
    found = problem(answer)
    assert "101" in found["detail"]
    assert "100" in found["detail"]
    assert "分成几批" in found["remedy"]


def test_a_slow_body_is_refused() -> None:
    """408 when the body does not come in time."""

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep(30)

    with serving(settings=Settings(read_seconds=0.05)) as client:
        answer = client.raw(ONE, never())
    assert answer.status_code == 408
    assert problem(answer)["type"].endswith("body-timeout")


def test_many_faults_are_cut_off(client: Client) -> None:
    """A batch in which every letter is wrong lists the first fifty faults and counts all."""
    answer = client.post(MANY, {"letters": [{"id": str(i)} for i in range(100)]})
    found = problem(answer)
    assert len(found["errors"]) == 50
    assert "100" in found["detail"]


class _PanicError(BaseException):
    """Like the panic of a native extension: no Exception."""


@pytest.mark.parametrize("error", [ValueError(MARK), KeyError(MARK), _PanicError(MARK)])
def test_a_crash_is_loud_and_silent(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """500 tells to have a person read now, gives an id that the log has, and no letter text."""

    def broken(_: object) -> None:
        raise error

    with serving(FakeTriage(before=broken)) as client:
        answer = client.post(ONE, letter())
        assert client.get("/healthz").status_code == 200
    assert answer.status_code == 500
    found = problem(answer)
    assert "请立即由人工阅读" in found["remedy"]
    assert found["request_id"] in caplog.text
    assert type(error).__name__ in caplog.text
    assert MARK not in caplog.text
    assert "Traceback" not in answer.text


def test_a_lost_report_is_a_crash() -> None:
    """A model that answers for fewer letters than it got is not believed."""

    class Lossy(FakeTriage):
        def read(self, letters: Any) -> Any:
            return super().read(letters)[1:]

    with serving(Lossy()) as client:
        answer = client.post(MANY, {"letters": [letter(), letter(id="b")]})
    assert answer.status_code == 500
    problem(answer)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_problem_is_explained(kind: Any) -> None:
    """README.md has a line for each kind of problem, with its status."""
    readme = (Path(nlp.serve.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert any(f"`{kind.name}`" in line and str(kind.status) in line for line in readme.split("\n"))
