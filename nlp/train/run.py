"""``petition train RUN.toml``: train, publish, measure, write the model card."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp.errors import OptionError
from nlp.train import card, data, finetune, measure, publish
from nlp.train import config as configs
from nlp.train.loop import CHECKPOINT

WORK = "runs"
"""Folder, beside the TOML file, that checkpoints and curves go to; not kept in version control."""


def main(path: Path, out: Path, *, work: Path | None = None) -> Mapping[str, Any]:
    """Run a TOML file from letters to bundle.

    Args:
        path: The run's TOML.
        out: The bundle's folder.
        work: Where checkpoints go; None takes ``runs/NAME`` beside the TOML. A run that finds a
            checkpoint there goes on from it.

    Returns:
        Figures of the held-out letters.

    Raises:
        PetitionError: The TOML, a training set, the encoder's source or a part to join is missing
            or wrong.
    """
    place = work or path.parent / WORK / configs.load(path).name
    return _finish(finetune.train(path, place), path, place, out)


def _finish(run: finetune.Run, path: Path, work: Path, out: Path) -> Mapping[str, Any]:
    """Write the bundle, measure it on the sets that were kept out of everything, tell of it."""
    figures = publish.publish(run, path, work, out)
    folder = (path.parent / run.config.data.folder).resolve()
    kept_out = {name: data.find(folder, name) for name in run.config.data.exclude}
    own = configs.labels_folder(run.config, path)
    measured = measure.measure(out, kept_out, labels=own)
    text = json.dumps(measured, ensure_ascii=False, indent=1)
    (out / card.FIGURES).write_text(text + "\n", encoding="utf-8")
    card.write(out, measured)
    return figures


def export(
    path: Path, out: Path, *, work: Path | None = None, precision: str | None = None
) -> Mapping[str, Any]:
    """Write the bundle again from a finished run, without training.

    Args:
        path: The run's TOML.
        out: The bundle's folder.
        work: As in ``main``.
        precision: Instead of the TOML's.

    Raises:
        OptionError: The run has no checkpoint, or is not finished.
    """
    place = work or path.parent / WORK / configs.load(path).name
    if not (place / CHECKPOINT).is_file():
        remedy = "请先运行 petition train"
        raise OptionError("这次训练没有检查点", where=str(place / CHECKPOINT), remedy=remedy)
    run = finetune.train(path, place, go_on=False)
    if precision is not None:
        run = replace(run, config=_with_precision(run.config, precision))
    return _finish(run, path, place, out)


def _with_precision(config: configs.Config, precision: str) -> configs.Config:
    """The run's settings with another precision."""
    if precision not in configs.PRECISIONS:
        known = "、".join(configs.PRECISIONS)
        raise OptionError(f"没有 {precision!r} 这种精度", remedy=f"可用：{known}")
    return replace(config, export=replace(config.export, precision=precision))
