"""Reads and checks the folder labels/ into one frozen Labels with a digest.

What is to be found is data that a petition worker can review; ``nlp.entries`` says which kinds of
entry there are, ``nlp.tables`` refuses malformed files, ``load`` refuses dangling references.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nlp import tables
from nlp.entries import (
    Action,
    FieldKind,
    FlagKind,
    Guard,
    HandlingRule,
    Level,
    Named,
    Purpose,
    Rule,
    Topic,
)
from nlp.errors import LabelError
from nlp.resources import data_folder

FAMILIES = ("crisis", "flag", "scale", "field", "privacy")


@dataclass(frozen=True, slots=True)
class Labels:
    """Everything labels/ says, with the sha256 of its files."""

    digest: str
    topics: tuple[Topic, ...]
    purposes: tuple[Purpose, ...]
    urgency: tuple[Level, ...]
    distress: tuple[Level, ...]
    emotions: tuple[Named, ...]
    crisis_types: tuple[Named, ...]
    crisis_who: tuple[Named, ...]
    crisis_states: tuple[Named, ...]
    crisis_levels: tuple[Level, ...]
    actions: tuple[Action, ...]
    flags: tuple[FlagKind, ...]
    needs: tuple[Named, ...]
    fields: tuple[FieldKind, ...]
    pii_types: tuple[Named, ...]
    guards: Mapping[str, Guard]
    rules: Mapping[str, tuple[Rule, ...]]
    handling: tuple[HandlingRule, ...]

    def children(self, name: str) -> tuple[str, ...]:
        """Second-level names under a first-level name, in file order."""
        code = next(t.code for t in self.topics if t.level == 1 and t.name == name)
        return tuple(t.name for t in self.topics if t.parent == code)

    def level_one(self) -> tuple[str, ...]:
        """The first-level names, in file order."""
        return tuple(t.name for t in self.topics if t.level == 1)


_FILES: Mapping[str, Mapping[str, type]] = {
    "purposes.toml": {"purpose": Purpose},
    "scales.toml": {"urgency": Level, "distress": Level, "emotion": Named},
    "crisis.toml": {"type": Named, "who": Named, "state": Named, "level": Level, "action": Action},
    "flags.toml": {"flag": FlagKind},
    "needs.toml": {"need": Named},
    "fields.toml": {"field": FieldKind},
    "pii.toml": {"type": Named},
    "rules/guards.toml": {"guard": Guard},
    **{f"rules/{family}.toml": {"rule": Rule} for family in FAMILIES},
}
Tables = Mapping[str, Mapping[str, list[tables.Row[Any]]]]


@cache
def load(folder: Path | None = None) -> Labels:
    """Read and check a labels folder.

    Args:
        folder: The folder; None reads the one that ships with the package.

    Returns:
        The frozen labels.

    Raises:
        LabelError: A file is missing or wrong; the message names file and line.
    """
    root = folder or data_folder("labels")
    read = {name: tables.read_toml(root / name, kinds) for name, kinds in _FILES.items()}
    topics = tables.read_csv(root / "taxonomy.csv", Topic)
    paths = sorted((root / "handling").glob("*.toml"))
    handling = [row for p in paths for row in tables.read_toml(p, {"rule": HandlingRule})["rule"]]
    _check_topics(topics)
    _check_names(read)
    _check_rules(read)
    _check_handling(handling, topics, read)
    return _assemble(_digest(root), topics, read, handling)


def _assemble(
    digest: str, topics: list[tables.Row[Topic]], read: Tables, handling: list[tables.Row[Any]]
) -> Labels:
    """Put checked rows into the frozen whole."""

    def of(file: str, table: str) -> tuple[Any, ...]:
        return tuple(row.value for row in read[file][table])

    guards = {guard.name: guard for guard in of("rules/guards.toml", "guard")}
    return Labels(
        digest=digest,
        topics=tuple(row.value for row in topics),
        purposes=of("purposes.toml", "purpose"),
        urgency=of("scales.toml", "urgency"),
        distress=of("scales.toml", "distress"),
        emotions=of("scales.toml", "emotion"),
        crisis_types=of("crisis.toml", "type"),
        crisis_who=of("crisis.toml", "who"),
        crisis_states=of("crisis.toml", "state"),
        crisis_levels=of("crisis.toml", "level"),
        actions=of("crisis.toml", "action"),
        flags=of("flags.toml", "flag"),
        needs=of("needs.toml", "need"),
        fields=of("fields.toml", "field"),
        pii_types=of("pii.toml", "type"),
        guards=MappingProxyType(guards),
        rules=MappingProxyType({f: of(f"rules/{f}.toml", "rule") for f in FAMILIES}),
        handling=tuple(row.value for row in handling),
    )


def _digest(root: Path) -> str:
    """sha256 over names and contents of all data files, in sorted order."""
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".toml", ".csv"}):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _check_topics(topics: list[tables.Row[Topic]]) -> None:
    """Codes unique, parents one level up, no name twice under one parent."""
    tables.refuse_duplicates(topics, "code")
    levels = {row.value.code: row.value.level for row in topics}
    tables.refuse_dangling(topics, "parent", levels)
    seen: set[tuple[str, str]] = set()
    for row in topics:
        topic = row.value
        if topic.level != levels.get(topic.parent, 0) + 1:
            raise LabelError(f"{topic.code} 的层级与上级 {topic.parent!r} 不合", where=row.where)
        if (topic.parent, topic.name) in seen:
            raise LabelError(f"同一上级下 {topic.name!r} 重复", where=row.where)
        if not topic.name or not topic.description:
            raise LabelError(f"{topic.code} 缺名称或说明", where=row.where)
        seen.add((topic.parent, topic.name))


def _check_names(read: Tables) -> None:
    """No label twice in one table; levels count up from 0; actions name known things."""
    for file, found in read.items():
        for rows in found.values():
            for attribute in ("name", "key", "level", "id"):
                if hasattr(rows[0].value, attribute) and not file.startswith("rules/"):
                    tables.refuse_duplicates(rows, attribute)
    crisis = read["crisis.toml"]
    tables.refuse_dangling(crisis["action"], "levels", _names(crisis["level"]))
    tables.refuse_dangling(crisis["action"], "types", _names(crisis["type"]))


def _check_rules(read: Tables) -> None:
    """Rules have unique ids, patterns that compile, and name only known labels."""
    guards = read["rules/guards.toml"]["guard"]
    tables.refuse_duplicates(guards, "name")
    for attribute in ("before", "after", "around"):
        tables.refuse_bad_patterns(guards, attribute)
    families = {family: read[f"rules/{family}.toml"]["rule"] for family in FAMILIES}
    tables.refuse_duplicates([row for rows in families.values() for row in rows], "id")
    crisis = read["crisis.toml"]
    known: dict[str, Iterable[str]] = {
        "crisis": _names(crisis["type"]),
        "flag": _names(read["flags.toml"]["flag"]),
        "scale": ("urgency", "distress"),
        "field": [row.value.key for row in read["fields.toml"]["field"]],
        "privacy": _names(read["pii.toml"]["type"]),
    }
    for family, rows in families.items():
        tables.refuse_bad_patterns(rows, "patterns")
        tables.refuse_dangling(rows, "label", known[family])
        tables.refuse_dangling(rows, "guards", _names(guards))
        tables.refuse_dangling(rows, "who", _names(crisis["who"]))
        tables.refuse_dangling(rows, "state", _names(crisis["state"]))


def _check_handling(
    handling: list[tables.Row[HandlingRule]], topics: list[tables.Row[Topic]], read: Tables
) -> None:
    """Handling rules have unique ids and conditions over known names."""
    tables.refuse_duplicates(handling, "id")
    conditions = [tables.Row(row.value.when, row.where) for row in handling]
    flags = _names(read["flags.toml"]["flag"])
    names = {level: [r.value.name for r in topics if r.value.level == level] for level in (1, 2)}
    known: dict[str, Iterable[str]] = {
        "category_l1": names[1],
        "category_l2": names[2],
        "purpose": _names(read["purposes.toml"]["purpose"]),
        "flags": flags,
        "without_flags": flags,
        "crisis": _names(read["crisis.toml"]["level"]),
        "crisis_types": _names(read["crisis.toml"]["type"]),
    }
    for attribute, allowed in known.items():
        tables.refuse_dangling(conditions, attribute, allowed)


def _names(rows: list[tables.Row[Any]]) -> list[str]:
    """The names of a table's entries."""
    return [row.value.name for row in rows]
