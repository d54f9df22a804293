"""Readers of text files: JSON lines, CSV, and one letter in one text file."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from nlp.scan import columns
from nlp.scan.decoding import Source, open_text, read_text
from nlp.scan.grid import HEADER_ROWS, Cells, grid_records
from nlp.scan.rows import Record
from nlp.scan.single import split_title

_DELIMITERS = (",", "\t", ";", "|", "，")


def json_records(source: Source, chosen: Mapping[str, str]) -> Iterator[Record]:
    """One record a line; a .json file may also hold one array or one object.

    Raises:
        LetterError: No object of the file has a body or a title.
    """
    seen: dict[str, None] = {}
    usable = False
    for number, item in _json_items(source):
        record = _json_record(number, item, chosen)
        usable = usable or bool(record.problem) or bool(record.values.keys() & {"title", "body"})
        if not usable and isinstance(item, dict):
            seen |= dict.fromkeys(cast("dict[str, object]", item))
        yield record
    if seen and not usable:
        raise columns.missing(seen, chosen, source.where)


def _json_items(source: Source) -> Iterator[tuple[int, object]]:
    """(line number, value); an exception stands for a line that is not JSON."""
    with open_text(source) as stream:
        lines = enumerate(stream, 1)
        first = next(((n, line) for n, line in lines if line.strip()), None)
        if first is None:
            return
        if not isinstance(_parse(first[1]), dict):
            whole = _parse(first[1] + stream.read())
            if isinstance(whole, list):
                yield from enumerate(cast("list[object]", whole), 1)
                return
            if isinstance(whole, dict):
                yield first[0], cast("object", whole)
                return
    with open_text(source) as stream:
        yield from ((n, _parse(line)) for n, line in enumerate(stream, 1) if line.strip())


def _parse(line: str) -> object:
    """The JSON value, or the exception that tells why there is none."""
    try:
        return cast("object", json.loads(line))
    except (ValueError, RecursionError) as error:
        return error


def _json_record(number: int, item: object, chosen: Mapping[str, str]) -> Record:
    """Pick the parts of a letter out of one JSON object; keys that mean nothing are ignored."""
    if isinstance(item, Exception):
        return Record(number, problem="不是 JSON，请按每行一个对象重新导出")
    if not isinstance(item, dict):
        return Record(number, problem='不是 JSON 对象，应写作 {"id":…,"title":…,"body":…}')
    given = cast("dict[str, object]", item)
    keys = list(given)
    # a JSON object may lack keys that other lines have, so each part is looked up on its own
    places = columns.find(keys, chosen)
    return Record(number, {part: given[keys[place]] for part, place in places.items()})


def csv_records(source: Source, chosen: Mapping[str, str]) -> Iterator[Record]:
    """One record a row below the header; line breaks inside quotes belong to the cell."""
    csv.field_size_limit(1 << 30)
    delimiter = _delimiter(source, chosen)
    with open_text(source) as stream:
        yield from grid_records(
            _csv_rows(stream, delimiter), chosen, source.where, overflow=delimiter
        )


def _csv_rows(stream: Iterable[str], delimiter: str) -> Iterator[Cells]:
    """Rows with their number; a row whose quotes do not close carries a warning."""
    watch = _QuoteWatch(stream)
    for number, cells in enumerate(csv.reader(iter(watch), delimiter=delimiter), 1):
        note = "引号没有配对，后面的行可能并进了这一封，请核对原文件" if watch.torn else ""
        watch.reset()
        if cells:  # an empty line is no row
            yield number, cells, note


class _QuoteWatch:
    """Passes lines on and counts the quotation marks of the row they make."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.reset()

    def reset(self) -> None:
        """Begin a new row."""
        self.quotes = self.count = 0

    @property
    def torn(self) -> bool:
        """Whether a row of several lines has an odd number of quotation marks."""
        return self.count > 1 and self.quotes % 2 == 1

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.quotes += line.count('"')
            self.count += 1
            yield line


def _delimiter(source: Source, chosen: Mapping[str, str]) -> str:
    """The delimiter under which the header is understood best."""

    def score(delimiter: str) -> tuple[int, int]:
        with open_text(source) as stream:
            rows = csv.reader(stream, delimiter=delimiter)
            head = [row for row, _ in zip(rows, range(HEADER_ROWS), strict=False)]
        known = max((len(columns.match(row, chosen) or ()) for row in head), default=0)
        return known, max((len(row) for row in head), default=0)

    return max(_DELIMITERS, key=score)


def text_record(source: Source, path: Path) -> Iterator[Record]:
    """The one letter of a text file; its id is the file's name."""
    title, body = split_title(read_text(source))
    name = Path(path.name.removesuffix(".gz")).stem
    yield Record(1, {"id": name, "title": title, "body": body})
