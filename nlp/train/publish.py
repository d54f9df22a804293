"""From a trained network to a bundle: export, calibration, decisions, comparison, manifest."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from nlp import bundle
from nlp.bundle import Bundle
from nlp.errors import OptionError, PetitionError
from nlp.fields.ranker import FILE as FIELDS
from nlp.score.encoder import Share
from nlp.score.linear import VOCABULARY, WEIGHTS
from nlp.score.onnx import ENCODER, HEADS, TOKENIZER
from nlp.score.windows import Floats
from nlp.text import View
from nlp.train import blend, decide, tagging
from nlp.train.config import Config
from nlp.train.corpus import Lesson
from nlp.train.data import to_letter
from nlp.train.decide import Held
from nlp.train.export_onnx import export, served
from nlp.train.finetune import TOML, Run, figure
from nlp.train.linear import HELD
from nlp.train.loop import CURVES
from nlp.train.plot import draw
from nlp.train.tasks import Task, letter_targets, tags

KIND = "encoder"
PICTURE = "curves.png"
SAMPLE = 200
"""Letters that ranges are measured and the export is checked on."""
MEASURED = "letters held out of training (dev of the run); calibration was fitted on them too"


@dataclass(frozen=True)
class Joined:
    """Held-out letters as each model and both together say them.

    Attributes:
        rows: Annotations.
        truth: Task to what is right, shape (letters, labels).
        encoder: Task to logits, shape (letters, labels).
        linear: The same of the linear model; empty without one.
    """

    rows: Sequence[Mapping[str, Any]]
    truth: Mapping[str, Floats]
    encoder: Mapping[str, Floats]
    linear: Mapping[str, Floats]


def publish(run: Run, path: Path, work: Path, out: Path) -> dict[str, Any]:
    """Write the bundle of a trained run.

    Args:
        run: The trained run.
        path: Its TOML file.
        work: Folder with its curves.
        out: The bundle's folder, made when missing.

    Returns:
        Figures of the held-out letters, as the manifest keeps them.

    Raises:
        PetitionError: The export differs from the network, or a part to join is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    config = run.config
    written, tagged = _export(run, out)
    side = _linear(config, path.parent)
    held = _read(run, run.split.dev, out, side, "gold")
    boards = _read(run, run.split.boards, out, side, "board")
    shares = _calibrate(run.learnt, held, boards)
    decisions, figures = decide.all_heads(
        _held(run.split.dev, held, shares),
        _boards(run, boards, shares),
        run.known,
        measured=MEASURED,
    )
    figures["compare"] = compare(run.learnt, held, shares)
    figures["tags"] = tagged
    files = [ENCODER, HEADS, TOKENIZER, *_join(side, out), *_tell(path, work, out)]
    manifest = {**_manifest(run, written, shares, side), **decisions, "figures": figures}
    bundle.write(out, manifest, tuple(files))
    return figures


def _export(run: Run, out: Path) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Write the ONNX files; a tagger that finds nothing at all is left out.

    Returns:
        What the export says, and what the tagger reaches.
    """
    asked = run.config.export
    views = [View(to_letter(one.row)) for one in run.split.train[:SAMPLE]]
    written = export(run.network, out, precision=asked.precision, views=views, limit=asked.parity)
    tagged = _tags(run, out)
    if run.network.windows.tagger is None or any(own["span_f1"] for own in tagged.values()):
        return written, tagged
    run.network.windows.tagger = None
    again = export(run.network, out, precision=asked.precision, views=views, limit=asked.parity)
    return again, {}


def _tags(run: Run, out: Path) -> dict[str, dict[str, float]]:
    """What the tagger reaches on the held-out letters."""
    lessons = [one for one in run.split.dev if "fields" in one.row]
    views = [View(to_letter(one.row)) for one in lessons]
    said = served(run.network, out).read(views, tags=True).tags
    names = tags(run.known)
    return tagging.measure([one.row for one in lessons], views, said, names) if said else {}


def _linear(config: Config, root: Path) -> Bundle | None:
    """The linear bundle that is joined, when the run asks for one."""
    if not config.export.linear:
        return None
    opened = bundle.open_bundle((root / config.export.linear).resolve())
    if not (opened.folder / HELD).is_file():
        remedy = "请先在本机运行 petition train linear，它会写出这个文件"
        raise OptionError("线性模型没有留出的分数", where=str(opened.folder / HELD), remedy=remedy)
    return opened


def _read(run: Run, lessons: Sequence[Lesson], out: Path, side: Bundle | None, name: str) -> Joined:
    """What both models say of held-out letters: the encoder as it is served, linear held out."""
    views = [View(to_letter(one.row)) for one in lessons]
    names = {task.name: task.labels for task in run.learnt}
    model = served(run.network, out)
    encoder = dict(zip(names, model.read(views).letters.values(), strict=True))
    ids = [str(one.row["id"]) for one in lessons]
    linear = {} if side is None else _held_out(side.folder / HELD, ids, name)
    targets = [letter_targets(one.row, run.learnt) for one in lessons]
    truth = {n: np.stack([t[n] for t in targets]) for n in (targets[0] if targets else ())}
    return Joined([one.row for one in lessons], truth, encoder, linear)


def _held_out(path: Path, ids: Sequence[str], side: str) -> dict[str, Floats]:
    """Held-out logits of the linear model for some letters."""
    with safe_open(path, "numpy") as stored:
        place = {name: i for i, name in enumerate(json.loads(stored.metadata()[side]))}
        if missing := [name for name in ids if name not in place]:
            remedy = "请用同样的数据重新训练线性模型"
            raise PetitionError("线性模型没有见过留出的来信", where=missing[0], remedy=remedy)
        rows = np.array([place[name] for name in ids], np.int64)
        names = [key for key in stored.keys() if key.startswith(f"{side}.")]  # noqa: SIM118
        return {
            key.removeprefix(f"{side}."): stored.get_tensor(key)[rows].astype(np.float32)
            for key in names
        }


def _calibrate(learnt: Sequence[Task], held: Joined, boards: Joined) -> dict[str, Share]:
    """Fit every head on the letters that know its answer; what none knows stays as it is."""
    shares: dict[str, Share] = {}
    for task in (task for task in learnt if task.unit == "letter"):
        sides = [side for side in (held, boards) if task.name in side.truth]
        if not sides:
            nothing = np.zeros((0, len(task.labels)), np.float32)
            shares[task.name] = blend.fit(task, nothing, None, nothing)
            continue
        truth = np.concatenate([side.truth[task.name] for side in sides])
        encoder = np.concatenate([side.encoder[task.name] for side in sides])
        known = all(task.name in side.linear for side in sides)
        linear = np.concatenate([s.linear[task.name] for s in sides]) if known else None
        shares[task.name] = blend.fit(task, encoder, linear, truth)
    return shares


def _held(lessons: Sequence[Lesson], held: Joined, shares: Mapping[str, Share]) -> Held:
    """Held-out letters with calibrated logits."""
    logits = blend.joined(shares, held.encoder, held.linear)
    return Held(held.rows, [to_letter(one.row) for one in lessons], logits)


def _boards(run: Run, boards: Joined, shares: Mapping[str, Share]) -> Held:
    """The archive's held-out letters, labelled by their board."""
    rows = [{**row, "category_l1": row["board"]} for row in boards.rows]
    letters = [to_letter(one.row) for one in run.split.boards]
    logits = blend.joined(shares, boards.encoder, boards.linear)
    return Held(rows, letters, logits)


def compare(
    learnt: Sequence[Task], held: Joined, shares: Mapping[str, Share]
) -> dict[str, dict[str, float]]:
    """Linear, encoder and both together, task by task, on the held-out letters.

    Returns:
        Task to model to the figure that suits it, see ``finetune.figure``; three digits.
    """
    found: dict[str, dict[str, float]] = {}
    for task in learnt:
        if task.name not in held.truth or task.name == "convention":
            continue
        truth, both = held.truth[task.name], shares[task.name]
        answers = {"encoder": held.encoder[task.name]}
        if (linear := held.linear.get(task.name)) is not None:
            answers = {"linear": linear, **answers}
        answers["blend"] = both.join(held.encoder[task.name], held.linear.get(task.name))
        found[task.name] = {n: round(figure(task, said, truth), 3) for n, said in answers.items()}
    return found


def _join(side: Bundle | None, out: Path) -> list[str]:
    """Put the linear model and the field ranker into the bundle.

    The linear model's second level is left out: it has no held-out scores to be joined by.
    """
    if side is None:
        return []
    names = [WEIGHTS, VOCABULARY, FIELDS]
    for name in (VOCABULARY, FIELDS):
        shutil.copyfile(side.file(name), out / name)
    tensors = load_file(side.file(WEIGHTS))
    for name in ("second", "second_rows"):
        tensors[name] = tensors[name][:0]
    save_file(tensors, out / WEIGHTS)
    (out / WEIGHTS).chmod(0o644)  # save_file leaves it to its owner alone
    return names


def _tell(path: Path, work: Path, out: Path) -> list[str]:
    """How the model was made: the TOML, the curves and a picture of them."""
    shutil.copyfile(path, out / TOML)
    shutil.copyfile(work / CURVES, out / CURVES)
    draw(work / CURVES, out / PICTURE)
    return [TOML, CURVES]


def _manifest(
    run: Run, written: Mapping[str, Any], shares: Mapping[str, Share], side: Bundle | None
) -> dict[str, Any]:
    """Everything a manifest holds beside decisions and figures."""
    counts: dict[str, int] = {}
    for lesson in run.split.train:
        counts[lesson.source] = counts.get(lesson.source, 0) + 1
    config = run.config
    return {
        "name": config.name,
        "version": config.version,
        "kind": KIND,
        **written,
        "unit_heads": {task.name: list(task.labels) for task in run.learnt},
        "tags": [] if run.network.windows.tagger is None else list(tags(run.known)),
        "blend": {name: own.to_json() for name, own in shares.items()},
        "trained_on": counts,
        "held_out": {"dev": len(run.split.dev), "boards": len(run.split.boards)},
        "labels_digest": run.known.digest,
        "seed": config.loop.seed,
        **_linear_parts(side),
    }


def _linear_parts(side: Bundle | None) -> dict[str, Any]:
    """What the joined linear model needs of its own manifest."""
    if side is None:
        return {}
    kept = {key: side.manifest[key] for key in ("heads", "families")}
    return {**kept, "linear": {key: side.manifest[key] for key in ("name", "version", "seed")}}
