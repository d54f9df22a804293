"""Draws the curves of a run: loss and dev figures over rounds."""

import csv
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib.figure import Figure  # the backend comes first

SIZE, DOTS = (9.0, 3.6), 110


def draw(curves: Path, picture: Path) -> None:
    """Draw the CSV of ``nlp.train.loop.write_curve`` as a PNG.

    Args:
        curves: The CSV file; columns "epoch", "loss" and any that begin with "dev ".
        picture: The PNG file to write; the same curves give the same bytes.
    """
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
    figure.savefig(picture, metadata={"Software": None})


def _line(axes: Any, rows: list[dict[str, str]], name: str) -> None:  # noqa: ANN401  # untyped
    """One column over epochs, where it was measured."""
    points = [(float(row["epoch"]), float(row[name])) for row in rows if row.get(name)]
    axes.plot(*zip(*points, strict=True), label=name.removeprefix("dev "), linewidth=1.2)
