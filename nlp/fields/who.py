"""Who writes, and whom the letter is about. Roles and names as written, never a judgement."""

from nlp.fields.clues import Clues, tidy
from nlp.report import FieldValue

_SELF_LIMIT, _PARTY_LIMIT = 3, 4


def find_self(clues: Clues) -> list[FieldValue]:
    """The writer: name, or standing such as 某小区业主."""
    return [
        value
        for found in clues.pick("who_self", limit=_SELF_LIMIT, distinct=True)
        for value in clues.value(found, tidy(clues.view.text[found.start : found.end]))
    ]


def find_party(clues: Clues) -> list[FieldValue]:
    """Firms, persons and units that the letter complains of, each once."""
    return [
        value
        for found in clues.pick("who_party", limit=_PARTY_LIMIT, distinct=True)
        for value in clues.value(found, tidy(clues.view.text[found.start : found.end]))
    ]
