"""From a trained network to the files that ``nlp.score.onnx`` serves, checked against it.

The check reads letters with the network in torch and with the written files as they will be
served, and compares probabilities: what is lost by eight bits is measured, not assumed.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import ModelProto
from torch import Tensor, nn

from nlp.bundle import Bundle
from nlp.errors import PetitionError
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER, OnnxModel
from nlp.score.windows import Floats, Layout, Pieces, Window, batches, cut
from nlp.text import View
from nlp.train.graph import Array, Feeds, plain
from nlp.train.network import Network, Pools
from nlp.train.quantise import BYTE, HALF, quantise, store

FILES = (ENCODER, HEADS, TOKENIZER)
PRECISIONS = ("int8", "fp16", "fp32")
TAGS = "tags"
_EXPORTER = "torch.onnx._internal.exporter._registration"
Measured = dict[str, dict[str, float]]


def export(
    network: Network, folder: Path, *, precision: str, views: Sequence[View], limit: float
) -> dict[str, Any]:
    """Write ``encoder.onnx``, ``heads.onnx`` and ``tokenizer.json``.

    Args:
        network: A trained network; it is left in evaluation mode.
        folder: Where to; it must exist.
        precision: "int8", "fp16" (weights alone) or "fp32".
        views: Letters to measure ranges and to compare on; a hundred or more for a real model.
        limit: How far, averaged over units, the probability that moves most may move.

    Returns:
        For the manifest: "layout", and under "export" precision, sizes and differences.

    Raises:
        PetitionError: There are no letters to compare on, or the files say something else than
            the network by more than ``limit``.
    """
    if not views:
        raise PetitionError("没有用来核对导出的来信", remedy="请给出至少一封")
    network.eval()
    with torch.inference_mode():
        feeds = list(_feeds(network, views))
    made = {ENCODER: _encoder(network, precision, feeds), HEADS: _heads(network, precision)}
    for name, model in made.items():
        (folder / name).write_bytes(model.SerializeToString(deterministic=True))
    network.encoder.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    differences = compare(network, folder, views)
    _refuse(differences, limit, folder)
    report = {
        "precision": precision,
        "letters": len(views),
        "limit": limit,
        "differences": differences,
        "bytes": {name: (folder / name).stat().st_size for name in FILES},
    }
    return {"layout": _manifest_layout(network.encoder.layout), "export": report}


def _manifest_layout(given: Layout) -> dict[str, Any]:
    """A layout as JSON."""
    return {
        "limit": given.limit,
        "by_sentence": given.by_sentence,
        "begin": list(given.begin),
        "end": list(given.end),
        "unknown": given.unknown,
    }


def _encoder(network: Network, precision: str, feeds: Feeds) -> ModelProto:
    """``encoder.onnx``."""
    ids = torch.full((2, 7), network.encoder.unknown)
    mask = torch.ones(2, 7)
    names = ["sums", "weights", "peak", TAGS][: 3 if network.windows.tagger is None else 4]
    model = _trace(network.windows, {"ids": ids, "mask": mask, "share": mask.clone()}, names)
    return quantise(model, feeds) if precision == "int8" else _stored(model, precision)


def _heads(network: Network, precision: str) -> ModelProto:
    """``heads.onnx``; its weights are kept in fewer bits, its arithmetic in full."""
    windows = network.windows
    gates, width = windows.gate.weight.shape
    given = {
        "sums": torch.ones(2, gates + 1, width),
        "weights": torch.ones(2, gates + 1),
        "peak": torch.ones(2, windows.peak.out_features),
    }
    return _stored(_trace(network.units, given, ["logits"]), precision)


def _stored(model: ModelProto, precision: str) -> ModelProto:
    """A file whose weights are kept as a precision says."""
    bits = {"int8": BYTE, "fp16": HALF}.get(precision)
    return plain(model) if bits is None else store(model, bits)


def _trace(module: nn.Module, given: Mapping[str, Tensor], outputs: list[str]) -> ModelProto:
    """A module as an ONNX file that takes any number of rows, and of pieces."""
    free = torch.export.Dim.DYNAMIC
    rows = {name: {0: free} for name in given}
    pieces = {name: {0: free, 1: free} for name in given}
    with _quiet():
        made = torch.onnx.export(
            module,
            tuple(given.values()),
            dynamo=True,
            verbose=False,
            input_names=list(given),
            output_names=outputs,
            dynamic_shapes=tuple((pieces if "ids" in given else rows).values()),
        )
    if made is None:  # never with dynamo, but so it is typed
        raise PetitionError("导出 ONNX 失败")
    return made.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notices to its own authors."""
    log = logging.getLogger(_EXPORTER)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for kind in (FutureWarning, DeprecationWarning):
                warnings.simplefilter("ignore", kind)
            yield
    finally:
        log.setLevel(level)


def _cut(network: Network, views: Sequence[View]) -> list[Window]:
    """Windows of letters, as they are served."""
    encode = network.encoder.tokenizer.encode

    def tokenize(texts: Sequence[str]) -> Sequence[Pieces]:
        return [encode(text, add_special_tokens=False) for text in texts]

    return cut(views, tokenize, network.encoder.layout)


def _feeds(network: Network, views: Sequence[View]) -> Iterator[Mapping[str, Array]]:
    """Inputs of ``encoder.onnx`` for letters."""
    for batch in batches(_cut(network, views)):
        yield {"ids": batch.ids, "mask": batch.mask, "share": batch.share}


def compare(network: Network, folder: Path, views: Sequence[View]) -> Measured:
    """How far probabilities of the written files are from the network's.

    Args:
        network: In evaluation mode.
        folder: Holds the written files.
        views: Letters to read.

    Returns:
        Head, and "tags" where there is a tagger, to figures over letters and sentences (or
        pieces) of the probability that moves most: "mean", 99 in 100 ("p99") and "max".
    """
    given = served(network, folder).read(views, tags=True)
    with torch.inference_mode():
        units, tags = _by_torch(network, views)
    measured: Measured = {}
    for head, logits in units.items():
        own = np.concatenate([given.letters[head], *(s[head] for s in given.sentences)])
        measured[head] = _figures(own, logits)
    if tags is not None:
        measured[TAGS] = _figures(np.concatenate([t.logits for t in given.tags]), tags)
    return measured


def served(network: Network, folder: Path) -> OnnxModel:
    """The written files, opened as they will be served."""
    tagger = network.windows.tagger
    manifest = {
        "kind": "encoder",
        "files": dict.fromkeys(FILES),
        "layout": _manifest_layout(network.encoder.layout),
        "unit_heads": {head: list(map(str, range(n))) for head, n in network.sizes.items()},
        "tags": [] if tagger is None else list(map(str, range(tagger.leave.out_features))),
    }
    return OnnxModel(Bundle(folder, manifest, ""))


def _by_torch(
    network: Network, views: Sequence[View]
) -> tuple[Mapping[str, Floats], Floats | None]:
    """The network's logits of all letters, then of all sentences; and of pieces."""
    windows = _cut(network, views)
    pools: list[Pools] = []
    tags: list[Tensor] = []
    for window in windows:
        given = (window.ids, np.ones(len(window.ids), np.float32), window.share)
        sums, weights, peak, *rest = network.windows(*(torch.from_numpy(g)[None] for g in given))
        pools.append(Pools(sums, weights, peak))
        counted = torch.from_numpy(window.share > 0)
        tags += [found[0][counted] for found in rest if window.whole]
    owners, count = _owners(windows, views)
    every = [i for i, _ in owners]
    joined = Pools(
        torch.cat([pools[i].sums for i in every]),
        torch.cat([pools[i].weights for i in every]),
        torch.cat([pools[i].peak for i in every]),
    )
    logits = network.logits(joined.units(torch.tensor([u for _, u in owners]), count))
    real = [True] * len(views) + [bool(v.sentences) for v in views for _ in v.sentences or [0]]
    return (
        {head: rows.numpy()[real] for head, rows in logits.items()},
        torch.cat(tags).numpy() if tags else None,
    )


def _owners(windows: Sequence[Window], views: Sequence[View]) -> tuple[list[tuple[int, int]], int]:
    """Pairs of window and unit (letters first, then sentences), and how many units there are."""
    first = np.cumsum([len(views), *(len(view.sentences) or 1 for view in views)]).tolist()
    whole = [(i, w.letter) for i, w in enumerate(windows) if w.whole]
    parts = [(i, first[w.letter] + w.sentence) for i, w in enumerate(windows) if w.sentence >= 0]
    return whole + parts, first[-1]


def _figures(one: Floats, other: Floats) -> dict[str, float]:
    """Figures of the probability that moves most, over rows of logits."""
    moved = np.abs(_sigmoid(one) - _sigmoid(other)).max(axis=1)
    p99 = float(np.quantile(moved, 0.99))
    found = {"mean": float(moved.mean()), "p99": p99, "max": float(moved.max())}
    return {name: round(value, 5) for name, value in found.items()}


def _sigmoid(logits: Floats) -> Floats:
    """Logits to probabilities, without overflow."""
    return (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)


def _refuse(differences: Measured, limit: float, folder: Path) -> None:
    """Raise when a head is too far from the network, or gives no number at all."""
    for head, found in differences.items():
        if not found["mean"] <= limit:
            raise PetitionError(
                f"导出的模型与训练的模型不一致：{head} 的概率平均移动 {found['mean']:.3f}，"
                f"上限 {limit:.3f}",
                where=str(folder),
                remedy="请把 [export] 的 precision 改为 fp16 或 fp32",
            )
