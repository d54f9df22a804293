"""Text that is safe in a spreadsheet cell and on a terminal, whatever a letter holds."""

import re
import unicodedata

MAX_CELL = 32_767
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CUT = "…（过长，余下见原信）"
# control signs, and marks that turn the direction of what follows
_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def cell_text(text: str) -> str:
    """Text for a CSV or Excel cell: no formula, no illegal character, never too long.

    A cell that a spreadsheet would run (it begins with = + - @, full-width ones too) gets an
    apostrophe before it, the way Excel itself marks a cell as text.
    """
    text = _ILLEGAL.sub("", text)
    start = unicodedata.normalize("NFKC", text.lstrip(" \n")[:1])
    if text.startswith(_FORMULA) or start.startswith(_FORMULA):
        text = f"'{text}"
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - len(_CUT)] + _CUT


def terminal_text(text: str) -> str:
    """Text for a terminal: no escape sequences, nothing that turns the line around."""
    return _TERMINAL.sub("·", text).replace("\t", " ")
