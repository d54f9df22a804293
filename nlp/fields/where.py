"""Where it happened: each place once, in its fullest wording."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue

_LIMIT = 3


def find(clues: Clues) -> list[FieldValue]:
    """Places of the matter."""
    return [
        value
        for found in clues.pick("where", limit=_LIMIT, distinct=True)
        for value in clues.value(found, tidy(clues.view.text[found.start : found.end]))
    ]
