"""The report as JSON: the contract, there and back, and its schema."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from typer.testing import CliRunner

from nlp.cli.app import app
from nlp.codec import encode, from_json, json_schema, to_json
from nlp.errors import LetterError
from nlp.report import Report
from tests.conftest import ROOT
from tests.samples import LETTER, full

SPAN = {"in", "start", "end", "quote"}
SOURCED = {"span": SPAN, "text": None, "source": None}
ANSWER = [{"span": SPAN, "value": None, "confidence": None, "source": None}]
FIELDS = ("when", "where", "who_self", "who_party", "agency", "what", "why", "how", "history")
# the contract of the design page, written out by hand; None is a plain value
CONTRACT: dict[str, Any] = {
    "schema_version": None,
    "id": None,
    "model": {"name": None, "version": None, "digest": None},
    "labels_digest": None,
    "category": {
        "l1": None,
        "l2": None,
        "confidence": None,
        "alternatives": [{"l1": None, "l2": None, "confidence": None}],
        "abstained": None,
    },
    "purpose": {"name": None, "official": None, "confidence": None},
    "urgency": {"level": None, "name": None, "confidence": None, "reasons": [SOURCED]},
    "distress": {
        "level": None,
        "name": None,
        "emotions": [None],
        "confidence": None,
        "reasons": [SOURCED],
    },
    "crisis": {
        "level": None,
        "signals": [
            {"type": None, "who": None, "state": None, "span": SPAN, "score": None, "source": None}
        ],
        "actions": [None],
    },
    "flags": [{"name": None, "confidence": None, "spans": [SPAN], "source": None, "basis": None}],
    "group_size": None,
    "needs": [{"name": None, "confidence": None, "source": None}],
    "fields": dict.fromkeys(FIELDS, ANSWER),
    "handling": {
        "department": [{"name": None, "basis": None}],
        "flow": [None],
        "deadlines": [{"name": None, "due": None, "basis": None}],
        "methods": [None],
        "talking_points": [None],
    },
    "pii": [{"type": None, "span": SPAN}],
    "review": {"required": None, "reasons": [None]},
}
CHECKER = Draft202012Validator(json_schema(), format_checker=FormatChecker())


def assert_keys(data: Any, contract: Any) -> None:
    """The data has exactly the keys of the contract."""
    if isinstance(contract, set):
        assert set(data) == contract
    elif isinstance(contract, dict):
        assert set(data) == set(contract)
        for key, part in contract.items():
            if data[key] is not None:
                assert_keys(data[key], part)
    elif isinstance(contract, list):
        for item in data:
            assert_keys(item, contract[0])


def test_a_report_has_exactly_the_keys_of_the_contract() -> None:
    """No key more, no key less, at every depth."""
    assert_keys(encode(full()), CONTRACT)


def test_there_and_back() -> None:
    """A report read from its own JSON is the same report, and one line of readable Chinese."""
    line = to_json(full())
    assert from_json(line) == full()
    assert to_json(from_json(line)) == line
    assert "\n" not in line
    assert "我不想活了" in line


def test_spans_are_code_points_of_the_letter() -> None:
    """Offsets count code points: signs beyond the BMP are one, a CRLF is two."""
    for pii in full().pii:
        assert LETTER.body[pii.span.start : pii.span.end] == pii.span.quote


def at(*keys: str | int) -> Callable[[Any], Any]:
    """Walk down to a part of the data."""

    def walk(data: Any) -> Any:
        for key in keys:
            data = data[key]
        return data

    return walk


CHANGED: list[tuple[Callable[[Any], Any], str | int, Any, str]] = [
    (at(), "score_of_person", 1, r"^\$：未知的键 'score_of_person'"),
    (at("crisis"), "text", "", r"^\$\.crisis：未知的键 'text'"),
    (at("flags", 0, "spans", 1), "part", "", r"^\$\.flags\[0\]\.spans\[1\]：未知的键 'part'"),
    (at("model"), "digest", ..., r"^\$\.model：缺少键 'digest'"),
    (at(), "crisis", ..., r"^\$：缺少键 'crisis'"),
    (at("crisis"), "signals", ..., r"^\$\.crisis：缺少键 'signals'"),
    (at(), "id", 7, r"^\$\.id：应为 string"),
    (at("urgency"), "level", "3", r"^\$\.urgency\.level：应为 integer"),
    (at("urgency"), "level", True, r"^\$\.urgency\.level：应为 integer"),
    (at("urgency"), "confidence", "高", r"^\$\.urgency\.confidence：应为 number"),
    (at("review"), "required", 1, r"^\$\.review\.required：应为 boolean"),
    (at(), "flags", {}, r"^\$\.flags：应为 array"),
    (at("fields", "when"), 1, [], r"^\$\.fields\.when\[1\]：应为 object"),
    (at("fields", "when", 4, "value"), "end", 5, r"when\[4\]\.value\.end：应为 string"),
    (at("crisis"), "level", "红", r"^\$\.crisis\.level：值须为 none、concern"),
    (at("crisis", "signals", 0, "span"), "in", "body", r"span\.in：值须为 title、text"),
    (at("handling", "deadlines", 0), "due", "明天", r"deadlines\[0\]\.due：日期须写作"),
    (at(), "schema_version", "9.9", r"^\$\.schema_version：值须为 1\.0"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "key", "value", "message"), CHANGED)
def test_what_is_not_the_contract_is_refused(
    place: Callable[[Any], Any], key: Any, value: Any, message: str
) -> None:
    """An unknown key, a missing key or a wrong type is refused with its path, by both checks."""
    data = json.loads(to_json(full()))
    changed = copy.deepcopy(data)
    part = place(changed)
    if value is ...:
        del part[key]
    else:
        part[key] = value
    with pytest.raises(LetterError, match=message):
        from_json(json.dumps(changed))
    assert CHECKER.is_valid(data)
    assert not CHECKER.is_valid(changed)


@pytest.mark.parametrize("line", ["", "{", "不是", '{"id": }'])
def test_what_is_not_json_is_refused(line: str) -> None:
    """A line that is not JSON is refused without repeating it."""
    with pytest.raises(LetterError, match="不是 JSON"):
        from_json(line)


def test_the_schema_is_a_schema() -> None:
    """The schema itself is valid draft 2020-12 and describes a Report."""
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["title"] == Report.__name__


def test_the_schema_file_is_current() -> None:
    """docs/report.schema.json is what ``petition schema`` writes today."""
    result = CliRunner().invoke(app, ["schema"])
    assert json.loads(result.stdout) == json_schema()
    written = (ROOT / "docs" / "report.schema.json").read_text("utf-8")
    assert written == result.stdout, "请运行 petition schema > docs/report.schema.json"
