"""One scan from file to files."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from nlp.errors import OptionError
from nlp.scan.engine import default_workers, read_all
from nlp.scan.progress import watched
from nlp.scan.readers import open_letters
from nlp.scan.reading import Loader
from nlp.scan.tally import Tally
from nlp.scan.writers import Outputs


@dataclass(frozen=True, slots=True)
class Options:
    """How to scan.

    Attributes:
        columns: Part of a letter to column name, for files with unusual headers.
        workers: Processes; 0 takes two where there are two cores.
        quiet: No progress bar.
        top: How many of the most urgent letters the tally keeps.
    """

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    workers: int = 0
    quiet: bool = False
    top: int = 10


def scan(source: Path, outs: Sequence[Path], loader: Loader, options: Options) -> Tally:
    """Triage every letter of a file and write the reports.

    The file is read twice: first to the end, so that a damaged one is refused before any work,
    then letter by letter.

    Args:
        source: The file of letters.
        outs: Targets; the ending of each decides its format.
        loader: Loads the triage, here or in worker processes.
        options: Columns, workers, progress, top.

    Returns:
        The figures of the scan.

    Raises:
        PetitionError: The source cannot be read, a target cannot be written, or the triage
            cannot be loaded; then no target is touched.
    """
    outputs = Outputs(outs)
    if source.resolve() in [out.resolve() for out in outs]:
        raise OptionError("--out 就是来信文件", where=str(source), remedy="请换一个文件名")
    total = sum(1 for _ in open_letters(source, options.columns))
    tally = Tally(limit=options.top)
    rows = open_letters(source, options.columns)
    workers = options.workers or default_workers()
    with outputs, closing(read_all(rows, loader, workers=workers)) as pairs:
        for row, report in watched(pairs, total, quiet=options.quiet):
            outputs.add(row, report)
            tally.add(row, report)
    return tally
