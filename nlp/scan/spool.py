"""Lines of the flat table on disk, given back most urgent first: 16 bytes of memory a line."""

import json
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import cast

from nlp.scan.table import Cell


class Spool:
    """Takes lines in any order and gives them back by rank; equal ranks keep their order."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open a file without a name in the folder, gone when closed."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by close()
        self._ranks = array("q")
        self._places = array("q")

    def __len__(self) -> int:
        return len(self._ranks)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def add(self, rank: int, cells: dict[str, Cell]) -> None:
        """Keep one line; a higher rank comes out earlier."""
        self._ranks.append(-rank)
        self._places.append(self._file.seek(0, 2))
        self._file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")

    def lines(self) -> Iterator[dict[str, Cell]]:
        """All lines, the highest rank first."""
        for index in sorted(range(len(self)), key=self._ranks.__getitem__):
            self._file.seek(self._places[index])
            yield cast("dict[str, Cell]", json.loads(self._file.readline()))

    def close(self) -> None:
        """Drop everything."""
        self._file.close()
