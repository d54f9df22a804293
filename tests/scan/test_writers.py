"""Reports to files: formats, order, walls, and nothing half written."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from nlp.codec import from_json
from nlp.errors import OptionError
from nlp.letter import Letter
from nlp.report import Report
from nlp.scan.reading import read_rows
from nlp.scan.rows import Row
from nlp.scan.table import COLUMNS, REPORT, WALLED
from nlp.scan.workbook import FILLS
from nlp.scan.writers import Outputs
from tests.fakes import FakeTriage

BODIES = {
    "plain": "夜里太吵",
    "urgent": "断水三天了 急3",
    "worse": "断水三天了 急3 苦2",
    "danger": "我不想活了",
    "accuse": "举报赵某某收钱",
    "formula": '=HYPERLINK("http://x") 急1',
    "signs": "声音\x0b太大\x1b 急1",
}
ORDER = ["danger", "worse", "urgent", "formula", "signs", "plain", "accuse"]


def pairs(bodies: dict[str, str]) -> list[tuple[Row, Report]]:
    """Rows with their reports."""
    rows = [
        Row(i, key, Letter(key, f"{key}的标题", text))
        for i, (key, text) in enumerate(bodies.items(), 1)
    ]
    return list(zip(rows, read_rows(FakeTriage(), rows), strict=True))


def write(paths: Sequence[Path], bodies: dict[str, str] = BODIES) -> None:
    """Write them all."""
    with Outputs(paths) as outputs:
        for row, report in pairs(bodies):
            outputs.add(row, report)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every format."""
    write(
        [tmp_path / f"out/r{end}" for end in (".jsonl", ".jsonl.gz", ".csv", ".xlsx", ".parquet")]
    )
    return tmp_path / "out"


def test_lines_hold_whole_reports_in_order(folder: Path) -> None:
    """JSON lines keep the order of the letters; packed ones are the same."""
    lines = (folder / "r.jsonl").read_text("utf-8").splitlines()
    assert [from_json(line) for line in lines] == [report for _, report in pairs(BODIES)]
    assert (
        gzip.decompress((folder / "r.jsonl.gz").read_bytes()) == (folder / "r.jsonl").read_bytes()
    )


def test_tables_have_the_most_urgent_first(folder: Path) -> None:
    """Crisis, urgency, distress, then the order of the letters."""
    with (folder / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["编号"] for row in rows] == ORDER
    table = pq.read_table(folder / "r.parquet")
    assert table.column("编号").to_pylist() == ORDER
    assert [json.loads(x)["id"] for x in table.column(REPORT).to_pylist()] == ORDER
    assert [json.loads(row[REPORT])["id"] for row in rows] == ORDER


def test_the_workbook_is_for_people(folder: Path) -> None:
    """Frozen header, filter, colours, a sheet that explains."""
    book = openpyxl.load_workbook(folder / "r.xlsx")
    assert book.sheetnames == ["研判", "说明"]
    sheet = book["研判"]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert [sheet.cell(i + 2, 1).value for i in range(len(ORDER))] == ORDER
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref is not None
    assert sheet["C3"].fill.fgColor.rgb == f"00{FILLS['特急（红）']}"
    assert sheet["D2"].fill.fgColor.rgb == f"00{FILLS['高（橙）']}"
    assert "系统建议" in str(book["说明"]["A1"].value)


def test_cells_are_safe(folder: Path) -> None:
    """No formula and no illegal character reaches a spreadsheet."""
    sheet = openpyxl.load_workbook(folder / "r.xlsx")["研判"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    text = (folder / "r.csv").read_text("utf-8-sig")
    assert "'=HYPER" in text
    assert "声音太大" in text


def test_accusing_letters_are_walled_in_tables(folder: Path) -> None:
    """The line stays, the words do not; the full report stays in JSON."""
    sheet = openpyxl.load_workbook(folder / "r.xlsx")["研判"]
    (line,) = [row for row in sheet.iter_rows(values_only=True) if row[0] == "accuse"]
    assert not any("赵" in str(cell) or "的标题" in str(cell) for cell in line)
    assert line[1] == WALLED
    assert "检举控告" in str(line[COLUMNS.index("甄别标记")])
    assert "赵" in (folder / "r.jsonl").read_text("utf-8")


def test_nothing_is_left_when_it_fails(tmp_path: Path) -> None:
    """An error keeps the old file and leaves no temporary one."""
    old = tmp_path / "r.jsonl"
    old.write_text("old", "utf-8")

    def interrupted() -> None:
        with Outputs([old, tmp_path / "r.xlsx"]) as outputs:
            outputs.add(*pairs(BODIES)[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    assert old.read_text("utf-8") == "old"


@pytest.mark.parametrize("names", [["r.doc"], ["r"], ["r.csv", "../{}/r.csv"], ["folder.csv"]])
def test_targets_that_cannot_be_meant_are_refused(tmp_path: Path, names: list[str]) -> None:
    """Unknown endings, a target named twice, a folder."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OptionError, match="--out"):
        Outputs([tmp_path / name.format(tmp_path.name) for name in names])
