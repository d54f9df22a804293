"""What a model card needs: counted from reports, without a word of a letter."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp.errors import LetterError
from nlp.letter import Letter
from nlp.report import Alternative, Category, Purpose, Report
from nlp.train import measure, subgroups
from nlp.train.subgroups import Read
from tests.conftest import ROOT
from tests.samples import full

pytestmark = pytest.mark.slow

GOLD = ROOT / "examples" / "gold.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
ALONE = 8
"""Letters of the set that knows the category alone."""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The shipped linear bundle on invented letters, with all annotations and with one."""
    alone = tmp_path_factory.mktemp("sets") / "alone.jsonl"
    kept = [{key: row[key] for key in ("id", "title", "body", "category_l1")} for row in ROWS]
    alone.write_text("\n".join(json.dumps(row) for row in kept[:ALONE]), "utf-8")
    return measure.measure(ROOT / "models" / "linear", {"all": GOLD, "alone": alone})


def leaves(tree: Any) -> list[Any]:
    """Keys and values of a tree of JSON."""
    if isinstance(tree, dict):
        return [*tree, *(leaf for own in tree.values() for leaf in leaves(own))]
    return [leaf for own in tree for leaf in leaves(own)] if isinstance(tree, list) else [tree]


def test_no_letter_is_told(figures: dict[str, Any]) -> None:
    """Plain JSON, four digits, no ids, no words of letters."""
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    told = leaves(figures)
    assert all(value == round(value, 4) for value in told if isinstance(value, float))
    words = {value for value in told if isinstance(value, str)}
    assert not words & {row["id"] for row in ROWS}
    assert max(map(len, words - {figures["bundle"]["digest"]})) < 30
    assert str(ROOT) not in json.dumps(figures)


def test_the_figures_are_those_of_evaluate(figures: dict[str, Any]) -> None:
    """What is resampled, counted or grouped agrees with the plain figures."""
    own = figures["sets"]["all"]
    plain = own["figures"]
    for task, found in own["intervals"].items():
        for name, around in found.items():
            assert around["value"] == pytest.approx(plain[task][name], abs=2e-4), task
            assert around["low"] <= around["value"] <= around["high"]
    counts = own["counts"]["crisis"]
    assert counts["right"] / counts["of"] == pytest.approx(plain["crisis"]["recall"], abs=1e-4)
    assert counts["of"] == plain["crisis"]["letters_with"]
    whole = own["category"]["risk_coverage"][0]
    assert whole["error"] == pytest.approx(1 - plain["category_l1"]["accuracy"], abs=2e-4)
    order = [plain["category_l1"]["accuracy"], own["category"]["top2_accuracy"]]
    assert order == sorted(order)
    assert order[1] <= plain["category_l1"]["top4_accuracy"]
    gaps = [b["count"] * abs(b["confidence"] - b["right"]) for b in own["category"]["reliability"]]
    assert sum(gaps) / len(ROWS) == pytest.approx(plain["category_l1"]["ece"], abs=2e-4)


def test_subgroups_are_told_by_annotations(figures: dict[str, Any]) -> None:
    """Length bands hold every letter once; the others as many as the annotations say."""
    groups = figures["sets"]["all"]["subgroups"]
    bands = ("up_to_100", "up_to_300", "up_to_800", "over_800")
    assert sum(groups[name]["letters"] for name in bands if name in groups) == len(ROWS)
    assert groups["joint"]["letters"] == sum("集体" in row["flags"] for row in ROWS)
    named = [bool(row["fields"]["who_self"]) for row in ROWS]
    assert groups["writer_named"]["letters"] == sum(named)
    assert groups["writer_unnamed"]["letters"] == len(ROWS) - sum(named)
    others = [any(s["who"] in {"家人", "他人"} for s in row["crisis"]) for row in ROWS]
    assert groups["danger_others"]["letters"] == sum(others)
    assert groups["danger_others"]["crisis"]["of"] == sum(others)


def test_letters_written_in_another_way_are_read_again(figures: dict[str, Any]) -> None:
    """Traditional script changes every letter here; most keep their answers."""
    found = figures["sets"]["all"]["rewritten"]
    script = found["traditional"]
    assert script["letters"] == len(ROWS)
    assert all(kept >= 0.8 * len(ROWS) for kept in script["same"].values())
    before = script["before"]["category_l1"]["right"]
    assert (
        abs(script["after"]["category_l1"]["right"] - before)
        <= len(ROWS) - script["same"]["category_l1"]
    )
    assert found["named_places"]["letters"] <= len(ROWS)


def test_a_set_gives_what_it_can(figures: dict[str, Any]) -> None:
    """A set with the category alone gives nothing else, and is read by the board as well."""
    own = figures["sets"]["alone"]
    assert set(own["figures"]) == {"letters", "without_report", "category_l1"}
    assert set(own["intervals"]) == {"category_l1"}
    assert own["counts"] == {}
    assert "purpose" not in own
    assert own["by_board"]["figures"]["letters"] == ALONE
    assert "by_board" not in figures["sets"]["all"]
    assert not set(own["subgroups"]) - {"up_to_100", "up_to_300", "up_to_800", "over_800"}


def test_the_floor_parts_answers() -> None:
    """Errors are counted apart for what is marked as unsure and for the rest."""
    found = measure._abstention([True, True, False, False, False], [False, True, True, True, False])
    assert found == {
        "abstained": 2, "share": 0.4, "error_rest": pytest.approx(1 / 3), "error_abstained": 0.5,
    }  # fmt: skip
    assert measure._abstention([False], [True])["error_abstained"] is None
    assert measure._abstention([True], [True])["error_rest"] is None


def test_risk_falls_with_coverage() -> None:
    """The surest half is right when only unsure answers are wrong."""
    sure = [i / 100 for i in range(100)]
    rows = measure._risk(sure, [own >= 0.2 for own in sure])
    assert [row["coverage"] for row in rows] == list(measure.COVERAGE)
    assert [row["error"] for row in rows[:2]] == pytest.approx([0.2, 15 / 95])
    assert rows[-1] == {"coverage": 0.5, "error": 0.0, "threshold": 0.5}


def answer(l1: str | None, second: str) -> Report:
    """A report that names one category first and another second."""
    others = (Alternative(second, None, 0.2), Alternative("政法", None, 0.1))
    return replace(full(), category=Category(l1, None, 0.5, others), purpose=Purpose("投诉", "", 1))


def test_only_the_second_answer_counts_for_two() -> None:
    """The third one does not; a letter that could not be read has none."""
    rows = [{"id": str(i), "body": "样", "category_l1": "政法"} for i in range(4)]
    reports = [answer("政法", "民政"), answer("民政", "政法"), answer("民政", "国土资源")]
    blank = replace(full(), category=Category(None, None, 0.0, abstained=True))
    found = measure._category(Read(rows, [*reports, blank]), 0.3)
    assert found["top2_accuracy"] == 0.5
    assert found["abstention"]["abstained"] == 1


class Stubborn:
    """Answers by the first character alone."""

    def read(self, letters: list[Letter]) -> list[Report]:
        """One report a letter."""
        kinds = {"国": "政法", "國": "民政"}
        return [answer(kinds.get(letter.body[0], "政法"), "民政") for letter in letters]


def test_changed_answers_are_counted() -> None:
    """Only letters that differ are read again; those that change their answer are counted."""
    rows = [{"id": str(i), "body": body, "category_l1": "政法"} for i, body in enumerate("国人国")]
    letters = [Letter(row["id"], "", row["body"]) for row in rows]
    model: Any = Stubborn()
    found = subgroups.rewritten(Read(rows, model.read(letters)), letters, model)
    script = found["traditional"]
    assert script["letters"] == 2
    assert script["same"]["category_l1"] == 0
    assert script["before"]["category_l1"]["right"] == 2
    assert script["after"]["category_l1"]["right"] == 0
    assert found["named_places"] == {"letters": 0}


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    """Nothing measured is an error, not a card without figures."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n", "utf-8")
    with pytest.raises(LetterError, match="空的"):
        measure.measure(ROOT / "models" / "linear", {"empty": empty})
