"""Smaller and faster ONNX files: weights in eight or sixteen bits, large products in eight bits.

A product with a constant weight becomes QuantizeLinear and MatMulIntegerToFloat (Jacob et al.
2018). The range of what is multiplied is measured on sample windows and fixed in the file, so
that, other than with ranges taken at run time, what is said of a window does not depend on
the windows beside it. Weights that are not multiplied in eight bits are only stored that way;
onnxruntime unfolds them once, when the file is opened.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper

from nlp.score.session import session
from nlp.train.graph import MICROSOFT, Array, Feeds, Graph, read, rebuild

HALF, BYTE = 16, 8
TOP = 63
"""Largest weight in a product: processors without VNNI add two products in 16 bits, and
2 * 255 * 63 fits where 2 * 255 * 127 does not (reduce_range of onnxruntime)."""


@dataclass(frozen=True)
class _Product:
    """A constant weight that something is multiplied with.

    Attributes:
        source: What is multiplied, shape (..., in).
        weight: Shape (in, out).
        bias: Its name; empty for none.
        result: Name of what comes out.
    """

    source: str
    weight: Array
    bias: str
    result: str


def store(model: ModelProto, bits: int) -> ModelProto:
    """Keep large weights in fewer bits; all arithmetic stays in float32.

    Args:
        model: A file.
        bits: 16, or 8 with a scale for each row of a table and each output of a product.
    """
    graph = read(model)
    large = [name for name in graph.constants if graph.weight(name) is not None]
    constants = dict(graph.constants)
    made: list[NodeProto] = []
    for name in large:
        weight = constants.pop(name)
        if bits == HALF:
            made += _half(name, weight, constants)
        else:
            readers = [node for node in graph.nodes if name in node.input]
            made += _eight(name, weight, _scaled_along(name, readers), constants)
    return rebuild(model, [*made, *graph.nodes], constants)


def _scaled_along(name: str, readers: Sequence[NodeProto]) -> int:
    """The axis that one scale covers: along the rows of a table, along a product's inputs."""
    turned = any(a.name == "transB" and a.i for node in readers for a in node.attribute)
    return 1 if turned or any(node.input[0] == name for node in readers) else 0


def _half(name: str, weight: Array, constants: dict[str, Array]) -> list[NodeProto]:
    """A weight in 16 bits, and the node that unfolds it."""
    constants[f"{name}:16"] = weight.astype(np.float16)
    return [helper.make_node("Cast", [f"{name}:16"], [name], to=TensorProto.FLOAT)]


def _eight(name: str, weight: Array, axis: int, constants: dict[str, Array]) -> list[NodeProto]:
    """A weight in 8 bits with a scale for everything but ``axis``, and the nodes that unfold it."""
    whole, scale = _rounded(weight, axis, 127)
    constants |= {f"{name}:8": whole, f"{name}:scale": scale}
    return [
        helper.make_node("Cast", [f"{name}:8"], [f"{name}:cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}:cast", f"{name}:scale"], [name]),
    ]


def _rounded(weight: Array, axis: int, top: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers up to ``top``, and what one of them is worth."""
    scale = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-12) / top
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def quantise(model: ModelProto, samples: Feeds) -> ModelProto:
    """Large products in eight bits, every other large weight stored in eight bits.

    Args:
        model: A file in float32.
        samples: Inputs to measure ranges on, a letter or more each.

    Returns:
        A file with the same inputs and outputs.
    """
    model = _look_up(model)
    graph = read(model)
    products = {p.result: p for p in _products(graph)}
    ranges = _ranges(model, {_source(graph, p.source) for p in products.values()}, samples)
    writer = _Writer(graph, ranges, dict(graph.constants))
    for node in graph.nodes:
        product = products.get(node.output[0])
        if product is None:
            writer.nodes.append(node)
        else:
            writer.multiply(product)
    return store(rebuild(model, writer.nodes, writer.constants), BYTE)


def _look_up(model: ModelProto) -> ModelProto:
    """Move what depends on a piece alone before the look-up, so that it is computed once.

    onnxruntime folds it into the table when the file is opened.
    """
    graph = read(model)
    nodes = list(graph.nodes)
    for found in [node for node in nodes if node.op_type == "Gather"]:
        chain = _chain(graph, found) if graph.weight(found.input[0]) is not None else []
        if not chain:
            continue
        name = found.input[0]
        for node in chain:
            moved = helper.make_node(
                node.op_type, [name, *node.input[1:]], [f"{node.output[0]}:of"]
            )
            moved.attribute.extend(node.attribute)
            name = moved.output[0]
            nodes.insert(nodes.index(found), moved)
        last = chain[-1]
        nodes[nodes.index(last)] = helper.make_node(
            "Gather", [name, found.input[1]], [last.output[0]]
        )
    return rebuild(model, nodes, graph.constants)


def _chain(graph: Graph, found: NodeProto) -> list[NodeProto]:
    """Nodes after a look-up, one after the other, that see one row at a time and constants."""
    chain: list[NodeProto] = []
    name = found.output[0]
    while len(after := [node for node in graph.nodes if _by_row(graph, node, name)]) == 1:
        if chain and graph.readers[name] > 1:
            break
        chain += after
        name = after[0].output[0]
    return chain


def _by_row(graph: Graph, node: NodeProto, name: str) -> bool:
    """Whether a node does to each row of a tensor what it would do to that row alone."""
    if not node.input or node.input[0] != name:
        return False
    others = [graph.constants[n].ndim for n in node.input[1:] if n in graph.constants]
    if len(others) < len(node.input) - 1:
        return False
    last = any(a.name == "axis" and a.i == -1 for a in node.attribute)
    rules = {"MatMul": others == [2], "Add": others == [1], "LayerNormalization": last}
    return rules.get(node.op_type, False)


def _products(graph: Graph) -> Iterator[_Product]:
    """Products with a large constant weight, with the bias that is added next."""
    tables = {name for name in graph.maker if name.endswith(":of")} | set(graph.constants)
    added = {n.input[k]: n for n in graph.nodes if n.op_type == "Add" for k in (0, 1)}
    for node in graph.nodes:
        if node.op_type != "MatMul" or (weight := graph.weight(node.input[1])) is None:
            continue
        if node.input[0] in tables:
            continue
        then = added.get(node.output[0])
        bias = "" if then is None else next(n for n in then.input if n != node.output[0])
        alone = graph.readers[node.output[0]] == 1 and bias in graph.constants
        if then is not None and alone and graph.constants[bias].ndim == 1:
            yield _Product(node.input[0], weight, bias, then.output[0])
        else:
            yield _Product(node.input[0], weight, "", node.output[0])


def _spread(graph: Graph, name: str) -> tuple[NodeProto, Sequence[NodeProto], NodeProto] | None:
    """Pad, slices and join of a tensor that holds copies of one other, moved by some pieces."""
    join = graph.maker.get(name)
    if join is None or join.op_type != "Concat":
        return None
    slices = [graph.maker[part] for part in join.input if part in graph.maker]
    pads = [graph.maker.get(part.input[0]) for part in slices if part.op_type == "Slice"]
    pad = pads[0] if len(pads) == len(join.input) else None
    if pad is None or pad.op_type != "Pad" or any(p is not pad for p in pads):
        return None
    return None if len(pad.input) > 2 and pad.input[2] else (pad, slices, join)  # noqa: PLR2004


def _source(graph: Graph, name: str) -> str:
    """What is to be rounded for a product: copies are made of what is rounded already."""
    found = _spread(graph, name)
    return name if found is None else found[0].input[0]


def _ranges(model: ModelProto, names: set[str], samples: Feeds) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of tensors over the samples, 0 included."""
    shown = ModelProto()
    shown.CopyFrom(model)
    outputs = sorted(names)
    for name in outputs:
        shown.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    run = session(shown.SerializeToString())
    ranges = dict.fromkeys(outputs, (0.0, 0.0))
    for feed in samples:
        for name, value in zip(outputs, run.run(outputs, feed), strict=True):
            low, high = ranges[name]
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    return ranges


@dataclass
class _Writer:
    """Nodes of the file that is being written."""

    graph: Graph
    ranges: Mapping[str, tuple[float, float]]
    constants: dict[str, Array]
    nodes: list[NodeProto] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def multiply(self, product: _Product) -> None:
        """A product in eight bits."""
        source, result = _source(self.graph, product.source), product.result
        whole, scale = _rounded(product.weight, 0, TOP)
        self.constants |= {f"{result}:8": whole, f"{result}:scale": scale[0]}
        self._round(source)
        self._spread(product.source)
        given = [
            f"{product.source}:q", f"{result}:8", f"{source}:step", f"{result}:scale",
            f"{source}:zero", "", product.bias,
        ]  # fmt: skip
        made = helper.make_node("MatMulIntegerToFloat", given, [result], domain=MICROSOFT)
        self.nodes.append(made)

    def _round(self, name: str) -> None:
        """A tensor in whole numbers from 0 to 255."""
        if name in self.done:
            return
        self.done.add(name)
        low, high = self.ranges[name]
        step = max(high - low, 1e-6) / 255
        self.constants[f"{name}:step"] = np.array(step, np.float32)
        self.constants[f"{name}:zero"] = np.array(round(-low / step), np.uint8)
        given = [name, f"{name}:step", f"{name}:zero"]
        self.nodes.append(helper.make_node("QuantizeLinear", given, [f"{name}:q"]))

    def _spread(self, name: str) -> None:
        """The copies of a rounded tensor, a quarter of the bytes that copies before it have."""
        found = _spread(self.graph, name)
        if found is None or name in self.done:
            return
        self.done.add(name)
        pad, slices, join = found
        zero = f"{pad.input[0]}:zero"
        self.nodes.append(_again(pad, [f"{pad.input[0]}:q", pad.input[1], zero]))
        self.nodes += [_again(n, [f"{pad.output[0]}:q", *n.input[1:]]) for n in slices]
        self.nodes.append(_again(join, [f"{part}:q" for part in join.input]))


def _again(node: NodeProto, inputs: Sequence[str]) -> NodeProto:
    """A node over rounded tensors."""
    made = helper.make_node(node.op_type, inputs, [f"{node.output[0]}:q"])
    made.attribute.extend(node.attribute)
    return made
