"""Gives masked places (A市B3区) invented names in training, so that no model learns the masks.

The contest's letters hide place names behind a letter and a number; real letters do not. A name
here is as long as its mask, so that quotes keep their places.
"""

import re
from collections.abc import Sequence

import numpy as np

from nlp.letter import Letter

_MASKED_PROVINCE = "西地省"
_MASK = re.compile(rf"[A-Z]\d{{0,2}}(?=[省市区县镇乡村街路州])|{_MASKED_PROVINCE}")
_FIRST = "青柳云白石江南东永安平新长宁清泰和兴福海山林龙凤金玉明华"
_SECOND = "禾溪台水泉桥湖岭丰阳安定乐山川原城浦口平源塘冈州陵江港"
_PROVINCES = ("岭南省", "云中省", "江左省", "海东省")


def unmask(letter: Letter, rng: np.random.Generator) -> Letter:
    """The letter with every mask replaced, the same mask by the same name.

    Args:
        letter: A letter; nothing else of it changes.
        rng: Picks the names.

    Returns:
        A letter whose title and body are as long as before.
    """
    names: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        mask = match.group()
        if mask not in names:
            names[mask] = _province(rng) if mask == _MASKED_PROVINCE else _name(len(mask), rng)
        return names[mask]

    title, body = _MASK.sub(named, letter.title), _MASK.sub(named, letter.body)
    return Letter(letter.id, title, body, letter.received_at)


def _province(rng: np.random.Generator) -> str:
    """A province, as long as the masked one."""
    return str(rng.choice(_PROVINCES))


def _name(length: int, rng: np.random.Generator) -> str:
    """An invented name of so many characters."""
    parts: Sequence[str] = (_FIRST, *(_SECOND,) * (length - 1))
    return "".join(part[rng.integers(len(part))] for part in parts)
