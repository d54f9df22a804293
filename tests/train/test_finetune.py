"""A run: which part of a letter a step reads, and what it may go on from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import OptionError
from nlp.score.windows import Window
from nlp.train import config as configs
from nlp.train import finetune
from nlp.train.corpus import Prepared
from nlp.train.finetune import Run, shorten
from nlp.train.loop import CHECKPOINT
from nlp.train.losses import TAGS
from nlp.train.tasks import SIGNAL
from tests import toy_run, toy_training

LEAST = '[data]\nfolder = "."\nannotated = { gold_train = 1 }\n[encoder]\nkind = "scratch"\n'


def lesson(sizes: Sequence[int], whole: int) -> Prepared:
    """A letter of sentences of so many pieces, with ``whole`` windows of its own beside them.

    Pieces and targets are numbered, so that one can tell where they came from.
    """
    single = np.ones(1, np.float32)
    windows = [
        Window(0, -1, True, np.full(20, -1 - i), single, single, single)  # pyright: ignore[reportArgumentType]
        for i in range(whole)
    ] + [
        Window(0, i, not whole, np.full(n, i), single, single, single)  # pyright: ignore[reportArgumentType]
        for i, n in enumerate(sizes)
    ]
    tags = [np.full((len(w.ids), 1), w.ids[0], np.float32) for w in windows]
    truth = {SIGNAL: np.arange(len(sizes), dtype=np.float32)[:, None]}
    return Prepared(windows, 0.5, {"purpose": single}, truth, tags)


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    whole=st.integers(0, 4),
    limit=st.integers(1, 120),
    seed=st.integers(0, 50),
)
def test_a_part_of_a_letter_is_in_line(sizes: list[int], whole: int, limit: int, seed: int) -> None:
    """The beginning and a sentence stay, windows are whole and in order, targets go with them."""
    given = lesson(sizes, whole)
    found = shorten(given, limit, np.random.default_rng(seed))
    named = [int(w.ids[0]) for w in found.windows]
    before = [int(w.ids[0]) for w in given.windows]
    assert named == [name for name in before if name in named]
    assert named[0] == before[0]
    assert 0 in named
    count = {int(w.ids[0]): len(w.ids) for w in given.windows}
    assert all(len(w.ids) == count[int(w.ids[0])] for w in found.windows)
    kept = [name for name in named if name >= 0]
    assert [w.sentence for w in found.windows if w.sentence >= 0] == list(range(len(kept)))
    assert found.sentences[SIGNAL][:, 0].tolist() == kept
    assert [int(target[0, 0]) for target in found.tags] == named
    assert (found.weight, found.letter) == (given.weight, given.letter)
    always = count[before[0]] + (count[0] if whole else 0)
    assert sum(len(w.ids) for w in found.windows) <= max(limit, always)
    if sum(count.values()) <= limit:
        assert found is given


def test_every_part_of_a_letter_is_read_in_time() -> None:
    """Over the rounds each window has its turn."""
    given, rng = lesson([10] * 9, 0), np.random.default_rng(0)
    seen = {int(w.ids[0]) for _ in range(60) for w in shorten(given, 40, rng).windows}
    assert seen == set(range(9))


@pytest.mark.parametrize("by_sentence", [True, False])
def test_real_windows_are_shortened_in_line(by_sentence: bool) -> None:
    """Windows of a letter, with the names of its places, keep a target for each sentence."""
    own = toy_run.run(by_sentence=by_sentence)
    rng = np.random.default_rng(0)
    loop = replace(toy_run.LOOP, max_tokens=30, unmask=1.0)
    for one in own.split.train:
        found = finetune.vary(own.preparer, one, loop, rng)
        count = len({w.sentence for w in found.windows} - {-1})
        assert count >= 1
        assert all(len(truth) == count for truth in found.sentences.values())
        assert len(found.tags) in {0, len(found.windows)}


@pytest.fixture(scope="module")
def own() -> Run:
    """An untrained run."""
    return toy_run.run()


def test_dev_is_measured_by_what_suits_a_task(own: Run) -> None:
    """A figure for each task that some letter knows, none above one; the archive's too."""
    dev = toy_run.prepared(own)
    figures = finetune.measure(own.network, dev, own.split.train, own.learnt)
    letter = {f"dev {task.name}" for task in own.learnt if task.unit == "letter"}
    assert set(figures) == letter - {"dev convention"}
    assert all(-1 <= value <= 1 for value in figures.values())


def written(folder: Path, extra: str = "", name: str = "run") -> Path:
    """A TOML file."""
    path = folder / f"{name}.toml"
    path.write_text(f'name = "样"\n{LEAST}{extra}', encoding="utf-8")
    return path


def test_a_weight_of_no_task_is_refused(tmp_path: Path) -> None:
    """A misspelt task would be forgotten in silence; the answer lists the tasks."""
    path = written(tmp_path, f"[heads.weights]\nneeds = 2\n{TAGS} = 0\nmood = 1\n")
    with pytest.raises(OptionError, match=f"没有这个任务.*needs.*{TAGS}") as caught:
        finetune.train(path, tmp_path / "work")
    assert caught.value.where == f"{path} heads.weights.mood"


@pytest.mark.parametrize(
    ("extra", "fits"),
    [
        ("", True),
        ("[loop]\nthreads = 1\ncheckpoint = 7\n", True),
        ('[export]\nprecision = "fp16"\n', True),
        ("[loop]\nseed = 1\n", False),
        ("[heads]\nhidden = 8\n", False),
        ("[heads.weights]\nneeds = 2\n", False),
    ],
)
def test_a_checkpoint_of_another_toml_is_refused(tmp_path: Path, extra: str, fits: bool) -> None:
    """What the weights depend on may not change under a checkpoint; all else may."""
    before, after = written(tmp_path), written(tmp_path, extra, "later")
    finetune._keep_toml(configs.load(before), before, tmp_path / "work")
    finetune._keep_toml(configs.load(after), after, tmp_path / "work")
    finetune._keep_toml(configs.load(before), before, tmp_path / "work")
    (tmp_path / "work" / CHECKPOINT).touch()
    if fits:
        finetune._keep_toml(configs.load(after), after, tmp_path / "work")
        assert (tmp_path / "work" / finetune.TOML).read_bytes() == after.read_bytes()
        return
    with pytest.raises(OptionError, match="另一份配置") as caught:
        finetune._keep_toml(configs.load(after), after, tmp_path / "work")
    assert caught.value.remedy


def test_pretraining_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on from a checkpoint takes its weights from there."""
    sizes = "width = 16\nlayers = 1\nattention = 2\npieces = 400\npretrain_epochs = 1\n"
    heads = "[heads]\ngates = 1\ngate_width = 2\npeak = 2\nhidden = 4\ntagger = 4\n"
    path = written(tmp_path, f"{sizes}{heads}[loop]\nepochs = 1\nthreads = 1\n")
    toy_training.write_sets(tmp_path)
    asked: list[bool] = []
    monkeypatch.setattr(finetune, "_adapt", lambda *_: asked.append(True))
    monkeypatch.setattr("nlp.train.loop.keep_memory", lambda: None)
    first = finetune.train(path, tmp_path / "work")
    again = finetune.train(path, tmp_path / "work", go_on=False)
    assert asked == [True]
    weights = again.network.state_dict()
    assert all(v.equal(weights[name]) for name, v in first.network.state_dict().items())
