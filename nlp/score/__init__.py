"""Scorer: the contract every model keeps. Letters in, one opinion a letter out, as logits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.text import View

Logits = Mapping[str, NDArray[np.float32]]
Evidence = Callable[[str, str], NDArray[np.float32] | None]
"""Head and label to how much each sentence speaks for it, shape (sentences,); None when none does.
Only the order of the numbers means anything.
"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model says of one letter.

    Attributes:
        letter: Head to logits of shape (labels,).
        evidence: How much each of ``View.sentences`` speaks for a label.
        sentences: Head to logits of shape (sentences, labels); empty when the model has no say on
            single sentences.
    """

    letter: Logits
    evidence: Evidence
    sentences: Logits = field(default_factory=dict[str, NDArray[np.float32]])


class Scorer(Protocol):
    """Scores letters for every head it knows.

    Order is kept, as many opinions come out as letters went in, and an opinion does not depend
    on a letter's neighbours.
    """

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """Head name to its labels, in the order of the columns."""
        ...

    def read(self, views: Sequence[View]) -> Sequence[Opinion]:
        """Read letters of any length, every character of each."""
        ...
