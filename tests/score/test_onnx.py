"""The served encoder says what torch says, of every character, and refuses what is not whole."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp import bundle
from nlp.bundle import open_bundle
from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER, OnnxModel, Reading
from nlp.text import View
from nlp.train.export_onnx import compare
from tests import toy_encoder, toy_onnx
from tests.toy_encoder import SAMPLE, TAGS, views

# by sentence in eight bits, over sentence ends in full; how far from torch each may be. Files made
# by hand know no torch; they are there at once
Kind = tuple[bool, str, float]
KINDS: dict[str, Kind] = {"sentences": (True, "int8", 0.05), "overlapping": (False, "fp32", 1e-4)}
EXPORTED = [pytest.param(kind, id=name, marks=pytest.mark.slow) for name, kind in KINDS.items()]


BY_HAND = pytest.param(None, id="by hand")


@pytest.fixture(scope="module", params=[BY_HAND, *EXPORTED])
def kind(request: pytest.FixtureRequest) -> Kind | None:
    """How the model reads, and how exact it is; None for one that was made by hand."""
    return request.param


@pytest.fixture(scope="module")
def folder(kind: Kind | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle; not to be written to."""
    made = tmp_path_factory.mktemp("bundle")
    if kind is not None:
        toy_encoder.bundle_at(made, by_sentence=kind[0], precision=kind[1])
        return made
    names = toy_onnx.write(made, toy_encoder.HEADS, TAGS)
    heads = {head: list(labels) for head, labels in toy_encoder.HEADS.items()}
    own = {"name": "样", "version": "1", "tags": list(TAGS), "unit_heads": heads}
    bundle.write(made, {**toy_onnx.manifest(), **own}, names)
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> OnnxModel:
    """The model of the bundle."""
    return OnnxModel(open_bundle(folder))


def same(one: Reading, other: Reading, *, at: int, by: int) -> None:
    """Letter ``at`` of one reading is letter ``by`` of the other."""
    for head, rows in one.letters.items():
        np.testing.assert_allclose(rows[at], other.letters[head][by], atol=1e-5)
        np.testing.assert_allclose(one.sentences[at][head], other.sentences[by][head], atol=1e-5)
    np.testing.assert_array_equal(one.tags[at].starts, other.tags[by].starts)
    np.testing.assert_allclose(one.tags[at].logits, other.tags[by].logits, atol=1e-5)


@pytest.mark.parametrize("kind", EXPORTED, indirect=True)
def test_it_says_what_torch_says(kind: Kind, folder: Path, model: OnnxModel) -> None:
    """Letters, sentences and tags, each window read alone in torch."""
    network = toy_encoder.network(by_sentence=kind[0])
    measured = compare(network, folder, [*SAMPLE, *views("", "😀", "停水" * 100)])
    assert set(measured) == {*model.heads, "tags"}
    assert all(found["max"] < kind[2] for found in measured.values())


def test_every_letter_and_sentence_has_a_row(model: OnnxModel) -> None:
    """In the order given; a blank letter and one of a single emoji too."""
    given = [*SAMPLE, *views("", " \n", "😀", "路灯坏了。\n停水")]
    read = model.read(given, tags=True)
    for head, labels in toy_encoder.HEADS.items():
        assert read.letters[head].shape == (len(given), len(labels))
        assert read.letters[head].dtype == np.float32
        shapes = [own[head].shape for own in read.sentences]
        assert shapes == [(len(view.sentences), len(labels)) for view in given]
        assert np.isfinite(read.letters[head]).all()
    assert len(read.tags) == len(given)
    assert model.read(given).tags == []


def test_no_letters_no_rows(model: OnnxModel) -> None:
    """Nothing in, nothing out, of the right width."""
    read = model.read([], tags=True)
    assert read.letters["category"].shape == (0, 3)
    assert read.sentences == read.tags == []


def test_neighbours_do_not_matter(model: OnnxModel) -> None:
    """A letter alone is read as it is read among others, in any order."""
    given = [*SAMPLE, *views("😀", "停水" * 40)]
    together, backwards = model.read(given, tags=True), model.read(given[::-1], tags=True)
    for i, view in enumerate(given):
        same(together, backwards, at=i, by=len(given) - 1 - i)
        same(together, model.read([view], tags=True), at=i, by=0)


def test_tags_stand_on_the_letter(model: OnnxModel) -> None:
    """Each piece has its place in the text, in order, once."""
    view = View(Letter("样", "停水", "路灯坏了。 没有人管！" * 9))
    tags = model.read([view], tags=True).tags[0]
    assert tags.logits.shape == (len(tags.starts), len(TAGS))
    said = [view.text[a:b] for a, b in zip(tags.starts, tags.ends, strict=True)]
    if len(model.read([view]).sentences[0]["crisis"]) > 1:
        assert "".join("".join(said).split()) == "".join(view.text.split())


def test_a_sentence_at_the_end_of_a_long_letter_keeps_its_answer(model: OnnxModel) -> None:
    """Moved from the start to the end of 20,000 characters it says the same."""
    said, rest = "局长收钱学校房子塌了！", "路灯坏了。\n" * 3400
    read = model.read(views(said + rest, rest + said, said))
    for head in model.heads:
        first, last, alone = (own[head] for own in read.sentences)
        np.testing.assert_allclose(first[0], last[-1], atol=1e-5)
        np.testing.assert_allclose(first[0], alone[0], atol=1e-5)


@pytest.mark.parametrize("kind", [BY_HAND, EXPORTED[0]], indirect=True)
def test_a_letter_of_200_000_characters_is_read_whole(model: OnnxModel) -> None:
    """Every piece has its tags, every sentence its row, and the end counts."""
    body = ("我们小区停水三天了没有人管，" * 14 + "路灯坏了。") * 1000
    (long,) = views(body)
    read = model.read([long], tags=True)
    assert len(body) > 200_000
    assert len(read.sentences[0]["crisis"]) == len(long.sentences) == 1000
    assert read.tags[0].starts.tolist() == [i for i, c in enumerate(long.text) if not c.isspace()]
    other = model.read(views(body[:-9] + "局长收钱房子塌！！"))
    assert not np.array_equal(read.letters["category"], other.letters["category"])


def test_evidence_is_the_sentence_that_speaks_most(model: OnnxModel) -> None:
    """By its logit, or where one label of many is true by its lead over the others."""
    logits = {
        "category": np.array([[5, 9, 0], [4, 1, 0], [0, 0, 9]], np.float32),
        "urgency": np.array([[1, 0], [3, 0], [2, 0]], np.float32),
        "crisis": np.zeros((0, 1), np.float32),
    }
    ask = model.evidence(logits, choices={"category"})
    pointed = [ask("category", "城建"), ask("category", "交通"), ask("urgency", "1")]
    assert [scores is not None and int(scores.argmax()) for scores in pointed] == [1, 0, 1]
    assert ask("crisis", "自伤") is None
    plain = model.evidence(logits, choices=())("category", "城建")
    assert plain is not None
    assert plain.tolist() == [5, 4, 0]


def test_threads_may_share_a_model(model: OnnxModel) -> None:
    """Read at once in four threads, letters are read as alone."""
    with ThreadPoolExecutor(4) as pool:
        reads = list(pool.map(lambda _: model.read(SAMPLE, tags=True), range(8)))
    for read in reads[1:]:
        for i in range(len(SAMPLE)):
            same(reads[0], read, at=i, by=i)


def in_worker(folder: Path) -> Any:
    """What a worker process says of the sample."""
    return OnnxModel(open_bundle(folder)).read(SAMPLE).letters["category"]


@pytest.mark.parametrize("kind", EXPORTED[:1], indirect=True)
def test_a_spawned_process_opens_it(folder: Path, model: OnnxModel) -> None:
    """Workers of a scan are spawned and open the bundle themselves."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        said = pool.submit(in_worker, folder).result()
    np.testing.assert_allclose(said, model.read(SAMPLE).letters["category"], atol=1e-5)


def cut_off(name: str) -> Callable[[Path, dict[str, Any]], None]:
    """Half of a file, with a manifest that agrees."""
    return lambda folder, _: _write(folder / name, (folder / name).read_bytes()[:-2000])


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def grown(folder: Path, _: dict[str, Any]) -> None:
    """A tokenizer that gives pieces the encoder has no row for."""
    told = json.loads((folder / TOKENIZER).read_text("utf-8"))
    known = told["model"]["vocab"]
    known |= {chr(0x9000 + i): len(known) + i for i in range(200)}
    (folder / TOKENIZER).write_text(json.dumps(told), "utf-8")


def swapped(folder: Path, _: dict[str, Any]) -> None:
    """The heads in the place of the encoder."""
    shutil.copy(folder / HEADS, folder / ENCODER)


HARM: dict[str, tuple[Callable[[Path, dict[str, Any]], object], str, str]] = {
    "encoder cut off": (cut_off(ENCODER), ENCODER, "读不出来"),
    "heads cut off": (cut_off(HEADS), HEADS, "读不出来"),
    "tokenizer cut off": (cut_off(TOKENIZER), TOKENIZER, "读不出来"),
    "not ONNX": (lambda f, _: (f / ENCODER).write_bytes(b"onnx"), ENCODER, "读不出来"),
    "empty": (lambda f, _: (f / HEADS).write_bytes(b""), HEADS, "读不出来"),
    "another network": (swapped, ENCODER, "输入输出与清单不符"),
    "larger vocabulary": (grown, ENCODER, "词表不符"),
    "a label more": (lambda _, m: m["unit_heads"]["crisis"].append("x"), HEADS, "与清单不符"),
    "a tag more": (lambda _, m: m["tags"].append("x"), ENCODER, "与清单不符"),
    "tags forgotten": (lambda _, m: m.update(tags=[]), ENCODER, "与清单不符"),
    "no heads": (lambda _, m: m.update(unit_heads={}), bundle.MANIFEST, "任务为空"),
    "no layout": (lambda _, m: m.pop("layout"), bundle.MANIFEST, "缺少编码器的窗口"),
    "no room": (lambda _, m: m["layout"].update(limit=1, begin=[1]), bundle.MANIFEST, "窗口过短"),
    "heads a list": (lambda _, m: m.update(unit_heads=[]), bundle.MANIFEST, "缺少编码器的窗口"),
    "another kind": (lambda _, m: m.update(kind="linear"), bundle.MANIFEST, "没有编码器"),
}  # fmt: skip


@pytest.mark.parametrize(("harm", "file", "message"), HARM.values(), ids=HARM)
def test_what_the_manifest_does_not_promise_is_refused(
    folder: Path, tmp_path: Path, harm: Any, file: str, message: str
) -> None:
    """With digests that agree, a wrong file is named, with a remedy."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / bundle.MANIFEST).read_text("utf-8"))
    names = tuple(manifest.pop("files"))
    harm(copy, manifest)
    made = bundle.write(copy, manifest, names)
    with pytest.raises(BundleError, match=message) as refused:
        OnnxModel(made)
    assert refused.value.where.endswith(file)
    assert refused.value.remedy


@pytest.mark.parametrize("name", [ENCODER, HEADS, TOKENIZER])
def test_an_altered_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """One bit is enough."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match="校验值不符"):
        open_bundle(copy)
