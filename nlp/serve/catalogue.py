"""What GET /v1/labels and /readyz say: the labels as a tree, with the digest of their files."""

from dataclasses import dataclass

from nlp.entries import FieldKind, FlagKind, Level, Named, Purpose
from nlp.labels import Labels
from nlp.report import ModelInfo


@dataclass(frozen=True, slots=True)
class Node:
    """A topic of the content taxonomy with the topics below it."""

    code: str
    level: int
    name: str
    aliases: tuple[str, ...]
    description: str
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Scales:
    """The levels of urgency and distress, and the emotions."""

    urgency: tuple[Level, ...]
    distress: tuple[Level, ...]
    emotions: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class CrisisKinds:
    """The words in which danger to life is described."""

    types: tuple[Named, ...]
    who: tuple[Named, ...]
    states: tuple[Named, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every label that a report may carry."""

    digest: str
    taxonomy: tuple[Node, ...]
    purposes: tuple[Purpose, ...]
    scales: Scales
    crisis: CrisisKinds
    flags: tuple[FlagKind, ...]
    needs: tuple[Named, ...]
    fields: tuple[FieldKind, ...]
    pii: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which model and labels answer."""

    status: str
    model: ModelInfo
    labels_digest: str


def catalogue(labels: Labels) -> Catalogue:
    """Lay labels out for a reader of the API."""
    return Catalogue(
        digest=labels.digest,
        taxonomy=_children(labels, ""),
        purposes=labels.purposes,
        scales=Scales(labels.urgency, labels.distress, labels.emotions),
        crisis=CrisisKinds(
            labels.crisis_types, labels.crisis_who, labels.crisis_states, labels.crisis_levels
        ),
        flags=labels.flags,
        needs=labels.needs,
        fields=labels.fields,
        pii=labels.pii_types,
    )


def _children(labels: Labels, parent: str) -> tuple[Node, ...]:
    """The topics under a code, in file order."""
    return tuple(
        Node(t.code, t.level, t.name, t.aliases, t.description, _children(labels, t.code))
        for t in labels.topics
        if t.parent == parent
    )
