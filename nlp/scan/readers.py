"""Opens a file of letters of any known format and gives its rows in order."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nlp.errors import LetterError
from nlp.scan.decoding import Source
from nlp.scan.lines import csv_records, json_records, text_record
from nlp.scan.rows import Record, Row, make_rows
from nlp.scan.sheets import parquet_records, xlsx_records

_OPEN: Mapping[str, Callable[[Path, Mapping[str, str]], Iterator[Record]]] = {
    ".jsonl": lambda path, chosen: json_records(Source.of(path), chosen),
    ".json": lambda path, chosen: json_records(Source.of(path), chosen),
    ".csv": lambda path, chosen: csv_records(Source.of(path), chosen),
    ".tsv": lambda path, chosen: csv_records(Source.of(path), chosen),
    ".txt": lambda path, _: text_record(Source.of(path), path),
    ".xlsx": xlsx_records,
    ".xlsm": xlsx_records,
    ".parquet": parquet_records,
}
_PACKED = {".jsonl", ".json", ".csv", ".tsv", ".txt"}
_KNOWN = ".jsonl .json .csv .tsv .xlsx .parquet .txt"
_REMEDIES = {
    ".xls": "这是旧版 Excel，请用 Excel 或 WPS 另存为 .xlsx",
    ".et": "请用 WPS 另存为 .xlsx",
    ".doc": "请另存为 .txt，一个文件一封信",
    ".docx": "请另存为 .txt，一个文件一封信",
    ".pdf": "请把来信内容另存为 .txt 或 Excel",
}


def open_letters(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Row]:
    """Read a file of letters as a stream.

    Args:
        path: JSON lines, CSV (both may be packed as .gz), Excel, Parquet, or a text file that
            is one letter.
        columns: Part ("id", "title", "body", "received_at") to the name of its column, for
            files whose header is not understood by itself.

    Yields:
        One Row for each row of the file, in order; a row that holds no letter says why.

    Raises:
        LetterError: The file is missing, empty, damaged, in an unknown format or encoding, or
            has no body column; the message names the file and the remedy.
    """
    count = 0
    for row in make_rows(_records(path, columns or {})):
        count += 1
        yield row
    if not count:
        raise LetterError("文件里没有来信", where=str(path), remedy="请检查导出是否成功")


def _records(path: Path, chosen: Mapping[str, str]) -> Iterator[Record]:
    """The reader for the file's ending."""
    if path.is_dir():
        raise LetterError("这是文件夹，不是文件", where=str(path), remedy="请给出其中的一个文件")
    if not path.exists():
        raise LetterError("没有这个文件", where=str(path), remedy="请检查路径和文件名")
    ending = path.suffix.lower()
    inner = Path(path.stem).suffix.lower() if ending == ".gz" else ending
    if inner not in _OPEN or (ending == ".gz" and inner not in _PACKED):
        remedy = _REMEDIES.get(ending, f"请用其中一种：{_KNOWN}")
        what = f"不认识的文件格式 {ending or '（无扩展名）'}"
        raise LetterError(what, where=str(path), remedy=remedy)
    if path.stat().st_size == 0:
        raise LetterError("文件是空的", where=str(path), remedy="请检查导出是否成功")
    return _OPEN[inner](path, chosen)
