"""Which column is which part of a letter."""

import pytest

from nlp.errors import OptionError
from nlp.scan.columns import NAMES, find, match, parse_columns, plain


@pytest.mark.parametrize("part", NAMES)
def test_every_name_is_found_in_any_dress(part: str) -> None:
    """Case, width, blanks, marks and a remark in brackets do not matter."""
    for name in NAMES[part]:
        for dressed in (
            name,
            name.upper(),
            f" {name}：",
            f"{name}（必填）",
            f"*{name}",
            f"\ufeff{name}",
        ):
            assert find([dressed], {}) == {part: 0}, dressed


def test_no_name_stands_for_two_parts() -> None:
    """A column can only be one part."""
    names = [plain(name) for group in NAMES.values() for name in group]
    assert len(names) == len(set(names))


def test_the_better_name_wins() -> None:
    """A running number is the id only where there is no better one."""
    assert find(["序号", "信访编号", "内容"], {}) == {"id": 1, "body": 2}


def test_a_header_without_body_is_none() -> None:
    """Without a body, or without a mapped column, a row is no header."""
    assert match(["编号", "标题"], {}) is None
    assert match(["编号", "内容"], {"id": "流水"}) is None


@pytest.mark.parametrize("text", ["body", "who=甲", "body=", "body=甲,text=乙"])
def test_a_bad_mapping_is_refused(text: str) -> None:
    """The error shows how to write it."""
    with pytest.raises(OptionError, match="写法"):
        parse_columns(text)


def test_a_mapping_is_read() -> None:
    """The key text is another word for body; full-width marks are fine."""
    assert parse_columns("id＝编号，text=内容,") == {"id": "编号", "body": "内容"}
