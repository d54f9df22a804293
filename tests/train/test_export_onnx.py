"""Exported files say what the network says, are small, and tell nothing of where they were made."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from nlp.bundle import Bundle, open_bundle
from nlp.errors import PetitionError
from nlp.score.onnx import ENCODER, HEADS, OnnxModel
from nlp.score.session import session
from nlp.train import export_onnx
from nlp.train.export_onnx import export
from nlp.train.graph import plain
from nlp.train.quantise import BYTE, HALF, store
from tests import toy_encoder
from tests.toy_encoder import SAMPLE, views


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Bundle, dict[str, Any]]:
    """The toy network in eight bits, and what the export measured."""
    told = toy_encoder.exported(by_sentence=True, precision="int8")[1]
    return toy_encoder.bundle_at(tmp_path, by_sentence=True, precision="int8"), told


@pytest.mark.slow
def test_eight_bits_are_near_the_network(whole: tuple[Bundle, dict[str, Any]]) -> None:
    """What moved is measured a head, and stays within the limit."""
    told = whole[1]["export"]
    assert set(told["differences"]) == {*toy_encoder.HEADS, "tags"}
    for found in told["differences"].values():
        assert 0 < found["mean"] <= found["p99"] <= found["max"] < 0.05
    assert (told["precision"], told["letters"]) == ("int8", len(SAMPLE))
    assert told["bytes"] == {
        name: (whole[0].folder / name).stat().st_size for name in export_onnx.FILES
    }


@pytest.mark.slow
def test_large_products_are_of_whole_numbers(whole: tuple[Bundle, dict[str, Any]]) -> None:
    """Rounded once, before copies are made; what depends on a piece alone is looked up."""
    graph = onnx.load(whole[0].folder / ENCODER).graph
    made = {out: node for node in graph.node for out in node.output}
    products = [node for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    assert len(products) >= 4
    rounded = [node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"]
    assert len(set(rounded)) == len(rounded) <= len(products)
    joins = [made[node.input[0]] for node in products if made[node.input[0]].op_type == "Concat"]
    pads = [made[made[join.input[0]].input[0]] for join in joins]
    assert len(joins) == 1 + 3
    assert {made[pad.input[0]].op_type for pad in pads} == {"QuantizeLinear"}
    tables = [node.input[0] for node in graph.node if node.op_type == "Gather"]
    assert any(name in made and made[name].op_type == "LayerNormalization" for name in tables)
    table = next(t for t in graph.initializer if t.name.endswith("embedding.weight:scale"))
    assert table.dims[1] == 1
    large = [t for t in graph.initializer if np.prod(t.dims) >= 4096]
    assert {t.data_type for t in large} == {onnx.TensorProto.INT8}


@pytest.mark.slow
def test_eight_bit_answers_do_not_depend_on_neighbours(
    whole: tuple[Bundle, dict[str, Any]],
) -> None:
    """Ranges are fixed in the file, so a loud letter changes nothing of a quiet one."""
    model = OnnxModel(open_bundle(whole[0].folder))
    together = model.read([*SAMPLE, *views("12345" * 50, "😀" * 90)], tags=True)
    for i, view in enumerate(SAMPLE):
        alone = model.read([view], tags=True)
        for head, rows in alone.letters.items():
            np.testing.assert_allclose(rows[0], together.letters[head][i], atol=1e-5)
        np.testing.assert_allclose(alone.tags[0].logits, together.tags[i].logits, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [ENCODER, HEADS])
def test_a_file_tells_nothing_of_its_making(
    whole: tuple[Bundle, dict[str, Any]], name: str
) -> None:
    """No path, no line of source, no name of a module."""
    data = (whole[0].folder / name).read_bytes()
    for word in (b".py", b"site-packages", b"torch", b"nlp.train", b"stack_trace"):
        assert word not in data
    model = onnx.load_from_string(data)
    assert not model.producer_name
    assert not model.metadata_props
    onnx.checker.check_model(model)


@pytest.mark.slow
def test_the_same_network_gives_the_same_bytes(whole: tuple[Bundle, dict[str, Any]]) -> None:
    """Traced again, the heads are the same file."""
    again = export_onnx._heads(toy_encoder.network(), "int8").SerializeToString(deterministic=True)
    assert again == (whole[0].folder / HEADS).read_bytes()


def test_files_that_say_something_else_are_refused() -> None:
    """The message names the head and what can be done."""
    found = {"urgency": {"mean": 0.05}, "crisis": {"mean": 0.0}}
    export_onnx._refuse(found, 0.05, Path("m"))
    for wrong in ({"crisis": {"mean": 0.06}}, {"crisis": {"mean": float("nan")}}):
        with pytest.raises(PetitionError, match=r"crisis 的概率平均移动.*fp16"):
            export_onnx._refuse({**found, **wrong}, 0.05, Path("m"))


def test_without_letters_nothing_is_exported(tmp_path: Path) -> None:
    """There would be no check."""
    with pytest.raises(PetitionError, match="没有用来核对"):
        export(toy_encoder.network(), tmp_path, precision="fp32", views=[], limit=1)
    assert not list(tmp_path.iterdir())


class Table(torch.nn.Module):
    """A look-up and a product."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = torch.nn.Embedding(80, 64)
        self.leave = torch.nn.Linear(64, 70)

    def forward(self, sums: torch.Tensor) -> torch.Tensor:
        """Logits of numbers of rows."""
        return self.leave(torch.relu(self.rows(sums)))


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "share", "near"), [(HALF, 0.6, 2e-3), (BYTE, 0.4, 4e-2)])
def test_weights_can_be_kept_in_fewer_bits(bits: int, share: float, near: float) -> None:
    """The file shrinks, its answers hardly move."""
    torch.manual_seed(0)
    given = {"sums": torch.tensor([1, 79, 3])}
    model = export_onnx._trace(Table().eval(), given, ["logits"])
    small = store(model, bits).SerializeToString()
    whole = plain(model).SerializeToString()
    assert len(small) < share * len(whole)
    feed = {"sums": np.array([0, 5, 79, 12])}
    one, other = (session(data).run(["logits"], feed)[0] for data in (whole, small))
    np.testing.assert_allclose(one, other, atol=near)
