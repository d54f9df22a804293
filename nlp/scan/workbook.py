"""The Excel workbook for people: sheet 研判, most urgent first, and sheet 说明."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from nlp.scan.safe import cell_text
from nlp.scan.table import COLUMNS, CRISIS, UNREAD, URGENCY, Cell

MAX_ROWS = 1_048_575
SHEET = "研判"
NOTES = "说明"
_RED, _ORANGE, _YELLOW, _GREY = "FF9C9C", "FFC78A", "FFF2A8", "D9D9D9"
FILLS: Mapping[str, str] = {
    URGENCY[3]: _RED, URGENCY[2]: _ORANGE, URGENCY[1]: _YELLOW, UNREAD: _GREY,
    CRISIS["imminent"]: _RED, CRISIS["high"]: _ORANGE, CRISIS["concern"]: _YELLOW,
}  # fmt: skip
_FILLED = {"轻重缓急", "危机级别"}
_WIDTHS: Mapping[str, int] = {
    "编号": 16, "标题": 34, "危机信号": 40, "类别二级": 18, "情绪": 18, "甄别标记": 22, "需要": 18,
    "时间": 18, "地点": 26, "信访人": 18, "被反映方": 24, "曾找机关": 24, "诉求": 40,
    "承办建议": 26, "最近时限": 24, "复核原因": 36,
}  # fmt: skip
_EXPLAINED = (
    "本表由信访来信智能辅助系统生成，全部内容是系统建议，由人决定；处置前请阅读原信。",
    "排序：危机级别、轻重缓急、情绪困扰、需人工复核，高的在前；同级按来信顺序。",
    "危机级别“未发现”不等于没有危险；“未读出”的行请人工打开原件。",
    "“检举控告·限阅”：依《信访工作条例》第30条，不显示内容和姓名，不得转给被检举、被控告的人或单位。",
    "单元格开头的 ' 是防止内容被当作公式运行而加的，不是来信原文。",
    "完整报告（含每个判断的依据原文和出处）请另存 --out 名称.jsonl。",
)


def write_workbook(path: Path, lines: Iterable[dict[str, Cell]], about: Iterable[str]) -> None:
    """Write the workbook.

    Args:
        path: Where to.
        lines: Cells by column, in the order they should stand.
        about: More lines for the sheet 说明.
    """
    openpyxl: Any = import_module("openpyxl")
    book: Any = openpyxl.Workbook(write_only=True)
    sheet = _sheet(book, 1)
    for index, cells in enumerate(lines):
        if index and index % MAX_ROWS == 0:
            sheet = _sheet(book, index // MAX_ROWS + 1)
        sheet.append([_cell(sheet, name, cells.get(name)) for name in COLUMNS])
    notes: Any = book.create_sheet(NOTES)
    notes.column_dimensions["A"].width = 110
    for text in (*_EXPLAINED, *about):
        notes.append([cell_text(text)])
    book.save(path)


def _sheet(book: Any, number: int) -> Any:  # noqa: ANN401  # openpyxl's write-only sheet
    """A sheet with frozen header, widths and filter."""
    styles: Any = import_module("openpyxl.styles")
    letters: Any = import_module("openpyxl.utils").get_column_letter
    sheet: Any = book.create_sheet(SHEET if number == 1 else f"{SHEET}{number}")
    sheet.freeze_panes = "B2"
    for index, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[letters(index)].width = _WIDTHS.get(name, 12)
    sheet.auto_filter.ref = f"A1:{letters(len(COLUMNS))}1"
    header = [_styled(sheet, name) for name in COLUMNS]
    for cell in header:
        cell.font = styles.Font(bold=True)
        cell.fill = styles.PatternFill("solid", fgColor="DCE6F1")
    sheet.append(header)
    return sheet


def _cell(sheet: Any, name: str, value: Cell) -> Any:  # noqa: ANN401
    """A value, or a coloured cell where the column shows how urgent the letter is."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if not isinstance(value, str):
        return value
    text = cell_text(value)
    colour = FILLS.get(text) if name in _FILLED else None
    if colour is None:
        return text or None
    cell = _styled(sheet, text)
    cell.fill = _fill(colour)
    return cell


def _styled(sheet: Any, text: str) -> Any:  # noqa: ANN401
    """A cell that can carry a style."""
    return import_module("openpyxl.cell").WriteOnlyCell(sheet, value=text)


def _fill(colour: str) -> Any:  # noqa: ANN401
    """A solid background."""
    return import_module("openpyxl.styles").PatternFill("solid", fgColor=colour)
