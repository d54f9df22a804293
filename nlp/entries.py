"""The kinds of entry that files under labels/ hold, as frozen dataclasses.

A key with a default may be left out of a file; every other key is required.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Topic:
    """A node of the content taxonomy, level 1 to 3."""

    code: str
    parent: str
    level: int
    name: str
    aliases: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of writing and its official class (条例 第29–31条)."""

    name: str
    official: str
    description: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level of urgency or distress."""

    level: int
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Named:
    """A plain label: an emotion, a crisis type, a need, a field ..."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class FlagKind:
    """A screening flag and the article or section it stands on."""

    name: str
    basis: str
    description: str


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A 5W1H field: its key in the report and its Chinese name."""

    key: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Action:
    """What a worker should do at a crisis level, for all types or for some."""

    text: str
    basis: str
    levels: tuple[str, ...]
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Words for the person a crisis signal is about.

    Attributes:
        who: 本人, 家人, 他人 or 群体.
        patterns: Regular expressions over ``nlp.text.fold`` output.
        refers_back: Pronouns: they stand for a family member named shortly before, if any.
    """

    name: str
    who: str
    patterns: tuple[str, ...]
    refers_back: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """Context in which a rule's match does not count.

    Attributes:
        before: Patterns that must end within ``reach`` characters before the match.
        after: Patterns that must begin within ``reach`` characters after the match.
        around: Idioms and collisions; a match that lies inside one does not count.
        reach: Characters, never beyond the sentence.
    """

    name: str
    description: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    reach: int = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """A lexicon entry: patterns over folded text, and what a match means.

    Attributes:
        label: Crisis type, flag name, scale, field key or personal-data type.
        patterns: Regular expressions over ``nlp.text.fold`` output; a group named "span", if
            any, is the part that counts.
        score: Precision measured on training letters, 0 to 1.
        examples: Sentences the rule must match; a test runs them.
        counterexamples: Sentences it must not match, guards included; a test runs them.
        level: Urgency or distress a match raises to, or crisis colour 1 黄, 2 橙, 3 红.
        who: Crisis only: 本人, 家人, 他人 or 群体.
        state: Crisis only: 意图, 流露, 既往 or 正在发生.
    """

    id: str
    label: str
    patterns: tuple[str, ...]
    score: float
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    level: int = 0
    who: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a handling rule applies: every key given must fit, any of its values will do.

    Attributes:
        without_category_l2: None of these; also fits when the second level is not known.
        category_unknown: True fits only letters whose category is left open.
        urgency_from: This level of urgency or a higher one.
        distress_from: This level of distress or a higher one.
    """

    category_l1: tuple[str, ...] = ()
    category_l2: tuple[str, ...] = ()
    without_category_l2: tuple[str, ...] = ()
    category_unknown: bool = False
    purpose: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    without_flags: tuple[str, ...] = ()
    crisis: tuple[str, ...] = ()
    crisis_types: tuple[str, ...] = ()
    urgency_from: int = 0
    distress_from: int = 0


@dataclass(frozen=True, slots=True)
class HandlingRule:
    """One consequence of what a letter says, with the article it stands on.

    Attributes:
        text: Name of a department, flow or deadline; a whole sentence for the other two.
        days: Deadlines only: length of the clock, counted from the day after receipt.
        day_kind: Deadlines only: 自然日 or 工作日.
    """

    id: str
    gives: Literal["department", "flow", "deadline", "method", "talking_point"]
    text: str
    basis: str
    when: Condition = Condition()
    days: int = 0
    day_kind: Literal["自然日", "工作日"] = "自然日"
