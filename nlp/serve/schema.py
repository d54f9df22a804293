"""Requests in, Letters out: the one file where pydantic is used, and where it stops."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Self, TypeVar, cast
from uuid import uuid4

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from nlp.letter import Letter
from nlp.serve.problems import INVALID, TOO_MANY, FieldError, ProblemError

MAX_ERRORS = 50
_CHINA = timezone(timedelta(hours=8))
_YEARS = range(1949, 2101)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
Model = TypeVar("Model", bound=BaseModel)
_OWN = frozenset({"body", "blank", "day", "half"})
_MESSAGES = {
    "missing": "缺少这一项",
    "string_type": "须为字符串",
    "string_too_short": "不可为空串；不需要时请删去这一项",
    "string_too_long": "过长",
    "string_pattern_mismatch": "不可含控制字符",
    "list_type": "须为数组",
    "too_short": "数组是空的",
    "model_type": "须为 JSON 对象",
    "model_attributes_type": "须为 JSON 对象",
}


def _whole(text: str) -> str:
    """Refuse half of a surrogate pair, which no UTF-8 answer could quote."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("half", "含有不成对的代理码（多半是截断了表情符号）") from None
    return text


def _day(text: str) -> str:
    """Refuse what is not a day; the text itself is kept until ``received_at`` is read."""
    if _read_day(text) is None:
        raise PydanticCustomError("day", "须为日期，如 2026-05-16、2026/5/16 或 ISO 8601 日期时间")
    return text


def _read_day(text: str) -> date | None:
    """The day that a date or a date with time names, in China when it carries an offset."""
    try:
        if plain := _DATE.fullmatch(text.strip()):
            day = date(*map(int, plain.groups()))
        else:
            moment = datetime.fromisoformat(text.strip())
            day = (moment if moment.tzinfo is None else moment.astimezone(_CHINA)).date()
    except (ValueError, OverflowError):
        return None
    return day if day.year in _YEARS else None


Text = Annotated[str, AfterValidator(_whole)]
Id = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_whole),
]
Day = Annotated[str, AfterValidator(_day)]


class LetterIn(BaseModel):
    """一封来信。正文写在 body 或 text，二者同义。"""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    id: Annotated[Id | None, Field(description="来信编号，一批内不可重复；不写则由服务生成")] = None
    title: Annotated[Text | None, Field(description="标题")] = None
    body: Annotated[Text | None, Field(description="正文")] = None
    text: Annotated[Text | None, Field(description="正文的另一写法")] = None
    received_at: Annotated[
        Day | None,
        Field(description="收信日期：2026-05-16、2026/5/16 或 ISO 8601 日期时间（按北京时间取日）"),
    ] = None

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        """A letter has one body, and a word in it or in its title."""
        if self.body is None and self.text is None:
            raise PydanticCustomError("body", "缺少正文：请写 body 或 text")
        if None not in (self.body, self.text) and self.body != self.text:
            raise PydanticCustomError("body", "body 与 text 都写了而内容不同，请只留一个")
        if not any(c.isprintable() and not c.isspace() for c in f"{self.title or ''}{self.words}"):
            raise PydanticCustomError("blank", "标题和正文都没有文字")
        return self

    @property
    def words(self) -> str:
        """The body, under whichever name it came."""
        return self.body if self.body is not None else self.text or ""

    def letter(self) -> Letter:
        """The letter as the rest of the package knows it."""
        return Letter(
            id=self.id or uuid4().hex,
            title=self.title or "",
            body=self.words,
            received_at=_read_day(self.received_at) if self.received_at else None,
        )


class BatchIn(BaseModel):
    """一批来信，报告按同样的顺序返回。"""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    letters: Annotated[list[LetterIn], Field(min_length=1, description="来信，顺序即报告的顺序")]


def read_letter(data: object) -> Letter:
    """Turn the JSON of a single request into a Letter.

    Raises:
        ProblemError: 422, with a pointer to each fault.
    """
    return _validate(LetterIn, data).letter()


def read_batch(data: object, most: int) -> tuple[Letter, ...]:
    """Turn the JSON of a batch request into Letters, in order.

    Args:
        data: What the JSON parser gave.
        most: How many letters a batch may hold.

    Raises:
        ProblemError: 413 when there are too many; 422 with a pointer to each fault.
    """
    if isinstance(data, dict):
        found = cast("dict[str, Any]", data).get("letters")
        if isinstance(found, list) and (count := len(cast("list[object]", found))) > most:
            raise ProblemError(TOO_MANY, f"这一批有 {count} 封，上限为 {most} 封")
    letters = _validate(BatchIn, cast("object", data)).letters
    _refuse_duplicates([letter.id for letter in letters])
    return tuple(letter.letter() for letter in letters)


def _refuse_duplicates(ids: Sequence[str | None]) -> None:
    """Ids that a caller gave twice could not be told apart in its own records."""
    first: dict[str, int] = {}
    errors: list[FieldError] = []
    for at, name in enumerate(ids):
        if name is not None and first.setdefault(name, at) != at:
            detail = (
                f"编号与 /letters/{first[name]}/id 相同（第 {first[name] + 1} 封与第 {at + 1} 封）"
            )
            errors.append(FieldError(f"/letters/{at}/id", detail))
    if errors:
        raise _invalid(errors)


def _validate(kind: type[Model], data: object) -> Model:
    """The request model, or every fault at once."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    raise _invalid([_field_error(one, kind) for one in found])


def _invalid(errors: list[FieldError]) -> ProblemError:
    """The 422 that lists faults, the first MAX_ERRORS of them."""
    more = f"，只列前 {MAX_ERRORS} 处" if len(errors) > MAX_ERRORS else ""
    detail = f"请求体有 {len(errors)} 处不合要求{more}"
    return ProblemError(INVALID, detail, errors=tuple(errors[:MAX_ERRORS]))


def _field_error(error: ErrorDetails, kind: type[BaseModel]) -> FieldError:
    """A pydantic fault as pointer and Chinese words."""
    path = list(error["loc"])
    detail = _MESSAGES.get(error["type"], "值不合要求")
    if error["type"] in _OWN:
        detail = error["msg"]
    if error["type"] == "extra_forbidden":
        known = "、".join((kind if len(path) == 1 else LetterIn).model_fields)
        detail = f"未知的键；可用的键：{known}"
        if not _KEY.fullmatch(str(path[-1])):  # perhaps letter text
            path.pop()
            detail = f"有未知的键（键名不在此重复）；可用的键：{known}"
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return FieldError("".join(f"/{part}" for part in parts), detail)
