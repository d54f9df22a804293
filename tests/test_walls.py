"""The walls between rooms stand, and fall loudly when someone knocks a hole in them."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

HEAVY = ("torch", "transformers", "sklearn", "scipy", "pandas", "nlp.train")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "tool"
]["importlinter"]["contracts"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports over a copy of the package."""
    return subprocess.run(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, to be harmed."""
    shutil.copytree(ROOT / "nlp", tmp_path / "nlp", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_walls_stand(copy: Path) -> None:
    """Every contract is kept by the package as it is."""
    result = lint(copy)
    assert result.returncode == 0, result.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout


FLOORS = "floors: each room stands only on those below it"
TRAINING = "reading letters never pulls the training stack"
ENGINES = "onnxruntime and tokenizers have two doors, entities.py and score/session.py"
BREACHES = [
    (FLOORS, "rules.py", "import nlp.triage", "nlp.rules -> nlp.triage"),
    (FLOORS, "letter.py", "from nlp import text", "nlp.letter -> nlp.text"),
    (FLOORS, "crisis.py", "from nlp import scan", "nlp.crisis -> nlp.scan"),
    (FLOORS, "scan/rows.py", "from nlp import serve", "nlp.scan.rows -> nlp.serve"),
    (FLOORS, "scales.py", "from nlp import flags", "nlp.scales -> nlp.flags"),
    (FLOORS, "attic.py", '"""A room on no floor."""', "nlp.attic"),
    (TRAINING, "triage.py", "import torch", "nlp.triage -> torch"),
    (TRAINING, "serve/app.py", "import sklearn", "nlp.serve.app -> sklearn"),
    (TRAINING, "cli/tools.py", "from nlp.train import data", "nlp.cli.tools -> nlp.train"),
    ("the web stays in its door", "tables.py", "import pydantic", "nlp.tables -> pydantic"),
    ("the nouns know nobody", "report.py", "import numpy", "nlp.report -> numpy"),
    (
        "finders do not know each other", "fields/when.py", "from nlp.fields import who",
        "nlp.fields.when -> nlp.fields.who",
    ),
    (
        "the segmenter has one door, words.py", "flags.py", "import rjieba",
        "nlp.flags -> rjieba",
    ),
    (ENGINES, "score/linear.py", "import onnxruntime", "nlp.score.linear -> onnxruntime"),
    (ENGINES, "score/onnx.py", "import tokenizers", "nlp.score.onnx -> tokenizers"),
    (
        "the terminal stays with the command line", "evaluate.py", "import rich",
        "nlp.evaluate -> rich",
    ),
]  # fmt: skip


def test_every_breach_is_named(copy: Path) -> None:
    """A hole in any wall breaks its contract, and the answer names both sides of the hole."""
    for _, file, line, _ in BREACHES:
        with (copy / "nlp" / file).open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")
    result = lint(copy)
    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    for contract, _, _, hole in BREACHES:
        assert f"{contract} BROKEN" in said
        assert hole in said, f"{contract}: {hole}"


def test_every_contract_has_a_breach() -> None:
    """A contract that no test breaks may be asleep."""
    assert {contract["name"] for contract in CONTRACTS} == {contract for contract, *_ in BREACHES}


def test_lists_of_rooms_are_whole() -> None:
    """Contracts that list their rooms by hand forget none."""
    rooms = {
        f"nlp.{path.stem}"
        for path in (ROOT / "nlp").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"nlp.__init__", "nlp.__main__"}
    listed = {contract["name"]: set(contract.get("source_modules", ())) for contract in CONTRACTS}
    assert rooms - listed[TRAINING] == {"nlp.train"}
    assert rooms - listed["the web stays in its door"] == {"nlp.serve", "nlp.cli"}


SCRIPT = """
import json, sys
def held():
    return sorted(sys.modules)
import nlp.serve
serve = held()
import nlp.triage
from nlp.letter import Letter
report = nlp.triage.Triage.load().read([Letter("1", "求助", "我不想活了，请救救我。")])[0]
print(json.dumps({"serve": serve, "triage": held(), "signals": len(report.crisis.signals)}))
"""


@pytest.fixture(scope="module")
def fresh() -> dict[str, Any]:
    """What a fresh interpreter holds after importing the service, and after reading a letter."""
    result = subprocess.run(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-W", "error", "-c", SCRIPT], cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(result.stdout)


@pytest.mark.parametrize("door", ["serve", "triage"])
def test_a_fresh_interpreter_holds_no_training_stack(fresh: dict[str, Any], door: str) -> None:
    """Serving and reading load neither torch nor scikit-learn nor anything they would bring."""
    assert fresh["signals"]
    assert not set(fresh[door]) & set(HEAVY)
