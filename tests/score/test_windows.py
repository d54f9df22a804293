"""Windows hold every piece of a letter once, and sentences do not know where they stand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.letter import Letter
from nlp.score.windows import MAX_PIECES, Layout, Window, batches, cut
from nlp.text import View
from tests.toys import letters


class Signs:
    """Pieces that are characters; blanks give none."""

    def __init__(self, text: str) -> None:
        kept = [(i, sign) for i, sign in enumerate(text) if not sign.isspace()]
        self.ids = [ord(sign) for _, sign in kept]
        self.offsets = [(i, i + 1) for i, _ in kept]


def split(texts: Sequence[str]) -> list[Signs]:
    """Texts to pieces."""
    return [Signs(text) for text in texts]


MARKS = Layout(limit=12, by_sentence=False, begin=(1,), end=(2, 3))
LAYOUTS = {
    "sentences": Layout(0, by_sentence=True),
    "short sentences": Layout(7, by_sentence=True),
    "overlapping": MARKS,
    "one piece": Layout(4, by_sentence=False, begin=(1,), end=(2, 3)),
    "no limit": Layout(0, by_sentence=False, begin=(1,)),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def view(body: str, title: str = "") -> View:
    """A letter."""
    return View(Letter("样", title, body))


def counted(windows: Sequence[Window]) -> list[int]:
    """Where the pieces that count start."""
    return [int(i) for w in windows for i in w.starts[w.share > 0]]


@layouts
@settings(max_examples=25)
@given(letter=letters)
def test_every_piece_counts_once(layout: Layout, letter: Letter) -> None:
    """Of a letter, and of each sentence, every piece counts in one window, in order."""
    own = View(letter)
    windows = cut([own], split, layout)
    places = [i for i, sign in enumerate(own.text) if not sign.isspace()]
    assert counted([w for w in windows if w.whole]) == (places or [0])
    for number, (start, end) in enumerate(own.sentences):
        inside = [i for i in places if start <= i < end]
        assert counted([w for w in windows if w.sentence == number]) == inside


@given(length=st.integers(1, 200), limit=st.integers(4, 40))
def test_no_window_is_longer_than_the_limit(length: int, limit: int) -> None:
    """Long runs are cut, begin and end pieces included, and what counts carries its piece."""
    layout = Layout(limit, by_sentence=False, begin=(1,), end=(2, 3))
    text = "".join(chr(0x4E00 + i) for i in range(length))
    windows = [w for w in cut([view(text)], split, layout) if w.whole]
    assert max(len(w.ids) for w in windows) <= limit
    assert all((w.ids[0], *w.ids[-2:]) == (1, 2, 3) for w in windows)
    assert "".join(chr(i) for w in windows for i in w.ids[w.share > 0]) == view(text).text


def test_marks_count_for_nothing_and_stand_nowhere() -> None:
    """Begin and end pieces have no share and no place."""
    for window in cut([view("我们小区停水三天了没有人管")], split, MARKS):
        marks = window.ids < 4
        assert window.share[marks].sum() == 0
        assert (window.starts[marks] == -1).all()
        assert (window.ends[~marks] - window.starts[~marks] == 1).all()


def test_what_two_windows_share_counts_further_inside() -> None:
    """A piece near the edge of a window counts in the other, where it sees both sides."""
    windows = [w for w in cut([view("字" * 60)], split, MARKS) if w.whole]
    assert len(windows) > 2
    for window in windows[1:-1]:
        own = np.flatnonzero(window.share[1:-2])
        assert own[0] >= 2
        assert own[-1] <= 6


@pytest.mark.parametrize("layout", [LAYOUTS["sentences"], LAYOUTS["short sentences"], MARKS])
def test_a_sentence_does_not_know_its_place(layout: Layout) -> None:
    """At the end of a letter of 20,000 characters its windows hold the same pieces."""
    said, rest = "我不想活了没有人管我们。", "路灯坏了。" * 4000
    first, last = view(said + rest), view(rest + said)
    one = [w for w in cut([first], split, layout) if w.sentence == 0]
    other = [w for w in cut([last], split, layout) if w.sentence == len(last.sentences) - 1]
    assert len(one) == len(other) >= 1
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.share, b.share)


@pytest.mark.parametrize("body", ["", " \n", "\u3000", "😀"])
@layouts
def test_a_letter_without_words_has_a_window(layout: Layout, body: str) -> None:
    """What gives no piece gives the unknown one."""
    windows = cut([view(body), view("路灯")], split, layout)
    assert {w.letter for w in windows if w.whole} == {0, 1}
    assert all(w.share.sum() >= 1 for w in windows)


@layouts
@settings(max_examples=25)
@given(bodies=st.lists(st.text("路灯。", max_size=40), max_size=12), most=st.integers(1, 64))
def test_batches_hold_each_window_once(layout: Layout, bodies: list[str], most: int) -> None:
    """Rows are the windows as they were, zeros behind them, and no batch is too large."""
    windows = cut([view(body) for body in bodies], split, layout)
    seen: list[int] = []
    for batch in batches(windows, most):
        assert batch.ids.size <= most or len(batch.ids) == 1
        for row, index in enumerate(batch.windows.tolist()):
            seen.append(index)
            length = len(windows[index].ids)
            np.testing.assert_array_equal(batch.ids[row, :length], windows[index].ids)
            np.testing.assert_array_equal(batch.share[row, :length], windows[index].share)
            assert batch.mask[row].sum() == batch.mask[row, :length].sum() == length
            assert not batch.share[row, length:].any()
    assert sorted(seen) == list(range(len(windows)))


def test_little_of_a_batch_is_padding() -> None:
    """Windows of about one length are read together."""
    windows = cut([view("字" * n + "。") for n in range(1, 240)], split, LAYOUTS["sentences"])
    made = list(batches(windows))
    assert sum(b.ids.size for b in made) < 1.2 * sum(len(w.ids) for w in windows)
    assert max(b.ids.size for b in made) <= MAX_PIECES
