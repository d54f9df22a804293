"""A run's TOML: whole or refused, by file and key."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from nlp.errors import OptionError
from nlp.train import config
from tests.conftest import ROOT

LEAST = {
    "name": '"样"',
    "data.folder": '"."',
    "data.annotated": "{ a = 1 }",
    "encoder.kind": '"hf"',
}


def written(folder: Path, **changed: str | None) -> Path:
    """A run's TOML with the fewest keys, some changed, added or (None) left out."""
    values: dict[str, str | None] = {**LEAST, **changed}
    path = folder / "run.toml"
    lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def refused(path: Path, key: str) -> None:
    """The file is refused with its own name and the key."""
    with pytest.raises(OptionError) as caught:
        config.load(path)
    assert caught.value.where == f"{path} {key}".strip()


def test_the_shipped_recipe_loads() -> None:
    """recipes/petition-zh.toml is a run, and names the encoder it ships with."""
    found = config.load(ROOT / "recipes" / "petition-zh.toml")
    assert (found.name, found.encoder.kind) == ("petition-zh", "use")
    assert {"gold_dev", "category_dev"} <= set(found.data.exclude)


def test_what_is_left_out_has_a_value(tmp_path: Path) -> None:
    """Four keys are a run; whole numbers pass where decimals are meant; nothing can be changed."""
    found = config.load(written(tmp_path, **{"loop.rate": "1"}))
    assert found.loop == config.Loop(rate=1.0)
    assert type(found.loop.rate) is type(found.data.annotated["a"]) is float
    assert found.heads == config.Heads()
    assert found.data.exclude == ()
    with pytest.raises(FrozenInstanceError):
        found.name = "别"  # pyright: ignore[reportAttributeAccessIssue]
    table: Any = found.data.annotated
    with pytest.raises(TypeError):
        table["b"] = 1.0


@pytest.mark.parametrize("key", LEAST)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    """Each of the four keys that a run needs."""
    refused(written(tmp_path, **{key: None}), "encoder" if key == "encoder.kind" else key)


@pytest.mark.parametrize(
    "key", ["color", "data.dirs", "encoder.kinds", "heads.gate", "loop.epoch", "export.bits"]
)
def test_an_unknown_key_is_named(tmp_path: Path, key: str) -> None:
    """At the top and in every section; the answer lists what there is."""
    path = written(tmp_path, **{key: "1"})
    refused(path, key)
    with pytest.raises(OptionError, match="可用"):
        config.load(path)


WRONG_TYPES = {
    "name": "1",
    "version": "1",
    "data": "1",
    "data.folder": "true",
    "data.annotated": '["a"]',
    "data.boards": '{ a = "1" }',
    "data.annotations": "{ a = true }",
    "data.texts": '"a"',
    "data.exclude": "[1]",
    "data.dev": '"0.1"',
    "encoder.window": "1.5",
    "heads.gates": "true",
    "heads.weights": "1",
    "loop": '"fast"',
    "loop.epochs": "2.0",
    "loop.rate": "true",
    "export.precision": "8",
}


@pytest.mark.parametrize(("key", "value"), WRONG_TYPES.items(), ids=WRONG_TYPES)
def test_a_wrong_type_is_named(tmp_path: Path, key: str, value: str) -> None:
    """Text for a number, a list for a table, a yes for a number, a value for a section."""
    part = {name: None for name in LEAST if name.startswith(f"{key}.")}
    refused(written(tmp_path, **part, **{key: value}), key)


WRONG_VALUES = [
    ("name", '""'),
    ("name", '"../x"'),
    ("name", '".."'),
    ("version", '""'),
    ("data.annotated", "{}"),
    ("encoder.kind", '"gpt"'),
    ("export.precision", '"int4"'),
    *((key, str(low - 1)) for key, (low, _) in config.RANGES.items() if low in {0, 1}),
    *((key, "1.5") for key, (_, high) in config.RANGES.items() if high <= 1),
    *((key, "nan") for key in ("data.dev", "heads.dropout", "loop.rate", "export.parity")),
    *((key, "0") for key in ("data.dev", "loop.rate", "export.parity")),
    *((key, "1.0") for key in ("data.dev", "heads.dropout", "loop.piece_dropout")),
    ("loop.rate", "inf"),
]


@pytest.mark.parametrize(("key", "value"), WRONG_VALUES, ids=" ".join)
def test_a_wrong_value_is_named(tmp_path: Path, key: str, value: str) -> None:
    """A value that no run could mean, such as a share above one or a rate that is no number."""
    refused(written(tmp_path, **{key: value}), key)


@pytest.mark.parametrize(
    "key", ["data.annotated", "data.annotations", "data.boards", "data.crisis", "heads.weights"]
)
@pytest.mark.parametrize("value", ["-0.1", "nan", "inf"])
def test_a_wrong_weight_is_named(tmp_path: Path, key: str, value: str) -> None:
    """Below nought, or no number."""
    refused(written(tmp_path, **{key: f"{{ a = {value} }}"}), f"{key}.a")


def test_every_number_has_a_range() -> None:
    """A number that is added to the configuration is checked too."""
    sections = {
        "data": config.Data(folder="", annotated={}),
        "encoder": config.EncoderConfig(kind="hf"),
        "heads": config.Heads(),
        "loop": config.Loop(),
        "export": config.Export(),
    }
    numbers = {
        f"{name}.{key}"
        for name, section in sections.items()
        for key, value in vars(section).items()
        if isinstance(value, int | float)
    }
    assert numbers == set(config.RANGES)


@pytest.mark.parametrize("raw", [b"name = ", b"[data\n", "name = '样'".encode("gb18030")])
def test_what_is_not_toml_is_refused(tmp_path: Path, raw: bytes) -> None:
    """Broken TOML, and text in another encoding."""
    path = tmp_path / "run.toml"
    path.write_bytes(raw)
    refused(path, "")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """No file, and a folder in its place."""
    refused(tmp_path / "none.toml", "")
    refused(tmp_path, "")


def test_labels_lie_relative_to_the_file(tmp_path: Path) -> None:
    """A run may name its labels folder; without one the labels that ship are meant."""
    path = written(tmp_path, **{"data.labels": '"../own"'})
    assert config.labels_folder(config.load(path), path) == (tmp_path / "../own").resolve()
    path = written(tmp_path)
    assert config.labels_folder(config.load(path), path) is None
