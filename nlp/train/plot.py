"""Draws the curves of a run, and how far a model's confidence can be trusted."""

import csv
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib.figure import Figure  # the backend comes first

SIZE, SQUARE, DOTS = (9.0, 3.6), (4.2, 4.0), 110
Points = Sequence[Mapping[str, float]]


def draw(curves: Path, picture: Path) -> None:
    """Draw the CSV of ``nlp.train.loop.write_curve`` as a PNG.

    Args:
        curves: The CSV file; columns "epoch", "loss" and any that begin with "dev ".
        picture: The PNG file to write; the same curves give the same bytes.
    """
    picture.write_bytes(learning(curves))


def learning(curves: Path) -> bytes:
    """The picture of ``draw``."""
    with curves.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    left, right = figure.subplots(1, 2)
    _line(left, rows, "loss")
    left.set(xlabel="epoch", ylabel="training loss (smoothed)", yscale="log")
    for name in (name for name in rows[0] if name.startswith("dev ")):
        _line(right, rows, name)
    right.set(xlabel="epoch", ylabel="held-out figure, uncalibrated")
    right.legend(fontsize="x-small", ncols=2)
    return _png(figure)


def reliability(bins: Points) -> bytes:
    """Share of right answers over confidence, as a PNG.

    Args:
        bins: "confidence" and "right" of each bin, as ``nlp.train.measure`` gives them.
    """
    figure = Figure(figsize=SQUARE, dpi=DOTS, layout="constrained")
    axes: Any = figure.subplots()
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    axes.plot(*_columns(bins, "confidence", "right"), marker="o", linewidth=1.2)
    axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    return _png(figure)


def coverage(rows: Points) -> bytes:
    """Share of wrong answers over the share of letters answered, as a PNG.

    Args:
        rows: "coverage" and "error", as ``nlp.train.measure`` gives them.
    """
    figure = Figure(figsize=SQUARE, dpi=DOTS, layout="constrained")
    axes: Any = figure.subplots()
    axes.plot(*_columns(rows, "coverage", "error"), marker="o", linewidth=1.2)
    axes.set(xlabel="share answered, surest first", ylabel="share wrong", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    return _png(figure)


def _columns(rows: Points, *names: str) -> list[list[float]]:
    return [[row[name] for row in rows] for name in names]


def _png(figure: Figure) -> bytes:
    """A figure's bytes; nothing in them tells when or by what they were written."""
    out = BytesIO()
    figure.savefig(out, metadata={"Software": None})
    return out.getvalue()


def _line(axes: Any, rows: list[dict[str, str]], name: str) -> None:  # noqa: ANN401  # untyped
    """One column over epochs, where it was measured."""
    points = [(float(row["epoch"]), float(row[name])) for row in rows if row.get(name)]
    axes.plot(*zip(*points, strict=True), label=name.removeprefix("dev "), linewidth=1.2)
