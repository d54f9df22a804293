"""Scorer: the contract every model keeps. Texts in, float32 logits out, one array a head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.letter import Letter

Logits = Mapping[str, NDArray[np.float32]]
Evidence = Callable[[str, str], int | None]
"""Head and label to the index of the sentence that speaks most for it, None when none does."""


class Scorer(Protocol):
    """Scores letters for every head it knows.

    Order is kept, as many rows come out as went in, and a letter's row does not depend on
    its neighbours.
    """

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """Head name to its labels, in the order of the columns."""
        ...

    def score(self, letters: Sequence[Letter]) -> Logits:
        """Score letters.

        Returns:
            Head name to logits of shape (len(letters), len(labels)), float32.
        """
        ...

    def evidence(self, parts: Sequence[str]) -> Evidence:
        """A way to ask which of a letter's sentences speaks most for a label."""
        ...
