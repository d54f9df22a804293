"""Commands that read letters: triage (one) and scan (a backlog)."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from nlp.cli import common
from nlp.errors import OptionError

_TERMINATED = 143
Bundle = Annotated[
    Path | None, typer.Option("--bundle", help="模型文件夹；不给就用随包的", show_default=False)
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        envvar="PETITION_LABELS",
        help="标签文件夹；不给就用随包的",
        show_default=False,
    ),
]
ByBoard = Annotated[
    bool,
    typer.Option("--by-board", help="类别按哪个板块收件来答；不给则按谁该解决来答"),
]


def triage(  # noqa: PLR0913  # each argument is an option of the command
    file: Annotated[
        str, typer.Argument(metavar="文件|-", help="一封来信：文本或 JSON；- 读标准输入")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出完整报告（JSON）")] = False,
    title: Annotated[
        str | None, typer.Option("--title", help="标题；不给就看第一行", show_default=False)
    ] = None,
    received_at: Annotated[
        str | None,
        typer.Option(
            "--received-at", help="收到日期，如 2026-01-31，用来算时限", show_default=False
        ),
    ] = None,
    bundle: Bundle = None,
    labels: Labels = None,
    by_board: ByBoard = False,
) -> None:
    """研判一封来信：先看危机，再看轻重缓急、类别、标记和办理时限。"""
    from nlp.scan import single  # noqa: PLC0415
    from nlp.scan.reading import read_rows  # noqa: PLC0415

    given = _given(title, received_at)
    if file == "-":
        row = single.read_letter(sys.stdin.buffer.read(), "标准输入", given=given)
    else:
        row = single.read_file(Path(file), given=given)
    reader = common.load_triage(bundle, labels, by_board=by_board)
    report = read_rows(reader, [row])[0]
    if as_json:
        from nlp.codec import to_json  # noqa: PLC0415

        typer.echo(to_json(report))
        return
    from nlp.cli.card import card  # noqa: PLC0415

    common.console().print(card(row, report, reader.labels))


def _given(title: str | None, received_at: str | None) -> dict[str, object]:
    """What the caller states beside the text.

    Raises:
        OptionError: The day cannot be read.
    """
    from nlp.scan.dates import parse_day  # noqa: PLC0415

    given: dict[str, object] = {} if title is None else {"title": title}
    if received_at is not None:
        day = parse_day(received_at)
        if day is None:
            raise OptionError("--received-at 不是日期", remedy="写法：2026-01-31 或 2026年1月31日")
        given["received_at"] = day
    return given


def scan(  # noqa: PLR0913  # each argument is an option of the command
    source: Annotated[
        Path,
        typer.Argument(metavar="来信文件", help="jsonl、csv（可再加 .gz）、xlsx、parquet 或 txt"),
    ],
    *,
    out: Annotated[
        list[Path],
        typer.Option(
            "--out", "-o", help="输出：.jsonl 完整报告，.csv .xlsx .parquet 表格；可多次给"
        ),
    ],
    columns: Annotated[
        str, typer.Option("--columns", help="列名对应，如 id=编号,body=内容", show_default=False)
    ] = "",
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="进程数；0 为自动（至多 2）")
    ] = 0,
    bundle: Bundle = None,
    labels: Labels = None,
    by_board: ByBoard = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="不显示进度和汇总")] = False,
    top: Annotated[int, typer.Option("--top", min=0, max=1000, help="列出最急的几封")] = 10,
) -> None:
    """研判一批来信：一封不漏，最急的排在最前。"""
    from nlp.scan import backlog  # noqa: PLC0415
    from nlp.scan.columns import parse_columns  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _stop)
    options = backlog.Options(columns=parse_columns(columns), workers=workers, quiet=quiet, top=top)
    loader = common.loader(bundle, labels, by_board=by_board)
    tally = backlog.scan(source, out, loader, options)
    if quiet:
        return
    from nlp.cli.board import board  # noqa: PLC0415

    common.console().print(board(tally, out))


def _stop(number: int, frame: FrameType | None) -> Any:  # noqa: ANN401  # a signal handler
    """End in order when the system asks, so that temporary files are removed."""
    sys.exit(_TERMINATED)
