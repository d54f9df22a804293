"""Writers by the ending of OUT; what stands under the final name is always whole."""

import csv
import gzip
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

from nlp.codec import to_json
from nlp.errors import OptionError, PetitionError
from nlp.report import Report
from nlp.scan.rows import Row
from nlp.scan.safe import cell_text
from nlp.scan.spool import Spool
from nlp.scan.table import COLUMNS, REPORT, Cell, flatten, rank
from nlp.scan.workbook import write_workbook

_BATCH = 1000
Lines = Iterable[dict[str, Cell]]


class Outputs:
    """All files of one scan: lines are written at once, tables from a spool at the end.

    A context manager. Everything goes to temporary files beside the targets; when the block
    ends well these take the final names, and when it raises they are removed.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        """Check the targets; nothing is opened yet.

        Raises:
            OptionError: A target has an unknown ending, is a folder, or is named twice.
        """
        for path in paths:
            _check(path, paths)
        self._paths = tuple(paths)
        self._lines: list[TextIO] = []
        self._spool: Spool | None = None
        self._about = ""
        self._stack = ExitStack()

    def __enter__(self) -> "Outputs":
        try:
            for path in self._paths:
                path.parent.mkdir(parents=True, exist_ok=True)
                if _kind(path) in _TABLES and self._spool is None:
                    self._spool = self._stack.enter_context(Spool(path.parent))
                elif _kind(path) not in _TABLES:
                    self._lines.append(self._stack.enter_context(_open_lines(path)))
        except OSError as error:
            self._discard()
            raise _unwritable(error, self._paths) from error
        return self

    def add(self, row: Row, report: Report) -> None:
        """Write the report of one row to every target.

        Raises:
            PetitionError: A target cannot be written, such as a full disk.
        """
        line = to_json(report)
        model = report.model
        used = f"模型 {model.name} {model.version}（{model.digest}）"
        self._about = f"{used}，标签 {report.labels_digest}"
        try:
            for stream in self._lines:
                stream.write(line + "\n")
            if self._spool is not None:
                self._spool.add(rank(row, report), flatten(row, report, line))
        except OSError as error:
            raise _unwritable(error, self._paths) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            if error is None:
                self._commit()
        except OSError as failure:
            raise _unwritable(failure, self._paths) from failure
        finally:
            self._discard()

    def _commit(self) -> None:
        """Finish every temporary file, then give all of them their names."""
        for path in self._paths:
            if self._spool is not None and _kind(path) in _TABLES:
                _TABLES[_kind(path)](_temporary(path), self._spool.lines(), self._about)
        self._stack.close()
        for path in self._paths:
            _temporary(path).replace(path)

    def _discard(self) -> None:
        """Close what is open and remove what is left of temporary files."""
        self._stack.close()
        for path in self._paths:
            _temporary(path).unlink(missing_ok=True)


def _kind(path: Path) -> str:
    """The ending that decides the format."""
    inner = Path(path.stem).suffix if path.suffix.lower() == ".gz" else ""
    return (inner + path.suffix).lower()


def _check(path: Path, paths: Sequence[Path]) -> None:
    """Refuse a target that cannot be meant."""
    if _kind(path) not in (*_TABLES, ".jsonl", ".jsonl.gz"):
        remedy = "请用 .jsonl .jsonl.gz .csv .xlsx .parquet 之一"
        raise OptionError("不认识 --out 的格式", where=str(path), remedy=remedy)
    if path.is_dir():
        raise OptionError("--out 是文件夹", where=str(path), remedy="请给出文件名")
    if [p.resolve() for p in paths].count(path.resolve()) > 1:
        raise OptionError("--out 重复", where=str(path), remedy="每个文件只写一次")


def _temporary(path: Path) -> Path:
    """Where the target grows until it is whole: in the same folder, so that it can be renamed."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _unwritable(error: OSError, paths: Sequence[Path]) -> PetitionError:
    """The error of a target that the system refuses."""
    names = "、".join(map(str, paths))
    remedy = "请检查磁盘空间、权限，并关闭正打开该文件的程序"
    return PetitionError(f"写不进去（{error.strerror or type(error).__name__}）", where=names,
                         remedy=remedy)  # fmt: skip


def _open_lines(path: Path) -> TextIO:
    """A stream for JSON lines, packed or not."""
    if path.suffix.lower() == ".gz":
        return cast("TextIO", gzip.open(_temporary(path), "wt", encoding="utf-8", newline="\n"))
    return _temporary(path).open("w", encoding="utf-8", newline="\n")


def _write_csv(path: Path, lines: Lines, _: str) -> None:
    """UTF-8 with a mark, which Excel needs to see that it is UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow((*COLUMNS, REPORT))
        for cells in lines:
            table.writerow([*(_csv_cell(cells.get(name)) for name in COLUMNS), cells[REPORT]])


def _csv_cell(value: Cell) -> str | int | None:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    return cell_text(value) if isinstance(value, str) else value


def _write_xlsx(path: Path, lines: Lines, about: str) -> None:
    """The workbook for people."""
    write_workbook(path, lines, [about] if about else [])


def _write_parquet(path: Path, lines: Lines, _: str) -> None:
    """Typed columns: numbers and truth values stay what they are."""
    pa: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    kinds: Mapping[str, Any] = {"人数": pa.int64(), "需人工复核": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in (*COLUMNS, REPORT)])
    rest = iter(lines)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rest, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


_TABLES: Mapping[str, Callable[[Path, Lines, str], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
}
