"""Candidates for times: runs of words around a word of time."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nlp.fields.grid import Unit
from nlp.text import View

_LONGEST, _WIDEST_GAP = 12, 3
_WORD = re.compile(
    r"一直|长期|常年|[几数多半两]\s*[年月天日]|[一二两三四五六七八九十\d]+\s*多?个?(?:年|月|天|日|周|星期|小时)"
    r"|天天|每[天晚日年月周次逢到]|凌晨|晚上|早上|白天|夜|现在|目前|至今|以来|期间|过年|节假日"
    r"|周[一二三四五六日末]|昨|今[天年晚]|明年|去年|前年|前几|上[周个]|近[期日来几年两些段]|最近"
    r"|刚|当[时天年]|[春夏秋冬]|时段|高峰|\d[点::]|点[钟半]|开始|[12]\d{3}|多?年来|[早上下]班"
)
_BEFORE = frozenset(
    (
        *("从", "自", "自从", "在", "近", "快", "约", "至", "到", "直到", "已", "已经", "有"),
        *("差不多", "将近", "大约", "早在", "截止", "截至", "历时", "长达", "都", "每"),
    )
)
_AFTER = frozenset(
    (
        *("来", "以来", "起", "开始", "至今", "了", "前", "后", "左右", "多", "之久", "之后"),
        *("之前", "以后", "以前", "时", "时候", "时间", "里", "期间", "内", "份", "底", "初"),
        *("下午", "上午", "的时候", "之间", "间", "每天", "不断"),
    )
)


def runs(view: View, units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of runs that may be a time."""
    words = [view.text[start:end] for start, end, _ in units]
    seeds = [_is_seed(word, tag) for word, (_, _, tag) in zip(words, units, strict=True)]
    for seed in (index for index, found in enumerate(seeds) if found):
        begins = [seed, seed - 1] if seed and words[seed - 1] in _BEFORE else [seed]
        gap = 0
        for last in range(seed, min(seed + _LONGEST, len(units))):
            gap = 0 if seeds[last] else gap + 1
            if gap > _WIDEST_GAP or words[last][-1] in "。!?;\n":
                break
            if seeds[last] or words[last] in _AFTER:
                yield from ((first, last) for first in begins)


@lru_cache(maxsize=65536)
def _is_seed(word: str, tag: str) -> bool:
    """Whether a word speaks of time."""
    return tag == "TIME" or _WORD.search(word) is not None
