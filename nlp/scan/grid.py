"""Tables of cells, from CSV or a spreadsheet: find the header, then one record a row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from nlp.scan import columns
from nlp.scan.rows import Record

HEADER_ROWS = 10
_MAX_GAP = 1000

# number of the row, its cells, and a warning of the reader or ""
Cells = tuple[int, Sequence[object], str]


def grid_records(
    rows: Iterable[Cells], chosen: Mapping[str, str], where: str, *, overflow: str = ""
) -> Iterator[Record]:
    """Read the rows below the header, which may stand below a line or two of heading.

    Args:
        rows: All rows, header included.
        chosen: Columns the caller mapped.
        where: File (and sheet), for messages.
        overflow: Delimiter that joins cells beyond the header to the body again; empty: such
            cells are not part of the letter.

    Raises:
        LetterError: No header within the first rows names a body column.
    """
    rows = iter(rows)
    head = list(islice(rows, HEADER_ROWS))
    for index, (_, cells, _) in enumerate(head):
        header = [_name(cell) for cell in cells]
        places = columns.match(header, chosen)
        if places is not None:
            rest = _without_blank_end(chain(head[index + 1 :], rows))
            yield from (_record(row, places, len(header), overflow) for row in rest)
            return
    widest = max((cells for _, cells, _ in head), key=_filled, default=())
    raise columns.missing([_name(cell) for cell in widest], chosen, where)


def _without_blank_end(rows: Iterable[Cells]) -> Iterator[Cells]:
    """Rows without what spreadsheets leave behind: blank ones at the end, or very many."""
    blank: list[Cells] = []
    for row in rows:
        if not _filled(row[1]):
            blank.append(row)
            continue
        if len(blank) < _MAX_GAP:
            yield from blank
        blank.clear()
        yield row


def _record(row: Cells, places: Mapping[str, int], width: int, overflow: str) -> Record:
    """One record; the words of cells beyond the header are kept in the body."""
    number, cells, warning = row
    values = {part: cells[place] for part, place in places.items() if place < len(cells)}
    notes = [warning] if warning else []
    extra = [str(cell) for cell in cells[width:]]
    if overflow and _filled(extra):
        values["body"] = overflow.join([str(values["body"]), *extra])
        notes.append("格数多于表头，多出的内容已接在正文后面，请核对原文件")
    return Record(number, values, notes=tuple(notes), doubtful=bool(notes))


def _filled(cells: Sequence[object]) -> int:
    """How many cells are not blank."""
    return sum(1 for cell in cells if _name(cell))


def _name(cell: object) -> str:
    """A cell as trimmed text."""
    return "" if cell is None else str(cell).strip()
