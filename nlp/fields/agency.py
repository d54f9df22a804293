"""Which organs, hotlines and media the writer has already turned to."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue


def find(clues: Clues) -> list[FieldValue]:
    """Organs approached, each wording once."""
    return clues.answers("agency", tidy)
