"""Names for masked places: as long as the mask, the same for the same mask."""

import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.letter import Letter
from nlp.train.places import unmask

MASK = re.compile(r"[A-Z]\d{0,2}(?=[省市区县镇乡村街路州])|西地省")
_piece = st.one_of(
    st.from_regex(r"[A-Z][0-9]{0,3}[市区县镇路的]?", fullmatch=True),
    st.sampled_from(["西地省", "我住在", "，", "A座", "路灯坏了", "😀", "Ａ市", "\n"]),
)
texts = st.lists(_piece, max_size=12).map("".join)


@given(title=texts, body=texts, seed=st.integers(0, 9))
def test_lengths_and_places_stay(title: str, body: str, seed: int) -> None:
    """Only masks change, each by as many characters, so that every quote keeps its offsets."""
    letter = Letter("样", title, body, date(2026, 1, 5))
    found = unmask(letter, np.random.default_rng(seed))
    assert (found.id, found.received_at) == (letter.id, letter.received_at)
    for before, after in ((title, found.title), (body, found.body)):
        assert len(after) == len(before)
        masked = {i for match in MASK.finditer(before) for i in range(*match.span())}
        assert all(after[i] == before[i] for i in range(len(before)) if i not in masked)
        assert not any("A" <= after[i] <= "Z" or after[i].isdigit() for i in masked)


@given(body=texts, seed=st.integers(0, 9))
def test_the_same_mask_has_the_same_name(body: str, seed: int) -> None:
    """In title and body alike."""
    found = unmask(Letter("样", body, body), np.random.default_rng(seed))
    assert found.title == found.body
    names: dict[str, set[str]] = {}
    for match in MASK.finditer(body):
        names.setdefault(match.group(), set()).add(found.body[slice(*match.span())])
    assert all(len(own) == 1 for own in names.values())


def test_names_follow_the_chance_given() -> None:
    """The same generator gives the same names, another one others; none is a mask again."""
    letter = Letter("样", "", "西地省A市B3区C12县")
    first, again, other = (unmask(letter, np.random.default_rng(i)).body for i in (0, 0, 1))
    assert first == again != other
    assert unmask(Letter("样", "", first), np.random.default_rng(5)).body == first


@pytest.mark.parametrize("body", ["A座3楼", "K3快线", "VIP客户", "a市", "B123号", "西地"])
def test_what_is_no_mask_stays(body: str) -> None:
    """Letters of buildings, trains and brands are no places."""
    assert unmask(Letter("样", "", body), np.random.default_rng(0)).body == body
