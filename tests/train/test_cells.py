"""Annotated letters as CSV: what a spreadsheet saves is read back, what does not fit is named."""

import json
from pathlib import Path

import pytest

from nlp.errors import PetitionError
from nlp.train import cells
from tests.toy_training import gold_rows

HEADER = "id,title,body,urgency,flags,crisis,when\n"


def rows(text: str | bytes) -> list[dict[str, object]]:
    """Read a table."""
    raw = text if isinstance(text, bytes) else text.encode()
    return [row for _, row in cells.read(raw, "表.csv")]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Annotations, line breaks and commas come back as they were."""
    given = gold_rows()
    given[0]["body"] += '\n第二行，有"引号"，和逗号'
    given[1]["crisis"] = [{"type": "自杀自伤", "quote": "撑不下去"}, {"type": "遭受暴力"}]
    cells.write(tmp_path / "新的" / "gold.csv", given)
    assert rows((tmp_path / "新的" / "gold.csv").read_bytes()) == given


def test_a_cell_becomes_what_the_guide_says() -> None:
    """Lists part at the bar, a signal may carry its quote, an empty number is none."""
    (row,) = rows(HEADER + "1,题,文,,集体| 重复,自杀自伤=不想活|遭受暴力,三月|四月\n\n")
    assert row["urgency"] is None
    assert row["flags"] == ["集体", "重复"]
    assert row["crisis"] == [{"type": "自杀自伤", "quote": "不想活"}, {"type": "遭受暴力"}]
    fields = row["fields"]
    assert isinstance(fields, dict)
    assert fields["when"] == ["三月", "四月"]
    assert set(fields) == set(cells.FIELDS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_encodings_of_spreadsheets(encoding: str) -> None:
    """What Excel and WPS save is read."""
    assert rows("id,title\n甲,路灯坏了\n".encode(encoding)) == [{"id": "甲", "title": "路灯坏了"}]


def test_lines_are_counted_where_a_letter_begins() -> None:
    """Line breaks inside a cell count as lines of the file."""
    found = cells.read('id,body\n1,"上\n下"\n2,短\n'.encode(), "表.csv")
    assert [line for line, _ in found] == [2, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,标题\n", r"表\.csv:1：不认识的列 '标题'.*title"),
        ("title\n", r"表\.csv:1：列名重复，或没有 id 列"),
        ("id,id\n", r"表\.csv:1：列名重复"),
        ("", r"表\.csv:1：列名重复，或没有 id 列"),
        ("id,body\n1,机密,机密\n", r"表\.csv:2：这一行有 3 格，表头有 2 格"),
        ('id,body\n1,"一\n二"\n2,"机密"密\n', r"表\.csv:4：这一行不合 CSV 格式"),
        ("id,urgency\n1,机密\n", r"表\.csv:2：urgency 应为整数"),
        (b"id\n\xff\xff\n", r"表\.csv：认不出文件的编码"),
    ],
)
def test_what_does_not_fit_is_named(text: str | bytes, said: str) -> None:
    """File and line are named, what stands there is not."""
    with pytest.raises(PetitionError, match=said) as caught:
        rows(text)
    assert "机密" not in str(caught.value)


def test_a_table_becomes_json_lines(tmp_path: Path) -> None:
    """The evaluation reads JSON lines."""
    cells.write(tmp_path / "a.csv", gold_rows()[:3])
    cells.to_lines(tmp_path / "a.csv", tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == gold_rows()[:3]
