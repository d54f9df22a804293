"""The command line: what people see, exit codes, and no traceback ever."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nlp.cli import common
from nlp.cli.app import app
from tests import fakes

ROOT = Path(__file__).parents[1]
LETTER = "楼下施工 急2\n\n夜里太吵[red]，我不想活了。\n"


@pytest.fixture(autouse=True)
def fake_triage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands load the fake triage."""
    monkeypatch.setattr(common, "load_triage", fakes.load)


def run(*args: str | Path, text: str | bytes | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(arg) for arg in args], input=text)


def test_a_letter_is_shown_danger_first() -> None:
    """Crisis with words and actions, then urgency, then the rest, marked as suggestions."""
    result = run("triage", "-", text=LETTER)
    assert result.exit_code == 0, result.output
    shown = result.stdout
    places = [
        shown.index(word) for word in ("危机信号", "“不想活”", "→立即", "轻重缓急", "承办部门")
    ]
    assert places == sorted(places)
    assert "系统建议" in shown


def test_markup_in_a_letter_is_only_text(tmp_path: Path) -> None:
    """Brackets are shown as they are, escape sequences are not sent."""
    path = tmp_path / "a.txt"
    path.write_text("[red]\x1b[31m急3", "utf-8")
    result = run("triage", path)
    assert "“[red]·”" in result.stdout
    assert "\x1b[31m" not in result.stdout


def test_json_is_the_whole_report() -> None:
    """--json prints one report; title and day come from the options."""
    result = run(
        "triage", "-", "--json", "--title", "路灯", "--received-at", "2026年1月5日", text="吵"
    )
    report = json.loads(result.stdout)
    assert report["handling"]["deadlines"][0]["due"] == "2026-01-20"


def test_accusing_letters_are_walled_on_the_terminal() -> None:
    """Neither title nor words of an accusing letter are shown."""
    shown = run("triage", "-", text="赵某某\n\n举报赵某某收钱").stdout
    assert "限阅" in shown
    assert "赵某某" not in shown


def test_a_letter_that_fails_is_shown_as_unread() -> None:
    """A failing letter is not shown as harmless."""
    shown = run("triage", "-", text="RAISE").stdout
    assert "未读出" in shown
    assert "未发现" not in shown


REFUSED = [
    (["triage", "none.txt"], None, "没有这个文件"),
    (["triage", "-"], b"", "空的"),
    (["triage", "-"], b"\0\1\2", "二进制"),
    (["triage", "-", "--received-at", "上周"], "吵", "--received-at"),
    (["scan", "none.csv", "--out", "r.jsonl"], None, "没有这个文件"),
    (["scan", ".", "--out", "r.jsonl"], None, "文件夹"),
    (["scan", "none.csv", "--out", "r.doc"], None, "--out"),
    (["scan", "none.csv", "--out", "r.csv", "--columns", "x"], None, "--columns"),
    (["evaluate", "none.jsonl"], None, "没有这个文件"),
    (["labels", "check", "--folder", "none"], None, "none"),
    (["labels", "show", "没有的名称"], None, "没有名为"),
]


@pytest.mark.parametrize(("args", "text", "said"), REFUSED, ids=lambda value: str(value)[:30])
def test_refusals_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    text: str | bytes | None,
    said: str,
) -> None:
    """One line on standard error, exit code 2, nothing on standard output."""
    monkeypatch.chdir(tmp_path)
    result = run(*args, text=text)
    assert result.exit_code == common.REFUSED
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_scan_writes_and_sums_up(tmp_path: Path) -> None:
    """Files are written; the most urgent letter stands first; the figures follow."""
    source, out = tmp_path / "a.csv", tmp_path / "out/r.jsonl"
    source.write_text("工单号,正文\nA1,吵\nA2,我不想活了\nA3,断水 急3\n,\n", "utf-8")
    result = run("scan", source, "--out", out, "--out", tmp_path / "out/r.xlsx", "--top", "2")
    assert result.exit_code == 0, result.output
    assert len(out.read_text("utf-8").splitlines()) == 3
    shown = result.stdout
    assert 0 < shown.index("A2") < shown.index("A3")
    assert "A1" not in shown
    assert "合计" in shown


def test_quiet_is_quiet(tmp_path: Path) -> None:
    """--quiet prints nothing when all went well."""
    source = tmp_path / "a.txt"
    source.write_text("吵", "utf-8")
    result = run("scan", source, "-o", tmp_path / "r.csv", "-q")
    assert (result.exit_code, result.output) == (0, "")


def test_labels_are_counted_and_shown() -> None:
    """The digest comes last; a label shows its basis."""
    assert run("labels", "check").stdout.splitlines()[-1].startswith("没有发现错误　sha256:")
    assert "第20条" in run("labels", "show", "集体").stdout


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["scan", "--help"]])
def test_help_and_version(args: list[str]) -> None:
    """They answer in Chinese without loading anything."""
    result = run(*args)
    assert result.exit_code == 0
    assert args == ["--version"] or "显示这一页" in result.stdout


def test_the_command_line_starts_without_models() -> None:
    """Help needs neither numpy nor pyarrow nor the web server."""
    code = (
        "import sys; from nlp.cli.app import app; slow = {'numpy', 'pyarrow', 'openpyxl', "
        "'fastapi', 'rich.table', 'onnxruntime'}; print(slow & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)  # noqa: S603
    assert done.stdout.strip() == b"none"


_LONG = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from nlp.cli import common
from tests import fakes
class Slow(fakes.FakeTriage):
    def read(self, letters):
        time.sleep(1)
        return super().read(letters)
common.load_triage = lambda bundle, labels, by_board: Slow()
from nlp.__main__ import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_scan_that_is_stopped_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    """Ctrl-C and a request to end leave no half-written output and no traceback."""
    (tmp_path / "a.jsonl").write_text('{"body":"吵"}\n' * 900, "utf-8")
    out = tmp_path / "out"
    args = ["scan", str(tmp_path / "a.jsonl"), "--out", str(out / "r.jsonl"), "--workers", "1"]
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", _LONG, *args], cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (out.exists() and list(out.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in said
    assert list(out.iterdir()) == []


def test_a_bug_is_one_line_too() -> None:
    """An unexpected error shows its type and place, never its message, which may quote a letter."""
    code = (
        "from nlp.cli import letters, common\n"
        "def load(bundle, labels, *, by_board): raise KeyError('机密')\n"
        "common.load_triage = load\n"
        "from nlp.__main__ import main\nmain()"
    )
    done = subprocess.run(  # noqa: S603  # our own interpreter and script
        [sys.executable, "-c", code, "triage", "-"], cwd=ROOT, input="吵".encode(),
        capture_output=True, check=False,
    )  # fmt: skip
    said = done.stderr.decode()
    assert done.returncode == 70
    assert said.startswith("内部错误：KeyError")
    assert "机密" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("given", ["option", "environment"])
def test_labels_of_a_city_are_passed_on(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--labels, or PETITION_LABELS as for the service, names the labels folder."""
    asked: list[Path | None] = []

    def load(
        bundle: Path | None, labels: Path | None, *, by_board: bool = False
    ) -> fakes.FakeTriage:
        asked.append(labels)
        return fakes.load(bundle, by_board=by_board)

    monkeypatch.setattr(common, "load_triage", load)
    if given == "environment":
        monkeypatch.setenv("PETITION_LABELS", "标签")
    args = ["--labels", "标签"] if given == "option" else []
    assert run("triage", "-", *args, text="吵").exit_code == 0
    common.loader(None, Path("标签"))()
    assert asked == [Path("标签"), Path("标签")]
