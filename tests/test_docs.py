"""The documents tell the truth: their code blocks run."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = ("README.md", "README.en.md", "nlp/train/README.md")
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("make ", "git clone")
"""Blocks that begin so prepare a checkout; ``make`` itself runs this test."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    code: str

    @property
    def command(self) -> list[str]:
        """What runs it."""
        if self.language == "python":
            return [sys.executable, "-W", "error", "-c", self.code]
        code = self.code
        if self.language == "console":
            code = "\n".join(line[2:] for line in code.split("\n") if line.startswith("$ "))
        return ["bash", "-euo", "pipefail", "-c", code]


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are meant to be run, in order."""
    text = (ROOT / page).read_text("utf-8")
    found = [
        Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[3])
        for match in FENCE.finditer(text)
        if match[1] in {"bash", "console", "python"} and "norun" not in match[2].split()
    ]
    return [block for block in found if not block.code.startswith(ELSEWHERE)]


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with the examples and labels, and an environment that has the command."""
    for name in ("examples", "labels"):
        shutil.copytree(ROOT / name, tmp_path / "desk" / name)
    own = tmp_path / "bin"
    own.mkdir()
    command = own / "petition"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nlp "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([str(Path(sys.executable).parent), str(own), os.environ["PATH"]])
    closed = "http://127.0.0.1:9"  # what tries the network all the same finds nobody
    return tmp_path / "desk", os.environ | {
        "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "100",
        "http_proxy": closed, "https_proxy": closed,
    }  # fmt: skip


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES)
def test_blocks_run(page: str, desk: tuple[Path, dict[str, str]]) -> None:
    """Each block of a page, one after another in one folder, ends well."""
    folder, environ = desk
    own = blocks(page)
    assert own
    for block in own:
        result = subprocess.run(  # noqa: S603  # the project's own documents
            block.command, cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        place = f"{page}:{block.line}"
        assert result.returncode == 0, f"{place}\n{block.code}\n{result.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES)
def test_there_are_blocks_to_run(page: str) -> None:
    """A page whose blocks are all left out would prove nothing."""
    assert any("petition" in block.code for block in blocks(page))


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("```console\n$ petition --version\npetition-nlp 0\n```\n", ["petition --version"]),
        ("```bash\npetition labels check\n```\n", ["petition labels check\n"]),
        ("```bash norun\npetition serve\n```\n", []),
        ("```bash\nmake demo\n```\n", []),
        ('```json\n{"id": 1}\n```\n', []),
    ],
)
def test_what_counts_as_a_block(
    text: str, commands: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts are cut off, output is not run, and neither is what says norun."""
    monkeypatch.setattr("tests.test_docs.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(text, "utf-8")
    assert [block.command[-1] for block in blocks("page.md")] == commands
