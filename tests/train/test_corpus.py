"""Letters to learn from: split by group, joined by id, with targets that stand on the text."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import labels
from nlp.errors import PetitionError
from nlp.letter import Letter
from nlp.score.windows import Layout
from nlp.train.config import Data
from nlp.train.corpus import SELF_HARM, Lesson, Preparer, Split, gather
from nlp.train.tasks import SIGNAL, tags, tasks
from tests import toy_training
from tests.toy_encoder import ToyEncoder

KNOWN = labels.load()
GOLD, BOARD = toy_training.gold_rows()[0], toy_training.board_rows()[0]
CSV = "id,category_l1,category_l2,purpose,urgency,distress,emotions,flags,needs,crisis\n"
LINE = f"u1,政法,{KNOWN.children('政法')[0]},求助,2,1,焦虑|无助,集体,法律咨询,自杀自伤\n"


def write(folder: Path, **sets: Sequence[Any]) -> None:
    """Sets as JSON lines."""
    for name, rows in sets.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def row(number: int, group: int | None = None, **changed: Any) -> dict[str, Any]:
    """An annotated letter whose text is its own."""
    return {**GOLD, "id": f"a{number}", "group": group, "body": f"路灯坏了{number}。", **changed}


def split(folder: Path, seed: int = 0, **changed: Any) -> Split:
    """The sets that lie in the folder, split."""
    data = Data(**{"folder": ".", "annotated": {"gold": 1.0}, "dev": 0.3, **changed})
    return gather(data, folder, seed=seed, known=KNOWN)


def ids(lessons: Sequence[Lesson]) -> set[str]:
    """Ids of lessons."""
    return {str(one.row["id"]) for one in lessons}


_letter = st.tuples(st.integers(0, 30), st.sampled_from([None, -1, *range(6)]), st.integers(0, 30))


@settings(max_examples=40)
@given(
    gold=st.lists(_letter, min_size=12, max_size=30, unique_by=lambda letter: letter[0]),
    archive=st.lists(_letter, max_size=20),
    barred=st.lists(_letter, max_size=4),
    seed=st.integers(0, 99),
)
def test_no_letter_and_no_group_is_on_two_sides(
    gold: list[Any], archive: list[Any], barred: list[Any], seed: int
) -> None:
    """What is learnt from shares no id, group or text with what is kept back or excluded."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = {
            "gold": [row(n, group, body=f" 信\n{text}") for n, group, text in gold],
            "archive": [
                {**BOARD, "id": f"a{n}", "group": group, "body": f"信 {text}"}
                for n, group, text in archive
            ],
            "test": [row(n, group, body=f"信{text}") for n, group, text in barred],
        }
        write(folder, **made)
        try:
            found = split(folder, seed, boards={"archive": 0.5}, exclude=("test",))
        except PetitionError:  # all that was kept back is excluded: refused, see below
            return
    back = [*(one.row for one in [*found.dev, *found.boards]), *made["test"]]
    held = [one.row for one in [*found.dev, *found.boards]]
    for learnt, other in (
        (_marks(one.row for one in found.train), back),
        (_marks(held), made["test"]),
    ):
        assert not learnt & _marks(other)
    assert not _groups(found.dev) & _groups(found.boards)


def _marks(rows: Any) -> set[tuple[str, Any]]:
    """What two letters must not share: id, group, text without blanks."""
    return {
        mark
        for one in rows
        for mark in (
            ("id", one["id"]),
            ("text", "".join(one["body"].split())),
            (
                "group",
                one["group"]
                if (one["group"] or 0) >= 0 and one["group"] is not None
                else one["id"],
            ),
        )
    }


def _groups(lessons: Sequence[Lesson]) -> set[Any]:
    return {one.row["group"] for one in lessons} - {None, -1}


def test_the_split_follows_the_seed(tmp_path: Path) -> None:
    """The same seed keeps the same letters back, another seed others, of every set its share."""
    write(tmp_path, gold=[row(i) for i in range(40)])
    first, again, other = (split(tmp_path, seed) for seed in (1, 1, 2))
    assert ids(first.dev) == ids(again.dev) != ids(other.dev)
    assert len(first.dev) == 12
    assert ids(first.train) | ids(first.dev) == {f"a{i}" for i in range(40)}


def test_what_is_excluded_is_not_learnt_in_any_guise(tmp_path: Path) -> None:
    """Not by id, not by group, not by the same words with other blanks; an empty text bars none."""
    gold = [row(i) for i in range(20)]
    gold[0] |= {"body": "停 水三天\n了"}
    gold[1] |= {"group": 7}
    gold[3] |= {"body": ""}
    barred = [row(90, body="停水三天了"), row(91, 7), row(2, body="别的"), row(92, body="")]
    write(tmp_path, gold=gold, test=barred)
    found = split(tmp_path, exclude=("test",))
    assert ids(found.train) | ids(found.dev) == {f"a{i}" for i in range(3, 20)}


def test_nothing_left_to_keep_back_is_refused(tmp_path: Path) -> None:
    """Where every letter is excluded there is nothing to calibrate on."""
    write(tmp_path, gold=[row(i) for i in range(3)])
    with pytest.raises(PetitionError, match="没有可以留出的来信"):
        split(tmp_path, exclude=("gold",))


def test_one_letter_at_least_is_kept_back(tmp_path: Path) -> None:
    """A small set with a small share still has something to calibrate on."""
    write(tmp_path, gold=[row(i) for i in range(4)])
    found = split(tmp_path, dev=0.01)
    assert (len(found.dev), len(found.train)) == (1, 3)


def test_annotations_are_joined_by_id(tmp_path: Path) -> None:
    """The text is that of the set it is looked up in; a mark before the header does no harm."""
    write(tmp_path, gold=[row(i) for i in range(9)], archive=[{"id": "u1", "text": "停水了"}])
    (tmp_path / "more.csv").write_text(CSV + LINE, encoding="utf-8-sig")
    found = split(tmp_path, dev=0.01, annotations={"more.csv": 0.8}, texts=("archive",))
    (one,) = [one for one in found.train + found.dev if one.source == "more"]
    assert one.weight == 0.8
    assert one.row["text"] == "停水了"
    assert (one.row["urgency"], one.row["emotions"]) == (2, ["焦虑", "无助"])
    assert one.row["crisis"] == [{"type": "自杀自伤"}]


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        (CSV + LINE.replace("u1", "u7"), "不在 data.texts", "more.csv u7"),
        (CSV + LINE.replace(",2,", ",重,"), "不是数字", "more.csv:2"),
        (CSV + "u1,政法\n", "不是数字", "more.csv:2"),
        (CSV.replace("needs,", "") + LINE, "缺少 needs", "more.csv"),
        ("", "缺少 category_l1", "more.csv"),
        ("\udcff", "读不出来", "more.csv"),
        (None, "读不到", "more.csv"),
    ],
)
def test_annotations_that_do_not_fit_are_named(
    tmp_path: Path, text: str | None, said: str, where: str
) -> None:
    """An id without a letter, a level that is no number, a short line, a column that lacks."""
    write(tmp_path, gold=[row(i) for i in range(9)], archive=[{"id": "u1", "text": "停水了"}])
    if text is not None:
        (tmp_path / "more.csv").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(PetitionError, match=said) as caught:
        split(tmp_path, annotations={"more.csv": 1.0}, texts=("archive",))
    assert caught.value.where.endswith(where)


def preparer() -> Preparer:
    """Reads lessons as letters of single characters, a window a sentence."""
    encode = ToyEncoder(by_sentence=True).tokenizer.encode_batch
    return Preparer(
        lambda texts: encode(list(texts), add_special_tokens=False),
        Layout(0, True, (), ()),
        tasks(KNOWN),
        tags(KNOWN),
    )


def test_boards_teach_their_board_alone(tmp_path: Path) -> None:
    """A letter of an archive says who received it, and nothing of any other task."""
    write(tmp_path, gold=[row(i) for i in range(9)], archive=[BOARD])
    found = split(tmp_path, boards={"archive": 0.4})
    (one,) = [one for one in found.train + found.boards if one.source == "archive"]
    read = preparer().prepare(one)
    assert set(read.letter) == {"board", "convention"}
    assert KNOWN.level_one()[int(read.letter["board"].argmax())] == BOARD["category_l1"]
    assert read.letter["convention"].tolist() == [1.0]
    assert read.sentences == {}
    assert not read.tags


SHORT = [
    {"text": "活着没有意思。", "labels": ["被动自杀意图", "其他"]},
    {"text": "今天天气好。", "labels": []},
    {"text": "我想结束这一切", "high_risk": 1},
    {"text": "路灯坏了", "high_risk": 0},
]


def test_short_texts_teach_signals_of_sentences_alone(tmp_path: Path) -> None:
    """Both ways of saying danger are read; a harmless text teaches that there is none."""
    write(tmp_path, gold=[row(i) for i in range(9)], short=SHORT)
    lessons = [one for one in split(tmp_path, crisis={"short": 0.3}).train if one.source == "short"]
    read = [preparer().prepare(one) for one in lessons]
    column = [kind.name for kind in KNOWN.crisis_types].index(SELF_HARM)
    assert [one.sentences[SIGNAL][:, column].tolist() for one in read] == [[1], [0], [1], [0]]
    assert [float(one.sentences[SIGNAL].sum()) for one in read] == [1, 0, 1, 0]
    assert all(one.letter == {} and not one.tags for one in read)


def test_quotes_are_found_in_the_folded_text() -> None:
    """A quote in full-width or traditional signs marks its sentence and its pieces."""
    signal = {"type": SELF_HARM, "quote": "我們停水，"}
    fields = {"when": ["三天"], "what": ["沒有人管"]}
    letter = {**GOLD, "title": "", "body": "路灯坏了。我们停水,三天没有人管！", "crisis": [signal]}
    read = preparer().prepare(Lesson({**letter, "fields": fields}, "", 1.0))
    column = [kind.name for kind in KNOWN.crisis_types].index(SELF_HARM)
    assert read.sentences[SIGNAL][:, column].tolist() == [0, 1]
    names = tags(KNOWN)
    said = {
        name: [
            "我们停水,三天没有人管！"[i] for i in np.flatnonzero(read.tags[1][:, names.index(name)])
        ]
        for name in ("when/inside", "when/begin", "what/inside", "what/begin")
    }
    assert said == {
        "when/inside": ["三", "天"], "when/begin": ["三"],
        "what/inside": ["没", "有", "人", "管"], "what/begin": ["没"],
    }  # fmt: skip
    assert not read.tags[0].any()


@pytest.mark.parametrize("quote", [None, "不在信里"])
def test_a_signal_without_its_place_teaches_no_sentence(quote: str | None) -> None:
    """Which sentence it stands in is unknown, so none is called harmless."""
    signal = {"type": SELF_HARM} | ({} if quote is None else {"quote": quote})
    read = preparer().prepare(Lesson({**GOLD, "crisis": [signal]}, "", 1.0))
    assert read.sentences == {}
    assert read.letter["crisis"].sum() == 1


def test_another_text_of_the_same_length_keeps_the_targets() -> None:
    """Where places have been given names, quotes still mark the same pieces."""
    body = "我住A市。" + GOLD["body"]
    lesson = Lesson({**GOLD, "body": body}, "", 1.0)
    named = Letter("样", GOLD["title"], body.replace("A", "青"))
    one, other = preparer().prepare(lesson), preparer().prepare(lesson, named)
    for mine, theirs in zip(one.tags, other.tags, strict=True):
        np.testing.assert_array_equal(mine, theirs)
