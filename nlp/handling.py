"""What must happen next: departments, flows, deadlines, methods, talking points.

Which rule gives what, and under which article, is data (labels/handling); this file only tells
which rules fit a letter, counts days, and keeps one wall that no data file can take down: a
letter that accuses officials is routed to nobody but those who may read accusations, since the
department that its subject belongs to may be the one accused (信访工作条例 第30条).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from nlp.entries import Condition, HandlingRule
from nlp.labels import Labels
from nlp.report import (
    Category,
    Crisis,
    Deadline,
    Department,
    Distress,
    Flag,
    Handling,
    Purpose,
    Urgency,
)

ACCUSATION = "检举控告"
"""The flag, and the purpose, of a letter that accuses officials."""
_SATURDAY = 5
_Named = TypeVar("_Named", Department, Deadline)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What conditions are held against."""

    l1: str | None
    l2: str | None
    purpose: str
    urgency: int
    distress: int
    flags: frozenset[str]
    crisis: str
    crisis_types: frozenset[str]


def read(  # noqa: PLR0913  # each part of the report that a condition can name, by keyword
    *,
    category: Category,
    purpose: Purpose,
    urgency: Urgency,
    flags: Iterable[Flag],
    crisis: Crisis,
    received_at: date | None,
    labels: Labels,
    distress: Distress | None = None,
) -> Handling:
    """Apply every handling rule to what a letter says.

    Args:
        category: As classified; an open category gets the rules for that.
        purpose: As classified; 检举控告 counts as the flag of that name.
        urgency: As graded.
        flags: As found.
        crisis: As found.
        received_at: Day of receipt; None gives deadlines without a date that say why.
        labels: Whose handling rules to apply, in file order.
        distress: As graded; None is taken for level 0.

    Returns:
        What the rules give, nothing twice.
    """
    names = {flag.name for flag in flags}
    facts = _Facts(
        l1=category.l1,
        l2=category.l2,
        purpose=purpose.name,
        urgency=urgency.level,
        distress=distress.level if distress else 0,
        flags=frozenset(names | {ACCUSATION} if purpose.name == ACCUSATION else names),
        crisis=crisis.level,
        crisis_types=frozenset(signal.type for signal in crisis.signals),
    )
    return _assemble([rule for rule in labels.handling if _gives(rule, facts)], received_at)


def _gives(rule: HandlingRule, facts: _Facts) -> bool:
    """Whether a rule fits and no wall stands before it."""
    walled = rule.gives == "department" and ACCUSATION in facts.flags
    return _fits(rule.when, facts) and not (walled and not _for_accusations(rule.when))


def _for_accusations(when: Condition) -> bool:
    """Whether a rule was written for letters that accuse officials."""
    return ACCUSATION in (*when.flags, *when.purpose)


def _fits(when: Condition, facts: _Facts) -> bool:
    """Whether every key of a condition fits."""
    return (
        (not when.category_l1 or facts.l1 in when.category_l1)
        and (not when.category_l2 or facts.l2 in when.category_l2)
        and facts.l2 not in when.without_category_l2
        and not (when.category_unknown and facts.l1)
        and (not when.purpose or facts.purpose in when.purpose)
        and (not when.flags or not facts.flags.isdisjoint(when.flags))
        and facts.flags.isdisjoint(when.without_flags)
        and (not when.crisis or facts.crisis in when.crisis)
        and (not when.crisis_types or not facts.crisis_types.isdisjoint(when.crisis_types))
        and facts.urgency >= when.urgency_from
        and facts.distress >= when.distress_from
    )


def _assemble(rules: list[HandlingRule], received_at: date | None) -> Handling:
    """Sort what rules give into the report's parts."""

    def of(gives: str) -> list[HandlingRule]:
        return [rule for rule in rules if rule.gives == gives]

    return Handling(
        department=_once(Department(rule.text, rule.basis) for rule in of("department")),
        flow=tuple(dict.fromkeys(rule.text for rule in of("flow"))),
        deadlines=_once(_deadline(rule, received_at) for rule in of("deadline")),
        methods=tuple(dict.fromkeys(_cited(rule) for rule in of("method"))),
        talking_points=tuple(dict.fromkeys(_cited(rule) for rule in of("talking_point"))),
    )


def _once(items: Iterable[_Named]) -> tuple[_Named, ...]:
    """The first entry of each name."""
    first: dict[str, _Named] = {}
    for item in items:
        first.setdefault(item.name, item)
    return tuple(first.values())


def _cited(rule: HandlingRule) -> str:
    """A sentence with its source, which these parts of the report have no field for."""
    return f"{rule.text}（{rule.basis}）"


def _deadline(rule: HandlingRule, received_at: date | None) -> Deadline:
    """A duty with its last day, or with the reason why there is none."""
    if received_at is None:
        return Deadline(rule.text, None, f"{rule.basis}；收到日期不明，未计算")
    count = _working_day if rule.day_kind == "工作日" else _natural_day
    try:
        due = count(received_at, rule.days)
    except OverflowError:
        return Deadline(rule.text, None, f"{rule.basis}；收到日期超出历法，未计算")
    working = "；按周一至周五计，未扣法定节假日和调休" if rule.day_kind == "工作日" else ""
    return Deadline(rule.text, due, rule.basis + working)


def _natural_day(start: date, days: int) -> date:
    """The last of so many days, the day of receipt itself not counted."""
    return start + timedelta(days=days)


def _working_day(start: date, days: int) -> date:
    """The last of so many days from Monday to Friday, the day of receipt itself not counted."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day
