"""Invented texts of every awkward kind, and a triage whose parts can be made to fail."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlp import classify, labels
from nlp.classify import SEPARATOR
from nlp.decisions import Decisions
from nlp.fields import Finders
from nlp.flags import INPUTS, Stack
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.report import ModelInfo
from nlp.scales import Cuts
from nlp.score import Evidence, Opinion
from nlp.text import View
from nlp.triage import Triage

PHRASES = (
    "我不想活了，", "從2019年1月起", "昨晚十點多", "Ａ市Ｂ区新开铺路７３２号附近", "我们120户业主",
    "請求有關部門盡快查處。", "派出所沒有任何答覆！", "电话１３８１２３４５６７８",
    "張曉明局長收錢",
    "有人要自 杀", "房子随时会\u200b塌，", "“怎么办？”", "12345市民热线……",
)  # fmt: skip
SIGNS = (
    "😀", "👩\u200d👩\u200d👧", "🀄\ufe0f", "\U00020000", "\U0002a6d6", "\U00030edd", "𠮷",
    "Ａ", "１", "！", "。", "\u200b", "\ufeff", "\u2060", "\r\n", "\n", "\r", "\t", " ",
    "\u3000", "\u00a0", "\x0b", "\x1c", "\x85", "\u2028", "\x00", "體", "裡", "後", "a", ".",
    "\"", "”", "（", ")", "e\u0301",
)  # fmt: skip
_piece = st.one_of(
    st.sampled_from(PHRASES),
    st.sampled_from(SIGNS),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.lists(_piece, max_size=24).map("".join)
letters = st.builds(Letter, st.just("样"), st.one_of(st.just(""), texts), texts)


def heads(known: Labels) -> dict[str, tuple[str, ...]]:
    """The heads that a bundle for these labels has."""
    first, steps = known.level_one(), ("1", "2", "3")
    return {
        "category": first,
        "board": first,
        "convention": ("board",),
        "purpose": tuple(kind.name for kind in known.purposes),
        "urgency": steps,
        "distress": steps,
        "emotions": tuple(kind.name for kind in known.emotions),
        "flags": tuple(kind.name for kind in known.flags),
        "needs": tuple(kind.name for kind in known.needs),
        "category_l2": tuple(f"{a}{SEPARATOR}{b}" for a in first for b in known.children(a)),
    }


@dataclass
class ToyScorer:
    """Says nothing of any letter, or fails where it is told to."""

    heads: Mapping[str, tuple[str, ...]]
    broken: BaseException | None = None
    broken_evidence: BaseException | None = None
    seen: list[int] = field(default_factory=list[int])

    def read(self, views: Sequence[View]) -> Sequence[Opinion]:
        """Minus four everywhere, hardly anything holds; the first sentence speaks for all.

        With broken evidence everything holds, so that all of it is asked for.
        """
        self.seen.append(len(views))
        if self.broken:
            raise self.broken
        said = 4.0 if self.broken_evidence else -4.0
        row = {h: np.full(len(names), said, np.float32) for h, names in self.heads.items()}
        return [Opinion(row, self._evidence(view)) for view in views]

    def _evidence(self, view: View) -> Evidence:
        def ask(head: str, label: str) -> NDArray[np.float32] | None:
            if self.broken_evidence:
                raise self.broken_evidence
            return -np.arange(len(view.sentences), dtype=np.float32) if view.sentences else None

        return ask


def decisions(known: Labels) -> Decisions:
    """Cut points and thresholds in the middle; flags by rules and the model's own word."""
    names = tuple(kind.name for kind in known.flags)
    count = len(names)
    weights = np.tile(np.eye(1, INPUTS, dtype=np.float32), (count, 1))
    return Decisions(
        mixture=classify.Mixture(-4.0, 0.35),
        cuts=Cuts((0.5, 1.5, 2.5), (0.5, 1.5, 2.5)),
        stack=Stack(names, weights, np.zeros(count, np.float32), np.full(count, 0.5, np.float32)),
        needs=(0.5,) * len(known.needs),
        emotions=(0.5,) * len(known.emotions),
    )


def toy_triage(**parts: Any) -> Triage:
    """A triage with rules, finders without a model, and a scorer that knows nothing.

    Args:
        parts: Scorer or finders to put in the place of these.
    """
    own = copy.copy(_whole())
    vars(own)["_scorer"] = ToyScorer(heads(own.labels))
    vars(own).update({f"_{name}": part for name, part in parts.items()})
    return own


@cache
def _whole() -> Triage:
    """Built once, since compiling the rules takes longest."""
    known = labels.load()
    return Triage(
        model=ModelInfo("toy", "0", "sha256:0"),
        known=known,
        scorer=ToyScorer(heads(known)),
        decisions=decisions(known),
        finders=Finders.load(None, known),
    )
