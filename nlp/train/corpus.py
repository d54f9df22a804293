"""Letters ready to learn from: looked up, split by group, cut into windows, with their targets."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.errors import PetitionError
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.score.windows import Layout, Tokenize, Window, cut
from nlp.text import View, fold
from nlp.train.annotations import read_annotations
from nlp.train.config import Data
from nlp.train.data import BOARD, Row, read_annotated, read_rows, to_letter
from nlp.train.tasks import SIGNAL, Floats, Task, letter_targets, tag_targets

SELF_HARM = "自杀自伤"
DANGERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("主动自杀意图", "被动自杀意图", "自杀计划", "自杀未遂", "自杀准备行为"),
            *("自伤行为", "自伤意图"),
        ),
        SELF_HARM,
    ),
    "用户攻击行为": "伤人报复",
    "他人攻击行为": "遭受暴力",
}
"""Labels of PsySUICIDE to crisis types of labels/crisis.toml."""
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Lesson:
    """A letter, or a short text, with what it teaches.

    Attributes:
        row: The annotation; ``id``, ``title``, ``body`` and ``group`` at least.
        source: Name of its set.
        weight: How much it counts.
    """

    row: Row
    source: str
    weight: float


@dataclass(frozen=True)
class Split:
    """Lessons to learn from, and those kept back for calibration and choices.

    Attributes:
        train: To learn from.
        dev: Annotated letters kept back.
        boards: Letters that know their board alone, kept back.
    """

    train: list[Lesson]
    dev: list[Lesson]
    boards: list[Lesson]


def gather(data: Data, root: Path, *, seed: int, known: Labels) -> Split:
    """Read every set that a run names and split the annotated ones by group.

    A group (near-duplicate letters) stands on one side only; what shares a group or its text
    with dev or with a set under ``exclude`` is not learnt from, whichever set it is in.

    Args:
        data: The [data] table.
        root: What ``data.folder`` is relative to.
        seed: Of the split.
        known: The labels.

    Raises:
        PetitionError: A set is missing, broken, or not annotated by the labels, or no letter is
            left to be kept back.
    """
    folder = (root / data.folder).resolve()
    whole = [
        Lesson(row, name, weight)
        for name, weight in data.annotated.items()
        for row in read_annotated(folder, name, known)
    ]
    kept = _draw([*whole, *(more := list(_annotations(data, root, folder)))], data.dev, seed)
    boards = list(_boards(data, folder, known))
    kept_boards = _draw(boards, data.dev, seed + 1) - {_group(one.row) for one in [*whole, *more]}
    dev = [one for one in [*whole, *more] if _group(one.row) in kept]
    dev_boards = [one for one in boards if _group(one.row) in kept_boards]
    back = [*(one.row for one in [*dev, *dev_boards]), *_rows(folder, data.exclude)]
    barred = _Barred.of(back)
    rest = [*whole, *more, *boards, *_short(data, folder)]
    train = [one for one in rest if not barred.holds(one.row)]
    excluded = _Barred.of(list(_rows(folder, data.exclude)))
    dev, dev_boards = (
        [one for one in side if not excluded.holds(one.row)] for side in (dev, dev_boards)
    )
    if not dev:
        remedy = "请检查 data.exclude，或给更多标注过的来信"
        raise PetitionError("没有可以留出的来信", where="data.dev", remedy=remedy)
    return Split(train, dev, dev_boards)


def _draw(lessons: Sequence[Lesson], share: float, seed: int) -> set[str]:
    """A share of the groups, one at least, drawn at random."""
    keys = sorted({_group(one.row) for one in lessons})
    chosen = np.random.default_rng(seed).permutation(len(keys))
    return {keys[i] for i in chosen[: max(round(len(keys) * share), 1)]}


def _rows(folder: Path, names: Iterable[str]) -> Iterator[Row]:
    """Rows of several sets."""
    return (row for name in names for row in read_rows(folder, name))


def _group(row: Row) -> str:
    """A letter's near-duplicate cluster, or the letter alone."""
    group = row.get("group")
    return f"letter {row['id']}" if group is None or int(group) < 0 else f"group {group}"


@dataclass(frozen=True)
class _Barred:
    """What must not be learnt from: ids, groups and texts."""

    groups: set[str]
    ids: set[str]
    texts: set[str]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "_Barred":
        """Bar these rows and their near-duplicates."""
        return cls(
            {_group(row) for row in rows},
            {str(row["id"]) for row in rows},
            {text for row in rows if (text := _text(row))},
        )

    def holds(self, row: Row) -> bool:
        """Whether a row is one of them."""
        return str(row["id"]) in self.ids or _group(row) in self.groups or _text(row) in self.texts


def _text(row: Row) -> str:
    """A body without blanks, to tell copies by."""
    return _BLANK.sub("", str(row.get("body") or row.get("text") or ""))


def _annotations(data: Data, root: Path, folder: Path) -> Iterator[Lesson]:
    """Annotations by id, joined with the letters that ``data.texts`` hold."""
    if not data.annotations:
        return
    letters = {str(row["id"]): row for row in _rows(folder, data.texts)}
    for name, weight in data.annotations.items():
        for given in read_annotations(root / name):
            if (letter := letters.get(given["id"])) is None:
                where = f"{name} {given['id']}"
                raise PetitionError("标注的来信不在 data.texts 的数据里", where=where)
            yield Lesson({**letter, **given}, Path(name).stem, weight)


def _boards(data: Data, folder: Path, known: Labels) -> Iterator[Lesson]:
    """Letters of an archive: the first level is the board that received them."""
    for name, weight in data.boards.items():
        for row in read_annotated(folder, name, known, keys=BOARD):
            kept = {key: row.get(key) for key in ("id", "title", "body", "group")}
            yield Lesson({**kept, "board": row["category_l1"]}, name, weight)


def _short(data: Data, folder: Path) -> Iterator[Lesson]:
    """Short texts with a danger label, as letters of one sentence that know their signals alone.

    A set says either ``labels`` (names of kinds, DANGERS) or ``high_risk`` (0 or 1).
    """
    for name, weight in data.crisis.items():
        for number, row in enumerate(read_rows(folder, name)):
            text = str(row["text"])
            kinds = {DANGERS[k] for k in row.get("labels", ()) if k in DANGERS}
            kinds |= {SELF_HARM} if row.get("high_risk") else set()
            signals = [{"type": kind, "quote": text} for kind in sorted(kinds)]
            short = {"id": f"{name} {number}", "title": "", "body": text, "crisis": signals}
            yield Lesson({**short, "only": SIGNAL}, name, weight)


@dataclass(frozen=True)
class Prepared:
    """A lesson as the network reads it.

    Attributes:
        windows: Its windows; ``letter`` is 0 in all of them.
        weight: How much it counts.
        letter: Task to target, shape (labels,).
        sentences: Task to targets, shape (sentences, labels); empty when nothing is known.
        tags: For each window the target of shape (pieces, tags); empty when nothing is known.
    """

    windows: list[Window]
    weight: float
    letter: Mapping[str, Floats]
    sentences: Mapping[str, Floats]
    tags: Sequence[Floats]


class Preparer:
    """Turns lessons into what the network reads.

    Args:
        tokenize: Texts to pieces.
        layout: How the encoder wants its windows.
        learnt: The tasks.
        names: The tags; empty to prepare none.
    """

    def __init__(
        self, tokenize: Tokenize, layout: Layout, learnt: Sequence[Task], names: Sequence[str]
    ) -> None:
        self._tokenize, self._layout = tokenize, layout
        self._tasks, self._tags = learnt, names
        self._types = next(t.labels for t in learnt if t.name == SIGNAL)

    def prepare(self, lesson: Lesson, letter: Letter | None = None) -> Prepared:
        """Prepare one lesson.

        Args:
            lesson: What to learn.
            letter: Its text when it is not the row's own, same length (masked places named).
        """
        view = View(letter or to_letter(lesson.row))
        windows = cut([view], self._tokenize, self._layout)
        quotes = _quotes(lesson.row, view)
        tagged = "fields" in lesson.row and bool(self._tags)
        return Prepared(
            windows,
            lesson.weight,
            letter_targets(lesson.row, self._tasks),
            self._sentences(lesson.row, view),
            [tag_targets(w.starts, w.ends, quotes, self._tags) for w in windows] if tagged else (),
        )

    def _sentences(self, row: Row, view: View) -> dict[str, Floats]:
        """Signals of each sentence, known where the quote of each is found or there is none."""
        signals = row.get("crisis")
        if signals is None or not all(_find(view, signal.get("quote", "")) for signal in signals):
            return {}
        places = view.sentences or ((0, len(view.text)),)
        target = np.zeros((len(places), len(self._types)), np.float32)
        for signal in signals:
            column = self._types.index(signal["type"])
            for start, end in _find(view, signal["quote"]):
                for i, (first, last) in enumerate(places):
                    target[i, column] = max(target[i, column], first < end and start < last)
        return {SIGNAL: target}


def _quotes(row: Row, view: View) -> dict[str, list[tuple[int, int]]]:
    """Field to the places of its quotes."""
    fields: Mapping[str, Sequence[str]] = row.get("fields") or {}
    return {name: [p for q in given for p in _find(view, q)] for name, given in fields.items()}


def _find(view: View, quote: str) -> list[tuple[int, int]]:
    """Where a quote first stands; empty when it does not."""
    start = view.text.find(fold(quote)) if quote else -1
    return [] if start < 0 else [(start, start + len(quote))]
