"""One letter's report for a worker: danger first, then how urgent, what, and what to do."""

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nlp.cli.style import of_level
from nlp.labels import Labels
from nlp.letter import Span
from nlp.report import Distress, FieldValue, Report, Urgency
from nlp.scan.rows import Row
from nlp.scan.safe import terminal_text
from nlp.scan.table import CRISIS, UNREAD, WALLED, title, unread, urgency_name, walled

_NOTE = "系统建议，由人决定；处置前请阅读原信"
_DISTRESS = ("", "yellow", "dark_orange", "bold red")


def card(row: Row, report: Report, labels: Labels) -> RenderableType:
    """Lay out one report.

    Args:
        row: The letter as it was read.
        report: What is said of it.
        labels: Names of the fields.
    """
    view = _Card(report)
    parts = [view.head(row), view.wall(), view.review(), view.crisis(blank=unread(row, report))]
    if not unread(row, report):
        parts += [view.judgement(), view.facts(labels), view.handling()]
    parts.append(Text(f"模型 {report.model.name} {report.model.version}", style="dim"))
    return Group(*(part for part in parts if part is not None))


class _Card:
    """The sections of one report; words of a walled letter are left out."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.hidden = walled(report)

    def head(self, row: Row) -> RenderableType:
        """Title, id, day of receipt."""
        letter = row.letter
        text = Text(_safe(title(row, self.report) or "（无标题）"), style="bold")
        day = letter.received_at.isoformat() if letter and letter.received_at else "未知"
        text.append(f"\n编号 {_safe(self.report.id)}　收到 {day}　{_NOTE}", style="dim")
        return text

    def wall(self) -> RenderableType | None:
        """The warning before an accusing letter."""
        if not self.hidden:
            return None
        words = "限阅：不得转给被检举、被控告的人或单位。此处不显示姓名和原文，完整报告见 --json。"
        return Panel(Text(words), title="检举控告　信访工作条例 第30条", border_style="magenta")

    def review(self) -> RenderableType | None:
        """Why a person must look."""
        review = self.report.review
        if not review.required and not review.reasons:
            return None
        text = Text("需人工复核：" if review.required else "提示：", style="magenta")
        return text.append(_safe("；".join(review.reasons)))

    def crisis(self, *, blank: bool) -> RenderableType:
        """Signals with their words, and what to do now."""
        crisis = self.report.crisis
        if blank:
            return Text(f"危机信号：{UNREAD}，请立即人工阅读原信", style="bold magenta")
        if crisis.level == "none":
            return Text("危机信号：未发现（不等于没有危险）", style="dim")
        text = Text(overflow="fold")
        for signal in crisis.signals:
            text.append(f"{signal.type}（{signal.who}·{signal.state}） ", style="bold")
            text.append_text(self._quote(signal.span))
            text.append(f" {_share(signal.score)} {_safe(signal.source)}\n", style="dim")
        for action in crisis.actions:
            text.append(f"→{action}\n")
        text.rstrip()
        level = CRISIS[crisis.level]
        colour = "red" if crisis.level in {"high", "imminent"} else "yellow"
        return Panel(text, title=Text(f"危机信号：{level}　系统建议"), border_style=colour)

    def judgement(self) -> Table:
        """Urgency, distress, category, purpose, flags, needs."""
        report, table = self.report, _table("研判（系统建议）")
        table.add_row("轻重缓急", self._scale(report.urgency, urgency_name(report)))
        table.add_row("情绪困扰", self._scale(report.distress, report.distress.name))
        table.add_row("内容分类", _category(report))
        purpose = report.purpose
        official = f"（{purpose.official}）" if purpose.official != purpose.name else ""
        table.add_row("信访目的", f"{purpose.name}{official} {_share(purpose.confidence)}")
        if report.flags:
            table.add_row("甄别标记", self._flags())
        if report.group_size is not None:
            table.add_row("人数", f"{report.group_size}")
        needs = "、".join(f"{need.name} {_share(need.confidence)}" for need in report.needs)
        table.add_row("问题/需要", needs or "—")
        return table

    def facts(self, labels: Labels) -> Table:
        """The 5W1H answers."""
        table = _table("5W1H（原文摘录，系统建议）")
        for kind in labels.fields:
            values: tuple[FieldValue, ...] = getattr(self.report.fields, kind.key)
            table.add_row(kind.name, self._values(values))
        return table

    def handling(self) -> RenderableType | None:
        """Departments, flow, deadlines, methods, talking points."""
        handling, table = self.report.handling, _table("办理（系统建议）")
        for name, lines in (
            ("承办部门", [f"{d.name}　{d.basis}" for d in handling.department]),
            ("流程", list(handling.flow)),
            ("时限", [f"{_due(d.due)} {d.name}　{d.basis}" for d in handling.deadlines]),
            ("方法", list(handling.methods)),
            ("沟通要点", list(handling.talking_points)),
        ):
            if lines:
                table.add_row(name, "\n".join(map(_safe, lines)))
        return table if table.rows else None

    def _scale(self, scale: Urgency | Distress, name: str) -> Text:
        """A level with its reasons."""
        style = of_level(name) if isinstance(scale, Urgency) else _DISTRESS[scale.level]
        text = Text(name, style=style)
        if isinstance(scale, Distress) and scale.emotions:
            text.append(f"：{'、'.join(scale.emotions)}", style="default")
        text.append(f" {_share(scale.confidence)}", style="dim")
        for reason in scale.reasons:
            text.append(f"\n· {_safe(reason.text)} ", style="default")
            if reason.span is not None:
                text.append_text(self._quote(reason.span))
            text.append(f" {_safe(reason.source)}", style="dim")
        return text

    def _flags(self) -> Text:
        """Each flag with its words and basis."""
        text = Text()
        for flag in self.report.flags:
            text.append("\n" if text else "")
            text.append(flag.name, style="bold").append(f" {_share(flag.confidence)} ", style="dim")
            for span in flag.spans[:1] if self.hidden else flag.spans:
                text.append_text(self._quote(span))
            text.append(f" {_safe(flag.basis)}", style="dim")
        return text

    def _values(self, values: Iterable[FieldValue]) -> Text:
        """The words of a field."""
        quotes = dict.fromkeys(self._quote(value.span).plain for value in values)
        text = Text("　").join(Text(quote, style="cyan") for quote in quotes)
        return text or Text("未提及", "dim")

    def _quote(self, span: Span) -> Text:
        """Words of the letter in quotation marks, or the wall."""
        return Text(WALLED if self.hidden else f"“{_safe(span.quote)}”", style="cyan")


def _table(title: str) -> Table:
    """A table of names and statements."""
    table = Table(title=title, box=box.SIMPLE, show_header=False, title_justify="left", expand=True)
    table.add_column(style="bold", no_wrap=True, width=10)
    table.add_column(ratio=1, overflow="fold")
    return table


def _category(report: Report) -> Text:
    """Category with what else was considered."""
    category = report.category
    name = " / ".join(part for part in (category.l1, category.l2) if part) or "未判定"
    text = Text(name)
    text.append(f" {_share(category.confidence)}", style="dim")
    if category.abstained:
        text.append("（把握不足，请人工确定）", style="magenta")
    others = "、".join(
        f"{other.l1}{f'/{other.l2}' if other.l2 else ''} {_share(other.confidence)}"
        for other in category.alternatives
    )
    if others:
        text.append(f"\n其他可能：{others}", style="dim")
    return text


def _due(day: object) -> str:
    """A deadline's day."""
    return str(day) if day else "（收到日期未知）"


def _share(value: float) -> str:
    """A confidence as a percentage."""
    return f"{value:.0%}"


def _safe(text: str) -> str:
    """Words of a letter, harmless on a terminal."""
    return terminal_text(text)
