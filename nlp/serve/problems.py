"""Every refusal of the API as an RFC 9457 problem: what, where and remedy, never letter text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

from nlp.codec import encode

MEDIA_TYPE = "application/problem+json"
_HUMAN = "请立即由人工阅读来信，不要等待"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal.

    Attributes:
        name: Last part of the problem's type URI; README.md explains each.
        status: HTTP status.
        title: What is wrong, the same words for every occurrence.
        remedy: What the caller can do.
        retry_after: Seconds until a new try makes sense; 0 when it does not.
    """

    name: str
    status: int
    title: str
    remedy: str
    retry_after: int = 0

    @property
    def type(self) -> str:
        """The problem's type URI."""
        return f"urn:petition-nlp:problem:{self.name}"


NOT_FOUND = Kind("not-found", 404, "没有这个地址", "请看 /docs 列出的地址")
METHOD = Kind("method-not-allowed", 405, "这个地址不接受这种方法", "请改用响应头 Allow 所列的方法")
SLOW_BODY = Kind("body-timeout", 408, "请求体迟迟没有发完", "请检查网络后重发")
TOO_LARGE = Kind("body-too-large", 413, "请求体过大", "请分成几次发送，或调大服务的上限设置")
TOO_MANY = Kind("too-many-letters", 413, "一批来信过多", "请分成几批发送")
MEDIA = Kind(
    "unsupported-media-type", 415, "请求体须为 UTF-8 的 JSON",
    "请以 Content-Type: application/json 发送，不压缩",
)  # fmt: skip
NOT_UTF8 = Kind("not-utf-8", 422, "请求体不是 UTF-8", "请把来信转成 UTF-8 再发送")
NOT_JSON = Kind("not-json", 422, "请求体不是合法的 JSON", "请用 JSON 库生成请求体，不要手工拼接")
INVALID = Kind("invalid-letter", 422, "来信的写法不合要求", "请按 errors 所指逐处改正后重发")
INTERNAL = Kind(
    "internal-error", 500, "服务内部出错，来信没有读成",
    f"{_HUMAN}；并把 request_id 告诉维护人员",
)  # fmt: skip
LOADING = Kind("loading", 503, "模型尚未就绪", f"请稍后重试；急件{_HUMAN}", retry_after=5)
FAILED = Kind("model-failed", 503, "模型没有装入", f"{_HUMAN}；并请维护人员查看服务日志")
BUSY = Kind("busy", 503, "正在处理的请求已满", f"请稍后重试；急件{_HUMAN}", retry_after=2)
STUCK = Kind(
    "answer-timeout", 503, "来信未能在时限内读完",
    f"{_HUMAN}；可减少每批来信后重试", retry_after=60,
)  # fmt: skip
KINDS = (
    NOT_FOUND, METHOD, SLOW_BODY, TOO_LARGE, TOO_MANY, MEDIA, NOT_UTF8, NOT_JSON, INVALID,
    INTERNAL, LOADING, FAILED, BUSY, STUCK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in the body: where (JSON Pointer, RFC 6901) and what."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """The body of every answer that is not a success (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    remedy: str
    request_id: str
    errors: tuple[FieldError, ...]


class ProblemError(Exception):
    """Raised inside a request to answer it with a problem.

    Args:
        kind: Which refusal.
        detail: This occurrence in one sentence, without letter text; empty repeats the title.
        errors: The faults in the body, if it is about them.
        headers: Further response headers.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail or kind.title
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self, request_id: str) -> Response:
        """The answer itself."""
        kind = self.kind
        problem = Problem(
            type=kind.type,
            title=kind.title,
            status=kind.status,
            detail=self.detail,
            instance=f"urn:petition-nlp:request:{request_id}",
            remedy=kind.remedy,
            request_id=request_id,
            errors=self.errors,
        )
        headers = {"Retry-After": str(kind.retry_after)} if kind.retry_after else {}
        body = json.dumps(encode(problem), ensure_ascii=False).encode()
        return Response(body, kind.status, headers | self.headers, MEDIA_TYPE)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> ProblemError:
    """The problem for a bare HTTP status that the framework gave."""
    kind = {404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE, 415: MEDIA, 500: INTERNAL}.get(status)
    if kind is None:
        title = HTTPStatus(status).phrase
        kind = Kind(f"http-{status}", status, title, "请对照 /docs 检查请求")
    return ProblemError(kind, headers=headers)
