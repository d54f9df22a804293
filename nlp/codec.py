"""Frozen dataclasses to JSON, back, and to a JSON Schema (draft 2020-12). Standard library only.

One rule per Python type: dataclass = object with exactly its fields, tuple = array,
Literal = enum, date = ISO string, ``X | None`` = nullable. ``Span.part`` is written as "in".
"""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from nlp.errors import LetterError
from nlp.report import Report

_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_KEYS = {"part": "in"}
_JSON_NAMES: dict[type, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


@cache
def _members(kind: type) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, JSON key, type) of each field of a dataclass."""
    hints = get_type_hints(kind)
    return tuple((f.name, _KEYS.get(f.name, f.name), hints[f.name]) for f in fields(kind))


def encode(value: object) -> Any:  # noqa: ANN401  # the answer is whatever JSON allows
    """Turn a dataclass tree into plain JSON values."""
    if value is None or isinstance(value, str | float | int):  # most values are plain
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in cast("tuple[object, ...]", value)]
    if is_dataclass(value) and not isinstance(value, type):
        return {key: encode(getattr(value, name)) for name, key, _ in _members(type(value))}
    return value.isoformat() if isinstance(value, date) else value


def to_json(report: Report) -> str:
    """Write a report as one line of JSON, Chinese left readable."""
    return _TO_JSON.encode(encode(report))


def from_json(line: str) -> Report:
    """Read a report written by ``to_json``.

    Raises:
        LetterError: The line is not JSON or not a report of this version; the message
            names the key.
    """
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise LetterError("不是 JSON", where=f"第 {error.pos} 个字符") from error
    return cast("Report", decode(data, Report))


def decode(data: object, kind: Any, path: str = "$") -> Any:  # noqa: ANN401  # generic over types
    """Read plain JSON values into the given type.

    Args:
        data: What ``json.loads`` gave.
        kind: A dataclass, tuple, Literal, union, dict or plain type.
        path: Where we are, for messages.

    Raises:
        LetterError: A key is missing, unknown, or holds the wrong type.
    """
    if is_dataclass(kind):
        return _decode_object(data, cast("type", kind), path)
    origin = get_origin(kind)
    if origin is tuple:
        items = _expect(data, list, path)
        return tuple(
            decode(item, get_args(kind)[0], f"{path}[{i}]") for i, item in enumerate(items)
        )
    if origin in (types.UnionType, Union):
        return _decode_union(data, get_args(kind), path)
    if origin is Literal:
        if data in get_args(kind):
            return data
        raise LetterError(f"值须为 {'、'.join(get_args(kind))} 之一", where=path)
    return _decode_plain(data, kind, path)


def _decode_plain(data: object, kind: Any, path: str) -> Any:  # noqa: ANN401
    """Read dates, numbers, strings and dicts of strings."""
    if kind is date:
        try:
            return date.fromisoformat(_expect(data, str, path))
        except ValueError as error:
            raise LetterError("日期须写作 2026-01-31", where=path) from error
    if get_origin(kind) is dict:
        items = _expect(data, dict, path)
        return {
            key: decode(item, get_args(kind)[1], f"{path}.{key}") for key, item in items.items()
        }
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return _expect(data, kind, path)


def _decode_union(data: object, kinds: tuple[Any, ...], path: str) -> Any:  # noqa: ANN401
    """Read the first member of a union that fits."""
    if data is None and type(None) in kinds:
        return None
    members = [kind for kind in kinds if kind is not type(None)]
    for kind in members[:-1]:
        try:
            return decode(data, kind, path)
        except LetterError:
            continue
    return decode(data, members[-1], path)


def _decode_object(data: object, kind: type, path: str) -> object:
    """Read an object with exactly the fields of a dataclass."""
    given = _expect(data, dict, path)
    members = _members(kind)
    if unknown := sorted(set(given) - {key for _, key, _ in members}):
        raise LetterError(f"未知的键 {unknown[0]!r}", where=path)
    if missing := [key for _, key, _ in members if key not in given]:
        raise LetterError(f"缺少键 {missing[0]!r}", where=path)
    values = {name: decode(given[key], hint, f"{path}.{key}") for name, key, hint in members}
    return kind(**values)


def _expect(data: object, kind: type, path: str) -> Any:  # noqa: ANN401
    """Return data when it is of the kind, a bool never passing for a number."""
    if isinstance(data, kind) and (kind is bool or not isinstance(data, bool)):
        return data
    name = _JSON_NAMES.get(kind, {list: "array", dict: "object"}.get(kind, kind.__name__))
    raise LetterError(f"应为 {name}", where=path)


def json_schema(kind: type = Report) -> dict[str, Any]:
    """The JSON Schema of a dataclass, every nested one under ``$defs``."""
    definitions: dict[str, Any] = {}
    root = _schema(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.__name__,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401, PLR0911
    """Schema of one type; dataclasses are collected in definitions and referred to."""
    if is_dataclass(kind):
        return _object_schema(cast("type", kind), definitions)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin in (types.UnionType, Union):
        return {"anyOf": [_schema(member, definitions) for member in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if kind is date:
        return {"type": "string", "format": "date"}
    return {"type": _JSON_NAMES[kind]}


def _object_schema(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of a dataclass: all its keys, none other."""
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        properties: Mapping[str, Any] = {
            key: _schema(hint, definitions) for _, key, hint in _members(kind)
        }
        definitions[kind.__name__] = {
            "type": "object",
            "description": (kind.__doc__ or "").strip().splitlines()[0],
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}
