"""Readers of binary tables: Excel workbooks and Parquet files."""

import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from nlp.errors import LetterError
from nlp.scan import columns
from nlp.scan.grid import Cells, grid_records
from nlp.scan.rows import Record

_BATCH = 256


def xlsx_records(path: Path, chosen: Mapping[str, str]) -> Iterator[Record]:
    """One record a row below the header, of every sheet that has one.

    Raises:
        LetterError: The file is no workbook, is damaged, or no sheet has a body column.
    """
    openpyxl: Any = import_module("openpyxl")

    # openpyxl warns of styles and validations that it drops; these are no part of a letter
    warnings.filterwarnings("ignore", module="openpyxl")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        yield from _book_records(book, chosen, str(path))
        book.close()
    except LetterError:
        raise
    except Exception as error:  # a damaged workbook may fail anywhere inside openpyxl
        remedy = "请用 Excel 或 WPS 打开后另存为 .xlsx"
        raise LetterError("Excel 文件已损坏或不是 .xlsx", where=str(path), remedy=remedy) from error


def _book_records(book: Any, chosen: Mapping[str, str], where: str) -> Iterator[Record]:  # noqa: ANN401
    """Records of all sheets with a header; the error of the first sheet when none has."""
    refused: LetterError | None = None
    read = 0
    for sheet in book.worksheets:
        try:
            for record in grid_records(_sheet_rows(sheet), chosen, f"{where}（{sheet.title}）"):
                yield record
                read += 1
        except LetterError as error:
            refused = refused or error
    if refused is not None and not read:
        raise refused


def _sheet_rows(sheet: Any) -> Iterator[Cells]:  # noqa: ANN401  # openpyxl's read-only sheet
    """Rows as Excel numbers them; the size a file claims for a sheet is often wrong."""
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        yield number, cells, ""


def parquet_records(path: Path, chosen: Mapping[str, str]) -> Iterator[Record]:
    """One record a row, read a batch at a time.

    Raises:
        LetterError: The file is no Parquet file, is damaged, or has no body column.
    """
    parquet: Any = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            yield from _file_records(file, chosen, str(path))
    except LetterError:
        raise
    except Exception as error:  # a damaged file may fail anywhere inside pyarrow
        raise LetterError(
            "Parquet 文件已损坏或不是 Parquet", where=str(path), remedy="请重新导出"
        ) from error


def _file_records(file: Any, chosen: Mapping[str, str], where: str) -> Iterator[Record]:  # noqa: ANN401
    """Records of an open Parquet file; only the columns of a letter are read."""
    names: list[str] = list(file.schema_arrow.names)
    places = columns.match(names, chosen)
    if places is None:
        raise columns.missing(names, chosen, where)
    wanted = {part: names[place] for part, place in places.items()}
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH, columns=list(wanted.values())):
        for item in batch.to_pylist():
            number += 1
            yield Record(number, {part: item[name] for part, name in wanted.items()})
