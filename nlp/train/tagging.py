"""The tagger's part of a run: thresholds, and what they reach on held-out letters."""

from collections.abc import Sequence

import numpy as np

from nlp import metrics
from nlp.score.onnx import Tags
from nlp.score.spans import INSIDE, SEPARATOR, decode
from nlp.text import View
from nlp.train.data import Row

GRID = np.arange(0.2, 0.75, 0.05)


def measure(
    rows: Sequence[Row], views: Sequence[View], tags: Sequence[Tags], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Pick each field's threshold for span F1, and say what it reaches.

    Args:
        rows: Annotated letters; those without ``fields`` are left out.
        views: The letters.
        tags: What the tagger says of each.
        names: Of the tags.

    Returns:
        Field to "threshold", "span_f1" and "char_f1"; empty when no row has fields.
    """
    known = [i for i, row in enumerate(rows) if row.get("fields") is not None]
    fields = [name.split(SEPARATOR)[0] for name in names if name.endswith(f"{SEPARATOR}{INSIDE}")]
    own = [(rows[i], views[i], tags[i]) for i in known]
    found: dict[str, dict[str, float]] = {}
    for field in fields if known else ():
        tried = [_tally(field, float(threshold), own, names) for threshold in GRID]
        found[field] = max(tried, key=lambda figures: figures["span_f1"])
    return found


def _tally(
    field: str,
    threshold: float,
    letters: Sequence[tuple[Row, View, Tags]],
    names: Sequence[str],
) -> dict[str, float]:
    """Figures of one field at one threshold."""
    pairs: list[tuple[metrics.Tally, metrics.Tally]] = []
    for row, view, own in letters:
        given = decode(own.starts, own.ends, own.logits, names=names, thresholds={field: threshold})
        places = [(span.start, span.end) for span in given[field]]
        pairs.append(metrics.spans(view.raw, row["fields"][field], places))
    whole, characters = (metrics.add([pair[k] for pair in pairs]) for k in (0, 1))
    return {
        "threshold": round(threshold, 2),
        "span_f1": round(whole.f1, 4),
        "char_f1": round(characters.f1, 4),
    }
