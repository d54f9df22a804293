"""Every handling rule is run; deadlines are counted right; accusations reach nobody accused."""

from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import handling
from nlp.entries import Condition, HandlingRule
from nlp.labels import Labels, load
from nlp.letter import Span
from nlp.report import (
    Category,
    Crisis,
    CrisisLevel,
    Distress,
    Flag,
    Handling,
    Purpose,
    Signal,
    Urgency,
)

LABELS = load()
FLAGS = [flag.name for flag in LABELS.flags]
FRIDAY = date(2026, 1, 30)
SPAN = Span("text", 0, 2, "甲乙")
JUDGEMENTS = ("缠访", "闹访", "无理", "老户", "刁民", "钉子户", "偏激", "胡搅")


def read(
    when: Condition | None = None, received_at: date | None = FRIDAY, labels: Labels = LABELS
) -> Handling:
    """Handle a letter about which exactly what a condition asks for is known."""
    when = when or Condition()
    l1 = when.category_l1[0] if when.category_l1 else None
    level = when.crisis[0] if when.crisis else "high" if when.crisis_types else "none"
    signals = (Signal(kind, "本人", "流露", SPAN, 0.9, "rule:x") for kind in when.crisis_types)
    return handling.read(
        category=Category(l1, when.category_l2[0] if when.category_l2 else None, 0.9),
        purpose=Purpose(when.purpose[0] if when.purpose else "", "", 0.9),
        urgency=Urgency(when.urgency_from, "", 0.9),
        flags=[Flag(name, 0.9, (SPAN,), "rule:x", "") for name in when.flags],
        crisis=Crisis(cast("CrisisLevel", level), tuple(signals)),
        received_at=received_at,
        labels=labels,
        distress=Distress(when.distress_from, "", (), 0.9),
    )


def said(found: Handling, rule: HandlingRule) -> bool:
    """Whether what a rule gives stands in its part of the report."""
    cited = f"{rule.text}（{rule.basis}）"
    return {
        "department": rule.text in [d.name for d in found.department],
        "flow": rule.text in found.flow,
        "deadline": rule.text in [d.name for d in found.deadlines],
        "method": cited in found.methods,
        "talking_point": cited in found.talking_points,
    }[rule.gives]


@pytest.mark.parametrize("rule", LABELS.handling, ids=lambda rule: rule.id)
def test_every_rule_gives_what_it_says(rule: HandlingRule) -> None:
    """A letter that fits a rule's condition gets what the rule gives."""
    assert said(read(rule.when), rule)


@pytest.mark.parametrize(
    "rule", [r for r in LABELS.handling if r.when != Condition()], ids=lambda rule: rule.id
)
def test_no_rule_fires_without_its_condition(rule: HandlingRule) -> None:
    """A rule with a condition gives nothing to a letter of another kind."""
    known = Condition(category_l1=("国土资源" if "政法" in rule.when.category_l1 else "政法",))
    assert not said(read(known), rule)


@pytest.mark.parametrize("rule", LABELS.handling, ids=lambda rule: rule.id)
def test_rules_judge_no_person(rule: HandlingRule) -> None:
    """What is written for a worker names acts, and no word that labels who writes."""
    assert not [word for word in JUDGEMENTS if word in rule.text + rule.basis]


@pytest.mark.parametrize(
    ("l1", "l2"), [(l1, l2) for l1 in LABELS.level_one() for l2 in (None, *LABELS.children(l1))]
)
def test_every_category_has_a_department(l1: str, l2: str | None) -> None:
    """Each category belongs to some kind of department, with or without its second level."""
    found = read(Condition(category_l1=(l1,), category_l2=(l2,) if l2 else ()))
    assert found.department
    assert all(department.basis for department in found.department)
    assert not any("归口待核" in department.name for department in found.department)


def test_an_open_category_goes_to_a_person() -> None:
    """A letter whose category is left open is to be sorted by the petition office."""
    assert [d.name.partition("：")[0] for d in read().department] == ["归口待核"]


@pytest.mark.parametrize(
    ("l1", "l2", "name"),
    [
        ("城乡建设", "住房保障与房地产", "住房城乡建设部门"),
        ("城乡建设", "城乡规划", "自然资源和规划部门"),
        ("劳动和社会保障", "工资福利", "人力资源和社会保障部门"),
        ("教育文体", "考试招生", "教育部门"),
        ("教育文体", "体育", "体育部门"),
        ("政法", "社会治安", "公安机关"),
        ("政法", "诉讼", "人民法院"),
        ("卫生计生", "食品药品监管", "市场监督管理、药品监督管理部门"),
        ("纪检监察", None, "纪检监察机关（按干部管理权限）"),
    ],
)
def test_matters_go_where_they_belong(l1: str, l2: str | None, name: str) -> None:
    """The first department named is the one whose business the matter is."""
    found = read(Condition(category_l1=(l1,), category_l2=(l2,) if l2 else ()))
    assert found.department[0].name == name


@pytest.mark.parametrize("accusing", [{"flags": ("检举控告",)}, {"purpose": ("检举控告",)}])
@pytest.mark.parametrize("l1", LABELS.level_one())
def test_accusations_go_to_discipline_alone(l1: str, accusing: dict[str, Any]) -> None:
    """A letter that accuses officials names no department by its subject, whatever else it is."""
    flags = (*accusing.get("flags", ()), *(name for name in FLAGS if name != "检举控告"))
    found = read(Condition(category_l1=(l1,), purpose=accusing.get("purpose", ()), flags=flags))
    assert [d.name for d in found.department] == ["纪检监察机关（按干部管理权限）"]
    assert "检举控告转送" in found.flow


@pytest.mark.parametrize(
    ("flag", "flow", "basis"),
    [
        ("集体", "集体上访", "不超过5"),
        ("非理性行为", "非理性上访", "7.2.2"),
        ("生活困难", "生活困难上访", "第37条"),
        ("涉法涉诉", "诉访分离", "第28条"),
        ("检举控告", "检举控告转送", "第30条"),
        ("重复", "重复信访核查", "第19条"),
        ("简易办理", "简易办理", "简易办理办法"),
        ("涉外", "涉外参照", "第48条"),
    ],
)
def test_flags_open_their_flows(flag: str, flow: str, basis: str) -> None:
    """Each special flow comes before the general one, and is explained with its source."""
    found = read(Condition(flags=(flag,)))
    assert found.flow[-1] == "通用流程"
    assert flow in found.flow[:-1]
    assert any(basis in line for line in (*found.methods, *found.talking_points))


def test_danger_comes_first() -> None:
    """With a crisis the flow begins with saving life, and is reported upward once."""
    when = Condition(flags=tuple(FLAGS), crisis=("imminent",), urgency_from=3)
    found = read(when)
    assert found.flow[:2] == ("危机先行", "重大紧急报告")
    assert found.flow.count("重大紧急报告") == 1
    assert found.methods[0].startswith("危机先行")


def test_natural_days_are_counted_from_the_day_after() -> None:
    """Fifteen days from 30 January end on 14 February; sixty and ninety likewise."""
    found = {d.name: d for d in read(Condition(purpose=("投诉",))).deadlines}
    due = [d.due for name, d in found.items() if not name.startswith("提出异议")]
    assert due == [FRIDAY + timedelta(days=n) for n in (15, 15, 60, 90)]
    late = [d for d in found.values() if "第34条" in d.basis]
    assert all("以受理之日为准" in d.basis for d in late)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 1, 30), date(2026, 2, 6)),
        (date(2026, 1, 31), date(2026, 2, 6)),
        (date(2026, 2, 1), date(2026, 2, 6)),
        (date(2026, 2, 2), date(2026, 2, 9)),
    ],
)
def test_working_days_are_monday_to_friday(received: date, due: date) -> None:
    """Five working days leave weekends out, and the basis says that holidays are not."""
    (found,) = (d for d in read(received_at=received).deadlines if d.name.startswith("提出异议"))
    assert found.due == due
    assert "按周一至周五计，未扣法定节假日" in found.basis


def test_without_a_day_of_receipt_nothing_is_counted() -> None:
    """Deadlines then have no date and say why."""
    found = read(Condition(purpose=("求助",)), received_at=None).deadlines
    assert [d.due for d in found] == [None] * 5
    assert all(d.basis.endswith("收到日期不明，未计算") for d in found)


def test_a_day_at_the_end_of_time_is_no_crash() -> None:
    """A mistyped year 9999 gives deadlines without a date."""
    found = read(received_at=date.max).deadlines
    assert {d.due for d in found} == {None}
    assert all("超出历法" in d.basis for d in found)


def test_review_is_explained_and_not_dated() -> None:
    """复查 and 复核 run from the written reply, so they are told and not computed."""
    found = read(Condition(purpose=("投诉",)))
    assert any("复查" in line and "第35条" in line for line in found.talking_points)
    assert not any("复查" in d.name or "复核" in d.name for d in found.deadlines)


@given(st.sets(st.sampled_from(FLAGS)), st.sampled_from(LABELS.purposes))
def test_flags_take_no_deadline_and_no_flow_away(flags: set[str], purpose: Any) -> None:
    """With any flags a letter keeps every deadline and flow that it has without them."""
    plain = read(Condition(purpose=(purpose.name,)))
    flagged = read(Condition(purpose=(purpose.name,), flags=tuple(flags)))
    assert set(plain.deadlines) <= set(flagged.deadlines)
    assert set(plain.flow) <= set(flagged.flow)


def test_nothing_is_said_twice() -> None:
    """A letter that fits everything gets every line once."""
    found = read(
        Condition(
            category_l1=("政法",),
            flags=tuple(FLAGS),
            purpose=("投诉",),
            crisis=("imminent",),
            crisis_types=tuple(t.name for t in LABELS.crisis_types),
            urgency_from=3,
            distress_from=3,
        )
    )
    for part in (found.flow, found.methods, found.talking_points):
        assert len(part) == len(set(part))
    for part in (found.department, found.deadlines):
        assert len(part) == len({entry.name for entry in part})
