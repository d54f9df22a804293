"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from nlp.cli.app import app
from tests.conftest import ROOT

SOURCES = sorted((ROOT / "nlp").rglob("*.py"))
PYTHON = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py")])
LINES = 300
BODY = 40
# spelt in parts, so that this file does not hold what it forbids
PLACES = "|".join(
    ["/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w", r"[A-Z]:\\Us"]
)
OPEN = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def name(path: Path) -> str:
    """How a test names a file."""
    return path.relative_to(ROOT).as_posix()


def kept() -> list[Path]:
    """Files that are, or will be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607  # git of the machine
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [path for entry in listed.split("\0") if entry and (path := ROOT / entry).is_file()]


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_file_is_short_and_finished(path: Path) -> None:
    """No file is longer than 300 lines, none is left with something to be done."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LINES
    assert not OPEN.search(text)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_function_is_short_and_typed(path: Path) -> None:
    """Bodies have at most 40 lines without the docstring; everything public is annotated."""
    for function in functions(path):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        assert lines <= BODY, function.name
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [a.arg for a in given if a.annotation is None and a.arg not in {"self", "cls"}]
        assert not bare, function.name
        assert function.returns is not None, function.name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_is_printed(path: Path) -> None:
    """Only the command line speaks, through its console."""
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def test_no_file_names_a_machine() -> None:
    """No file that is kept holds a path of the machine it was made on."""
    found = re.compile(PLACES)
    for path in kept():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        hits = [number for number, line in enumerate(text.split("\n"), 1) if found.search(line)]
        assert not hits, f"{name(path)}: {hits}"


def test_the_changelog_has_room_for_the_next_change() -> None:
    """There is a section for what is not released yet, before any other."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0].strip("[]") == "Unreleased"


def commands() -> list[str]:
    """Every command of ``petition``, groups spelt out."""
    names = [command.name or command.callback.__name__ for command in _of(app)]  # pyright: ignore[reportOptionalMemberAccess]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += [f"{group.name} {command.name}" for command in _of(group.typer_instance)]
    return names


def _of(commands: typer.Typer) -> list[typer.models.CommandInfo]:
    return commands.registered_commands


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    """Who reads README.md knows what the program can do."""
    assert f"petition {command}" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["README.md", "README.en.md"])
def test_links_lead_somewhere(page: str) -> None:
    """A link to a file of the project leads to a file."""
    text = (ROOT / page).read_text("utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    files = [link for link in links if link and "://" not in link]
    assert files
    assert not [link for link in files if not (ROOT / link).exists()]


def test_makefile_words_are_what_ci_calls() -> None:
    """CI runs what a person types, and each word of the Makefile has a rule."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    words = re.findall(r"make ([\w-]+)", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert set(words) >= {"test", "demo"}
    assert all(re.search(rf"^{word}:", makefile, re.MULTILINE) for word in words)
