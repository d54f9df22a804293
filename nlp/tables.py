"""Strict reading of data files: TOML arrays of tables and CSV into frozen dataclasses.

Every refusal names file and line: unknown keys, missing keys, wrong types, empty lists,
empty strings and duplicates are errors, since a typo in a rule file would lower recall silently.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from nlp.errors import LabelError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


T = TypeVar("T")
_KINDS: Mapping[type, str] = {str: "文字", int: "整数", float: "小数", bool: "true 或 false"}


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One entry of a data file with the place it was written."""

    value: T
    where: str


def read_toml(path: Path, tables: Mapping[str, type]) -> dict[str, list[Row[Any]]]:
    """Read a TOML file that consists of arrays of tables only.

    Args:
        path: The file.
        tables: Name of each array of tables to the dataclass of its entries; all are required.

    Returns:
        Table name to its entries in file order.

    Raises:
        LabelError: The file is missing, is not TOML, or breaks a rule of this module.
    """
    text = _read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = f"{path}:{_error_line(text, error)}"
        raise LabelError(f"不是合法的 TOML（{error}）", where=where) from error
    if unknown := sorted(set(data) - set(tables)):
        raise LabelError(
            f"未知的表 {unknown[0]!r}",
            where=f"{path}:{_key_line(text, unknown[0])}",
            remedy=f"可用：{', '.join(tables)}",
        )
    found: dict[str, list[Row[Any]]] = {}
    for name, kind in tables.items():
        rows = zip(*_entries(data.get(name), name, text, path), strict=True)
        found[name] = [Row(_build(entry, kind, where), where) for entry, where in rows]
    return found


def _entries(given: object, name: str, text: str, path: Path) -> tuple[list[Any], list[str]]:
    """The entries of an array of tables and the place of each."""
    if given is None or given == []:
        raise LabelError(f"缺少或空的表 [[{name}]]", where=f"{path}:{_last_line(text)}")
    head = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
    lines = [i for i, line in enumerate(text.split("\n"), 1) if head.match(line)]
    entries = cast("list[Any]", given) if isinstance(given, list) else []
    if not entries or len(entries) != len(lines):
        where = f"{path}:{_key_line(text, name)}"
        raise LabelError(f"{name} 不是一条条的 [[{name}]]", where=where, remedy="每条以它起头")
    return entries, [f"{path}:{line}" for line in lines]


def read_csv(path: Path, kind: type) -> list[Row[Any]]:
    """Read a CSV file whose header is exactly the fields of a dataclass.

    Fields of type ``tuple[str, ...]`` are split at "|"; an empty cell is an empty tuple.

    Raises:
        LabelError: The file is missing or empty, or its header or a row does not fit.
    """
    lines = _csv_lines(path)
    names = [f.name for f in fields(kind)]
    if not lines or lines[0][0] != names:
        raise LabelError(f"表头须为 {','.join(names)}", where=f"{path}:1")
    hints = get_type_hints(kind)
    rows: list[Row[Any]] = []
    for cells, where in lines[1:]:
        if len(cells) != len(names):
            raise LabelError(f"应有 {len(names)} 列，实有 {len(cells)} 列", where=where)
        entry = {n: _cell(c, hints[n], where) for n, c in zip(names, cells, strict=True)}
        rows.append(Row(kind(**entry), where))
    if not rows:
        raise LabelError("没有一行数据", where=f"{path}:1")
    return rows


def _csv_lines(path: Path) -> list[tuple[list[str], str]]:
    """Each record of a CSV file with its place."""
    reader = csv.reader(io.StringIO(_read_text(path)), strict=True)
    try:
        return [(cells, f"{path}:{reader.line_num}") for cells in reader]
    except csv.Error as error:
        raise LabelError(f"不是合法的 CSV（{error}）", where=f"{path}:{reader.line_num}") from error


def refuse_duplicates(rows: Iterable[Row[Any]], attribute: str) -> None:
    """Refuse two entries with the same value of an attribute.

    Raises:
        LabelError: Names both places.
    """
    seen: dict[object, str] = {}
    for row in rows:
        value = getattr(row.value, attribute)
        if value in seen:
            raise LabelError(f"{attribute} {value!r} 重复，已见于 {seen[value]}", where=row.where)
        seen[value] = row.where


def refuse_dangling(rows: Iterable[Row[Any]], attribute: str, known: Iterable[str]) -> None:
    """Refuse entries that name something no file defines; empty references are fine.

    Raises:
        LabelError: Names the place and the dangling name.
    """
    allowed = set(known)
    for row in rows:
        value = getattr(row.value, attribute)
        names = (value,) if isinstance(value, str) else value
        for name in names:
            if name and name not in allowed:
                raise LabelError(f"{attribute} 引用了未定义的 {name!r}", where=row.where)


def refuse_bad_patterns(rows: Iterable[Row[Any]], attribute: str) -> None:
    """Refuse regular expressions that do not compile or match nothing at all.

    A match of no characters has no words to point at; it is looked for in the empty string and
    in the entry's own examples.

    Raises:
        LabelError: Names the place and the pattern.
    """
    for row in rows:
        samples = ("", *getattr(row.value, "examples", ()))
        for pattern in getattr(row.value, attribute):
            try:
                compiled = re.compile(pattern)
            except re.error as error:
                raise LabelError(f"正则 {pattern!r} 有误（{error}）", where=row.where) from error
            if any(_matches_nothing(compiled, sample) for sample in samples):
                raise LabelError(f"正则 {pattern!r} 能匹配空串", where=row.where)


def _matches_nothing(pattern: re.Pattern[str], sample: str) -> bool:
    """Whether the part that counts, group "span" or the whole match, can be empty."""
    group = "span" if "span" in pattern.groupindex else 0
    return any(not match[group] for match in pattern.finditer(sample))


def _read_text(path: Path) -> str:
    """File content without a byte order mark, which spreadsheet programs put in front."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabelError("文件不存在或读不到", where=str(path), remedy="请补上这个文件") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{path}:{data[: error.start].count(10) + 1}"
        raise LabelError("不是 UTF-8 编码", where=where, remedy="请另存为 UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _key_line(text: str, key: str) -> int:
    """First line that begins with a key or a table of that name."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}\b")
    return next((i for i, line in enumerate(text.split("\n"), 1) if pattern.match(line)), 1)


def _error_line(text: str, error: tomllib.TOMLDecodeError) -> int:
    """The line that a TOML error speaks of; it has no attribute for it before Python 3.14."""
    found = re.search(r"line (\d+)", str(error))
    return int(found[1]) if found else _last_line(text)


def _last_line(text: str) -> int:
    """Number of the last line that holds anything."""
    return text.rstrip().count("\n") + 1


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(given: object, kind: type, where: str) -> object:
    """Make one entry, refusing unknown, missing, mistyped and empty keys."""
    if not isinstance(given, dict):
        raise LabelError("应为一组 键 = 值", where=where)
    entry = cast("dict[str, Any]", given)
    hints = _hints(kind)
    if unknown := sorted(set(entry) - set(hints)):
        raise LabelError(
            f"未知的键 {unknown[0]!r}", where=where, remedy=f"可用：{', '.join(hints)}"
        )
    members = fields(cast("type[DataclassInstance]", kind))
    required = {f.name for f in members if f.default is f.default_factory is MISSING}
    if missing := sorted(required - set(entry)):
        raise LabelError(f"缺少键 {missing[0]!r}", where=where)
    return kind(
        **{key: _value(value, hints[key], f"{where} {key}") for key, value in entry.items()}
    )


def _value(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401  # generic over types
    """Check one value against its type; lists become tuples and are never empty."""
    if get_origin(kind) is tuple:
        return _list(value, get_args(kind)[0], where)
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise LabelError(f"须为 {'、'.join(map(str, get_args(kind)))} 之一", where=where)
    if is_dataclass(kind):
        return _build(value, cast("type", kind), where)
    if kind is float and type(value) is int:
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise LabelError(f"应为{_KINDS[kind]}", where=where)
    if isinstance(value, str) and not value.strip():
        raise LabelError("不可为空", where=where, remedy="不需要时请删去这一键")
    return value


def _list(value: Any, kind: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401
    """Check a list: not empty, each item of its type, no item twice."""
    if not isinstance(value, list):
        raise LabelError("应为列表", where=where)
    items = cast("list[Any]", value)
    if not items:
        raise LabelError("列表为空", where=where, remedy="不需要时请删去这一键")
    checked = tuple(_value(item, kind, where) for item in items)
    repeated = next((item for i, item in enumerate(checked) if item in checked[:i]), None)
    if repeated is not None:
        raise LabelError(f"列表中 {repeated!r} 重复", where=where)
    return checked


def _cell(cell: str, kind: Any, where: str) -> Any:  # noqa: ANN401
    """Read one CSV cell as str, int or a "|"-separated tuple."""
    if cell != cell.strip():
        raise LabelError(f"{cell!r} 首尾有空白", where=where)
    if get_origin(kind) is tuple:
        items = cell.split("|") if cell else []
        return _list(items, str, where) if items else ()
    if kind is int:
        if cell.isdecimal():
            return int(cell)
        raise LabelError(f"{cell!r} 不是整数", where=where)
    return cell
