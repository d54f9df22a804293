"""Group size (人数或户数): how many people or households a letter speaks for.

Every count of people or households is a candidate; weights for its surroundings, fitted on
training letters and rounded, pick one or none. Counts of officers, guards or culprits, hotline
numbers, ages, prices and floors are no candidates. 几百户 states no number and gives None;
上千 is 1000, 30 几位 is 30.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from nlp.letter import Span
from nlp.text import View

LEAST = 2  # 一人 and 一户 are no group
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    **{c: i for i, c in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2,
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "万": 10000}
_HANZI = "零一二三四五六七八九〇两壹贰叁肆伍陆柒捌玖十拾百佰千仟万"
_WHO = (
    "业主|村民|职工|居民|农民工|农名工|民工|住户|员工|学员|群众|老百姓|百姓|受害|师生|教师|教职|"
    "老师|商户|商家|工人|家长|租户|会员|出借|投资|车主|车友|游客|乘客|购房[户者职业]|老人|拆迁户|"
    "失地|退休|同学|乡亲|家庭|村户|农户|贫困户|社员|组民|市民|用户|司机|专干|社工|学生|人口"
)
# Every run is bounded: an endless list of numbers would be read from each of its commas anew.
_NUMBER = re.compile(
    r"(?<![0-9.万千百十])(?P<vague>几|(?<![户人总])数|好几|成|若干|[一二三]几)?"
    r"(?P<about>将近|接近|大约|约|近|上|达|超过|超|逾|共计|共|有|将尽)?\s{0,9}"
    rf"(?P<value>[0-9][0-9,]{{0,30}}(?:\.[0-9]{{1,9}})?|[{_HANZI}]{{1,20}}(?:、[{_HANZI}]{{1,20}})?)"
    r"\s{0,9}(?P<scale>[万千百])?(?P<more>多|余|来|几)?\s{0,9}"
    r"(?P<unit>户(?!型|口|籍|外)|"
    r"人(?!民|次|行|均|大|家|生|心|身|为|社|类|居|命|格|数|流|士|才|物|车)|"
    rf"[名位](?!校|单|置|于|次|数|列|牌|额|称|义)|家(?={_WHO}|都|出现)|个(?={_WHO}|人)|口(?=人)|"
    rf"号人|(?={_WHO}))"
)
_OTHERS = re.compile(
    r"^[^的]{0,5}?(?:保安|民警|警察|警员|城管|交警|干部|领导|党员|打手|混混|青年|男子|女子|歹徒|"
    r"社会(?:人员|闲散)|执法|工作人员|管理|委员|评委|医生|护士|副|股东|嫌疑|代表|孩子|小孩|子女|"
    r"儿女|姐妹|网友|专家|律师|记者|候选|证人|遇难|特警|武警|志愿者|值班|小组)"
)
_ORDINAL = re.compile(r"(?:第|每|[一两二三四0-9]梯|一层|每层|[0-9][.点:]|-|~|至|拨打|热线|\*|×)$")
_ADDRESS = re.compile(r"(?:楼|栋|组|年|月|[打向及到]|号|座|单元|[A-Za-z])$")
_ROOM = re.compile(r"\d{1,2}0[1-9]$")
_HOTLINE = re.compile(r"1(?:23\d\d|1\d|2\d)$")
_BARE_UNIT = re.compile(r"[十百千万]+$")

# Weights: logistic regression on the candidates of gold_train, rounded to 0.05.
BIAS, PASS = -3.65, -1.0
_BEFORE = (
    (
        1.0,
        re.compile(
            r"(?:我们|我村|我组|我等|本小区|本村|还我|为我|我社区|我校|我单位|我站)\S{0,12}$"
        ),
    ),
    (0.25, re.compile(r"(?:小区|村|组|栋|社区|期|家园|花园|城|公司|工地|学校|单位)\S{0,6}$")),
    (
        0.5,
        re.compile(
            r"(?:共|共有|全体|全村|全组|全镇|全校|整个|居住|现有|常住|涉及|户数|人数|高达|至少|大约|大概)"
            r"\S{0,6}$"
        ),
    ),
    (0.65, re.compile(r"(?:欠|导致|致使|影响|骗|伤害|造成|解决|关系到|涉及|服务)\S{0,8}$")),
    (-0.25, re.compile(r"(?:其中|前|只有|仅|某|另外|其余|其他|剩下|已有|选举|选)\S{0,4}$")),
    (-1.0, re.compile(r"(?:招|录取|限|满|不足|不少于|以上|名额|叫来|集|派|出动|组织)\S{0,6}$")),
)
_SENTENCE = (
    (
        0.5,
        re.compile(
            r"联名|签名|签字|上访|维权|诉求|强烈|被骗|受害|受骗|血汗|做主|公道|心声|跪|代表"
        ),
    ),
    (0.55, re.compile(r"工资|拖欠|欠薪|退款|办证|房产证|收房|交房|购房款|赔偿|补偿")),
    (
        -0.45,
        re.compile(r"殴打|打伤|民警|保安|城管|打手|闲散|死亡|遇难|受伤|招聘|招生|班级|规划|企业"),
    ),
)
_NAMED = (1.0, re.compile(rf"[^的]{{0,4}}?(?:{_WHO})"))
_SPOKEN = (0.35, re.compile("我们"))
_SIZES = ((5, -3.0), (10, -1.25), (30, -0.15), (100, 0.0), (20000, 0.45))
_HUGE, _LARGEST, _REPEATED, _FIRST, _HOUSEHOLD = -0.6, 1.9, 1.55, 0.4, 0.5


@dataclass(frozen=True, slots=True)
class Count:
    """A candidate: its value, its place in ``View.text`` and whether it counts households."""

    value: int
    start: int
    end: int
    household: bool


def find(view: View) -> tuple[int, Span] | None:
    """Read how many people or households a letter speaks for.

    Args:
        view: The letter.

    Returns:
        The number and the words it stands in, or None when the letter states none.
    """
    counts = tuple(candidates(view.text))
    if not counts:
        return None
    values = Counter(count.value for count in counts)
    spoken = _SPOKEN[0] if _SPOKEN[1].search(view.text) else 0.0
    largest = max(values)
    scores = [
        _score(view, count) + spoken + _rank(count, counts[0], largest, values) for count in counts
    ]
    best = max(range(len(counts)), key=scores.__getitem__)
    if scores[best] < PASS:
        return None
    span = view.span(counts[best].start, counts[best].end)
    return (counts[best].value, span) if span else None


def candidates(text: str) -> Iterator[Count]:
    """Every count of people or households in folded text that states a number."""
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        head, tail = text[max(0, start - 8) : start], text[end : end + 10]
        value = _value(match)
        if value is None or value < LEAST or _ORDINAL.search(head) or _OTHERS.match(tail):
            continue
        if match["unit"] == "" and (_ADDRESS.search(head) or _ROOM.match(match[0])):
            continue
        household = match["unit"] in {"户", "家"} or tail.startswith(("家庭", "户"))
        yield Count(value, match.start("value"), match.end(), household)


def _value(match: re.Match[str]) -> int | None:
    """The number a match states, or None for 几百, 数十, 12345热线, 千家万户 and the like."""
    words = match["value"].replace(",", "")
    bare = _BARE_UNIT.match(words) and words != "十" and not (match["about"] or match["more"])
    if match["vague"] or bare or _HOTLINE.match(words):
        return None
    base = float(words) if words[0].isascii() else read_hanzi(words)
    return int(base * _UNITS.get(match["scale"] or "", 1))


def read_hanzi(words: str) -> int:
    """Read a Chinese numeral; of two guesses (七、八十, 五六十) the lower."""
    first, _, second = words.partition("、")
    words = first if not second or first[-1] in _UNITS else first + second[1:]
    words = re.sub(r"[一二三四五六七八][二两三四五六七八九](?=[十百千万])", _lower, words)
    if len(words) == 2 and set(words) <= set("二两三四五六七八九"):  # noqa: PLR2004
        return _DIGITS[words[0]]
    if all(char in _DIGITS for char in words):
        return int("".join(str(_DIGITS[char]) for char in words))
    total = section = digit = 0
    for char in words:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char == "万":
            total, section, digit = (total + section + digit or 1) * 10000, 0, 0
        else:
            section, digit = section + (digit or 1) * _UNITS[char], 0
    return total + section + digit


def _lower(match: re.Match[str]) -> str:
    """The first of two neighbouring digits."""
    return match[0][0]


def _score(view: View, count: Count) -> float:
    """Weight of the words around a candidate."""
    first, last = view.sentence_at(count.start)
    clause = re.split(r"[,。!?;\n]", view.text[max(0, count.start - 24) : count.start])[-1]
    after = view.text[count.end : count.end + 14]
    score = BIAS + sum(weight for weight, cue in _BEFORE if cue.search(clause))
    score += sum(weight for weight, cue in _SENTENCE if cue.search(view.text, first, last))
    return score + (_NAMED[0] if _NAMED[1].match(after) else 0.0)


def _rank(count: Count, first: Count, largest: int, values: Counter[int]) -> float:
    """Weight of a candidate's size and of its standing among the others."""
    score = next((weight for limit, weight in _SIZES if count.value < limit), _HUGE)
    facts = (
        (_LARGEST, count.value == largest),
        (_REPEATED, values[count.value] > 1),
        (_FIRST, count == first),
        (_HOUSEHOLD, count.household),
    )
    return score + sum(weight for weight, holds in facts if holds)
