"""Trains the linear bundle: kernel ridge over n-grams, calibrated, folded into plain weights.

Read ``main`` top to bottom: it is the whole recipe. Only training sets decide anything here;
development sets are for ``petition evaluate``.
"""

import json
import logging
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from nlp import bundle, labels
from nlp.errors import PetitionError
from nlp.fields.ranker import FILE
from nlp.labels import Labels
from nlp.score.linear import VOCABULARY, WEIGHTS
from nlp.train import card, data, decide, features, fields, heads
from nlp.train.annotations import read_annotations
from nlp.train.data import Row
from nlp.train.decide import Held
from nlp.train.export import pack
from nlp.train.heads import Corpus, Head

NAME = "linear"
MEASURED = "5-fold cross-validation by near-duplicate group, gold_train and category_train"
VERSION = "1"
GOLD, ARCHIVE, UNLABELLED = "gold_train", "category_train", "letters_unlabelled"
ANNOTATIONS = "annotations"
"""Name, in the figures and the card, of the letters of UNLABELLED annotated by id."""
HELD = "held.safetensors"
"""Held-out logits, which a run that joins an encoder reads; no part of the bundle."""
PARTS = ("heads", "fields")
CARD = "README.md"
_log = logging.getLogger(__name__)


def main(  # noqa: PLR0913  # all of them named
    *,
    source: Path,
    out: Path,
    annotations: Path | None = None,
    seed: int = 0,
    parts: Collection[str] = PARTS,
    labels_folder: Path | None = None,
) -> dict[str, Any]:
    """Train and write a bundle.

    Args:
        source: Folder with the training sets (see ``nlp.train.data``).
        out: Folder to write, made when missing.
        annotations: CSV file of annotations of unlabelled letters by id, to learn from as well.
        seed: Of the latent projection, the only random part.
        parts: What to train anew; parts left out are kept from the bundle in ``out``.
        labels_folder: The labels; None takes the shipped ones.

    Returns:
        Figures by cross-validation on the training sets, as kept in the manifest.

    Raises:
        PetitionError: A training set is missing or not annotated by the labels, or ``out`` holds
            no bundle to keep parts of.
    """
    known = labels.load(labels_folder)
    gold = data.read_annotated(source, GOLD, known)
    out.mkdir(parents=True, exist_ok=True)
    kept = {} if set(PARTS) <= set(parts) else dict(bundle.open_bundle(out).manifest)
    manifest = kept
    if "heads" in parts:
        more = [] if annotations is None else read_annotations(annotations)
        archive = data.read_annotated(source, ARCHIVE, known, keys=data.BOARD)
        sets = {GOLD: gold, ARCHIVE: archive, UNLABELLED: data.read_rows(source, UNLABELLED)}
        sets[ANNOTATIONS] = _with_text(more, sets[UNLABELLED])
        manifest = train_heads(sets, out=out, known=known, seed=seed)
    if "fields" in parts:
        manifest["figures"]["fields"] = fields.train(gold, known, out)
    else:
        manifest["figures"]["fields"] = kept["figures"]["fields"]
    (out / CARD).write_text(card.render(manifest), encoding="utf-8")
    bundle.write(out, manifest, (WEIGHTS, VOCABULARY, FILE))
    return manifest["figures"]


def _with_text(annotations: list[dict[str, Any]], letters: list[Row]) -> list[Row]:
    """Annotations joined with their letters."""
    by_id = {str(row["id"]): row for row in letters}
    if missing := [given["id"] for given in annotations if given["id"] not in by_id]:
        raise PetitionError(f"标注的来信不在 {UNLABELLED} 里", where=missing[0])
    return [{**by_id[given["id"]], **given} for given in annotations]


def train_heads(
    sets: Mapping[str, list[Row]], *, out: Path, known: Labels, seed: int
) -> dict[str, Any]:
    """Train every head over n-grams, write weights and vocabulary.

    Args:
        sets: GOLD, ARCHIVE, UNLABELLED and ANNOTATIONS.
        out: The bundle's folder.
        known: The labels.
        seed: Of the latent projection.

    Returns:
        The manifest without its list of files.
    """
    begun = time.monotonic()
    letters = {
        name: [data.to_letter(row) for row in sets[name]] for name in (GOLD, ARCHIVE, UNLABELLED)
    }
    learnt = features.fit([letter for own in letters.values() for letter in own], seed=seed)
    _log.info("%.0f s: 词表与潜在方向", time.monotonic() - begun)
    taught = [*sets[GOLD], *sets[ANNOTATIONS]]
    annotated = Corpus.build(taught, [data.to_letter(row) for row in taught], learnt)
    archive = Corpus.build(sets[ARCHIVE], letters[ARCHIVE], learnt)
    fitted = heads.fit_all(annotated, archive, known)
    _log.info("%.0f s: 各任务头", time.monotonic() - begun)
    held = _held(fitted, annotated, archive)
    decisions, figures = decide.all_heads(
        _first(held[0], len(sets[GOLD])), held[1], known, measured=MEASURED
    )
    _log.info("%.0f s: 校准与阈值", time.monotonic() - begun)
    _write_held(out, held)
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


def _held(fitted: Mapping[str, Head], gold: Corpus, archive: Corpus) -> tuple[Held, Held]:
    """Held-out logits of annotated letters, and of the archive's."""
    count = len(gold.rows)
    known = {name: head.held for name, head in fitted.items() if len(head.held)}
    both = {name: rows for name, rows in known.items() if len(rows) > count}
    return (
        Held(gold.rows, gold.letters, {name: rows[:count] for name, rows in known.items()}),
        Held(archive.rows, archive.letters, {name: rows[count:] for name, rows in both.items()}),
    )


def _first(held: Held, count: int) -> Held:
    """The first letters of some, those that were annotated with care."""
    part = {name: rows[:count] for name, rows in held.logits.items()}
    return Held(held.rows[:count], held.letters[:count], part)


def _write_held(out: Path, held: tuple[Held, Held]) -> None:
    """Keep held-out logits, with the ids of their letters in the file's head."""
    tensors = {
        f"{side}.{name}": rows.astype(np.float16)
        for side, own in zip(("gold", "board"), held, strict=True)
        for name, rows in own.logits.items()
    }
    ids = {
        side: json.dumps([str(row["id"]) for row in own.rows])
        for side, own in zip(("gold", "board"), held, strict=True)
    }
    save_file(tensors, out / HELD, ids)
    (out / HELD).chmod(0o644)  # save_file leaves it to its owner alone
