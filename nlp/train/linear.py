"""Trains the linear bundle: kernel ridge over n-grams, calibrated, folded into plain weights.

Read ``main`` top to bottom: it is the whole recipe. Only training sets decide anything here;
development sets are for ``petition evaluate``.
"""

import json
import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from nlp import bundle, labels
from nlp.fields.ranker import FILE
from nlp.labels import Labels
from nlp.score.linear import VOCABULARY, WEIGHTS
from nlp.train import card, data, decide, features, fields, heads
from nlp.train.data import Row
from nlp.train.export import pack
from nlp.train.heads import Corpus

NAME = "linear"
VERSION = "1"
GOLD, ARCHIVE, UNLABELLED = "gold_train", "category_train", "letters_unlabelled"
PARTS = ("heads", "fields")
CARD = "README.md"
_log = logging.getLogger(__name__)


def main(
    *,
    source: Path,
    out: Path,
    labels_folder: Path | None = None,
    seed: int = 0,
    parts: Collection[str] = PARTS,
) -> dict[str, Any]:
    """Train and write a bundle.

    Args:
        source: Folder with the training sets (see ``nlp.train.data``).
        out: Folder to write, made when missing.
        labels_folder: The labels; None takes the shipped ones.
        seed: Of the latent projection, the only random part.
        parts: What to train anew; parts left out are kept from the bundle in ``out``.

    Returns:
        Figures by cross-validation on the training sets, as kept in the manifest.

    Raises:
        PetitionError: A training set is missing, or ``out`` holds no bundle to keep parts of.
    """
    known = labels.load(labels_folder)
    gold = data.read_rows(source, GOLD)
    out.mkdir(parents=True, exist_ok=True)
    kept = {} if set(PARTS) <= set(parts) else dict(bundle.open_bundle(out).manifest)
    manifest = kept
    if "heads" in parts:
        manifest = train_heads(gold, source=source, out=out, known=known, seed=seed)
    if "fields" in parts:
        manifest["figures"]["fields"] = fields.train(gold, known, out)
    else:
        manifest["figures"]["fields"] = kept["figures"]["fields"]
    (out / CARD).write_text(card.render(manifest), encoding="utf-8")
    bundle.write(out, manifest, (WEIGHTS, VOCABULARY, FILE))
    return manifest["figures"]


def train_heads(
    gold: list[Row], *, source: Path, out: Path, known: Labels, seed: int
) -> dict[str, Any]:
    """Train every head over n-grams, write weights and vocabulary.

    Returns:
        The manifest without its list of files.
    """
    begun = time.monotonic()
    sets = {GOLD: gold, **{name: data.read_rows(source, name) for name in (ARCHIVE, UNLABELLED)}}
    letters = {name: [data.to_letter(row) for row in rows] for name, rows in sets.items()}
    learnt = features.fit([letter for own in letters.values() for letter in own], seed=seed)
    _log.info("%.0f s: 词表与潜在方向", time.monotonic() - begun)
    annotated = Corpus.build(gold, letters[GOLD], learnt)
    archive = Corpus.build(sets[ARCHIVE], letters[ARCHIVE], learnt)
    fitted = heads.fit_all(annotated, archive, known)
    _log.info("%.0f s: 各任务头", time.monotonic() - begun)
    decisions, figures = decide.all_heads(annotated, archive, fitted, known)
    _log.info("%.0f s: 校准与阈值", time.monotonic() - begun)
    save_file(pack(fitted, learnt), out / WEIGHTS)
    (out / WEIGHTS).chmod(0o644)  # save_file leaves it to its owner alone
    vocabulary = json.dumps(learnt.vocabulary, ensure_ascii=False, separators=(",", ":"))
    (out / VOCABULARY).write_text(vocabulary, encoding="utf-8")
    return {
        "name": NAME,
        "version": VERSION,
        "kind": "linear",
        "heads": {name: list(head.labels) for name, head in fitted.items()},
        "families": dict(features.WEIGHTS),
        **decisions,
        "trained_on": {name: len(rows) for name, rows in sets.items()},
        "labels_digest": known.digest,
        "seed": seed,
        "figures": figures,
    }
