"""What happened, why, what is asked for and what was done so far: whole clauses."""

from nlp.fields.clues import Clues
from nlp.report import FieldValue


def find_what(clues: Clues) -> list[FieldValue]:
    """The clauses that say best what happened."""
    return _answers(clues, "what", limit=1)


def find_why(clues: Clues) -> list[FieldValue]:
    """The clauses that say how it came about or what is in dispute."""
    return _answers(clues, "why", limit=1)


def find_how(clues: Clues) -> list[FieldValue]:
    """The clauses that say what should be done."""
    return _answers(clues, "how", limit=3)


def find_history(clues: Clues) -> list[FieldValue]:
    """The clauses that say what was tried so far and what came of it."""
    return _answers(clues, "history", limit=3)


def _answers(clues: Clues, field: str, *, limit: int) -> list[FieldValue]:
    """Chosen clauses as they stand, without a normal form."""
    return [
        value for found in clues.pick(field, limit=limit) for value in clues.value(found)
    ]
