"""Where it happened: each place once, in its fullest wording."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue


def find(clues: Clues) -> list[FieldValue]:
    """Places of the matter."""
    return clues.answers("where", tidy)
