"""Reads and checks the folder labels/ into one frozen Labels with a digest.

What is to be found is data that a petition worker can review; ``nlp.entries`` says which kinds of
entry there are, ``nlp.tables`` refuses malformed files, ``nlp.checks`` refuses dangling references.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nlp import checks, tables
from nlp.checks import FAMILIES, Tables
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
    Subject,
    Topic,
)
from nlp.errors import LabelError
from nlp.resources import data_folder


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
    crisis_subjects: tuple[Subject, ...]
    actions: tuple[Action, ...]
    flags: tuple[FlagKind, ...]
    needs: tuple[Named, ...]
    fields: tuple[FieldKind, ...]
    pii_types: tuple[Named, ...]
    guards: Mapping[str, Guard]
    rules: Mapping[str, tuple[Rule, ...]]
    handling: tuple[HandlingRule, ...]

    def children(self, name: str) -> tuple[str, ...]:
        """Second-level names under a first-level name, in file order; none for other names."""
        codes = {t.code for t in self.topics if t.level == 1 and t.name == name}
        return tuple(t.name for t in self.topics if t.parent in codes)

    def level_one(self) -> tuple[str, ...]:
        """The first-level names, in file order."""
        return tuple(t.name for t in self.topics if t.level == 1)


_FILES: Mapping[str, Mapping[str, type]] = {
    "purposes.toml": {"purpose": Purpose},
    "scales.toml": {"urgency": Level, "distress": Level, "emotion": Named},
    "crisis.toml": {
        "type": Named,
        "who": Named,
        "state": Named,
        "level": Level,
        "action": Action,
        "subject": Subject,
    },
    "flags.toml": {"flag": FlagKind},
    "needs.toml": {"need": Named},
    "fields.toml": {"field": FieldKind},
    "pii.toml": {"type": Named},
    "rules/guards.toml": {"guard": Guard},
    **{f"rules/{family}.toml": {"rule": Rule} for family in FAMILIES},
}


def load(folder: Path | None = None) -> Labels:
    """Read and check a labels folder.

    Args:
        folder: The folder; None reads the one that ships with the package.

    Returns:
        The frozen labels.

    Raises:
        LabelError: A file is missing or wrong; the message names file and line.
    """
    return _load(folder or data_folder("labels"))


@cache
def _load(root: Path) -> Labels:
    """Read a folder once in the life of a process."""
    checks.check_files(root, _FILES)
    read = {name: tables.read_toml(root / name, kinds) for name, kinds in _FILES.items()}
    topics = tables.read_csv(root / "taxonomy.csv", Topic)
    paths = sorted((root / "handling").glob("*.toml"))
    if not paths:
        raise LabelError("没有一个处置规则文件", where=str(root / "handling"), remedy="请补上")
    handling = [row for p in paths for row in tables.read_toml(p, {"rule": HandlingRule})["rule"]]
    checks.check_topics(topics)
    checks.check_names(read)
    checks.check_rules(read)
    checks.check_handling(handling, topics, read)
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
        crisis_subjects=of("crisis.toml", "subject"),
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
