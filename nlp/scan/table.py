"""The flat table for people: one line a letter, in Chinese, most urgent first.

Letters that accuse officials are walled off here (信访工作条例 第30条): the line stays, the words
and the names do not. The full report stays in JSON.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from nlp.codec import to_json
from nlp.report import CrisisLevel, FieldValue, Report
from nlp.scan.rows import Row

Cell = str | int | bool | None

WALLED = "检举控告·限阅"
UNREAD = "未读出"
REPORT = "report_json"
ACCUSING = "检举控告"
URGENCY = ("普通", "关注（黄）", "紧急（橙）", "特急（红）")
CRISIS: Mapping[CrisisLevel, str] = MappingProxyType(
    {"none": "未发现", "concern": "关注（黄）", "high": "高（橙）", "imminent": "紧迫（红）"}
)
COLUMNS = (
    "编号", "标题", "轻重缓急", "危机级别", "危机信号", "类别一级", "类别二级", "目的", "情绪",
    "甄别标记", "人数", "需要", "时间", "地点", "信访人", "被反映方", "曾找机关", "诉求",
    "承办建议", "最近时限", "需人工复核", "复核原因",
)  # fmt: skip

_LEVELS: tuple[CrisisLevel, ...] = ("none", "concern", "high", "imminent")
_UNREAD_URGENCY = 2
_MAX_SIGNALS = 5


def walled(report: Report) -> bool:
    """Whether only the discipline role may read what the letter says."""
    named = any(flag.name == ACCUSING for flag in report.flags)
    return named or report.purpose.name == ACCUSING


def unread(row: Row, report: Report) -> bool:
    """Whether nothing is known of the letter, because it could not be read."""
    return row.letter is None or not report.purpose.name


def rank(row: Row, report: Report) -> int:
    """How far up the line belongs: crisis, urgency, distress, then review.

    A row that holds something which could not be read stands with the urgent ones: nobody knows
    what it says.
    """
    urgency = report.urgency.level
    if unread(row, report) and (row.letter is not None or row.doubtful):
        urgency = max(urgency, _UNREAD_URGENCY)
    crisis = _LEVELS.index(report.crisis.level)
    return ((crisis * 10 + urgency) * 10 + report.distress.level) * 10 + report.review.required


def flatten(row: Row, report: Report, line: str = "") -> dict[str, Cell]:
    """The cells of one letter, by column; ``line`` is the report's JSON when already at hand."""
    hidden, blank = walled(report), unread(row, report)
    cells: dict[str, Cell] = dict.fromkeys(COLUMNS, "")
    cells |= {
        "编号": report.id,
        "标题": title(row, report),
        "轻重缓急": UNREAD if blank else urgency_name(report),
        "危机级别": UNREAD if blank else CRISIS[report.crisis.level],
        "危机信号": signals(report),
        "类别一级": report.category.l1 or "",
        "类别二级": report.category.l2 or "",
        "目的": report.purpose.name,
        "情绪": "" if blank else _feelings(report),
        "甄别标记": "、".join(flag.name for flag in report.flags),
        "人数": report.group_size,
        "需要": "、".join(need.name for need in report.needs),
        "承办建议": _suggestion(report),
        "最近时限": next_deadline(report),
        "需人工复核": report.review.required,
        "复核原因": "；".join(report.review.reasons),
        REPORT: line or to_json(report),
    }
    return cells | _fields(report, hidden=hidden)


def title(row: Row, report: Report) -> str:
    """The title; not that of a walled letter, nor of one that nobody knows not to be walled."""
    if walled(report):
        return WALLED
    if unread(row, report) or row.letter is None:
        return UNREAD
    return row.letter.title.strip()


def urgency_name(report: Report) -> str:
    """The level of urgency in words."""
    level = report.urgency.level
    return URGENCY[level] if 0 <= level < len(URGENCY) else report.urgency.name


def signals(report: Report) -> str:
    """Crisis signals with their words, or without these behind the wall."""
    hidden = walled(report)
    said = dict.fromkeys(
        f"{s.type}（{s.who}·{s.state}）：{WALLED if hidden else f'“{s.span.quote}”'}"
        for s in report.crisis.signals
    )
    return "；".join(list(said)[:_MAX_SIGNALS]) + ("…" if len(said) > _MAX_SIGNALS else "")


def next_deadline(report: Report) -> str:
    """The first day by which something must be done, and what."""
    dues = [(d.due, d.name) for d in report.handling.deadlines if d.due is not None]
    due, name = min(dues, default=(None, ""))
    return f"{due.isoformat()} {name}" if due else ""


def _feelings(report: Report) -> str:
    """Level of distress with the emotions."""
    emotions = "、".join(report.distress.emotions)
    return f"{report.distress.name}：{emotions}" if emotions else report.distress.name


def _suggestion(report: Report) -> str:
    """Departments, and the flow where a special one applies."""
    names = "、".join(department.name for department in report.handling.department)
    flow = "、".join(report.handling.flow)
    return f"{names}（流程：{flow}）" if flow else names


def _fields(report: Report, *, hidden: bool) -> dict[str, Cell]:
    """The 5W1H columns."""
    found: dict[str, tuple[FieldValue, ...]] = {
        "时间": report.fields.when,
        "地点": report.fields.where,
        "信访人": report.fields.who_self,
        "被反映方": report.fields.who_party,
        "曾找机关": report.fields.agency,
        "诉求": report.fields.how,
    }
    return {name: WALLED if hidden else _quotes(values) for name, values in found.items()}


def _quotes(values: Iterable[FieldValue]) -> str:
    """The words of a field, each once."""
    return "；".join(dict.fromkeys(value.span.quote for value in values))
