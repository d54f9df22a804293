"""Trains the linear bundle: kernel ridge over n-grams, calibrated, folded into plain weights.

Read ``main`` top to bottom: it is the whole recipe. Only training sets decide anything here;
development sets are for ``petition evaluate``.
"""

import json
import logging
import time
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from nlp import bundle, labels
from nlp.fields.ranker import FILE
from nlp.score.linear import VOCABULARY, WEIGHTS
from nlp.train import data, decide, features, fields, heads
from nlp.train.export import pack
from nlp.train.heads import Corpus

NAME = "linear"
VERSION = "1"
SETS = ("gold_train", "category_train", "letters_unlabelled")
_log = logging.getLogger(__name__)


def main(
    *, source: Path, out: Path, labels_folder: Path | None = None, seed: int = 0
) -> dict[str, Any]:
    """Train and write a bundle.

    Args:
        source: Folder with the training sets (see ``nlp.train.data``).
        out: Folder to write, made when missing.
        labels_folder: The labels; None takes the shipped ones.
        seed: Of the latent projection, the only random part.

    Returns:
        Figures by cross-validation on the training sets, as kept in the manifest.
    """
    begun = time.monotonic()
    known = labels.load(labels_folder)
    sets = {name: data.read_rows(source, name) for name in SETS}
    letters = {name: [data.to_letter(row) for row in rows] for name, rows in sets.items()}
    learnt = features.fit([letter for name in SETS for letter in letters[name]], seed=seed)
    _log.info("%.0f s: 词表与潜在方向", time.monotonic() - begun)
    gold = Corpus.build(sets["gold_train"], letters["gold_train"], learnt)
    board = Corpus.build(sets["category_train"], letters["category_train"], learnt)
    fitted = heads.fit_all(gold, board, known)
    _log.info("%.0f s: 各任务头", time.monotonic() - begun)
    decisions, figures = decide.all_heads(gold, board, fitted, known)
    _log.info("%.0f s: 校准与阈值", time.monotonic() - begun)
    out.mkdir(parents=True, exist_ok=True)
    tensors = pack(fitted, learnt)
    save_file(tensors, out / WEIGHTS)
    (out / WEIGHTS).chmod(0o644)  # save_file leaves it to its owner alone
    vocabulary = json.dumps(learnt.vocabulary, ensure_ascii=False, separators=(",", ":"))
    (out / VOCABULARY).write_text(vocabulary, encoding="utf-8")
    figures["fields"] = fields.train(sets["gold_train"], known, out)
    manifest = {
        "name": NAME,
        "version": VERSION,
        "kind": "linear",
        "heads": {name: list(head.labels) for name, head in fitted.items()},
        "families": features.WEIGHTS,
        **decisions,
        "trained_on": {name: len(rows) for name, rows in sets.items()},
        "seed": seed,
        "figures": figures,
    }
    bundle.write(out, manifest, (WEIGHTS, VOCABULARY, FILE))
    return figures
