"""Strict reading of data files: TOML arrays of tables and CSV into frozen dataclasses.

Every refusal names file and line: unknown keys, missing keys, wrong types, empty lists,
empty strings and duplicates are errors, since a typo in a rule file would lower recall silently.
"""

import csv
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
        raise LabelError(f"不是合法的 TOML：{error}", where=str(path)) from error
    if unknown := sorted(set(data) - set(tables)):
        raise LabelError(f"未知的表 {unknown[0]!r}", where=f"{path}:{_key_line(text, unknown[0])}")
    found: dict[str, list[Row[Any]]] = {}
    for name, kind in tables.items():
        entries = data.get(name)
        if not isinstance(entries, list) or not entries:
            raise LabelError(f"缺少或空的表 [[{name}]]", where=str(path))
        lines = [i for i, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{name}]]"]
        places = [f"{path}:{line}" for line in lines]
        rows = zip(cast("list[dict[str, Any]]", entries), places, strict=True)
        found[name] = [Row(_build(entry, kind, where), where) for entry, where in rows]
    return found


def read_csv(path: Path, kind: type) -> list[Row[Any]]:
    """Read a CSV file whose header is exactly the fields of a dataclass.

    Fields of type ``tuple[str, ...]`` are split at "|"; an empty cell is an empty tuple.

    Raises:
        LabelError: The file is missing or empty, or its header or a row does not fit.
    """
    reader = csv.reader(_read_text(path).splitlines())
    names = [f.name for f in fields(kind)]
    if next(reader, None) != names:
        raise LabelError(f"表头须为 {','.join(names)}", where=f"{path}:1")
    hints = get_type_hints(kind)
    rows: list[Row[Any]] = []
    for cells in reader:
        where = f"{path}:{reader.line_num}"
        if len(cells) != len(names):
            raise LabelError(f"应有 {len(names)} 列，实有 {len(cells)} 列", where=where)
        entry = {n: _cell(c, hints[n], where) for n, c in zip(names, cells, strict=True)}
        rows.append(Row(kind(**entry), where))
    if not rows:
        raise LabelError("没有一行数据", where=str(path))
    return rows


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
    """Refuse regular expressions that do not compile or match the empty string.

    Raises:
        LabelError: Names the place and the pattern.
    """
    for row in rows:
        for pattern in getattr(row.value, attribute):
            try:
                empty = re.compile(pattern).search("") is not None
            except re.error as error:
                raise LabelError(f"正则 {pattern!r} 有误：{error}", where=row.where) from error
            if empty:
                raise LabelError(f"正则 {pattern!r} 能匹配空串", where=row.where)


def _read_text(path: Path) -> str:
    """File content, or a LabelError that names the file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError("读不到 UTF-8 文件", where=str(path)) from error


def _key_line(text: str, key: str) -> int:
    """First line that begins with a key or a table of that name."""
    pattern = re.compile(rf"\s*\[*\s*{re.escape(key)}\b")
    return next((i for i, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(entry: dict[str, Any], kind: type, where: str) -> object:
    """Make one entry, refusing unknown, missing, mistyped and empty keys."""
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
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise LabelError(f"应为 {kind.__name__}", where=where)
    if value == "":
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
    if get_origin(kind) is tuple:
        items = cell.split("|") if cell else []
        return _list(items, str, where) if items else ()
    if kind is int:
        if cell.isdecimal():
            return int(cell)
        raise LabelError(f"{cell!r} 不是整数", where=where)
    return cell
