"""The 5W1H fields of a letter: one finder a field, over clues gathered once.

A finder takes ``Clues`` and gives answers; finders do not know each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from nlp import entities
from nlp.errors import BundleError
from nlp.fields import agency, ranker, what, when, where, who
from nlp.fields.clues import SHAPES, Clues, read
from nlp.fields.ranker import Ranker
from nlp.labels import Labels
from nlp.report import Fields, FieldValue
from nlp.rules import Lexicon
from nlp.text import View

Finder = Callable[[Clues], list[FieldValue]]
FINDERS: Mapping[str, Finder] = MappingProxyType(
    {
        "when": when.find,
        "where": where.find,
        "who_self": who.find_self,
        "who_party": who.find_party,
        "agency": agency.find,
        "what": what.find_what,
        "why": what.find_why,
        "how": what.find_how,
        "history": what.find_history,
    }
)


@dataclass(frozen=True)
class Finders:
    """Everything that fields are found with, loaded once.

    Attributes:
        lexicon: The rules of labels/rules/field.toml.
        rankers: "mentions" and "clauses"; empty means rules alone.
    """

    lexicon: Lexicon
    rankers: Mapping[str, Ranker]

    @classmethod
    def load(cls, bundle_folder: Path | None, labels: Labels) -> "Finders":
        """Read the ranker of a bundle.

        Args:
            bundle_folder: The model folder; None for rules alone.
            labels: Where the rules come from.

        Raises:
            BundleError: The folder's ranker is missing or broken.
        """
        rules = Lexicon(labels.rules["field"], labels.guards)
        return cls(rules, _rankers(bundle_folder / ranker.FILE) if bundle_folder else {})

    def find(self, views: Sequence[View]) -> Iterator[Fields]:
        """Answer the 5W1H questions.

        Args:
            views: Any number of letters.

        Yields:
            One answer a letter in the order given; none depends on the others.
        """
        for view, tokens in zip(views, entities.tag(views), strict=True):
            hits = tuple(self.lexicon.find(view))
            yield fields_of(read(view, tokens, hits, self.rankers))


def _rankers(path: Path) -> dict[str, Ranker]:
    """Read the rankers and refuse those that were trained for other candidates."""
    rankers = ranker.load(path)
    shapes = {name: (one.sizes, one.unit_weights.shape[1]) for name, one in rankers.items()}
    if shapes != SHAPES:
        raise BundleError("字段模型与程序不符", where=str(path), remedy="请用本版本重新训练")
    return rankers


def fields_of(clues: Clues) -> Fields:
    """Run every finder over one letter."""
    return Fields(**{key: tuple(finder(clues)) for key, finder in FINDERS.items()})
