"""ONNX files as nodes and constants that can be changed and written again.

What is written holds no trace of its making: the exporter of torch notes paths and lines of source
with every node.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

Array = NDArray[Any]
Feeds = Sequence[Mapping[str, Array]]
MICROSOFT = "com.microsoft"
"""The operators that onnxruntime adds."""
SMALL = 4096
"""Weights with fewer numbers stay as they are."""


@dataclass
class Graph:
    """Nodes and constants of a file, with what makes and what reads each tensor."""

    nodes: list[NodeProto]
    constants: dict[str, Array]
    maker: Mapping[str, NodeProto] = field(init=False)
    readers: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.maker = {out: node for node in self.nodes for out in node.output}
        self.readers = Counter(name for node in self.nodes for name in node.input)

    def weight(self, name: str) -> Array | None:
        """A large matrix of float32 by name."""
        found = self.constants.get(name)
        if found is None or found.ndim != 2 or found.dtype != np.float32:  # noqa: PLR2004
            return None
        return found if found.size >= SMALL else None


def read(model: ModelProto) -> Graph:
    """The graph of a file."""
    constants = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    return Graph(list(model.graph.node), constants)


def rebuild(
    model: ModelProto, nodes: Sequence[NodeProto], constants: Mapping[str, Array]
) -> ModelProto:
    """A file with other nodes; what nothing reads is left out, and who wrote it is not told."""
    wanted = {out.name for out in model.graph.output}
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    stored = [numpy_helper.from_array(a, n) for n, a in constants.items() if n in wanted]
    for node in kept:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        node.ClearField("name")
    graph = helper.make_graph(
        kept[::-1], "petition", [_plain(i) for i in model.graph.input],
        [_plain(o) for o in model.graph.output], stored,
    )  # fmt: skip
    versions = [entry for entry in model.opset_import if entry.domain != MICROSOFT]
    versions.append(helper.make_opsetid(MICROSOFT, 1))
    return helper.make_model(graph, opset_imports=versions, ir_version=model.ir_version)


def _plain(value: Any) -> Any:  # noqa: ANN401  # onnx.ValueInfoProto
    """Name, type and shape of an input or output, nothing else."""
    plain = type(value)()
    plain.CopyFrom(value)
    plain.ClearField("metadata_props")
    plain.ClearField("doc_string")
    return plain


def plain(model: ModelProto) -> ModelProto:
    """The same file without names of sources and without traces of its making."""
    graph = read(model)
    return rebuild(model, graph.nodes, graph.constants)
