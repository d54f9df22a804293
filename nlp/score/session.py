"""Opens ONNX files and tokenizers: with ``nlp.entities`` the only files on onnxruntime."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from tokenizers import Tokenizer

from nlp.bundle import REMEDY
from nlp.errors import BundleError
from nlp.score.windows import Floats

ort = cast("Any", onnxruntime)
_STATE: dict[str, object] = vars(
    importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
)
FAILURES: tuple[type[Exception], ...] = tuple(
    kind for kind in _STATE.values() if isinstance(kind, type) and issubclass(kind, Exception)
)
"""What onnxruntime raises; it has no common class below Exception."""


class _Value(Protocol):
    """What is used of an input or output of a session."""

    name: str
    shape: Sequence[int | str | None]


class Session(Protocol):
    """What is used of onnxruntime.InferenceSession, which carries no types."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Any]) -> list[Floats]:
        """Run the network."""
        ...

    def get_inputs(self) -> Sequence[_Value]:
        """What it wants."""
        ...

    def get_outputs(self) -> Sequence[_Value]:
        """What it gives."""
        ...


def session(data: bytes) -> Session:
    """A session that computes in the thread that calls it, and writes nothing to the terminal.

    Args:
        data: An ONNX file.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_mem_pattern = False  # every batch has another shape
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def open_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer, which neither truncates nor pads."""
    try:
        made = Tokenizer.from_buffer(path.read_bytes())
    except Exception as error:  # tokenizers raises nothing narrower
        raise BundleError("分词文件读不出来", where=str(path), remedy=REMEDY) from error
    made.no_truncation()
    made.no_padding()
    return made


def open_session(path: Path) -> Session:
    """A session over a file; read as bytes, so that it cannot point to other files."""
    try:
        return session(path.read_bytes())
    except (OSError, *FAILURES) as error:
        raise BundleError("ONNX 文件读不出来", where=str(path), remedy=REMEDY) from error
