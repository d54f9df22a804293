"""The body of a request: its size, its type, its bytes and its JSON, refused with a position."""

import json
from typing import Any, NoReturn

import anyio
from starlette.requests import Request

from nlp.serve.problems import (
    MEDIA,
    NOT_JSON,
    NOT_UTF8,
    SLOW_BODY,
    TOO_LARGE,
    ProblemError,
)

_REASONS = {
    "Expecting value": "此处应为一个值",
    "Expecting ',' delimiter": "此处应为逗号",
    "Expecting ':' delimiter": "此处应为冒号",
    "Expecting property name enclosed in double quotes": "此处应为双引号括起的键",
    "Illegal trailing comma before end of object": "对象末尾多了逗号",
    "Illegal trailing comma before end of array": "数组末尾多了逗号",
    "Unterminated string starting at": "此处开始的字符串没有收尾",
    "Invalid control character at": "字符串中有未转义的控制字符（换行须写作 \\n）",
    "Invalid \\escape": "反斜杠转义有误",
    "Invalid \\uXXXX escape": "\\u 转义有误",
    "Extra data": "JSON 结束之后还有内容",
}


class _JsonError(ValueError):
    """A fault in otherwise well-formed JSON, in words for the caller."""


def check_head(request: Request, limit: int) -> None:
    """Refuse by the headers alone what need not be read.

    Args:
        request: The request, its body unread.
        limit: Bytes that the body may have.

    Raises:
        ProblemError: 415 for another type, charset or a compressed body, 413 for a declared
            length beyond the limit.
    """
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    main, _, sub = kind.strip().lower().partition("/")
    if main != "application" or not (sub == "json" or sub.endswith("+json")):
        raise ProblemError(MEDIA, "Content-Type 须为 application/json")
    charset = rest.lower().replace(" ", "").replace('"', "").partition("charset=")[2]
    if charset.partition(";")[0] not in {"", "utf-8", "utf8"}:
        raise ProblemError(MEDIA, "字符集须为 UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(MEDIA, "不接受压缩过的请求体（Content-Encoding）")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        _too_large(limit)


async def read(request: Request, limit: int, seconds: float) -> bytes:
    """Read the body as it streams in.

    Args:
        request: The request.
        limit: Bytes that the body may have.
        seconds: How long it may take.

    Raises:
        ProblemError: 413 as soon as more than the limit has come, 408 after the time.
    """
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    _too_large(limit)
    except TimeoutError:
        raise ProblemError(SLOW_BODY, f"{seconds:g} 秒内没有收完请求体") from None
    return bytes(body)


def parse(body: bytes) -> object:
    """Read JSON strictly: UTF-8, no NaN, no key twice, no nesting beyond Python's stack.

    Raises:
        ProblemError: 422 that names the place and never quotes it.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(NOT_UTF8, f"第 {error.start + 1} 个字节起不是 UTF-8") from None
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        reason = _REASONS.get(error.msg, "写法有误")
        place = f"第 {error.lineno} 行第 {error.colno} 个字符"
        raise ProblemError(NOT_JSON, f"{place}：{reason}") from None
    except _JsonError as error:
        raise ProblemError(NOT_JSON, str(error)) from None
    except RecursionError:
        raise ProblemError(NOT_JSON, "嵌套过深") from None
    except ValueError:
        raise ProblemError(NOT_JSON, "数字过长") from None


def _too_large(limit: int) -> NoReturn:
    detail = f"请求体超过上限 {limit} 字节"
    raise ProblemError(TOO_LARGE, detail, headers={"Connection": "close"})


def _no_constant(name: str) -> NoReturn:
    """NaN and infinities are not JSON; ``name`` is one of those three words."""
    raise _JsonError(f"{name} 不是合法的 JSON 值")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key given twice would lose one of the two values, perhaps the letter."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _JsonError("同一个对象里有重复的键")
    return found
