"""Which organs, hotlines and media the writer has already turned to."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue

_LIMIT = 10


def find(clues: Clues) -> list[FieldValue]:
    """Organs approached, each once."""
    return [
        value
        for found in clues.pick("agency", limit=_LIMIT)
        for value in clues.value(found, tidy(clues.view.text[found.start : found.end]))
    ]
