"""A bundle opens as what it says it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nlp import bundle
from nlp.bundle import MANIFEST
from nlp.errors import BundleError
from nlp.score.encoder import EncoderScorer
from nlp.score.linear import LinearScorer
from nlp.score.shelf import open_scorer
from tests import toy_onnx
from tests.conftest import ROOT


def test_a_linear_bundle_opens_as_one(toy_bundle: Path) -> None:
    """The kind decides, nothing else."""
    assert isinstance(open_scorer(bundle.open_bundle(toy_bundle)), LinearScorer)


def test_an_encoder_opens_as_one(tmp_path: Path, toy_bundle: Path) -> None:
    """With a linear side and without."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "joined").mkdir()
    for made in (
        toy_onnx.bundle_at(tmp_path / "alone"),
        toy_onnx.bundle_at(tmp_path / "joined", linear=toy_bundle),
    ):
        assert isinstance(open_scorer(made), EncoderScorer)


@pytest.mark.parametrize("kind", ["tree", ""])
def test_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    """The manifest is named, with what to do."""
    made = toy_onnx.bundle_at(tmp_path, kind=kind)
    with pytest.raises(BundleError, match="不认识的模型种类") as caught:
        open_scorer(made)
    assert caught.value.where.endswith(MANIFEST)
    assert caught.value.remedy


def test_an_encoder_that_calls_itself_linear_is_refused(tmp_path: Path) -> None:
    """Its files are not those that a linear model is read from."""
    with pytest.raises(BundleError, match="清单里没有"):
        open_scorer(toy_onnx.bundle_at(tmp_path, kind="linear"))


def test_a_linear_bundle_needs_no_onnxruntime(toy_bundle: Path) -> None:
    """Half a second of imports is spared where nothing of it is used."""
    code = (
        "import json, sys; from pathlib import Path; from nlp import bundle; "
        "from nlp.score.shelf import open_scorer; "
        "open_scorer(bundle.open_bundle(Path(sys.argv[1]))); "
        "print(json.dumps(sorted({'onnxruntime', 'tokenizers'} & set(sys.modules))))"
    )
    done = subprocess.run(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", code, str(toy_bundle)], cwd=ROOT, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == []
