"""One scan from file to files."""

import json
from pathlib import Path

import pytest

from nlp.errors import PetitionError
from nlp.scan.backlog import Options, scan
from nlp.scan.table import UNREAD
from tests.fakes import load

QUIET = Options(quiet=True)


def lines(*bodies: str) -> str:
    """JSON lines."""
    return "\n".join(json.dumps({"id": f"n{i}", "body": body}) for i, body in enumerate(bodies))


def test_every_row_gets_a_report(tmp_path: Path) -> None:
    """N rows in, N reports out, counted."""
    source, out = tmp_path / "a.jsonl", tmp_path / "r.jsonl"
    source.write_text(lines("吵 急3", "", "不想活", "RAISE") + "\noops", "utf-8")
    tally = scan(source, [out], load, QUIET)
    ids = [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()]
    assert ids == ["n0", "n1", "n2", "n3", "row-5"]
    assert (tally.letters, tally.unread, tally.review) == (5, 3, 3)
    assert tally.urgency == {"特急（红）": 1, "普通": 1}
    assert tally.crisis == {"high": 1, "none": 1}


def test_the_tally_keeps_the_most_urgent(tmp_path: Path) -> None:
    """What failed stands with the urgent ones, an empty row at the end."""
    source = tmp_path / "a.jsonl"
    source.write_text(lines("吵 急1", "", "RAISE", "吵 急2 苦1", "不想活", "吵"), "utf-8")
    tally = scan(source, [], load, Options(quiet=True, top=4))
    assert [cells["编号"] for cells in tally.top] == ["n4", "n3", "n2", "n0"]
    assert tally.top[2]["标题"] == UNREAD


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    """OUT may not be IN."""
    source = tmp_path / "a.jsonl"
    source.write_text(lines("吵"), "utf-8")
    with pytest.raises(PetitionError, match="--out 就是来信文件"):
        scan(source, [source], load, QUIET)


def test_a_bad_source_touches_no_target(tmp_path: Path) -> None:
    """The old result stays, and no folder is made."""
    with pytest.raises(PetitionError, match="没有这个文件"):
        scan(tmp_path / "none.csv", [tmp_path / "new/r.csv"], load, QUIET)
    assert not (tmp_path / "new").exists()
