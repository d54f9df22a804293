"""The whole recipe on some hundred invented letters: sets in, a bundle that reads letters out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp import bundle, labels
from nlp.classify import sigmoid, softmax
from nlp.errors import PetitionError
from nlp.score.linear import WEIGHTS, LinearScorer
from nlp.train import data, features, heads, linear
from nlp.train.export import pack
from nlp.train.heads import Corpus, Head
from nlp.triage import Triage
from tests import toy_training


def test_a_trained_bundle_reads_letters(toy_bundle: Path) -> None:
    """The bundle opens, fits the labels, and has learnt what the letters taught."""
    reader = Triage.load(toy_bundle)
    rows = toy_training.gold_rows()[:7]
    reports = reader.read([data.to_letter(row) for row in rows])
    assert [r.category.l1 for r in reports] == [row["category_l1"] for row in rows]
    assert [r.purpose.name for r in reports] == [row["purpose"] for row in rows]
    assert all(r.category.l2 in reader.labels.children(r.category.l1 or "") for r in reports)
    assert {r.model.name for r in reports} == {linear.NAME}


def test_figures_say_how_they_were_measured(
    toy_training_run: tuple[Path, dict[str, Any]],
) -> None:
    """The manifest keeps the figures, the sets and the seed, so that they can be had again."""
    folder, figures = toy_training_run
    manifest = bundle.open_bundle(folder).manifest
    assert manifest["figures"] == json.loads(json.dumps(figures))
    assert "cross-validation" in figures["measured"]
    assert manifest["trained_on"] == {
        "gold_train": len(toy_training.gold_rows()),
        "category_train": len(toy_training.board_rows()),
        "letters_unlabelled": 3,
        "annotations": 0,
    }
    assert manifest["seed"] == 1
    measured = [value for key, value in figures.items() if key not in {"measured", "fields"}]
    assert all(0 <= value <= 1 for value in measured)


def test_files_can_be_read_by_others(toy_bundle: Path) -> None:
    """Weights are not left to their owner alone."""
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in toy_bundle.iterdir())


@pytest.fixture(scope="module")
def fitted() -> tuple[features.Features, Corpus, dict[str, Head]]:
    """Float weights of all heads, before they are packed."""
    gold, board = toy_training.gold_rows()[:28], toy_training.board_rows()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "SIZES", {"characters": 800, "words": 400, "title": 200})
        patch.setattr(features, "DIRECTIONS", 8)
        learnt = features.fit([data.to_letter(row) for row in [*gold, *board]], seed=0)
    own, other = (
        Corpus.build(rows, [data.to_letter(row) for row in rows], learnt) for rows in (gold, board)
    )
    return learnt, own, heads.fit_all(own, other, labels.load())


def test_packed_weights_give_the_float_answers(
    fitted: tuple[features.Features, Corpus, dict[str, Head]], tmp_path: Path
) -> None:
    """What is served in eight bits gives the probabilities of the float weights within .02."""
    learnt, corpus, own = fitted
    linear.save_file(pack(own, learnt), tmp_path / WEIGHTS)
    (tmp_path / linear.VOCABULARY).write_text(json.dumps(learnt.vocabulary), "utf-8")
    manifest = {
        "name": "样", "version": "1", "kind": "linear", "families": features.WEIGHTS,
        "heads": {name: list(head.labels) for name, head in own.items()},
    }  # fmt: skip
    opened = bundle.write(tmp_path, manifest, (WEIGHTS, linear.VOCABULARY))
    served = LinearScorer(opened).score(corpus.letters)
    for name, head in own.items():
        scores = corpus.sparse[:, head.first_column :] @ head.direct + corpus.dense @ head.dense
        logits = head.calibration.logits(np.asarray(scores)).astype(np.float32)
        if head.first_column:
            assert (served[name].argmax(axis=1) == logits.argmax(axis=1)).mean() >= 0.9
            continue
        squash = softmax if name in {"category", "board", "purpose"} else sigmoid
        np.testing.assert_allclose(squash(served[name]), squash(logits), atol=0.02)


def test_related_letters_count_less(
    fitted: tuple[features.Features, Corpus, dict[str, Head]],
) -> None:
    """Each convention has its own head, with a logit for every first-level category."""
    _, corpus, own = fitted
    names = labels.load().level_one()
    assert own["category"].labels == own["board"].labels == names
    assert own["category"].held.shape == (len(corpus.rows) + 40, len(names))
    assert not np.allclose(own["category"].direct, own["board"].direct)


@pytest.mark.parametrize("missing", [linear.GOLD, linear.ARCHIVE, linear.UNLABELLED])
def test_a_missing_set_stops_the_training(tmp_path: Path, missing: str) -> None:
    """No file is written when a training set is not there."""
    toy_training.write_sets(tmp_path)
    for path in tmp_path.glob(f"{missing}.*"):
        path.unlink()
    with pytest.raises(PetitionError, match=missing):
        linear.main(source=tmp_path, out=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))
