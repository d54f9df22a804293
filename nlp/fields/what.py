"""What happened, why, what is asked for and what was done so far: whole clauses, as they stand."""

from nlp.fields.clues import Clues
from nlp.report import FieldValue


def find_what(clues: Clues) -> list[FieldValue]:
    """The clauses that say best what happened."""
    return clues.answers("what")


def find_why(clues: Clues) -> list[FieldValue]:
    """The clauses that say how it came about or what is in dispute.

    One that already says what happened is given again only where a rule reads a reason in it.
    """
    told = {value.span for value in find_what(clues)}
    given = clues.answers("why")
    return [value for value in given if value.source.startswith("rule:") or value.span not in told]


def find_how(clues: Clues) -> list[FieldValue]:
    """The clauses that say what should be done."""
    return clues.answers("how")


def find_history(clues: Clues) -> list[FieldValue]:
    """The clauses that say what was tried so far and what came of it."""
    return clues.answers("history")
