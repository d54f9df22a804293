"""Training sets: plain or gzipped JSON lines, refused by file and line."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from nlp import labels
from nlp.errors import PetitionError
from nlp.train import data
from tests.toy_training import gold_rows

ROWS = [{"id": 1, "title": None, "body": "停水"}, {"id": "乙", "text": "停电\u2028三天"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS) + "\n"


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_plain_and_gzipped_are_the_same(tmp_path: Path, ending: str) -> None:
    """A set is found by name; blank lines count for nothing, odd line breaks split nothing."""
    raw = LINES.encode()
    path = tmp_path / f"gold{ending}"
    path.write_bytes(gzip.compress(raw) if ending.endswith(".gz") else raw)
    assert data.read_rows(tmp_path, "gold") == ROWS


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    """A set that is not there is named, with the option that tells where it is."""
    with pytest.raises(PetitionError, match=r"gold：找不到训练数据.*--data"):
        data.read_rows(tmp_path, "gold")


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    """A line that is not JSON is named by file and number, its text unsaid."""
    (tmp_path / "gold.jsonl").write_text('{"id": 1}\n{"body": "不能外传', encoding="utf-8")
    with pytest.raises(PetitionError, match=r"gold\.jsonl:2：这一行不是 JSON") as caught:
        data.read_rows(tmp_path, "gold")
    assert "外传" not in str(caught.value)


def test_rows_become_letters() -> None:
    """Title and body may be missing or null; "text" stands for "body"."""
    first, second = map(data.to_letter, ROWS)
    assert (first.id, first.title, first.body) == ("1", "", "停水")
    assert (second.id, second.title, second.body) == ("乙", "", "停电\u2028三天")


def test_letters_without_a_group_stand_alone() -> None:
    """Near-duplicates share a number; every other letter has its own."""
    rows = [{"group": 3}, {"group": -1}, {}, {"group": 3}, {"group": 0}, {"group": None}]
    found = data.groups(rows)
    assert found[0] == found[3] == 3
    assert len(set(found.tolist())) == 5
    assert found.dtype == np.int64


def test_a_table_is_a_set_too(tmp_path: Path) -> None:
    """A set may be a CSV file, plain or gzipped."""
    raw = "id,body\n1,停水\n".encode()
    (tmp_path / "a.csv").write_bytes(raw)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(raw))
    assert data.read_rows(tmp_path, "a") == data.read_rows(tmp_path, "b")
    assert data.read_rows(tmp_path, "a") == [{"id": "1", "body": "停水"}]


GOLD = gold_rows()[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"category_l1": "机密"}, "category_l1 不在标签里"),
        ({"category_l2": "机密"}, "category_l2 不在标签里"),
        ({"purpose": ""}, "缺少 purpose"),
        ({"urgency": 4}, "urgency 不在标签里"),
        ({"distress": None}, "缺少 distress"),
        ({"emotions": ["机密"]}, "emotions 里有标签之外的名称"),
        ({"flags": ["集体", "机密"]}, "flags 里有标签之外的名称"),
        ({"needs": ["机密"]}, "needs 里有标签之外的名称"),
        ({"crisis": [{"type": "机密"}]}, "crisis 里有标签之外的名称"),
        ({"fields": None}, "缺少 fields"),
    ],
)
def test_an_annotation_that_the_labels_do_not_know(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """File, line and key are named, what stands there is not."""
    lines = [json.dumps(row, ensure_ascii=False) for row in (GOLD, {**GOLD, **change})]
    (tmp_path / "gold.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PetitionError, match=rf"gold\.jsonl:2：{said}") as caught:
        data.read_annotated(tmp_path, "gold", labels.load())
    assert "机密" not in str(caught.value)


def test_an_archive_knows_its_board_alone(tmp_path: Path) -> None:
    """Only what is asked for must be there, and is held against the labels."""
    row = {"id": 1, "body": "文", "category_l1": "民政", "flags": ["别处的说法"]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    assert data.read_annotated(tmp_path, "a", labels.load(), keys=data.BOARD) == [row]
