"""What a model card says, read from ``card.toml``, in one language."""

import tomllib
from collections.abc import Container, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nlp.errors import OptionError

LANGUAGES = ("zh", "en")
ANNOTATIONS, COMPANION = "annotations", "gold_train"
"""The first name is too common: it is this project's file only beside the second set."""


@cache
def texts() -> Mapping[str, Any]:
    """Table to key to language to text."""
    return tomllib.loads(Path(__file__).with_name("card.toml").read_text(encoding="utf-8"))


class Words:
    """Texts in one language.

    Args:
        language: "zh" or "en".

    Raises:
        OptionError: There is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise OptionError(f"模型卡没有 {language!r} 这种语言", remedy="可用：zh、en")
        self._language = language

    def say(self, key: str, /, **values: object) -> str:
        """A text, its braces filled in."""
        return self.name("say", key, **values)

    def name(self, kind: str, key: str, /, **values: object) -> str:
        """A text of another table; the key itself where the table does not know it."""
        found = texts()[kind].get(key)
        return key if found is None else str(found[self._language]).format(**values)

    def header(self, key: str, /, **values: object) -> list[str]:
        """Head of a table."""
        return self.name("headers", key, **values).split("|")

    def join(self, parts: list[str]) -> str:
        """A list within a sentence."""
        return ("、" if self._language == "zh" else ", ").join(parts)

    def sentences(self, parts: list[str]) -> str:
        """Sentences as one paragraph."""
        return ("" if self._language == "zh" else " ").join(parts)

    def source(self, name: str, others: Container[str]) -> str:
        """Where a set comes from and its licence; only sets of this project are known.

        Args:
            name: Of the set.
            others: All sets of the run.
        """
        return self.name("sources", name if shipped(name, others) else "own")


def shipped(name: str, others: Container[str]) -> bool:
    """Whether a set is one of this project, by its name."""
    return name in texts()["sources"] and (name != ANNOTATIONS or COMPANION in others)
