"""What all commands share: consoles, the group that turns errors into one line, the loader."""

import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nlp.cli.chinese import Group
from nlp.errors import PetitionError

if TYPE_CHECKING:
    from rich.console import Console

    from nlp.scan.reading import Loader, Reads

REFUSED = 2
INTERRUPTED = 130


class Polite(Group):
    """A command group whose refusals are one red line on standard error and exit code 2."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # as click declares it
        """Run the command."""
        try:
            return super().invoke(ctx)
        except PetitionError as error:
            line = " ".join(str(error).split())
            typer.secho(f"错误：{line}", fg="red", err=True)
            raise typer.Exit(REFUSED) from error
        except KeyboardInterrupt as error:
            typer.secho("已中断，没有写出结果", fg="yellow", err=True)
            raise typer.Exit(INTERRUPTED) from error


def console(*, stderr: bool = False) -> "Console":
    """A console that neither reads markup nor highlights: letters may hold anything."""
    from rich.console import Console  # noqa: PLC0415  # slow to load

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def load_triage(
    bundle: Path | None, labels: Path | None = None, *, by_board: bool = False
) -> "Reads":
    """Load the triage with a bundle; in this module's top level so that workers can call it."""
    triage: Any = importlib.import_module("nlp.triage")
    return triage.Triage.load(bundle, labels, by_board=by_board)


def loader(bundle: Path | None, labels: Path | None = None, *, by_board: bool = False) -> "Loader":
    """What a scan calls in each process to load the triage."""
    return partial(load_triage, bundle, labels, by_board=by_board)
