"""Cut points, thresholds and priors, chosen on held-out logits of training letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, f1_score

from nlp import crisis, flags, group_size, scales
from nlp.classify import Mixture, mix, sigmoid
from nlp.labels import Labels
from nlp.letter import Letter
from nlp.rules import Lexicon
from nlp.text import View
from nlp.train import flags as flag_stack
from nlp.train.data import Row
from nlp.train.ridge import Ints

FLOOR = 0.35
"""Below this probability the best category is marked as unsure."""
PRIORS = (-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0)
COST = 0.005
"""Accuracy on annotated letters that may be given up for the archive's convention."""
_GRID = np.arange(0.2, 2.9, 0.05)
SURE = 0.5
"""Share of the letters that the model alone puts on the highest level that must belong there."""
NEVER = 3.0
"""A cut that no expected level passes: the highest level is then for the rules alone."""


@dataclass(frozen=True)
class Held:
    """Annotated letters with what a model says of each that has not learnt from it.

    Attributes:
        rows: Annotations.
        letters: The letters.
        logits: Head to calibrated logits, shape (len(rows), labels).
    """

    rows: Sequence[Row]
    letters: Sequence[Letter]
    logits: Mapping[str, NDArray[Any]]

    def chances(self, head: str) -> Any:  # noqa: ANN401  # numpy's stubs lose the type
        """Probability of each label of a head, shape (len(rows), labels)."""
        return sigmoid(np.asarray(self.logits[head], np.float32))


def all_heads(
    gold: Held, board: Held, labels: Labels, *, measured: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose everything that the manifest holds beside the weights.

    Args:
        gold: Letters with all annotations.
        board: Letters that know their receiving board, ``category_l1``; its heads are "category",
            "board" and "convention".
        labels: The labels.
        measured: How the logits were held out, for the manifest.

    Returns:
        (decisions, figures): what serving needs, and what the held-out letters measured.
    """
    views = [View(letter) for letter in gold.letters]
    prior, category = _prior(gold, board, labels)
    cuts, graded = _cuts(gold, views, labels)
    stack, flagged = _flags(gold, views, labels)
    kinds = {"emotions": labels.emotions, "needs": labels.needs}
    thresholds = {
        key: _thresholds(gold, key, [kind.name for kind in named]) for key, named in kinds.items()
    }
    decisions = {
        "mixture": {"board_prior": prior, "floor": FLOOR},
        "cuts": cuts,
        "flag_stack": stack,
        "thresholds": {key: found[0] for key, found in thresholds.items()},
    }
    purposes = np.array([kind.name for kind in labels.purposes])
    said = purposes[gold.logits["purpose"].argmax(axis=1)]
    truth = [row["purpose"] for row in gold.rows]
    figures = {
        "measured": measured,
        **category,
        "purpose_macro_f1": float(f1_score(truth, said, average="macro")),
        **graded,
        "flags_micro_f1": flagged,
        "needs_micro_f1": thresholds["needs"][1],
    }
    return decisions, figures


def _prior(gold: Held, board: Held, labels: Labels) -> tuple[float, dict[str, float]]:
    """The highest prior for the archive that costs annotated letters at most COST accuracy.

    Without an archive nobody's convention but the annotated letters' is known: the lowest one.
    """
    names = np.array(labels.level_one())
    if not board.rows:
        solved = np.array([row["category_l1"] for row in gold.rows])
        right = _named(gold, PRIORS[0], names) == solved
        return PRIORS[0], {"category_gold_accuracy": float(right.mean())}
    solved, received = (np.array([r["category_l1"] for r in part.rows]) for part in (gold, board))
    tried: dict[float, dict[str, float]] = {}
    for prior in PRIORS:
        mine, theirs = (_named(part, prior, names) for part in (gold, board))
        archived = f1_score(received, theirs, average="macro", labels=sorted(set(received)))
        tried[prior] = {
            "category_gold_accuracy": float((mine == solved).mean()),
            "category_archive_macro_f1": float(archived),
        }
    top = max(figures["category_gold_accuracy"] for figures in tried.values())
    prior = max(p for p, f in tried.items() if f["category_gold_accuracy"] >= top - COST)
    return prior, tried[prior]


def _named(held: Held, prior: float, names: Any) -> Any:  # noqa: ANN401  # arrays of text
    """First-level category of each letter under a prior."""
    logits = {name: np.asarray(rows, np.float32) for name, rows in held.logits.items()}
    return names[mix(logits, Mixture(prior, 0.0)).argmax(axis=1)]


def _cuts(
    gold: Held, views: list[View], labels: Labels
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Cut points with the best quadratic kappa, the rules' raising included."""
    finder, reader = crisis.lexicon(labels), crisis.Reader(labels)
    grader = Lexicon(labels.rules["scale"], labels.guards, close_gaps=True)
    signs = [reader.read(view, finder.find(view)) for view in views]
    hits = [grader.find(view) for view in views]
    cuts: dict[str, list[float]] = {}
    figures: dict[str, float] = {}
    for scale in ("urgency", "distress"):
        truth = np.array([row[scale] for row in gold.rows])
        ruled = np.array([scales.rule_level(h, scale, c) for h, c in zip(hits, signs, strict=True)])
        expected = gold.chances(scale).sum(axis=1)
        cuts[scale] = _earned(_best_cuts(expected, ruled, truth), expected, ruled, truth)
        figures[f"{scale}_kappa"] = _kappa(_levels(expected, cuts[scale], ruled), truth)
    return cuts, figures


def _best_cuts(expected: Any, ruled: Ints, truth: Ints) -> list[float]:  # noqa: ANN401
    """Coordinate search over three rising cut points, from a coarse grid."""
    coarse = [c for c in product(_GRID[::6], repeat=3) if c[0] < c[1] < c[2]]
    best = list(max(coarse, key=lambda c: _kappa(_levels(expected, c, ruled), truth)))
    for _ in range(2):
        for i in range(3):
            tries = [[*best[:i], float(v), *best[i + 1 :]] for v in _GRID]
            best = max(
                (t for t in tries if t[0] < t[1] < t[2]),
                key=lambda c: _kappa(_levels(expected, c, ruled), truth),
            )
    return [round(float(value), 3) for value in best]


def _earned(cuts: list[float], expected: Any, ruled: Ints, truth: Ints) -> list[float]:  # noqa: ANN401
    """Cuts whose last one is high enough that half of what passes it is what it says.

    Kappa hardly tells the two highest levels apart; a person who is called to a crisis that is
    none, more often than not, stops coming.
    """
    own = ruled < len(cuts)
    for cut in [c for c in (cuts[-1], *_GRID, NEVER) if c >= cuts[-1]]:
        passed = own & (expected > cut)
        if not passed.any() or (truth[passed] == len(cuts)).mean() >= SURE:
            found = float(cut) if passed.any() else NEVER
            return [*cuts[:-1], round(found, 3)]
    return [*cuts[:-1], NEVER]


def _levels(expected: Any, cuts: Any, ruled: Ints) -> Ints:  # noqa: ANN401
    return np.maximum((expected[:, None] > np.array(cuts)[None]).sum(axis=1), ruled)


def _kappa(given: Ints, truth: Ints) -> float:
    return float(cohen_kappa_score(truth, given, weights="quadratic"))


def _flags(gold: Held, views: list[View], labels: Labels) -> tuple[dict[str, Any], float]:
    """The stack of model and rules, and its held-out micro-F1."""
    finder = Lexicon(labels.rules["flag"], labels.guards)
    rows: list[flags.Floats] = []
    for view in views:
        size = group_size.find(view)
        rows.append(
            flags.rule_features(finder.find(view), labels, group_size=size[0] if size else None)
        )
    features = np.stack(rows)
    probabilities = gold.chances("flags")
    stack = flag_stack.train(gold.rows, probabilities, features, labels)
    names = stack.names
    truth = np.array([[name in row["flags"] for name in names] for row in gold.rows])
    given = stack.combine(probabilities, features) >= stack.thresholds
    given |= features[:, : len(names)] >= flags.FLOOR
    return stack.to_json(), flag_stack.micro_f1(given, truth)


def _thresholds(gold: Held, key: str, names: Sequence[str]) -> tuple[list[float], float]:
    """A threshold for each label with the best micro-F1, and that F1."""
    truth = np.array([[name in row[key] for name in names] for row in gold.rows])
    probabilities = gold.chances(key)
    picked = flag_stack.pick_thresholds(probabilities, truth, np.zeros_like(truth))
    score = flag_stack.micro_f1(probabilities >= picked, truth)
    return [round(float(value), 3) for value in picked], score
