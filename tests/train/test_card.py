"""The model card says what was measured, and nothing that was not."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from nlp.errors import BundleError, OptionError
from nlp.train import card
from nlp.train.card_texts import LANGUAGES, texts
from tests.conftest import ROOT

BIN = {"count": 3, "confidence": 0.612, "right": 0.667}
COUNT = {"right": 5, "of": 6, "low": 0.4365, "high": 0.9699}
CORE = {
    "letters": 12, "category_l1": COUNT, "purpose_accuracy": 0.5, "purpose_macro_f1": 0.41,
    "urgency_kappa": 0.711, "crisis": COUNT,
}  # fmt: skip
CATEGORY = {
    "top2_accuracy": 0.987,
    "risk_coverage": [{"coverage": 0.9, "error": 0.055, "threshold": 0.48}],
    "abstention": {
        "floor": 0.35, "abstained": 2, "share": 0.04, "error_rest": 0.1, "error_abstained": None,
    },
    "reliability": [BIN],
}  # fmt: skip
FIGURES: dict[str, Any] = {
    "bundle": {"name": "petition-zh", "version": "1", "digest": "sha256:feed"},
    "sets": {
        "gold_dev": {
            "file": "gold_dev.jsonl.gz",
            "figures": {
                "letters": 6,
                "category_l1": {"accuracy": 0.861, "ece": 0.031, "per_label_f1": {"政法": 0.75}},
                "flags": {"micro_f1": 0.812, "support": {"集体": 119, "涉外": 3}},
                "fields": {"when": {"span_f1": 0.66, "char_f1": 0.7}, "mean_span_f1": 0.66},
            },
            "category": CATEGORY,
            "purpose": {"ece": 0.061, "accuracy": 0.8, "reliability": [BIN]},
            "intervals": {
                "category_l1": {"accuracy": {"value": 0.861, "low": 0.832, "high": 0.889}},
                "flags": {"micro_f1": {"value": 0.812, "low": None, "high": None}},
            },
            "counts": {"crisis": COUNT},
            "subgroups": {
                "up_to_100": CORE,
                "joint": {**CORE, "letters": 9, "urgency_kappa": 0.123},
            },
            "rewritten": {
                "traditional": {
                    "letters": 6,
                    "same": {"category_l1": 6, "purpose": 5, "urgency": 6, "crisis": 6},
                    "before": CORE,
                    "after": CORE,
                },
                "named_places": {"letters": 0},
            },
        },
        "category_dev": {
            "file": "category_dev.jsonl.gz",
            "figures": {"letters": 4, "category_l1": {"macro_f1": 0.9}},
            "by_board": {
                "figures": {"category_l1": {"macro_f1": 0.941}},
                "category": CATEGORY,
            },
        },
    },
}
MANIFEST: dict[str, Any] = {
    "name": "petition-zh", "version": "1", "kind": "encoder", "seed": 7,
    "labels_digest": "sha256:cafe", "tags": ["when"],
    "unit_heads": {"category": ["政法"], "urgency": ["1"]},
    "trained_on": {"gold_train": 2046, "annotations": 5001, "crisis_psysuicide_train": 1480},
    "held_out": {"dev": 280, "boards": 99},
    "linear": {"name": "linear", "version": "1", "seed": 0},
    "files": {"encoder.onnx": {"bytes": 3 * 2**20, "sha256": "0"}},
    "export": {
        "precision": "int8", "letters": 200, "limit": 0.05, "bytes": {"encoder.onnx": 3 * 2**20},
        "differences": {"category": {"mean": 0.0123, "p99": 0.08, "max": 0.31}},
    },
    "blend": {"category": {"encoder": [0.5, 0.7], "linear": [0.4, 0.4], "bias": [0.0, 0.0]}},
    "figures": {
        "measured": "somehow", "category_gold_accuracy": 0.8651,
        "compare": {"category": {"linear": 0.81, "encoder": 0.845, "blend": 0.866}},
    },
    "recipe": {
        "encoder": {"kind": "use", "pieces": 16000},
        "data": {"exclude": ["gold_dev"], "unlabelled": ["text_general"]},
    },
}  # fmt: skip
SHIPPED_WORDS = ("泰迪杯", "PsyGUARD", "175", "A市", "../shared")


def foreign() -> dict[str, Any]:
    """The manifest of a city's own bundle."""
    own = {"name": "本市", "trained_on": {"本市来信": 900, "annotations": 12}}
    recipe = {"encoder": {"kind": "hf", "source": "/somewhere/deep/macbert"}}
    return {**MANIFEST, **own, "recipe": recipe}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_that_of_the_files(language: str) -> None:
    """Sizes, counts, seed, figures, intervals and groups come from manifest and figures."""
    text = card.render(MANIFEST, FIGURES, language)
    for said in (
        "| `gold_train` | 2,046 |", "| `encoder.onnx` | 3.00 |", "| 0.0123 | 0.0800 | 0.3100 |",
        "280", "seed 7" if language == "en" else "种子 7", "int8", "sha256:cafe", "sha256:feed",
        "| 0.810 | 0.845 | **0.866** | 0.60 | 0.40 |", "0.865", "| 0.861 | 0.832–0.889 |",
        "| 5 / 6 | 0.436–0.970 |", "| 0.812 | — |", "| 0.987 | — |", "| 90% | 0.055 | 0.480 |",
        "| 3 | 0.612 | 0.667 |", "4.0%", "5 / 6 (0.44–0.97)", "0.711 → 0.711", "0.941",
        "petition evaluate ../shared/data/gold_dev.jsonl.gz --bundle models/petition-zh\n",
        "petition evaluate ../shared/data/category_dev.jsonl.gz --bundle models/petition-zh "
        "--by-board", "petition train recipes/petition-zh.toml", "MIT", "CC-BY-4.0", "涉外",
    ):  # fmt: skip
        assert said in text, said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_must_not_do_is_said(language: str) -> None:
    """Limits and misuse stand in every card, in whole sentences without open braces."""
    for manifest, figures in ((MANIFEST, FIGURES), (foreign(), None)):
        text = card.render(manifest, figures, language)
        assert texts()["say"]["never"][language] in text
        assert texts()["limits"]["danger"][language] in text
        assert not re.search(r"[{}]", text)
        assert "None" not in text
        assert "\n\n\n" not in text


def test_a_small_group_gives_counts_alone() -> None:
    """A kappa of nine letters says nothing; of twelve it is shown."""
    text = card.render(MANIFEST, FIGURES)
    assert "0.123" not in text
    assert "| 9 | 5 / 6 (0.44–0.97) | — | — |" in text
    assert "| 12 | 5 / 6 (0.44–0.97) | 0.500 | 0.711 |" in text


def test_tables_are_whole() -> None:
    """Every line of a table has as many cells as its head."""
    for language in LANGUAGES:
        for block in card.render(MANIFEST, FIGURES, language).split("\n\n"):
            lines = block.split("\n")
            if lines[0].startswith("|"):
                assert len({line.count("|") for line in lines}) == 1, block


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_bundle_claims_nothing_of_the_shipped_one(language: str) -> None:
    """Sets that are not this project's are somebody's own, and so are limits and recipe."""
    text = card.render(foreign(), {"sets": {"本市": FIGURES["sets"]["gold_dev"]}}, language)
    assert text.count(f"| {texts()['sources']['own'][language]} |") == 2
    assert texts()["limits"]["elsewhere"][language] in text
    assert not [word for word in SHIPPED_WORDS if word in text]
    assert "recipes/" not in text
    assert "macbert" in text
    assert "/somewhere" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_parts_are_left_out(language: str) -> None:
    """A bare manifest gives a short card, not a card of empty tables and invented figures."""
    keys = ("name", "version", "kind", "seed")
    text = card.render({key: MANIFEST[key] for key in keys}, {}, language)
    assert "|" not in text
    assert texts()["say"]["figures_head"][language] not in text
    assert texts()["say"]["export_head"][language] not in text
    assert texts()["say"]["run_head"][language] not in text


def test_each_part_may_be_missing() -> None:
    """Any one key of a set, or of the manifest, can be absent."""
    for key in FIGURES["sets"]["gold_dev"]:
        figures = copy.deepcopy(FIGURES)
        del figures["sets"]["gold_dev"][key]
        assert "gold_dev" in card.render(MANIFEST, figures)
    for key in MANIFEST.keys() - {"name", "version", "kind", "seed"}:
        manifest = {name: own for name, own in MANIFEST.items() if name != key}
        assert card.render(manifest, FIGURES).startswith("# 模型卡：petition-zh 1")


def test_both_cards_are_written(tmp_path: Path) -> None:
    """A bundle gets a Chinese and an English card; the run's TOML is read with the manifest."""
    manifest = {key: own for key, own in MANIFEST.items() if key != "recipe"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (tmp_path / "train.toml").write_text('[encoder]\nkind = "scratch"\nlayers = 3\n', "utf-8")
    card.write(tmp_path, FIGURES)
    chinese, english = ((tmp_path / name).read_text("utf-8") for name in card.CARDS.values())
    assert chinese.startswith("# 模型卡")
    assert english.startswith("# Model card")
    assert "3 层" in chinese
    assert "3 layers" in english
    assert chinese.count("|") == english.count("|")


def test_no_manifest_is_refused(tmp_path: Path) -> None:
    """Without a manifest there is nothing to write a card from."""
    with pytest.raises(BundleError, match="读不到模型清单"):
        card.write(tmp_path, FIGURES)


def test_an_unknown_language_is_refused() -> None:
    """There are two languages."""
    with pytest.raises(OptionError, match="zh、en"):
        card.render(MANIFEST, FIGURES, "fr")


def test_every_text_is_in_both_languages() -> None:
    """No text was forgotten, and both fill in the same values."""
    for kind, table in texts().items():
        for key, pair in table.items():
            assert set(pair) == set(LANGUAGES), f"{kind} {key}"
            braces = [sorted(re.findall(r"\{\w+\}", pair[name])) for name in LANGUAGES]
            assert braces[0] == braces[1], f"{kind} {key}"


def test_the_linear_card_is_as_before() -> None:
    """A linear bundle keeps its card: sets, cross-validation, fields."""
    manifest = json.loads((ROOT / "models" / "linear" / "manifest.json").read_text("utf-8"))
    text = card.render(manifest)
    assert text.startswith(f"# 模型卡：linear {manifest['version']}")
    for said in ("| gold_train | 2326 |", "目的宏平均 F1 |", "| when | 0.", "不可用于"):
        assert said in text
    own = {**manifest, "trained_on": {"某地": 5}}
    assert "| 某地 | 5 | 自备 |" in card.render(own)
