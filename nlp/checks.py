"""Refuses label files that are well formed but contradict each other or the report.

``nlp.tables`` refuses a malformed file; here each name that one file uses must be defined by
another, since a rule that names nothing would never fire and nobody would notice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from nlp.entries import Condition, HandlingRule, Topic
from nlp.errors import LabelError
from nlp.report import CrisisLevel, Fields
from nlp.tables import Row, refuse_bad_patterns, refuse_dangling, refuse_duplicates

FAMILIES = ("crisis", "flag", "scale", "field", "privacy")
DEPTH = 3
"""Levels of the taxonomy."""
HIGHEST = 3
"""The top of the scales of urgency, distress and crisis."""
Tables = Mapping[str, Mapping[str, list[Row[Any]]]]


def check_files(root: Path, known: Iterable[str]) -> None:
    """Refuse data files that nothing reads: a misspelt file name would go unnoticed.

    Raises:
        LabelError: Names the file.
    """
    names = {*known, "taxonomy.csv"}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        handling = path.parent == root / "handling" and path.suffix == ".toml"
        if path.suffix in {".toml", ".csv"} and not handling and name not in names:
            raise LabelError("没有程序会读这个文件", where=str(path), remedy="请改名或移走")


def check_topics(topics: Sequence[Row[Topic]]) -> None:
    """Codes unique, parents one level up, no name twice under one parent.

    Raises:
        LabelError: Names file and line.
    """
    refuse_duplicates(topics, "code")
    levels = {row.value.code: row.value.level for row in topics}
    refuse_dangling(topics, "parent", levels)
    seen: set[tuple[str, str]] = set()
    for row in topics:
        topic = row.value
        if not topic.code or not topic.name or not topic.description:
            raise LabelError(f"{topic.code!r} 缺编码、名称或说明", where=row.where)
        above = levels[topic.parent] if topic.parent else 0
        if topic.level != above + 1 or topic.level > DEPTH:
            raise LabelError(f"{topic.code} 的层级与上级 {topic.parent!r} 不合", where=row.where)
        if (topic.parent, topic.name) in seen:
            raise LabelError(f"同一上级下 {topic.name!r} 重复", where=row.where)
        seen.add((topic.parent, topic.name))


def check_names(read: Tables) -> None:
    """No label twice in one table; scales count up from 0; the report's own names are all there.

    Raises:
        LabelError: Names file and line.
    """
    for file, found in read.items():
        for rows in found.values():
            for attribute in ("name", "key", "level", "id"):
                if hasattr(rows[0].value, attribute) and not file.startswith("rules/"):
                    refuse_duplicates(rows, attribute)
    crisis = read["crisis.toml"]
    for rows in (*(read["scales.toml"][s] for s in ("urgency", "distress")), crisis["level"]):
        _check_scale(rows)
    _check_equal(crisis["level"], "name", get_args(CrisisLevel))
    _check_equal(read["fields.toml"]["field"], "key", [f.name for f in fields(Fields)])
    refuse_dangling(crisis["action"], "levels", _names(crisis["level"]))
    refuse_dangling(crisis["action"], "types", _names(crisis["type"]))
    refuse_dangling(crisis["subject"], "who", _names(crisis["who"]))
    refuse_bad_patterns(crisis["subject"], "patterns")


def check_rules(read: Tables) -> None:
    """Rules have unique ids, patterns that compile, figures in range, and name known labels.

    Raises:
        LabelError: Names file and line.
    """
    guards = read["rules/guards.toml"]["guard"]
    refuse_duplicates(guards, "name")
    for attribute in ("before", "after", "around"):
        refuse_bad_patterns(guards, attribute)
    families = {family: read[f"rules/{family}.toml"]["rule"] for family in FAMILIES}
    refuse_duplicates([row for rows in families.values() for row in rows], "id")
    crisis = read["crisis.toml"]
    known: dict[str, Iterable[str]] = {
        "crisis": _names(crisis["type"]),
        "flag": _names(read["flags.toml"]["flag"]),
        "scale": ("urgency", "distress"),
        "field": [row.value.key for row in read["fields.toml"]["field"]],
        "privacy": _names(read["pii.toml"]["type"]),
    }
    for family, rows in families.items():
        refuse_bad_patterns(rows, "patterns")
        refuse_dangling(rows, "label", known[family])
        refuse_dangling(rows, "guards", _names(guards))
        refuse_dangling(rows, "who", _names(crisis["who"]))
        refuse_dangling(rows, "state", _names(crisis["state"]))
        _check_figures(rows, lowest=1 if family in {"crisis", "scale"} else 0)
    for row in families["crisis"]:
        if not row.value.who or not row.value.state:
            raise LabelError("危机规则须写明 who 和 state", where=row.where)


def check_handling(
    handling: Sequence[Row[HandlingRule]], topics: Sequence[Row[Topic]], read: Tables
) -> None:
    """Handling rules have unique ids, conditions that can hold, and days only on deadlines.

    Raises:
        LabelError: Names file and line.
    """
    refuse_duplicates(handling, "id")
    conditions = [Row(row.value.when, row.where) for row in handling]
    flags = _names(read["flags.toml"]["flag"])
    level_one, level_two = ([t.name for t in _at_level(topics, n)] for n in (1, 2))
    known: dict[str, Iterable[str]] = {
        "category_l1": level_one,
        "category_l2": level_two,
        "without_category_l2": level_two,
        "purpose": _names(read["purposes.toml"]["purpose"]),
        "flags": flags,
        "without_flags": flags,
        "crisis": _names(read["crisis.toml"]["level"]),
        "crisis_types": _names(read["crisis.toml"]["type"]),
    }
    for attribute, allowed in known.items():
        refuse_dangling(conditions, attribute, allowed)
    _check_families(conditions, topics)
    for row in handling:
        when = row.value.when
        if (row.value.gives == "deadline") != (row.value.days > 0):
            raise LabelError("只有时限须写 days，且须大于 0", where=row.where)
        if any(not 0 <= n <= HIGHEST for n in (when.urgency_from, when.distress_from)):
            message = f"urgency_from、distress_from 须为 0 至 {HIGHEST}"
            raise LabelError(message, where=row.where)


def _check_families(conditions: Iterable[Row[Condition]], topics: Sequence[Row[Topic]]) -> None:
    """Second-level names of a condition lie under one of its first-level names."""
    names = {row.value.code: row.value.name for row in topics}
    pairs = {(names[topic.parent], topic.name) for topic in _at_level(topics, 2)}
    for row in conditions:
        when = row.value
        for name in (*when.category_l2, *when.without_category_l2):
            if not any((above, name) in pairs for above in when.category_l1 or names.values()):
                place = "、".join(when.category_l1)
                raise LabelError(f"{place} 之下没有二级类 {name!r}", where=row.where)


def _check_figures(rows: Iterable[Row[Any]], *, lowest: int) -> None:
    """Scores are shares and levels are on the scale."""
    for row in rows:
        if not 0 < row.value.score <= 1:
            raise LabelError("score 须大于 0、不大于 1", where=row.where)
        if not lowest <= row.value.level <= HIGHEST:
            raise LabelError(f"level 须为 {lowest} 至 {HIGHEST}", where=row.where)


def _check_scale(rows: Sequence[Row[Any]]) -> None:
    """Levels count up from 0 without a gap."""
    for expected, row in enumerate(rows):
        if row.value.level != expected:
            raise LabelError(f"level 应依次从 0 数起，此处应为 {expected}", where=row.where)


def _check_equal(rows: Sequence[Row[Any]], attribute: str, wanted: Sequence[str]) -> None:
    """The names are exactly those that the report is made of, in its order."""
    found = [getattr(row.value, attribute) for row in rows]
    if found != list(wanted):
        raise LabelError(f"{attribute} 须依次为 {'、'.join(wanted)}", where=rows[0].where)


def _at_level(topics: Iterable[Row[Topic]], level: int) -> list[Topic]:
    """The topics of one level."""
    return [row.value for row in topics if row.value.level == level]


def _names(rows: Iterable[Row[Any]]) -> list[str]:
    """The names of a table's entries."""
    return [row.value.name for row in rows]
