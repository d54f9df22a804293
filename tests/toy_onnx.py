"""Bundles of kind "encoder" with hand-made ONNX files: random weights, no exporter, no torch."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models

from nlp import bundle, labels
from nlp.bundle import Bundle
from nlp.fields.ranker import FILE as FIELDS
from nlp.score.linear import VOCABULARY, WEIGHTS
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER
from nlp.train.tasks import tags, tasks
from tests import toys

WIDTH = 8
SIGNS = "我们小区停水三天了没有人管请尽快处理谢路灯坏局长收钱学校房子塌市民热线工资拖欠。，！？"
KNOWN = labels.load()
TASKS = {task.name: task for task in tasks(KNOWN)}
ROWS, PIECES = "rows", "pieces"


def bundle_at(folder: Path, *, linear: Path | None = None, **changed: Any) -> Bundle:
    """A bundle that Triage opens.

    Args:
        folder: Where to.
        linear: A linear bundle to join, with its field ranker.
        changed: What the manifest says otherwise; None leaves a key out.
    """
    names = write(folder, manifest()["unit_heads"], tags(KNOWN))
    given = manifest()
    if linear is not None:
        side = bundle.open_bundle(linear)
        given |= {key: side.manifest[key] for key in ("heads", "families")}
        names = (*names, WEIGHTS, VOCABULARY, FIELDS)
        for name in names[3:]:
            shutil.copyfile(linear / name, folder / name)
    whole = {key: value for key, value in {**given, **changed}.items() if value is not None}
    return bundle.write(folder, whole, names)


def write(
    folder: Path, heads: Mapping[str, Sequence[str]], tagged: Sequence[str]
) -> tuple[str, ...]:
    """The files of a model with these heads and tags; returns their names."""
    names = (ENCODER, HEADS, TOKENIZER)
    for name, data in zip(names, _files(sum(map(len, heads.values())), len(tagged)), strict=True):
        (folder / name).write_bytes(data)
    return names


def manifest() -> dict[str, Any]:
    """Everything but the files; shares differ from label to label."""
    chosen = toys.decisions(KNOWN)
    return {
        "name": "样", "version": "1", "kind": "encoder",
        "layout": {"limit": 0, "by_sentence": True, "begin": [], "end": [], "unknown": 0},
        "unit_heads": {name: list(task.labels) for name, task in TASKS.items()},
        "tags": list(tags(KNOWN)),
        "blend": {
            name: share(len(task.labels)) for name, task in TASKS.items() if task.unit == "letter"
        },
        "mixture": asdict(chosen.mixture), "cuts": asdict(chosen.cuts),
        "thresholds": {"needs": chosen.needs, "emotions": chosen.emotions},
        "flag_stack": chosen.stack.to_json(),
    }  # fmt: skip


def share(count: int) -> dict[str, list[float]]:
    """Factors and bias of a head."""
    steps = [round(i / count, 3) for i in range(count)]
    return {
        "encoder": [1 + s for s in steps],
        "linear": [0.5 - s / 4 for s in steps],
        "bias": steps,
    }


@cache
def _files(count: int, tagged: int) -> tuple[bytes, bytes, bytes]:
    """Encoder, heads of so many labels, and tokenizer."""
    rng = np.random.default_rng(0)
    vocabulary = {sign: number for number, sign in enumerate(["<unk>", *dict.fromkeys(SIGNS)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))  # noqa: S106
    sizes = (len(vocabulary), WIDTH), (WIDTH, tagged)
    table, tagger, leave = (
        rng.normal(size=s).astype(np.float32) for s in (*sizes, (3 * WIDTH, count))
    )
    made = _encoder({"table": table, "tagger": tagger}), _heads({"leave": leave})
    written = [model.SerializeToString() for model in made]
    return written[0], written[1], tokenizer.to_str().encode()


def _encoder(weights: Mapping[str, Any]) -> ModelProto:
    """One look-up, two equal pools, the highest of the states, a tag a piece."""
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "ids"], ["states"]),
        node("Unsqueeze", ["share", "one"], ["row"]),
        node("Concat", ["row", "row"], ["weight"], axis=1),
        node("MatMul", ["weight", "states"], ["sums"]),
        node("ReduceSum", ["weight", "two"], ["weights"], keepdims=0),
        node("Unsqueeze", ["mask", "two"], ["column"]),
        node("Sub", ["column", "unit"], ["padding"]),  # minus one where no piece stands
        node("Mul", ["padding", "large"], ["far"]),
        node("Add", ["states", "far"], ["here"]),
        node("ReduceMax", ["here"], ["peak"], axes=[1], keepdims=0),
        node("MatMul", ["states", "tagger"], ["tags"]),
    ]
    window = [ROWS, PIECES]
    kinds = {"ids": TensorProto.INT64, "mask": TensorProto.FLOAT, "share": TensorProto.FLOAT}
    inputs = [helper.make_tensor_value_info(name, kind, window) for name, kind in kinds.items()]
    return _model(
        nodes, inputs, {**_pools(), "tags": [*window, weights["tagger"].shape[1]]}, weights
    )


def _heads(weights: Mapping[str, Any]) -> ModelProto:
    """Means of the pools and the highest states, one matrix."""
    node = helper.make_node
    nodes = [
        node("Unsqueeze", ["weights", "two"], ["count"]),
        node("Div", ["sums", "count"], ["mean"]),
        node("Flatten", ["mean"], ["flat"]),
        node("Concat", ["flat", "peak"], ["all"], axis=1),
        node("MatMul", ["all", "leave"], ["logits"]),
    ]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in _pools().items()]
    return _model(nodes, inputs, {"logits": [ROWS, weights["leave"].shape[1]]}, weights)


def _pools() -> dict[str, list[str | int]]:
    return {"sums": [ROWS, 2, WIDTH], "weights": [ROWS, 2], "peak": [ROWS, WIDTH]}


def _model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Mapping[str, Any],
    weights: Mapping[str, Any],
) -> ModelProto:
    """A model of nodes and weights."""
    numbers = {"one": np.array([1]), "two": np.array([2]), "unit": np.float32(1)}
    numbers |= {"large": np.float32(1e4), **weights}
    constants = [numpy_helper.from_array(np.asarray(v), n) for n, v in numbers.items()]
    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()]
    graph = helper.make_graph(nodes, "toy", inputs, given, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
