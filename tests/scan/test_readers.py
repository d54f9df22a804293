"""Reading files of letters: every format, every encoding, and everything that is wrong."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlp.errors import LetterError
from nlp.scan.readers import open_letters
from nlp.scan.rows import Row

HEADER = ["信访编号", "标题", "来信内容", "收到日期"]
TABLE = [
    ["A1", "楼下夜宵摊太吵", "每晚两点还在炒菜，\n老人睡不着。", "2026-01-05"],
    ["A2", "请问公积金", "请问退休后怎么提取公积金？", "2026年1月6日"],
]
EXPECTED = [
    ("A1", "楼下夜宵摊太吵", "每晚两点还在炒菜，\n老人睡不着。", date(2026, 1, 5)),
    ("A2", "请问公积金", "请问退休后怎么提取公积金？", date(2026, 1, 6)),
]


def _csv(rows: list[list[Any]], delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def _jsonl() -> str:
    keys = ["id", "title", "body", "received_at"]
    return "\n".join(json.dumps(dict(zip(keys, row, strict=True))) for row in TABLE)


def _xlsx(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)


def _parquet(path: Path, rows: list[list[Any]]) -> None:
    names, *data = rows
    columns = {str(name): [row[i] for row in data] for i, name in enumerate(names)}
    pq.write_table(pa.table(columns), path)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.jsonl": lambda p: p.write_text(_jsonl(), "utf-8"),
    "a.json": lambda p: p.write_text(f"[{_jsonl().replace(chr(10), ',')}]", "utf-8"),
    "a.jsonl.gz": lambda p: p.write_bytes(gzip.compress(_jsonl().encode())),
    "a.csv": lambda p: p.write_text(_csv([HEADER, *TABLE]), "utf-8"),
    "tab.csv": lambda p: p.write_text(_csv([HEADER, *TABLE], "\t"), "utf-8"),
    "semicolon.csv": lambda p: p.write_text(_csv([HEADER, *TABLE], ";"), "utf-8"),
    "a.csv.gz": lambda p: p.write_bytes(gzip.compress(_csv([HEADER, *TABLE]).encode())),
    "a.xlsx": lambda p: _xlsx(p, [HEADER, *TABLE]),
    "headed.xlsx": lambda p: _xlsx(p, [["一月来信登记表"], [], HEADER, *TABLE]),
    "a.parquet": lambda p: _parquet(p, [HEADER, *TABLE]),
}


def read(path: Path, **columns: str) -> list[Row]:
    """All rows of a file."""
    return list(open_letters(path, columns))


def parts(rows: list[Row]) -> list[tuple[object, ...]]:
    """What the letters hold."""
    letters = [row.letter for row in rows]
    return [(x.id, x.title, x.body.replace("\r\n", "\n"), x.received_at) for x in letters if x]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_letters(tmp_path: Path, name: str) -> None:
    """The same table in any format gives the same ids, titles, bodies and days."""
    WRITERS[name](tmp_path / name)
    assert parts(read(tmp_path / name)) == EXPECTED


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "utf-16-be"]
)
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    """A file in any usual encoding is read without being told which."""
    data = _csv([HEADER, *TABLE]).encode(encoding)
    data = b"\xfe\xff" + data if encoding == "utf-16-be" else data
    assert parts(read(write(tmp_path, "a.csv", data))) == EXPECTED


def test_big5_is_found(tmp_path: Path) -> None:
    """A traditional file in Big5 is not taken for GB18030."""
    text = _csv([["編號", "標題", "內容"], ["1", "噪音擾民", "樓下晚上施工太吵，老人睡不著"]])
    rows = read(write(tmp_path, "a.csv", text.encode("big5")), body="內容", id="編號", title="標題")
    assert parts(rows) == [("1", "噪音擾民", "樓下晚上施工太吵，老人睡不著", None)]


def test_a_long_gbk_file_in_one_line_is_read(tmp_path: Path) -> None:
    """Detection looks at a sample, which may end inside a character."""
    text = "x" + "夜里施工太吵，老人孩子都睡不着觉" * 9000
    assert parts(read(write(tmp_path, "a.txt", text.encode("gbk")))) == [("a", "", text, None)]


def test_one_broken_byte_does_not_lose_the_file(tmp_path: Path) -> None:
    """A letter with a broken byte is read, and a person is told to look."""
    lines = [json.dumps({"id": str(i), "body": "夜里太吵" * 99}, ensure_ascii=False).encode()
             for i in range(9)]  # fmt: skip
    lines[4] = lines[4][:400] + b"\xff" + lines[4][400:]
    rows = read(write(tmp_path, "a.jsonl", b"\n".join(lines)))
    assert [row.doubtful for row in rows] == [i == 4 for i in range(9)]
    assert "字符损坏" in rows[4].notes[0]


BAD_FILES = [
    ("a.jsonl", b"", "空的"),
    ("a.csv", b"", "空的"),
    ("a.xlsx", b"", "空的"),
    ("blank.jsonl", b"\n \n", "没有来信"),
    ("head.csv", _csv([HEADER]).encode(), "没有来信"),
    ("a.xlsx", b"PK\x03\x04rubbish", "已损坏"),
    ("a.parquet", b"PAR1rubbish", "已损坏"),
    ("a.csv", b"PK\x03\x04" + bytes(99), "xlsx"),
    ("a.csv", b"\x00\x01\x02" * 99, "二进制"),
    ("a.csv", "编号,备注\n1,无".encode(), "编号、备注"),
    ("a.jsonl", b'{"id":"1","remark":"x"}', "remark"),
    ("a.csv", bytes(range(128, 256)) * 9, "编码"),
    ("a.jsonl.gz", b"not gzip", "压缩文件已损坏"),
    ("a.jsonl.gz", gzip.compress(b'{"body":"x"}' * 999)[:-9], "压缩文件已损坏"),
    ("a.docx", b"x", "另存为"),
    ("a.xls", b"x", ".xlsx"),
    ("letters", b"x", "扩展名"),
    ("half.csv", b"\xe5", "编码"),
    ("a.xlsx.gz", b"x", "格式"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD_FILES)
def test_a_bad_file_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """The error names the file, what is wrong, and a remedy."""
    path = write(tmp_path, name, content)
    with pytest.raises(LetterError, match=said) as caught:
        read(path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.remedy


@pytest.mark.parametrize("name", [".", "missing.csv"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """A folder and a missing file are named."""
    with pytest.raises(LetterError, match="文件"):
        read(tmp_path / name)


def test_an_empty_workbook_and_parquet_are_refused(tmp_path: Path) -> None:
    """Tables without rows are errors, not empty results."""
    _xlsx(tmp_path / "a.xlsx", [])
    pq.write_table(pa.table({"body": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(LetterError, match="来信内容"):
        read(tmp_path / "a.xlsx")
    with pytest.raises(LetterError, match="没有来信"):
        read(tmp_path / "a.parquet")


def test_bad_lines_become_rows_with_a_reason(tmp_path: Path) -> None:
    """Every line of a JSON lines file gives one row, readable or not."""
    lines = ['{"id":"a","text":"路灯坏了"}', "oops", "[1]", '{"id":"b"}', '{"body":" "}', "",
             '{"id":"c","body":["x"]}', '{"id":"d","title":"只有标题"}', "9" * 5000,
             '{"id":"a","body":"又坏了","unknown":1}', '{"body":"\\ud800x"}']  # fmt: skip
    rows = read(write(tmp_path, "a.jsonl", "\n".join(lines)))
    ids = ["a", "row-2", "row-3", "b", "row-5", "c", "d", "row-9", "a#2", "row-11"]
    assert [row.id for row in rows] == ids
    said = {row.id: row.reason for row in rows if row.letter is None}
    assert said.keys() == {"row-2", "row-3", "b", "row-5", "c", "row-9"}
    assert all(reason.startswith("第 ") for reason in said.values())
    assert "重复" in rows[8].notes[0]
    assert rows[9].letter is not None
    assert rows[9].letter.body == "\ufffdx"


def test_ids_are_unique_even_when_suffixes_are_taken(tmp_path: Path) -> None:
    """A suffix never makes a new duplicate."""
    path = write(tmp_path, "a.csv", _csv([["id", "body"], *[[i, "x"] for i in
                 ["a", "a", "a#2", "a", "", "row-6"]]]))  # fmt: skip
    assert [r.id for r in read(path)] == ["a", "a#2", "a#2#2", "a#3", "row-6", "row-6#2"]


def test_columns_can_be_mapped(tmp_path: Path) -> None:
    """--columns names win over the usual ones, and a wrong one is named."""
    path = write(tmp_path, "a.csv", _csv([["键", "内容", "原文"], ["7", "摘要", "全文"]]))
    assert parts(read(path, id="键", body="原文")) == [("7", "", "全文", None)]
    with pytest.raises(LetterError, match="没有 --columns 指定的列 全部"):
        read(path, body="全部")


def test_blank_rows_inside_are_kept_and_those_at_the_end_are_not(tmp_path: Path) -> None:
    """A spreadsheet's blank tail is no letter; a gap in the middle is reported."""
    _xlsx(tmp_path / "a.xlsx", [["id", "body"], ["a", "x"], [None, None], ["b", "y"], [" ", None]])
    rows = read(tmp_path / "a.xlsx")
    assert [(row.id, row.letter is None) for row in rows] == [
        ("a", False), ("row-3", True), ("b", False)
    ]  # fmt: skip


def test_every_sheet_with_letters_is_read(tmp_path: Path) -> None:
    """Sheets without a body column are passed over."""
    book = openpyxl.Workbook()
    for name, rows in {
        "说明": [["请填写"]], "一月": [["正文"], ["甲"]], "二月": [["正文"], ["乙"]]
    }.items():  # fmt: skip
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [row[2] for row in parts(read(tmp_path / "a.xlsx"))] == ["甲", "乙"]


def test_typed_cells_are_read(tmp_path: Path) -> None:
    """Numbers as ids, dates as dates, numbers as text."""
    _xlsx(tmp_path / "a.xlsx", [["编号", "内容", "日期"], [17.0, 12345, datetime(2026, 1, 5, 8)]])
    assert parts(read(tmp_path / "a.xlsx")) == [("17", "", "12345", date(2026, 1, 5))]


def test_unquoted_commas_are_joined_again(tmp_path: Path) -> None:
    """Cells beyond the header belong to the letter, and a person is told."""
    rows = read(write(tmp_path, "a.csv", "id,body\n1,吵,很吵,一直吵\n"))
    assert parts(rows)[0][2] == "吵,很吵,一直吵"
    assert rows[0].doubtful


def test_an_open_quote_is_told(tmp_path: Path) -> None:
    """Rows swallowed by a quotation mark that never closes stay in the text, with a warning."""
    (row,) = read(write(tmp_path, "a.csv", 'id,body\n1,"吵\n2,很吵\n'))
    assert row.letter is not None
    assert "很吵" in row.letter.body
    assert "引号" in row.notes[0]


def test_an_unknown_day_is_told(tmp_path: Path) -> None:
    """A day that cannot be read leaves the letter readable and a note."""
    (row,) = read(write(tmp_path, "a.jsonl", '{"body":"吵","received_at":"上周"}'))
    assert row.letter is not None
    assert "收到日期无法识别" in row.notes[0]
    assert not row.doubtful


def test_a_text_file_is_one_letter(tmp_path: Path) -> None:
    """The file's name is the id, a short first line the title."""
    path = write(tmp_path, "来信7.txt", "路灯坏了\n\n天黑看不见路。\n")
    assert parts(read(path)) == [("来信7", "路灯坏了", "天黑看不见路。\n", None)]


def test_a_letter_of_a_megabyte_is_whole(tmp_path: Path) -> None:
    """Nothing of a long letter is cut."""
    body = "吵" * 350_000
    path = write(tmp_path, "a.csv", _csv([["id", "body"], ["1", body]]))
    assert parts(read(path)) == [("1", "", body, None)]
