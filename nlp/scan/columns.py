"""Which column of a file is which part of a letter: Chinese and English names, as data."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from nlp.errors import LetterError, OptionError

PARTS = ("id", "title", "body", "received_at")

# Earlier names win when a file has several columns that would fit.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "id": (
        "id", "编号", "信访编号", "信访件编号", "工单编号", "工单号", "来信编号", "信件编号",
        "诉求编号", "留言编号", "登记编号", "受理编号", "案件编号", "letter_id", "case_id",
        "ticket_id", "流水号", "案号", "序号", "no", "number",
    ),
    "title": (
        "title", "标题", "来信标题", "信访标题", "工单标题", "诉求标题", "留言标题", "主题",
        "信访主题", "来信主题", "留言主题", "诉求主题", "题目", "subject",
    ),
    "body": (
        "body", "text", "content", "正文", "来信正文", "来信内容", "信访内容", "诉求内容",
        "留言内容", "留言详情", "工单内容", "反映内容", "投诉内容", "内容", "信件内容", "诉求描述",
        "问题描述", "主要内容", "详细内容", "内容描述", "描述", "letter",
    ),
    "received_at": (
        "received_at", "收到日期", "收到时间", "收信日期", "收信时间", "来信日期", "来信时间",
        "信访日期", "信访时间", "登记日期", "登记时间", "受理日期", "受理时间", "提交日期",
        "提交时间", "留言日期", "留言时间", "诉求时间", "投诉时间", "创建时间", "received",
        "created_at", "submitted_at", "日期", "date", "时间", "time",
    ),
})  # fmt: skip

_ASIDE = re.compile(r"\([^()]*\)$|[\s_\-*:\ufeff]+")


@cache
def plain(name: str) -> str:
    """A column name without case, width, blanks, marks and a closing remark in brackets."""
    return _ASIDE.sub("", unicodedata.normalize("NFKC", name).strip().lower())


_PLAIN_NAMES = {part: [plain(name) for name in names] for part, names in NAMES.items()}


def find(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, int]:
    """Find the parts of a letter in a header, whichever are there.

    Args:
        header: Column names as they stand in the file.
        chosen: Part to column name, as the caller mapped them; these win over NAMES.

    Returns:
        Part to position in the header.
    """
    present = [plain(name) for name in header]
    found: dict[str, int] = {}
    for part in PARTS:
        wanted = [plain(chosen[part])] if part in chosen else _PLAIN_NAMES[part]
        place = next((present.index(name) for name in wanted if name and name in present), None)
        if place is not None:
            found[part] = place
    return found


def match(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, int] | None:
    """Like ``find``, or None when the body or a chosen column is not there."""
    found = find(header, chosen)
    return found if found.keys() >= {"body", *chosen} else None


def missing(header: Iterable[str], chosen: Mapping[str, str], where: str) -> LetterError:
    """The error for a file in whose header no body column, or not every chosen one, is found."""
    names = [name.strip()[:20] for name in header if name.strip()]
    seen = "、".join(names[:12]) + ("等" if len(names) > 12 else "")  # noqa: PLR2004  # one line
    absent = [name for name in chosen.values() if plain(name) not in map(plain, names)]
    what = f"没有 --columns 指定的列 {'、'.join(absent)}" if absent else "找不到来信内容那一列"
    return LetterError(
        f"{what}；表头是 {seen or '空的'}",
        where=where,
        remedy="请把内容列改名为“来信内容”或 body，或用 --columns body=列名 指明",
    )


def parse_columns(text: str) -> dict[str, str]:
    """Read the option ``--columns id=编号,body=内容``.

    Raises:
        OptionError: A part is unknown, given twice, or has no column name.
    """
    chosen: dict[str, str] = {}
    for pair in re.split(r"[,，;；]", text):
        part, _, name = (piece.strip() for piece in pair.replace("＝", "=").partition("="))
        if not pair.strip():
            continue
        part = "body" if part == "text" else part
        if part not in PARTS or not name or part in chosen:
            raise OptionError(
                f"--columns 看不懂 {pair.strip()!r}",
                remedy="写法：--columns id=编号,title=标题,body=内容,received_at=日期",
            )
        chosen[part] = name
    return chosen
