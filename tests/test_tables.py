"""The strict reader of TOML and CSV: what it takes, and what it refuses with file and line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from nlp import tables
from nlp.errors import LabelError
from nlp.tables import Row


@dataclass(frozen=True, slots=True)
class Inner:
    """A group of keys inside an entry."""

    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry with a key of every type that the reader knows."""

    name: str
    kind: Literal["甲", "乙"] = "甲"
    words: tuple[str, ...] = ()
    count: int = 0
    share: float = 0.5
    yes: bool = False
    inner: Inner = Inner()


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a CSV file."""

    code: str
    level: int
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An entry with regular expressions."""

    patterns: tuple[str, ...]
    examples: tuple[str, ...] = ()


def read(folder: Path, text: str | bytes) -> list[Row[Any]]:
    """Write text to a file and read its entries."""
    path = folder / "x.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tables.read_toml(path, {"entry": Entry})["entry"]


def read_lines(folder: Path, text: str | bytes) -> list[Row[Any]]:
    """Write text to a file and read its records."""
    path = folder / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tables.read_csv(path, Line)


FULL = """# 注释
[[entry]]
name = "一"

[[entry]]  # 行尾的话
name = "二"
kind = "乙"
words = ["a", "b"]
count = 3
share = 1
yes = true
[entry.inner]
words = ["c"]
"""


def test_entries_keep_their_values_and_lines(tmp_path: Path) -> None:
    """Every type is read, defaults are filled in, and a row knows the line of its head."""
    first, second = read(tmp_path, FULL)
    assert first.value == Entry("一")
    assert second.value == Entry("二", "乙", ("a", "b"), 3, 1.0, yes=True, inner=Inner(("c",)))
    assert [row.where.rpartition(":")[2] for row in (first, second)] == ["2", "5"]


@pytest.mark.parametrize("text", [FULL.replace("\n", "\r\n"), "\ufeff" + FULL])
def test_windows_files_are_read(tmp_path: Path, text: str) -> None:
    """CRLF and the byte order mark of spreadsheet programs change nothing."""
    assert [row.value.name for row in read(tmp_path, text)] == ["一", "二"]


HEAD = '[[entry]]\nname = "一"\n'
REFUSED_TOML = {
    "unknown key": (HEAD + 'nmae = "x"', 1, "未知的键 'nmae'"),
    "unknown inner key": (HEAD + "[entry.inner]\nwrod = ['x']", 1, "未知的键 'wrod'"),
    "missing key": ("\n[[entry]]\ncount = 1", 2, "缺少键 'name'"),
    "unknown table": (HEAD + "\n[[entri]]\nname = 'x'", 4, "未知的表 'entri'"),
    "unknown top key": ("other = 1\n" + HEAD, 1, "未知的表 'other'"),
    "no table": ("# 空\n", 1, "缺少或空的表"),
    "empty table": ("entry = []", 1, "缺少或空的表"),
    "inline table": ("\nentry = [{name = 'x'}]", 2, "不是一条条的"),
    "plain value": ("entry = 3", 1, "不是一条条的"),
    "single table": ("[entry]\nname = 'x'", 1, "不是一条条的"),
    "head in a text": (HEAD + "words = ['''\n[[entry]]\n''']", 1, "不是一条条的"),
    "empty list": (HEAD + "words = []", 1, "列表为空"),
    "empty string": ('[[entry]]\nname = ""', 1, "不可为空"),
    "blank string": ('[[entry]]\nname = " "', 1, "不可为空"),
    "empty item": (HEAD + "words = ['a', '']", 1, "不可为空"),
    "item twice": (HEAD + "words = ['a', 'a']", 1, "'a' 重复"),
    "text for list": (HEAD + "words = 'a'", 1, "应为列表"),
    "number for text": ("[[entry]]\nname = 1", 1, "应为文字"),
    "text for number": (HEAD + "count = '1'", 1, "应为整数"),
    "bool for number": (HEAD + "count = true", 1, "应为整数"),
    "bool for share": (HEAD + "share = true", 1, "应为小数"),
    "number for bool": (HEAD + "yes = 1", 1, "应为true 或 false"),
    "unknown choice": (HEAD + "kind = '丙'", 1, "须为 甲、乙 之一"),
    "value for group": (HEAD + "inner = 5", 1, "应为一组 键 = 值"),
    "broken TOML": (HEAD + "count = = 1", 3, "不是合法的 TOML"),
    "cut off TOML": (HEAD + "words = [", 3, "不是合法的 TOML"),
    "key twice": (HEAD + "name = 'y'", 3, "不是合法的 TOML"),
    "not UTF-8": (HEAD.encode() + "words = ['汉']".encode("gb18030"), 3, "不是 UTF-8"),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED_TOML.values(), ids=REFUSED_TOML)
def test_malformed_toml_is_refused(
    tmp_path: Path, text: str | bytes, line: int, message: str
) -> None:
    """Each slip of the pen is a LabelError that names file, line and fault."""
    with pytest.raises(LabelError) as caught:
        read(tmp_path, text)
    assert message in caught.value.what
    assert f"x.toml:{line}" in caught.value.where


def test_csv_rows_keep_their_values_and_lines(tmp_path: Path) -> None:
    """Numbers are numbers, aliases are split, an empty cell is no alias, quoted commas stay."""
    rows = read_lines(tmp_path, '\ufeffcode,level,aliases\r\n"A,1",1,甲|乙\r\nB,2,\r\n')
    assert [row.value for row in rows] == [Line("A,1", 1, ("甲", "乙")), Line("B", 2, ())]
    assert [row.where.rpartition(":")[2] for row in rows] == ["2", "3"]


COLUMNS = "code,level,aliases\n"
REFUSED_CSV = {
    "empty file": ("", 1, "表头须为 code,level,aliases"),
    "other header": ("code,aliases,level\nA,1,", 1, "表头须为"),
    "header only": (COLUMNS, 1, "没有一行数据"),
    "too few columns": (COLUMNS + "A,1,\nB,1", 3, "应有 3 列，实有 2 列"),
    "too many columns": (COLUMNS + "A,1,,x", 2, "应有 3 列，实有 4 列"),
    "blank line": (COLUMNS + "A,1,\n\nB,1,", 3, "应有 3 列，实有 0 列"),
    "not a number": (COLUMNS + "A,一,", 2, "'一' 不是整数"),
    "negative number": (COLUMNS + "A,-1,", 2, "'-1' 不是整数"),
    "alias twice": (COLUMNS + "A,1,甲|甲", 2, "'甲' 重复"),
    "empty alias": (COLUMNS + "A,1,甲||乙", 2, "不可为空"),
    "blanks around": (COLUMNS + "A ,1,", 2, "首尾有空白"),
    "open quote": (COLUMNS + '"A,1,\n', 2, "不是合法的 CSV"),
    "not UTF-8": (COLUMNS.encode() + "汉,1,".encode("gb18030"), 2, "不是 UTF-8"),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED_CSV.values(), ids=REFUSED_CSV)
def test_malformed_csv_is_refused(
    tmp_path: Path, text: str | bytes, line: int, message: str
) -> None:
    """Each slip in a CSV file is a LabelError that names file, line and fault."""
    with pytest.raises(LabelError) as caught:
        read_lines(tmp_path, text)
    assert message in caught.value.what
    assert caught.value.where.endswith(f"x.csv:{line}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is a LabelError with its path and what to do."""
    path = tmp_path / "没有.toml"
    with pytest.raises(LabelError, match="文件不存在或读不到。请补上这个文件") as toml:
        tables.read_toml(path, {"entry": Entry})
    with pytest.raises(LabelError, match="文件不存在或读不到") as table:
        tables.read_csv(path, Line)
    assert toml.value.where == table.value.where == str(path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "有误"),
        ("[", "有误"),
        ("a*", "能匹配空串"),
        ("甲|", "能匹配空串"),
        ("(?=甲)", "能匹配空串"),
        ("甲(?P<span>乙?)", "能匹配空串"),
    ],
)
def test_bad_patterns_are_refused(pattern: str, message: str) -> None:
    """A pattern must compile, and neither it nor its part that counts may match nothing."""
    rows = [Row(Pattern(("好",), ("甲丙",)), "f:1"), Row(Pattern((pattern,), ("甲丙",)), "f:9")]
    with pytest.raises(LabelError, match=message) as caught:
        tables.refuse_bad_patterns(rows, "patterns")
    assert caught.value.where == "f:9"
    assert repr(pattern) in caught.value.what


def test_duplicates_name_both_places() -> None:
    """The second of two equal names is refused with the place of the first."""
    rows = [Row(Entry("一"), "f:1"), Row(Entry("二"), "f:5"), Row(Entry("一"), "f:9")]
    with pytest.raises(LabelError, match=r"^f:9：name '一' 重复，已见于 f:1$"):
        tables.refuse_duplicates(rows, "name")


@pytest.mark.parametrize(("attribute", "dangling"), [("name", "一"), ("words", "b")])
def test_dangling_references_are_named(attribute: str, dangling: str) -> None:
    """A reference to what nobody defines is refused, in a text and in a list."""
    rows = [Row(Entry("一", words=("a", "b")), "f:3")]
    with pytest.raises(LabelError, match=f"^f:3：{attribute} 引用了未定义的 '{dangling}'$"):
        tables.refuse_dangling(rows, attribute, ["a"])


def test_empty_references_are_fine() -> None:
    """An optional reference that is left out dangles nowhere."""
    tables.refuse_dangling([Row(Entry("", words=()), "f:3")], "name", [])
    tables.refuse_dangling([Row(Entry("一"), "f:3")], "words", [])
