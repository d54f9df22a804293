"""One letter by itself."""

from datetime import date
from pathlib import Path

import pytest

from nlp.errors import LetterError
from nlp.scan.single import MAX_BYTES, read_file, read_letter, split_title

TITLES = [
    ("路灯坏了\n天黑看不见路。", "路灯坏了", "天黑看不见路。"),
    ("路灯坏了\r\n\r\n天黑看不见路。", "路灯坏了", "天黑看不见路。"),
    ("长" * 50 + "\n\n正文", "长" * 50, "正文"),
    ("长" * 50 + "\n正文", "", "长" * 50 + "\n正文"),
    ("只有一行", "", "只有一行"),
    ("\n空行开头", "", "\n空行开头"),
    ("短\n", "", "短\n"),
]


@pytest.mark.parametrize(("text", "title", "body"), TITLES)
def test_the_first_line_may_be_the_title(text: str, title: str, body: str) -> None:
    """A short first line, or one with a blank line after it, is the title."""
    assert split_title(text) == (title, body)


def test_a_json_letter_is_read() -> None:
    """Keys in Chinese or English; unknown ones do not matter."""
    row = read_letter('{"编号":"7","text":"吵","收到日期":"2026-1-5","x":1}'.encode(), "标准输入")
    assert row.letter is not None
    assert (row.id, row.letter.body, row.letter.received_at) == ("7", "吵", date(2026, 1, 5))


def test_what_the_caller_gives_wins() -> None:
    """With a title from elsewhere all of the text is the body."""
    row = read_letter("您好\n路灯坏了".encode(), "标准输入", given={"title": "路灯"})
    assert row.letter is not None
    assert (row.letter.title, row.letter.body) == ("路灯", "您好\n路灯坏了")


def test_json_that_is_no_letter_is_text() -> None:
    """A letter may begin with a brace."""
    row = read_letter("{备注}路灯坏了".encode(), "标准输入")
    assert row.letter is not None
    assert row.letter.body == "{备注}路灯坏了"


def test_one_character_is_a_letter() -> None:
    """However short, it is read."""
    assert read_letter("吵".encode("gbk"), "标准输入").letter is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空的"),
        (b" \n\t", "空的"),
        (b"\0\1\2", "二进制"),
        (b"%PDF-1.7 x", "PDF"),
        (b"\x80\xff", "编码"),
        (b'{"title":"","body":""}', "没有来信内容"),
        (b"x" * (MAX_BYTES + 1), "petition scan"),
    ],
)
def test_what_is_no_letter_is_refused(data: bytes, said: str) -> None:
    """The error says what and how to help."""
    with pytest.raises(LetterError, match=said) as caught:
        read_letter(data, "标准输入")
    assert caught.value.where == "标准输入"
    assert caught.value.remedy


@pytest.mark.parametrize("name", [".", "none.txt", "many.csv"])
def test_only_a_file_of_one_letter_is_read(tmp_path: Path, name: str) -> None:
    """Folders, missing files and tables are refused."""
    (tmp_path / "many.csv").write_text("x", "utf-8")
    with pytest.raises(LetterError, match="文件"):
        read_file(tmp_path / name)
