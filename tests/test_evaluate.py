"""Figures of reports against annotated letters: nothing dropped, and the same as the judge's."""

import gzip
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nlp.codec import encode, to_json
from nlp.errors import LetterError
from nlp.evaluate import FIELDS, evaluate_file, score
from nlp.letter import Letter
from nlp.report import Crisis, Fields, Purpose
from nlp.triage import Triage
from tests.samples import LETTER, full

NONE = {field: [] for field in FIELDS}
GOLD: dict[str, Any] = {
    "id": LETTER.id, "title": LETTER.title, "body": LETTER.body, "category_l1": "环境保护",
    "category_l2": "噪声", "purpose": "投诉", "urgency": 3, "distress": 2, "emotions": ["绝望"],
    "crisis": [{"type": "自杀自伤", "who": "本人", "state": "流露", "quote": "我不想活了"}],
    "flags": ["集体", "重复"], "group_size": 120, "needs": ["危机介入"],
    "fields": {**NONE, "what": ["我不想活了"], "how": ["电话"]},
}  # fmt: skip
CALM: dict[str, Any] = {**GOLD, "crisis": [], "urgency": 0, "flags": [], "group_size": None}


def test_figures_by_hand() -> None:
    """Two letters, one with a report: what is right, what is missed, what is made up."""
    figures = score([GOLD, {**CALM, "id": "无"}], [full(), None])
    assert (figures["letters"], figures["without_report"]) == (2, 1)
    assert figures["category_l1"]["accuracy"] == 0.5
    assert figures["category_l1"]["macro_f1"] == pytest.approx(2 / 3)
    assert figures["category_l2"]["accuracy"] == 0.5
    assert figures["purpose"]["macro_f1"] == pytest.approx(2 / 3)
    assert figures["urgency"]["quadratic_kappa"] == 1.0
    assert figures["distress"]["recall_level_2_up"] == 0.5
    assert figures["crisis"]["recall"] == figures["crisis"]["suicide_recall"] == 1.0
    assert figures["crisis"]["false_alarm_rate"] == 0.0
    assert figures["flags"]["micro_f1"] == pytest.approx(2 / 3)
    assert figures["flags"]["support"] == {"集体": 1, "重复": 1}
    assert figures["group_size"] == {"accuracy": 1.0, "letters_with": 1}
    what = figures["fields"]["what"]
    assert (what["span_precision"], what["span_recall"]) == (0.2, 0.5)
    assert figures["fields"]["how"]["span_f1"] == 0.0


def test_a_missed_danger_and_a_false_alarm() -> None:
    """Recall and false alarms are told apart."""
    figures = score([GOLD, CALM], [replace(full(), crisis=Crisis()), full()])
    assert figures["crisis"]["recall"] == 0.0
    assert figures["crisis"]["false_alarm_rate"] == 1.0
    assert figures["crisis"]["suicide_recall"] == 0.0


@pytest.mark.parametrize("key", ["category_l1", "purpose", "urgency", "crisis", "flags", "fields"])
def test_a_key_that_gold_lacks_is_not_scored(key: str) -> None:
    """A file with only some annotations is scored on these."""
    figures = score([{k: v for k, v in GOLD.items() if k != key}], [full()])
    assert key not in figures
    assert "needs" in figures


def write(path: Path, rows: list[Any]) -> Path:
    """JSON lines, gzipped where the name says so."""
    raw = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize("name", ["gold.jsonl", "gold.jsonl.gz"])
def test_reports_are_matched_by_id(tmp_path: Path, name: str) -> None:
    """Order does not matter, strangers are left out, ids may be numbers in the gold file."""
    gold = write(tmp_path / name, [{**GOLD, "id": 7}, {**CALM, "id": "无"}])
    given = [replace(full(), id="外", purpose=Purpose("建议", "", 1.0)), replace(full(), id="7")]
    reports = tmp_path / "reports.jsonl"
    reports.write_text("\n".join(map(to_json, given)), "utf-8")
    figures = evaluate_file(gold, reports=reports)
    assert figures["without_report"] == 1
    assert figures["purpose"]["macro_f1"] == pytest.approx(2 / 3)


def test_a_bundle_is_scored_on_the_spot(tmp_path: Path, toy_bundle: Path) -> None:
    """Without reports the letters are read now, by the bundle that is named."""
    body = "隔壁工厂半夜排放废气，气味刺鼻"
    gold = write(tmp_path / "gold.jsonl", [{"id": "1", "body": body, "category_l1": "环境保护"}])
    assert evaluate_file(gold, bundle=toy_bundle)["category_l1"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "空的"),
        ("\n\n", "空的"),
        ('{"id": 1}\n{', r"gold\.jsonl:2：这一行不是 JSON"),
        ('{"id": 1}\n[]', r"gold\.jsonl:2：这一行没有 id"),
        ('{"body": "停水"}', r"gold\.jsonl:1：这一行没有 id"),
    ],
)
def test_a_gate_that_measured_nothing_fails(tmp_path: Path, text: str, message: str) -> None:
    """An empty or broken gold file is an error, not a figure."""
    (tmp_path / "gold.jsonl").write_text(text)
    with pytest.raises(LetterError, match=message):
        evaluate_file(tmp_path / "gold.jsonl")


def _judge(path: Path) -> ModuleType:
    """The judge's own script as a module."""
    spec = importlib.util.spec_from_file_location("judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_figures_are_the_judges(shared_data: Path, triage: Triage) -> None:
    """On annotated letters every figure is the one that ../shared/eval/score.py gives."""
    with gzip.open(shared_data / "gold_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::20]
    letters = [Letter(row["id"], row["title"] or "", row["body"]) for row in rows]
    given = triage.read(letters)
    theirs = _judge(shared_data.parent / "eval" / "score.py").score(
        rows, {report.id: encode(report) for report in given[1:]}
    )
    ours = score(rows, [None, *given[1:]])
    assert ours["without_report"] == theirs["without_report"] == 1
    pairs = [
        ("category_l1", ("macro_f1", "accuracy", "ece")),
        ("category_l2", ("accuracy",)),
        ("purpose", ("macro_f1",)),
        ("crisis", ("recall", "precision", "false_alarm_rate", "suicide_recall")),
        ("flags", ("micro_f1", "precision", "recall")),
        ("needs", ("micro_f1", "precision", "recall")),
        ("group_size", ("accuracy",)),
        ("fields", ("mean_span_f1", "mean_char_f1")),
    ]
    for part, keys in pairs:
        assert {k: ours[part][k] for k in keys} == pytest.approx({k: theirs[part][k] for k in keys})
    for scale in ("urgency", "distress"):
        kappa = ours[scale]["quadratic_kappa"]
        assert kappa == pytest.approx(theirs[scale]["weighted_kappa"])
        assert ours[scale]["accuracy"] == pytest.approx(theirs[scale]["accuracy"])
    for field in FIELDS:
        assert ours["fields"][field]["span_f1"] == theirs["fields"][field]["span_f1"]
        assert ours["fields"][field]["char_f1"] == theirs["fields"][field]["char_f1"]


def test_every_field_is_scored() -> None:
    """The fields of the figures are those of the report."""
    assert set(FIELDS) == set(encode(Fields()))
