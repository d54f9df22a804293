"""Report and its parts: the contract every door writes, schema version 1.0.

Offsets are Unicode code points, half-open, on the text as it came. Lists are tuples here and
arrays in JSON. ``to_json``, ``from_json`` and ``json_schema`` live in ``nlp.codec``.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from nlp.letter import Span

SchemaVersion = Literal["1.0"]
SCHEMA_VERSION: SchemaVersion = "1.0"
CrisisLevel = Literal["none", "concern", "high", "imminent"]
When = dict[str, str | None]
Value = str | int | float | When | None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which bundle read the letter."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """A category the model also considered."""

    l1: str
    l2: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Category:
    """Who should solve the matter; None and abstained when the model is unsure."""

    l1: str | None
    l2: str | None
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the writer wants, and the official class it falls under."""

    name: str
    official: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a level was given: a sentence for the worker, the words, and who says so."""

    text: str
    span: Span | None
    source: str


@dataclass(frozen=True, slots=True)
class Urgency:
    """轻重缓急, 0 to 3."""

    level: int
    name: str
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Distress:
    """情绪困扰, 0 to 3, with the emotions shown."""

    level: int
    name: str
    emotions: tuple[str, ...]
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of danger to life: what, who, in which state, and the words."""

    type: str
    who: str
    state: str
    span: Span
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class Crisis:
    """Every signal found, the level they add up to, and what to do now."""

    level: CrisisLevel = "none"
    signals: tuple[Signal, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """A screening flag (甄别) with the words and the article it stands on."""

    name: str
    confidence: float
    spans: tuple[Span, ...]
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class Need:
    """A suggested entry of the intake form's 问题/需要."""

    name: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One answer to a 5W1H question: the words, a normal form or None, and who found it."""

    span: Span
    value: Value
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Fields:
    """The 5W1H answers, each in the order of the letter; empty means 未提及."""

    when: tuple[FieldValue, ...] = ()
    where: tuple[FieldValue, ...] = ()
    who_self: tuple[FieldValue, ...] = ()
    who_party: tuple[FieldValue, ...] = ()
    agency: tuple[FieldValue, ...] = ()
    what: tuple[FieldValue, ...] = ()
    why: tuple[FieldValue, ...] = ()
    how: tuple[FieldValue, ...] = ()
    history: tuple[FieldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Department:
    """A kind of department that the matter belongs to."""

    name: str
    basis: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty with its last day; due is None when the day of receipt is unknown."""

    name: str
    due: date | None
    basis: str


@dataclass(frozen=True, slots=True)
class Handling:
    """What must happen next, by when, under which article."""

    department: tuple[Department, ...] = ()
    flow: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    methods: tuple[str, ...] = ()
    talking_points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pii:
    """A piece of personal data in the letter."""

    type: str
    span: Span


@dataclass(frozen=True, slots=True)
class Review:
    """Whether a person must read the letter before anything is done, and why."""

    required: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything said of one letter."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    model: ModelInfo
    labels_digest: str
    category: Category
    purpose: Purpose
    urgency: Urgency
    distress: Distress
    crisis: Crisis = field(default_factory=Crisis)
    flags: tuple[Flag, ...] = ()
    group_size: int | None = None
    needs: tuple[Need, ...] = ()
    fields: Fields = field(default_factory=Fields)
    handling: Handling = field(default_factory=Handling)
    pii: tuple[Pii, ...] = ()
    review: Review = field(default_factory=Review)
