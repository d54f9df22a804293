"""Who writes, and whom the letter is about. Roles and names as written, never a judgement."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue


def find_self(clues: Clues) -> list[FieldValue]:
    """The writer: name, or standing such as 某小区业主."""
    return clues.answers("who_self", tidy)


def find_party(clues: Clues) -> list[FieldValue]:
    """Firms, persons and units that the letter complains of, each once."""
    return clues.answers("who_party", tidy)
