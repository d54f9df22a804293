"""The encoder's scorer: calibrated logits, joined with a linear model where the bundle has one.

``logits = a * encoder + b * linear + c``, with a, b and c per label, fitted at training on letters
that neither model had learnt from; so softmax or sigmoid of the sum is a probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from nlp.bundle import MANIFEST, REMEDY, Bundle
from nlp.errors import BundleError
from nlp.score import Evidence, Logits, Opinion
from nlp.score.linear import WEIGHTS, LinearScorer
from nlp.score.onnx import OnnxModel
from nlp.score.windows import Floats
from nlp.text import View

Heads = Mapping[str, tuple[str, ...]]
CHOICES = frozenset({"category", "category_l2", "board", "purpose"})
"""Heads of which one label is true."""
SIGNAL, SENTENCE_DISTRESS = "signal", "sentence_distress"
SENTENCE_HEADS = frozenset({SIGNAL, SENTENCE_DISTRESS})


@dataclass(frozen=True)
class Share:
    """How one head is joined.

    Attributes:
        encoder: Factor of the encoder's logits, shape (labels,).
        linear: Factor of the linear model's logits, shape (labels,).
        bias: Added, shape (labels,).
    """

    encoder: Floats
    linear: Floats
    bias: Floats

    @classmethod
    def from_json(cls, given: Mapping[str, Any], labels: int) -> "Share":
        """Read what the manifest holds.

        Raises:
            ValueError: A list has another length than the head has labels.
        """
        parts = [np.array(given[key], np.float32) for key in ("encoder", "linear", "bias")]
        if any(part.shape != (labels,) for part in parts):
            raise ValueError(labels)
        return cls(*parts)

    def join(self, encoder: Floats, linear: Floats | None) -> Floats:
        """Joined logits, of the shape of the encoder's."""
        joined = encoder * self.encoder + self.bias
        return joined if linear is None else joined + linear * self.linear

    def to_json(self) -> dict[str, list[float]]:
        """As ``from_json`` reads it."""
        rows = {"encoder": self.encoder, "linear": self.linear, "bias": self.bias}
        return {name: [round(float(v), 5) for v in values] for name, values in rows.items()}


class EncoderScorer:
    """Scores letters with the encoder of one bundle.

    Args:
        bundle: An opened bundle of kind "encoder".

    Raises:
        BundleError: A file of it is not what the manifest promises.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._model = OnnxModel(bundle)
        self._linear = LinearScorer(bundle) if WEIGHTS in bundle.manifest["files"] else None
        self.heads = MappingProxyType(self._model.heads)
        self._shares = _shares(bundle, self.heads)
        if self._linear is not None:
            _check_alike(bundle, self.heads, self._linear.heads)

    def read(self, views: Sequence[View]) -> Sequence[Opinion]:
        """Read letters; see ``nlp.score.Scorer``."""
        said = self._model.read(views)
        linear = [None] * len(views) if self._linear is None else self._linear.read(views)
        letters = {head: said.letters[head] for head in self._shares}
        return [
            Opinion(
                {head: self._join(head, rows[i], linear[i]) for head, rows in letters.items()},
                self._evidence(said.sentences[i], linear[i]),
                {h: rows for h, rows in said.sentences[i].items() if h in SENTENCE_HEADS},
            )
            for i in range(len(views))
        ]

    def _join(self, head: str, encoder: Floats, linear: Opinion | None) -> Floats:
        """Joined logits of one head."""
        known = None if linear is None else linear.letter.get(head)
        return self._shares[head].join(encoder, known)

    def _evidence(self, sentences: Logits, linear: Opinion | None) -> Evidence:
        """Both models weigh the sentences, each on a scale of its own, and count alike."""
        own = self._model.evidence(sentences, choices=CHOICES)
        asked = [own] if linear is None else [own, linear.evidence]

        def weigh(head: str, label: str) -> Floats | None:
            said = [scores for ask in asked if (scores := ask(head, label)) is not None]
            return np.sum([_standard(scores) for scores in said], axis=0) if said else None

        return weigh


def _standard(scores: Floats) -> Floats:
    """Scores with mean 0 and spread 1, or all 0 when they do not differ."""
    return (scores - scores.mean()) / max(float(scores.std()), 1e-6)


def _check_alike(bundle: Bundle, heads: Heads, linear: Heads) -> None:
    """Refuse a linear model whose columns are not the encoder's: they would be added up askew."""
    for head in heads.keys() & linear.keys():
        if heads[head] != linear[head]:
            where = f"{bundle.folder / MANIFEST} {head}"
            raise BundleError("线性模型的标签与编码器不符", where=where, remedy=REMEDY)


def _shares(bundle: Bundle, heads: Heads) -> dict[str, Share]:
    """How each letter head is joined."""
    letters = {head: labels for head, labels in heads.items() if head not in SENTENCE_HEADS}
    try:
        given = bundle.manifest["blend"]
        return {head: Share.from_json(given[head], len(own)) for head, own in letters.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = str(bundle.folder / MANIFEST)
        raise BundleError("模型清单缺少校准参数，或不合规格", where=where, remedy=REMEDY) from error
