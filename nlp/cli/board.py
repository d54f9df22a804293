"""What a scan shows at its end: the letters to open first, and the figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nlp.cli.style import of_level
from nlp.scan.safe import terminal_text
from nlp.scan.table import CRISIS, UNREAD, URGENCY, Cell
from nlp.scan.tally import Tally


def board(tally: Tally, outs: Sequence[Path]) -> RenderableType:
    """The most urgent letters and the counts.

    Args:
        tally: Figures of the scan.
        outs: Files that were written.
    """
    parts: list[RenderableType] = []
    if tally.top:
        parts.append(_first(tally.top))
    parts.append(_figures(tally))
    parts.append(Text("已写出：" + "、".join(map(str, outs))))
    parts.append(Text("全部是系统建议，由人决定；“未发现”危机不等于没有危险。", style="dim"))
    return Group(*parts)


def _first(top: Sequence[Mapping[str, Cell]]) -> Table:
    """The letters to open first."""
    table = Table(title=f"最急的 {len(top)} 封", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("", justify="right")
    table.add_column("编号", no_wrap=True, max_width=18)
    table.add_column("轻重缓急", no_wrap=True)
    table.add_column("危机", no_wrap=True)
    table.add_column("类别")
    table.add_column("标题", ratio=1)
    table.add_column("复核", no_wrap=True)
    for number, cells in enumerate(top, 1):
        table.add_row(
            str(number),
            _plain(cells["编号"]),
            _coloured(cells["轻重缓急"]),
            _coloured(cells["危机级别"]),
            _plain(cells["类别一级"]),
            _plain(cells["复核原因"] if cells["标题"] in ("", UNREAD) else cells["标题"]),
            Text("需人看" if cells["需人工复核"] else "", style="magenta"),
        )
    return table


def _figures(tally: Tally) -> Table:
    """Counts by urgency, crisis and category, speed, and what a person must read."""
    speed = tally.letters / tally.seconds if tally.seconds else 0.0
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    grid.add_row("合计", f"{tally.letters} 封，{tally.seconds:.1f} 秒，每秒 {speed:.0f} 封")
    urgency = [(name, tally.urgency[name]) for name in reversed(URGENCY)]
    grid.add_row("轻重缓急", _counts(urgency))
    crisis = [(CRISIS[level], tally.crisis[level]) for level in ("imminent", "high", "concern")]
    grid.add_row("危机信号", _counts(crisis))
    grid.add_row("内容分类", "，".join(f"{n} {c}" for n, c in tally.category.most_common()) or "—")
    review = Text(f"{tally.review} 封", style="magenta" if tally.review else "")
    if tally.unread:
        review.append(f"，其中 {tally.unread} 行没能读出，请打开原件", style="bold red")
    grid.add_row("需人工复核", review)
    return grid


def _counts(pairs: Sequence[tuple[str, int]]) -> Text:
    """Names with counts, coloured where any."""
    text = Text()
    for name, count in pairs:
        text.append(f"{name} {count}  ", style=of_level(name) if count else "dim")
    return text


def _plain(value: Cell) -> Text:
    """A cell as text without markup."""
    return Text(terminal_text(str(value or "")))


def _coloured(value: Cell) -> Text:
    """A level in its colour."""
    return Text(str(value), style=of_level(str(value)))
