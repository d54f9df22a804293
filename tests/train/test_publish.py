"""From a TOML to a bundle that reads letters, through the command line: the whole training door."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from nlp import bundle, labels
from nlp.cli.app import app
from nlp.errors import BundleError
from nlp.fields.ranker import FILE as FIELDS
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER
from nlp.train.data import to_letter
from nlp.train.linear import HELD
from nlp.train.loop import CHECKPOINT, CURVES
from nlp.triage import Triage
from tests import toy_training

pytestmark = pytest.mark.slow

RUN = """
name = "toy"
[data]
folder = "."
annotated = { gold_train = 1.0 }
annotations = { "more.csv" = 0.8 }
boards = { category_train = 0.4 }
texts = ["letters_unlabelled"]
crisis = { short = 0.3 }
exclude = ["test"]
dev = 0.3
[encoder]
kind = "scratch"
width = 32
layers = 1
attention = 2
pieces = 600
window = 24
pretrain_epochs = 1
[heads]
gates = 2
gate_width = 8
peak = 8
hidden = 32
tagger = 16
dropout = 0.1
[loop]
epochs = 20
batch = 8
rate = 0.01
encoder_rate = 0.005
piece_dropout = 0.0
threads = 1
[export]
parity = 0.2
precision = "int8"
"""
MORE = "id,category_l1,category_l2,purpose,urgency,distress,emotions,flags,needs,crisis\n"
TEST = toy_training.gold_rows()[0]


class Door(NamedTuple):
    """What the two commands left behind."""

    folder: Path
    alone: Path
    joined: Path
    figures: Any


def petition(*args: str | Path) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module", autouse=True)
def _quiet_machine() -> Iterator[None]:
    """How the process keeps memory is left as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlp.train.loop.keep_memory", lambda: None)
        yield


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, toy_bundle: Path) -> Door:
    """Trained alone in eight bits; exported again in full, joined with a linear model."""
    folder = toy_training.write_sets(tmp_path_factory.mktemp("door"))
    rows = {
        "letters_unlabelled": [{"id": "u", "text": "路灯坏了，请维修。"}],
        "short": [{"text": "我不想活了。", "high_risk": 1}, {"text": "吃饭了。", "high_risk": 0}],
        "test": [TEST],
    }
    for name, own in rows.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in own)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    l2 = labels.load().children("城乡建设")[0]
    (folder / "more.csv").write_text(f"{MORE}u,城乡建设,{l2},求助,1,0,失望,,诉求解决,\n", "utf-8")
    (folder / "run.toml").write_text(RUN, encoding="utf-8")
    joined = f'{RUN}linear = "../{toy_bundle.parent.name}/{toy_bundle.name}"\n'
    (folder / "joined.toml").write_text(joined, encoding="utf-8")
    trained = petition("train", folder / "run.toml", "--out", folder / "alone")
    assert trained.exit_code == 0, trained.output
    work = folder / "runs" / "toy"
    before = (work / CHECKPOINT).read_bytes()
    again = petition(
        "export", folder / "joined.toml", "--out", folder / "joined",
        "--work", work, "--precision", "fp32",
    )  # fmt: skip
    assert again.exit_code == 0, again.output
    assert (work / CHECKPOINT).read_bytes() == before
    return Door(folder, folder / "alone", folder / "joined", json.loads(again.stdout))


def read(folder: Path) -> tuple[Triage, list[Any], list[dict[str, Any]]]:
    """A bundle, its reports of the letters, and the letters."""
    reader, rows = Triage.load(folder), toy_training.gold_rows()
    return reader, reader.read([to_letter(row) for row in rows]), rows


@pytest.mark.parametrize("side", ["alone", "joined"])
def test_the_bundle_reads_letters(door: Door, side: str) -> None:
    """Every letter has a report by the model, and the model has learnt what letters are about."""
    _, reports, rows = read(getattr(door, side))
    assert {report.model.name for report in reports} == {"toy"}
    assert not any("模型未能" in reason for report in reports for reason in report.review.reasons)
    right = [one.category.l1 == row["category_l1"] for one, row in zip(reports, rows, strict=True)]
    assert np.mean(right) > 0.5  # of seven kinds


def test_a_field_ranker_comes_with_the_linear_side(door: Door) -> None:
    """The encoder alone answers 5W1H by rules; joined it brings the linear bundle's ranker."""
    alone, joined = (bundle.open_bundle(folder).manifest for folder in (door.alone, door.joined))
    assert FIELDS not in alone["files"]
    assert FIELDS in joined["files"]
    assert Triage.load(door.alone)._finders.rankers == {}
    assert set(Triage.load(door.joined)._finders.rankers) == {"mentions", "clauses"}


def test_the_manifest_says_how_it_was_made(door: Door) -> None:
    """Sets, seed, precision, digest of the labels, shares of both models, and the TOML itself."""
    opened = bundle.open_bundle(door.alone)
    told = opened.manifest
    assert (told["kind"], told["labels_digest"]) == ("encoder", labels.load().digest)
    assert told["export"]["precision"] == "int8"
    assert told["trained_on"] == {"gold_train": 38, "more": 1, "category_train": 5, "short": 2}
    assert told["held_out"] == {"dev": 17, "boards": 12}
    assert opened.file("train.toml").read_text("utf-8") == RUN
    assert opened.file(CURVES).read_text("utf-8").startswith("step,epoch,loss,dev category")
    assert (door.alone / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not any(any(own["linear"]) for own in told["blend"].values())
    both = bundle.open_bundle(door.joined).manifest
    assert both["export"]["precision"] == "fp32"
    assert any(both["blend"]["category"]["linear"])
    assert both["linear"]["name"] == "linear"
    assert not (door.joined / HELD).exists()


def test_figures_compare_what_was_joined(door: Door) -> None:
    """Linear, encoder and both on the same letters, as the manifest keeps them; all are shares."""
    compared = door.figures["compare"]
    assert bundle.open_bundle(door.joined).manifest["figures"] == door.figures
    assert set(compared["category"]) == {"linear", "encoder", "blend"}
    assert set(compared["crisis"]) == {"encoder", "blend"}
    assert all(0 <= value <= 1 for own in compared.values() for value in own.values())
    assert set(door.figures["tags"]) == set(TEST["fields"])


def test_full_precision_is_the_network(door: Door) -> None:
    """Exported in full, what is served is what was trained; files are larger than in eight bits."""
    told = bundle.open_bundle(door.joined).manifest["export"]
    assert all(found["max"] < 1e-4 for found in told["differences"].values())
    assert told["bytes"][ENCODER] > (door.alone / ENCODER).stat().st_size


def test_evaluate_scores_it(door: Door, tmp_path: Path) -> None:
    """The command measures any bundle by annotated letters."""
    gold = tmp_path / "gold.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in toy_training.gold_rows()[:14]]
    gold.write_text("\n".join(lines), encoding="utf-8")
    done = petition("evaluate", gold, "--bundle", door.alone)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)


def test_a_finished_run_is_not_trained_again(door: Door) -> None:
    """Asked to train what is trained, another TOML is refused, an unfinished one not exported."""
    other = door.folder / "other.toml"
    other.write_text(RUN.replace("epochs = 20", "epochs = 21"), encoding="utf-8")
    refused = petition(
        "train", other, "--out", door.folder / "no", "--work", door.folder / "runs/toy"
    )
    assert refused.exit_code == 2
    assert "另一份配置" in refused.stderr
    none = petition("export", other, "--out", door.folder / "no", "--work", door.folder / "none")
    assert none.exit_code == 2
    assert "没有检查点" in none.stderr
    precise = petition(
        "export", door.folder / "run.toml", "--out", door.folder / "no", "--precision", "int4"
    )
    assert precise.exit_code == 2
    assert "int4" in precise.stderr
    assert not (door.folder / "no").exists()


def copied(door: Door, target: Path) -> tuple[dict[str, Any], Path]:
    """The joined bundle to be harmed, and its manifest."""
    shutil.copytree(door.joined, target)
    return json.loads((target / bundle.MANIFEST).read_text("utf-8")), target


@pytest.mark.parametrize("name", [ENCODER, HEADS, TOKENIZER, FIELDS, "train.toml"])
def test_a_tampered_file_is_refused(door: Door, tmp_path: Path, name: str) -> None:
    """One bit of any file that the manifest lists, the TOML too."""
    _, folder = copied(door, tmp_path / "bundle")
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleError, match="校验值不符"):
        Triage.load(folder)


@pytest.mark.parametrize("key", ["blend", "layout", "unit_heads", "cuts", "heads"])
def test_a_manifest_without_a_part_is_refused(door: Door, tmp_path: Path, key: str) -> None:
    """What serving needs is never guessed."""
    manifest, folder = copied(door, tmp_path / "bundle")
    del manifest[key]
    bundle.write(folder, manifest, tuple(manifest["files"]))
    with pytest.raises(BundleError, match="模型清单"):
        Triage.load(folder)


def test_other_labels_are_refused(door: Door, tmp_path: Path) -> None:
    """A bundle whose heads are not in the labels' order is not read with them."""
    manifest, folder = copied(door, tmp_path / "bundle")
    for table in ("unit_heads", "heads"):
        manifest[table]["needs"] = manifest[table]["needs"][::-1]
    bundle.write(folder, manifest, tuple(manifest["files"]))
    with pytest.raises(BundleError, match="标签与 labels/ 不符"):
        Triage.load(folder)
