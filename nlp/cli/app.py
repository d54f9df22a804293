"""The commands of ``petition``."""

from typing import Annotated

import typer

from nlp import __version__
from nlp.cli import letters, tools
from nlp.cli.chinese import Command, Group
from nlp.cli.common import Polite

app = typer.Typer(
    name="petition",
    cls=Polite,
    help="信访来信智能辅助：分类、轻重缓急、危机信号、甄别、5W1H。不联网，普通 CPU 即可运行；"
    "全部结果是系统建议，由人决定。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
labels_app = typer.Typer(cls=Group, help="标签：类别体系、标记、规则", no_args_is_help=True)

_LETTERS, _SYSTEM = "处理来信", "模型与标签"
for _command in (letters.triage, letters.scan, tools.serve):
    app.command(cls=Command, rich_help_panel=_LETTERS)(_command)
for _command in (tools.evaluate, tools.train, tools.export, tools.schema):
    app.command(cls=Command, rich_help_panel=_SYSTEM)(_command)
app.add_typer(labels_app, name="labels", rich_help_panel=_SYSTEM)
labels_app.command("check", cls=Command)(tools.labels_check)
labels_app.command("show", cls=Command)(tools.labels_show)


def _print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"petition-nlp {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="显示版本"),
    ] = False,
) -> None:
    """Options before the command."""
