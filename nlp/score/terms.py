"""What the linear model reads: character n-grams, words and title n-grams, as counted terms.

Training and serving call the same functions, so that both see the same letter. The families
are weighed like kernels: each is a unit vector times a constant.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

from nlp import words
from nlp.letter import Letter
from nlp.text import fold

CHAR_RANGE = range(1, 5)
TITLE_RANGE = range(1, 4)
JOINER = "\x1f"


def characters(letter: Letter) -> list[str]:
    """Character 1- to 4-grams of title and body, folded."""
    return _grams(flat(letter.text), CHAR_RANGE)


def word_pairs(letter: Letter) -> list[str]:
    """Words and pairs of neighbouring words of title and body, folded."""
    found = [word for word in words.cut(fold(letter.text)) if not word.isspace()]
    return found + [f"{a}{JOINER}{b}" for a, b in pairwise(found)]


def title_characters(letter: Letter) -> list[str]:
    """Character 1- to 3-grams of the title, folded."""
    return _grams(flat(letter.title), TITLE_RANGE)


FAMILIES: Mapping[str, Callable[[Letter], list[str]]] = MappingProxyType(
    {"characters": characters, "words": word_pairs, "title": title_characters}
)


def flat(text: str) -> str:
    """Text as n-grams are cut from it: folded, line breaks as blanks."""
    return fold(text).replace("\r", " ").replace("\n", " ")


def _grams(text: str, sizes: range) -> list[str]:
    """All n-grams of the given sizes."""
    return [text[i : i + n] for n in sizes for i in range(len(text) - n + 1)]
