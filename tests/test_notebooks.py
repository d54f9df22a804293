"""The notebooks run from top to bottom, are stored empty, and show no letter."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nlp import bundle
from nlp.train import overview
from nlp.train.data import read_rows, to_letter
from tests.conftest import ROOT

FOLDER = ROOT / "notebooks"
PAGES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LINES = 5
RUN = 12
"""Characters in a row that no output may share with a letter: longer than any label."""
_LINK = re.compile(r"\]\(([^)\s#]+)\)")


def read(name: str) -> Any:
    """A notebook as it is stored."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells(name: str, kind: str) -> list[Any]:
    """The cells of one kind."""
    return [cell for cell in read(name).cells if cell.cell_type == kind]


def test_notebooks_are_numbered() -> None:
    """They are read in order, and the README lists each."""
    assert [name[:3] for name in PAGES] == [f"{n:02}-" for n in range(1, len(PAGES) + 1)]
    assert len(PAGES) == 3
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"({name}.ipynb)" in listed for name in PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_is_stored_empty(name: str) -> None:
    """A stored output could hold a letter: there is none, and nothing was counted."""
    nbformat.validate(read(name))
    for cell in cells(name, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("name", PAGES)
def test_code_worth_keeping_lives_elsewhere(name: str) -> None:
    """No function of a notebook is longer than five lines."""
    for cell in cells(name, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < LINES, node.name


@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_asks_and_hands_on(name: str) -> None:
    """It opens with its question and closes with what follows; its links lead somewhere."""
    told = [cell.source for cell in cells(name, "markdown")]
    assert "**要回答的问题：" in told[0]
    assert "接下来：" in told[-1]
    links = [link for text in told for link in _LINK.findall(text)]
    assert links
    assert not [link for link in links if not (FOLDER / link).exists()]


@pytest.fixture
def encoder_model(tmp_path: Path) -> Path:
    """The files of an encoder's bundle that the notebooks read; no weights."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / overview.TOML).write_text('name = "样"\n', encoding="utf-8")
    (folder / overview.CURVES).write_text(
        "step,epoch,loss,dev category\n1,0.5,3.0,\n2,1.0,2.0,0.5\n", encoding="utf-8"
    )
    compare = {"category": {"linear": 0.5, "encoder": 0.6, "blend": 0.7}, "purpose": {"blend": 0.8}}
    manifest = {
        "name": "样", "version": "1", "kind": "encoder",
        "trained_on": {"gold_train": 40}, "held_out": {"dev": 10},
        "figures": {"compare": compare, "urgency_kappa": 0.6},
    }  # fmt: skip
    bundle.write(folder, manifest, (overview.TOML, overview.CURVES))
    return folder


_EXECUTE = """
import json, sys
import nbformat
from nbclient import NotebookClient
from jupyter_client.manager import AsyncKernelManager

name, folder = sys.argv[1:]
manager = AsyncKernelManager(kernel_name="python3")
manager.kernel_spec.argv[0] = sys.executable  # whatever other kernels this machine has
page = nbformat.read(name, as_version=4)
NotebookClient(page, km=manager, timeout=400, resources={"metadata": {"path": folder}}).execute()
json.dump([o for c in page.cells for o in c.get("outputs", ())], sys.stdout, ensure_ascii=False)
"""
"""A process of its own, so that the kernel's sockets and warnings stay out of the tests."""


def execute(name: str, folder: Path, **environ: str) -> str:
    """Everything that a notebook shows when it is run in an empty folder; pictures left out."""
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", _EXECUTE, str(FOLDER / f"{name}.ipynb"), str(folder)], cwd=folder,
        env=os.environ | own | environ, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.loads(done.stdout)
    assert {output["output_type"] for output in shown} == {"display_data"}
    for output in shown:
        output["data"].pop("image/png", None)
    return json.dumps([output["data"] for output in shown], ensure_ascii=False)


def shared(text: str, shown: str) -> bool:
    """Whether a letter and an output have a run of characters in common."""
    return any(text[i : i + RUN] in shown for i in range(len(text) - RUN + 1))


def check(shown: str, rows: Sequence[Any]) -> None:
    """No path of this machine, no id and no text of a letter."""
    assert str(ROOT) not in shown
    assert str(Path.home()) not in shown
    ids = {str(row["id"]) for row in rows}
    assert not ids & set(re.findall(r"[\w-]+", shown)) - {str(n) for n in range(100_000)}
    texts = {to_letter(row).text for row in rows}
    assert not [1 for text in texts if shared(text[:400], shown)]


def test_a_shown_letter_would_be_noticed() -> None:
    """Text, id and path are each enough to fail."""
    row = read_rows(ROOT / "examples", "gold")[0]
    for shown in (row["body"][5:30], f"| {row['id']} |", str(ROOT / "x")):
        with pytest.raises(AssertionError):
            check(shown, [row])
    check("| 城乡建设 | 12 |", [row])


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_runs_on_invented_letters(name: str, tmp_path: Path) -> None:
    """Where there are no private letters the examples are read."""
    shown = execute(name, tmp_path, **{overview.DATA: str(tmp_path)})
    check(shown, read_rows(ROOT / "examples", "gold"))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_runs_on_real_letters(name: str, tmp_path: Path, shared_data: Path) -> None:
    """Where there are private letters they are counted, and none is shown."""
    shown = execute(name, tmp_path)
    check(shown, [row for own in ("gold_train", "gold_dev") for row in read_rows(shared_data, own)])


@pytest.mark.slow
def test_an_encoder_shows_how_it_was_made(tmp_path: Path, encoder_model: Path) -> None:
    """Recipe, comparison and curves are read from the model folder."""
    places = {overview.DATA: str(tmp_path), overview.MODEL: str(encoder_model)}
    shown = execute("02-training", tmp_path, **places)
    assert "| 一级类别 | 0.500 | 0.600 | 0.700 |" in shown
    assert "| dev | 留出 | 10 |" in shown
    assert "没有曲线" not in shown
