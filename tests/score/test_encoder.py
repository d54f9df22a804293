"""The encoder's scorer: calibrated, joined with a linear model, refused where it does not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp import bundle
from nlp.bundle import MANIFEST, Bundle
from nlp.errors import BundleError
from nlp.letter import Letter
from nlp.score.encoder import SENTENCE_HEADS, EncoderScorer
from nlp.score.linear import LinearScorer
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER, OnnxModel
from nlp.text import View
from nlp.triage import Triage
from tests import toy_onnx, toy_training

BODIES = ("我们小区停水三天了。没有人管！", "路灯坏了，请尽快处理", "单位拖欠工资。", "", "😀")
VIEWS = [View(Letter(str(i), "停水", body)) for i, body in enumerate(BODIES)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """An encoder without a linear side; not to be written to."""
    return toy_onnx.bundle_at(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, toy_bundle: Path) -> Bundle:
    """An encoder with a linear side; not to be written to."""
    return toy_onnx.bundle_at(tmp_path_factory.mktemp("joined"), linear=toy_bundle)


def shares(own: Bundle, head: str) -> dict[str, Any]:
    """What the manifest says of a head, as arrays."""
    return {k: np.array(v, np.float32) for k, v in own.manifest["blend"][head].items()}


def test_logits_are_scaled_and_shifted(alone: Bundle) -> None:
    """Without a linear side: the encoder's times its factor plus the bias, label by label."""
    plain = OnnxModel(alone).read(VIEWS).letters
    for i, opinion in enumerate(EncoderScorer(alone).read(VIEWS)):
        assert set(opinion.letter) == set(alone.manifest["blend"])
        for head, logits in opinion.letter.items():
            own = shares(alone, head)
            wanted = plain[head][i] * own["encoder"] + own["bias"]
            np.testing.assert_allclose(logits, wanted, atol=1e-5)


def test_a_linear_model_is_added(joined: Bundle) -> None:
    """Times its factor where it knows the head; heads that it lacks are the encoder's alone."""
    plain = OnnxModel(joined).read(VIEWS).letters
    linear = LinearScorer(joined).read(VIEWS)
    found = EncoderScorer(joined).read(VIEWS)
    assert "crisis" not in linear[0].letter
    for i, opinion in enumerate(found):
        for head, logits in opinion.letter.items():
            own = shares(joined, head)
            wanted = plain[head][i] * own["encoder"] + own["bias"]
            if head in linear[i].letter:
                wanted += linear[i].letter[head] * own["linear"]
            np.testing.assert_allclose(logits, wanted, atol=1e-4)


def test_every_letter_has_an_opinion_of_its_own(alone: Bundle) -> None:
    """In order, whatever stands beside it; a row a sentence for the heads of sentences."""
    scorer = EncoderScorer(alone)
    found = scorer.read(VIEWS)
    assert scorer.read([]) == []
    for view, opinion in zip(VIEWS, found, strict=True):
        assert set(opinion.sentences) == SENTENCE_HEADS
        assert {len(rows) for rows in opinion.sentences.values()} == {len(view.sentences)}
        (single,) = scorer.read([view])
        for head, logits in single.letter.items():
            np.testing.assert_allclose(logits, opinion.letter[head], atol=1e-5)


def test_both_models_weigh_the_sentences(joined: Bundle, alone: Bundle) -> None:
    """Each counts alike on a scale of its own; where one has no word for a label, the other."""
    views = [View(Letter("样", "", f"路灯坏了。{toy_training.gold_rows()[1]['body']}"))]
    linear = LinearScorer(joined).read(views)[0].evidence
    plain = EncoderScorer(alone).read(views)[0].evidence
    both = EncoderScorer(joined).read(views)[0].evidence
    silent = 0
    for name in joined.manifest["heads"]["flags"]:
        weighed = [ask("flags", name) for ask in (plain, linear)]
        known = [scores for scores in weighed if scores is not None]
        silent += len(weighed) - len(known)
        wanted = sum((s - s.mean()) / max(float(s.std()), 1e-6) for s in known)
        given = both("flags", name)
        assert given is not None
        np.testing.assert_allclose(given, wanted, atol=1e-5)
    assert 0 < silent < len(joined.manifest["heads"]["flags"])
    single = EncoderScorer(joined).read([View(Letter("样", "", "路灯坏了"))])[0].evidence
    assert single("flags", "重复") is not None


def test_triage_reads_with_an_encoder_alone(alone: Bundle) -> None:
    """A bundle without a field ranker answers 5W1H by rules alone."""
    reader = Triage.load(alone.folder)
    assert reader._finders.rankers == {}
    reports = reader.read([view.letter for view in VIEWS])
    assert [report.id for report in reports] == list("01234")
    assert {report.model.name for report in reports} == {"样"}
    assert reports[0].category.l1 in reader.labels.level_one()
    assert not any("模型未能" in reason for report in reports for reason in report.review.reasons)


def test_triage_reads_with_both(joined: Bundle) -> None:
    """With a linear side the bundle brings a field ranker, and it is used."""
    reader = Triage.load(joined.folder)
    assert set(reader._finders.rankers) == {"mentions", "clauses"}
    (report,) = reader.read([VIEWS[0].letter])
    assert not any("模型未能" in reason for reason in report.review.reasons)


def heads_with(name: str, labels: list[str]) -> dict[str, Any]:
    """The heads' labels, one head changed."""
    return {**toy_onnx.manifest()["unit_heads"], name: labels}


SHARES = toy_onnx.manifest()["blend"]
FIRST = list(toy_onnx.KNOWN.level_one())
WRONG = {
    "no blend": ({"blend": None}, "缺少校准参数"),
    "a head forgotten": ({"blend": {"category": toy_onnx.share(15)}}, "缺少校准参数"),
    "a number short": ({"blend": {**SHARES, "needs": toy_onnx.share(2)}}, "缺少校准参数"),
    "no list": ({"blend": 1}, "缺少校准参数"),
    "other labels": ({"unit_heads": heads_with("category", FIRST[::-1])}, "标签与 labels/ 不符"),
    "no decisions": ({"cuts": None}, "缺少判定参数"),
    "no layout": ({"layout": None}, "缺少编码器的窗口"),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_a_manifest_that_does_not_fit_is_refused(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    """The folder is named, with what to do."""
    toy_onnx.bundle_at(tmp_path, **changed)
    with pytest.raises(BundleError, match=message) as caught:
        Triage.load(tmp_path)
    assert str(tmp_path) in caught.value.where
    assert caught.value.remedy


def test_a_linear_model_of_other_labels_is_refused(tmp_path: Path, toy_bundle: Path) -> None:
    """Its columns would be added to those of other labels."""
    heads = bundle.open_bundle(toy_bundle).manifest["heads"]
    changed = {**heads, "category": heads["category"][::-1]}
    made = toy_onnx.bundle_at(tmp_path, linear=toy_bundle, heads=changed)
    with pytest.raises(BundleError, match="线性模型的标签与编码器不符") as caught:
        EncoderScorer(made)
    assert caught.value.where.endswith(f"{MANIFEST} category")


@pytest.mark.parametrize("name", [ENCODER, HEADS, TOKENIZER])
def test_a_tampered_file_is_refused(tmp_path: Path, name: str) -> None:
    """One bit is enough, before anything is read from it."""
    toy_onnx.bundle_at(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BundleError, match="校验值不符"):
        Triage.load(tmp_path)
