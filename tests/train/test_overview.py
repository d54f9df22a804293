"""What the notebooks show: counts and figures in tables, never a letter."""

import json
from pathlib import Path
from typing import Any

import pytest

from nlp import bundle
from nlp.train import overview
from tests.conftest import ROOT
from tests.toy_training import board_rows, gold_rows, write_sets

GOLD: list[dict[str, Any]] = gold_rows()


def cells(given: overview.Table) -> dict[object, list[object]]:
    """A table by its first column."""
    return {first: rest for first, *rest in given[1]}


def test_private_sets_come_before_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without any set means the invented examples."""
    monkeypatch.setenv(overview.DATA, str(tmp_path))
    assert list(overview.read_sets()) == ["gold"]
    write_sets(tmp_path)
    assert list(overview.read_sets()) == ["gold_train", "category_train", "letters_unlabelled"]


def test_sizes_count_near_duplicates_once() -> None:
    """Letters, different letters, and what is annotated."""
    twice = [*GOLD, {**GOLD[0], "id": "again"}]
    sets = {"gold": twice, "board": board_rows(), "bare": [{"id": 1, "body": "文"}]}
    assert cells(overview.sizes(sets)) == {
        "gold": [len(GOLD) + 1, len(GOLD), "全部任务"],
        "board": [40, 40, "一级类别"],
        "bare": [1, 1, "无"],
    }


def test_every_letter_falls_in_one_band() -> None:
    """Bands meet without gap or overlap."""
    bodies = [{"id": n, "body": "字" * n} for n in (1, 99, 100, 101, 300, 301, 800, 801, 5000)]
    row = cells(overview.lengths({"x": bodies}))["x"]
    assert sum(float(str(share).rstrip("%")) for share in row[:4]) == pytest.approx(100, abs=0.2)
    assert row[-1] == 5000


def test_labels_are_counted_by_letter() -> None:
    """A list counts each label, a signal its type, once a letter."""
    crisis = [{"type": "遭受暴力"}, {"type": "遭受暴力"}, {"type": "极端行为"}]
    rows = [{"id": 1, "flags": ["集体", "重复"], "crisis": crisis}, {"id": 2, "flags": ["集体"]}]
    assert cells(overview.labels_of({"a": rows}, "flags")) == {"集体": [2], "重复": [1]}
    assert cells(overview.labels_of({"a": rows[:1]}, "crisis")) == {
        "遭受暴力": [1],
        "极端行为": [1],
    }
    assert cells(overview.thin(rows, ["flags"], below=2)) == {"flags": [2, 1]}


def test_rates_keep_what_was_drawn_at_random_apart() -> None:
    """Letters drawn by words would lift a rate."""
    rows = [{**row, "stratum": "random" if n % 2 else "flag"} for n, row in enumerate(GOLD)]
    drawn, whole = cells(overview.rates(rows))["集体"]
    joint = sum("集体" in row["flags"] for row in GOLD)
    assert str(whole).startswith(f"{joint} / {len(GOLD)}（")
    assert f"/ {len(GOLD) // 2}（" in str(drawn)
    assert cells(overview.rates(GOLD))["集体"][0] == "—"


def test_conventions_are_compared_where_both_are_known() -> None:
    """Letters of both bodies agree, or are told by pair."""
    boards = [{"id": "g0", "category_l1": "环境保护"}, {"id": "g1", "category_l1": "民政"}]
    found = overview.conventions({"gold": GOLD, "board": boards})[1]
    assert found == [
        ["两种口径都有的信", 2], ["其中一致", 1], ["该由 劳动和社会保障，民政 收下", 1],
    ]  # fmt: skip


def test_a_section_is_read_from_the_documents() -> None:
    """Figures of the annotations by id have one place."""
    said = overview.section("recipes/README.md", "annotations.csv 是怎么来的")
    assert "| 项目 | 一致 |" in said
    assert "## " not in said
    assert {"category_l1", "crisis"} <= overview.extra()[0].keys()


def model(folder: Path, figures: dict[str, Any]) -> bundle.Bundle:
    """A bundle with nothing but its manifest."""
    manifest = {
        "name": "样", "version": "1", "kind": "encoder", "trained_on": {"gold_train": 3},
        "held_out": {"dev": 2}, "figures": figures,
    }  # fmt: skip
    return bundle.write(folder, manifest, ())


def test_a_model_tells_how_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets, recipe and comparison come from its folder; what is missing is said."""
    own = model(tmp_path, {"compare": {"category": {"linear": 0.5, "blend": 0.75}, "x": {}}})
    monkeypatch.setenv(overview.MODEL, str(tmp_path))
    assert overview.shipped().info.name == "样"
    assert overview.learnt_from(own)[1] == [["gold_train", "学", 3], ["dev", "留出", 2]]
    assert overview.compared(own) == (
        ("任务", "线性", "合用"), [["一级类别", "0.500", "0.750"], ["x", "—", "—"]],
    )  # fmt: skip
    assert "没有训练配置" in overview.recipe(own)
    (tmp_path / overview.TOML).write_text("name = 1", encoding="utf-8")
    assert overview.recipe(own) == "name = 1"
    assert overview.markdown(overview.compared(model(tmp_path, {}))) == "（没有可列的）"


def test_figures_are_shown_as_measured(tmp_path: Path) -> None:
    """Coverage, abstention and calibration of each set, from figures.json."""
    category = {
        "risk_coverage": [{"coverage": 0.5, "error": 0.1, "threshold": 0.8}],
        "abstention": {"floor": 0.35, "share": 0.02, "error_rest": 0.2, "error_abstained": None},
    }
    sets = {
        "a": {"category": category, "figures": {"category_l1": {"ece": 0.03}}},
        "b": {"figures": {}, "purpose": {"ece": 0.5}},
    }
    told = json.dumps({"sets": sets})
    (tmp_path / overview.FIGURES).write_text(told, encoding="utf-8")
    found = overview.figures(model(tmp_path, {}))
    assert overview.risk(found["a"])[1] == [["50%", "10.0%", "0.80"]]
    assert overview.abstention(found)[1] == [["a", "0.35", "2.0%", "20.0%", "—"]]
    assert overview.errors(found)[1] == [["a", "一级类别", "0.030"], ["b", "目的", "0.500"]]


def test_the_examples_are_measured_when_nothing_was(
    toy_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle without figures.json is measured on the invented letters."""
    asked: dict[str, object] = {}

    def measure(folder: Path, sets: dict[str, Path]) -> dict[str, Any]:
        asked.update(sets)
        return {"sets": {"examples": {"folder": folder}}}

    monkeypatch.setattr(overview, "measure", measure)
    assert overview.figures(bundle.open_bundle(toy_bundle)) == {"examples": {"folder": toy_bundle}}
    assert asked == {"examples": ROOT / "examples" / "gold.jsonl"}
