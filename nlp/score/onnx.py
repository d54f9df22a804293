"""The encoder as it is served: letters to logits by numpy, onnxruntime and tokenizers alone.

``encoder.onnx`` turns windows into pools that add up, ``heads.onnx`` turns the pools of a letter
or of a sentence into logits. Letters of any length are read whole: pools are added window by
window, so that memory holds some windows and never all states of a letter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from nlp.bundle import MANIFEST, REMEDY, Bundle
from nlp.errors import BundleError
from nlp.score import Evidence
from nlp.score.pools import Complete, Gatherer, Pools
from nlp.score.session import FAILURES, Session, open_session, open_tokenizer
from nlp.score.windows import Batch, Floats, Ints, Layout, Pieces, Window, batches, cut
from nlp.text import View

ENCODER, HEADS, TOKENIZER = "encoder.onnx", "heads.onnx", "tokenizer.json"
KINDS = ("encoder", "blend")
MAX_PIECES = 1024
"""Pieces the encoder reads at once: what fits a processor's second cache is read fastest."""
MAX_LETTERS, MAX_SIGNS = 64, 100_000
"""Letters, and characters of letters, whose windows are in memory at once."""
MAX_UNITS = 128
"""Sentences whose logits are made at once."""


class Tags(NamedTuple):
    """Tag logits of the pieces of a letter.

    Attributes:
        starts: First code point of each piece in ``View.text``, shape (n,), ascending.
        ends: One past the last, shape (n,).
        logits: Shape (n, tags).
    """

    starts: Ints
    ends: Ints
    logits: Floats


@dataclass(frozen=True)
class Reading:
    """What the model says of letters, all of it logits.

    Attributes:
        letters: Head to shape (letters, labels).
        sentences: For each letter, head to shape (len(view.sentences), labels).
        tags: For each letter, when they were asked for; else empty.
    """

    letters: Mapping[str, Floats]
    sentences: Sequence[Mapping[str, Floats]]
    tags: Sequence[Tags]


class OnnxModel:
    """Encoder and heads of one bundle.

    Args:
        bundle: An opened bundle of kind "encoder" or "blend".

    Attributes:
        heads: Head to its labels.
        tags: Names of the tags; empty when the model has none.

    Raises:
        BundleError: A file of it is not what the manifest promises.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._layout, heads, self.tags = _promises(bundle)
        self.heads = MappingProxyType(heads)
        ends = np.cumsum([len(labels) for labels in heads.values()]).tolist()
        self._columns = dict(zip(heads, map(slice, [0, *ends], ends), strict=False))
        self._width = int(ends[-1])
        self._tokenizer = open_tokenizer(bundle.file(TOKENIZER))
        self._encoder = open_session(bundle.file(ENCODER))
        self._heads = open_session(bundle.file(HEADS))
        _check(self._encoder, self._heads, self._width, len(self.tags), bundle)
        self._try(bundle)

    def read(self, views: Sequence[View], *, tags: bool = False) -> Reading:
        """Read letters, every character of each.

        Args:
            views: Any number of letters of any length.
            tags: Whether tag logits are wanted.

        Returns:
            Logits in the order of the letters; they do not depend on neighbours.
        """
        letters = [np.zeros((0, self._width), np.float32)]
        sentences: list[Floats] = []
        tagged: list[Tags] = []
        for group in _groups(views):
            windows = cut(group, self._tokenize, self._layout)
            found: dict[int, Floats] | None = {} if tags and self.tags else None
            rows, parts = self._group(group, windows, found)
            letters.append(rows)
            sentences += parts
            if found is not None:
                tagged += _tags(len(group), windows, found)
        by_sentence = [self._by_head(rows) for rows in sentences]
        return Reading(self._by_head(np.concatenate(letters)), by_sentence, tagged)

    def evidence(self, sentences: Mapping[str, Floats], *, choices: Collection[str]) -> Evidence:
        """A way to ask how much each of a letter's sentences speaks for a label.

        Args:
            sentences: Logits of the letter's sentences, from ``Reading``.
            choices: Heads of which one label is true: there a sentence speaks for a label as far
                as the label stands above the best of the others.
        """

        def weigh(head: str, label: str) -> Floats | None:
            column, logits = self.heads[head].index(label), sentences[head]
            own = logits[:, column]
            if head in choices and logits.shape[1] > 1:
                own = own - np.delete(logits, column, axis=1).max(axis=1)
            return own if len(own) else None

        return weigh

    def _group(
        self, views: Sequence[View], windows: Sequence[Window], tags: dict[int, Floats] | None
    ) -> tuple[Floats, list[Floats]]:
        """Logits of some letters, (letters, labels), and of their sentences, (sentences, labels).

        Tag logits of windows are put into ``tags`` when it is given.
        """
        ends = len(views) + np.cumsum([len(view.sentences) or 1 for view in views])
        first: list[int] = [len(views), *ends.tolist()]
        gathered = Gatherer(windows, first[:-1])
        rows = np.zeros((first[-1], self._width), np.float32)
        for batch in batches(windows, MAX_PIECES):
            gathered.add(batch.windows.tolist(), self._encode(batch, windows, tags))
            self._answer(gathered.ready(MAX_UNITS), rows)
        self._answer([*gathered.ready(), *gathered.rest()], rows)
        places = zip(first, views, strict=False)
        return rows[: len(views)], [rows[at : at + len(v.sentences)] for at, v in places]

    def _encode(
        self, batch: Batch, windows: Sequence[Window], tags: dict[int, Floats] | None
    ) -> Pools:
        """Pools of a batch; tag logits of pieces that count for a letter go into ``tags``."""
        feed = {"ids": batch.ids, "mask": batch.mask, "share": batch.share}
        if tags is None:
            return Pools(*self._encoder.run(Pools._fields, feed))
        *pools, found = self._encoder.run([*Pools._fields, "tags"], feed)
        chosen: list[int] = batch.windows.tolist()
        for row, index in enumerate(chosen):
            if windows[index].whole:
                tags[index] = found[row][batch.share[row] > 0]
        return Pools(*pools)

    def _answer(self, complete: Sequence[Complete], rows: Floats) -> None:
        """Logits of units into their rows."""
        for units, pools in complete:
            rows[units] = self._heads.run(["logits"], pools._asdict())[0]

    def _by_head(self, rows: Floats) -> Mapping[str, Floats]:
        """Columns of logits by the name of their head."""
        return {head: rows[:, part] for head, part in self._columns.items()}

    def _tokenize(self, texts: Sequence[str]) -> Sequence[Pieces]:
        """Texts to pieces, in the thread that calls."""
        encode = self._tokenizer.encode
        return [encode(text, add_special_tokens=False) for text in texts]

    def _try(self, bundle: Bundle) -> None:
        """Read one piece, the last one the tokenizer can give."""
        last = np.array([[max(self._tokenizer.get_vocab_size(), 1) - 1]])
        one = np.ones(last.shape, np.float32)
        try:
            batch = Batch(np.zeros(1, np.int64), last, one, one)
            pools = self._encode(batch, [], None)
            self._answer([Complete([0], pools)], np.zeros((1, self._width), np.float32))
        except FAILURES as error:
            where = str(bundle.folder / ENCODER)
            raise BundleError("编码器与词表不符", where=where, remedy=REMEDY) from error


def _groups(views: Sequence[View]) -> Iterator[Sequence[View]]:
    """Letters in runs, so that the windows of a run fit into memory."""
    start, signs = 0, 0
    for i, view in enumerate(views):
        signs += len(view.raw)
        if i > start and (signs > MAX_SIGNS or i - start == MAX_LETTERS):
            yield views[start:i]
            start, signs = i, len(view.raw)
    if start < len(views):
        yield views[start:]


def _tags(letters: int, windows: Sequence[Window], found: Mapping[int, Floats]) -> list[Tags]:
    """Tag logits of letters, windows joined in the order of the text."""
    parts: list[list[Tags]] = [[] for _ in range(letters)]
    for index, logits in sorted(found.items()):
        window = windows[index]
        own = window.share > 0
        parts[window.letter].append(Tags(window.starts[own], window.ends[own], logits))
    return [Tags(*map(np.concatenate, zip(*own, strict=True))) for own in parts]


def _promises(bundle: Bundle) -> tuple[Layout, dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Layout, heads and tags of the manifest."""
    where = str(bundle.folder / MANIFEST)
    if bundle.manifest["kind"] not in KINDS:
        raise BundleError("这个模型文件夹里没有编码器", where=where, remedy=REMEDY)
    try:
        given = bundle.manifest["layout"]
        begin, end = (tuple(map(int, given[key])) for key in ("begin", "end"))
        limit, by_sentence = int(given["limit"]), bool(given["by_sentence"])
        layout = Layout(limit, by_sentence, begin, end, int(given["unknown"]))
        heads = {h: tuple(labels) for h, labels in bundle.manifest["unit_heads"].items()}
        tags = tuple(bundle.manifest["tags"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = "模型清单缺少编码器的窗口、任务或标签"
        raise BundleError(message, where=where, remedy=REMEDY) from error
    if not heads or not all(heads.values()) or 0 < limit <= len(begin) + len(end):
        raise BundleError("模型清单的任务为空或窗口过短", where=where, remedy=REMEDY)
    return layout, heads, tags


def _check(encoder: Session, heads: Session, labels: int, tags: int, bundle: Bundle) -> None:
    """Refuse files whose inputs and outputs are not those the manifest and the code ask for."""
    given = {value.name: value.shape for value in encoder.get_outputs()}
    asked = {value.name: value.shape for value in heads.get_inputs()}
    wanted = {*Pools._fields, *(["tags"] if tags else [])}
    fits = {
        ENCODER: {value.name for value in encoder.get_inputs()} == {"ids", "mask", "share"}
        and set(given) == wanted
        and (not tags or given["tags"][-1] == tags),
        HEADS: set(asked) == set(Pools._fields)
        and all(list(asked[name][1:]) == list(given.get(name, ())[1:]) for name in asked)
        and [value.shape[1] for value in heads.get_outputs() if value.name == "logits"] == [labels],
    }
    for name, right in fits.items():
        if not right:
            where = str(bundle.folder / name)
            raise BundleError("ONNX 文件的输入输出与清单不符", where=where, remedy=REMEDY)
