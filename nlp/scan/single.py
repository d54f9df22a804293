"""One letter by itself: plain text or a JSON object, from a file or standard input."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from nlp.errors import LetterError
from nlp.scan import columns
from nlp.scan.decoding import Source, read_text
from nlp.scan.rows import Record, Row, make_rows

MAX_BYTES = 20 << 20
_MAX_TITLE = 40
_MANY = (".jsonl", ".csv", ".tsv", ".xlsx", ".parquet")


def split_title(text: str) -> tuple[str, str]:
    """(title, body): the first line is the title when it is short or a blank line follows.

    Args:
        text: A letter with or without a title line.

    Returns:
        Title without its line break, and the rest; an empty title when there is none.
    """
    first, _, rest = text.partition("\n")
    title = first.strip()
    if not title or not rest.strip():
        return "", text
    blank_follows = not rest.partition("\n")[0].strip()
    if len(title) < _MAX_TITLE or (blank_follows and len(title) < 2 * _MAX_TITLE):
        return title, rest.lstrip("\r\n") if blank_follows else rest
    return "", text


def read_letter(
    data: bytes, where: str, *, name: str = "letter", given: Mapping[str, object] | None = None
) -> Row:
    """Read one letter.

    Args:
        data: Plain text, or JSON like {"id", "title", "body" or "text", "received_at"}.
        where: What messages call the source.
        name: Id of a letter that brings none.
        given: Parts that the caller states beside the text; these win.

    Raises:
        LetterError: The source is empty, too large, binary, or in an unknown encoding.
    """
    if len(data) > MAX_BYTES:
        what = f"超过 {MAX_BYTES >> 20} MB，不像一封来信"
        raise LetterError(what, where=where, remedy="多封来信请用 petition scan")
    text = read_text(Source.memory(data, where))
    if not text.strip():
        raise LetterError("来信是空的", where=where, remedy="请给出来信的文字")
    beside = dict(given or {})
    values = _json_values(text) or _plain_values(text, whole="title" in beside)
    values = {**values, "id": values.get("id") or name, **beside}
    row = next(make_rows([Record(1, values)]))
    if row.letter is None:
        raise LetterError("没有来信内容", where=where, remedy="JSON 里要有文字的 body 或 text")
    return row


def read_file(path: Path, given: Mapping[str, object] | None = None) -> Row:
    """Read one letter from a file; see ``read_letter``.

    Raises:
        LetterError: The file is missing, a folder, or a table of many letters.
    """
    if not path.is_file():
        what = "这是文件夹" if path.is_dir() else "没有这个文件"
        remedy = "请给出一封来信的文本文件，或用 - 读标准输入"
        raise LetterError(what, where=str(path), remedy=remedy)
    if path.suffix.lower() in _MANY:
        raise LetterError("这是多封来信的文件", where=str(path), remedy="请用 petition scan")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LetterError("文件打不开", where=str(path), remedy="请检查权限") from error
    return read_letter(data, str(path), name=path.stem, given=given)


def _plain_values(text: str, *, whole: bool) -> dict[str, object]:
    """Title and body of plain text; all of it is the body when the title comes from elsewhere."""
    title, body = ("", text) if whole else split_title(text)
    return {"title": title, "body": body}


def _json_values(text: str) -> dict[str, object] | None:
    """The parts in a JSON object, or None when the text is no such object."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        item = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
    given = cast("dict[str, object]", item)
    keys = list(given)
    places = columns.find(keys, {})
    if not places.keys() & {"title", "body"}:
        return None
    return {part: given[keys[place]] for part, place in places.items()}
