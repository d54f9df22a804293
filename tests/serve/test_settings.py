"""Settings come from the environment only, and are refused when wrong."""

from dataclasses import fields
from pathlib import Path

import pytest

import nlp.serve
from nlp.errors import PetitionError
from nlp.serve.settings import Settings, from_environment, names


def test_nothing_set_gives_defaults() -> None:
    """Without variables, with empty ones and with those of others the defaults hold."""
    assert from_environment({"PATH": "x", "PETITION_PORT": ""}) == Settings()


def test_each_setting_is_read() -> None:
    """Every variable reaches its field in the right type."""
    given = {
        "PETITION_HOST": "::1", "PETITION_PORT": "0", "PETITION_BUNDLE": "m",
        "PETITION_LABELS": "l", "PETITION_MAX_BATCH": "2", "PETITION_MAX_BODY_BYTES": "2000",
        "PETITION_MAX_BATCH_BYTES": "3000", "PETITION_QUEUE": "4",
        "PETITION_READ_SECONDS": "5", "PETITION_ANSWER_SECONDS": "6",
    }  # fmt: skip
    assert set(given) == set(names())
    assert from_environment(given) == Settings(
        host="::1", port=0, bundle=Path("m"), labels=Path("l"), max_batch=2, max_body_bytes=2000,
        max_batch_bytes=3000, queue=4, read_seconds=5, answer_seconds=6,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PETITION_PROT", "8000"),
        ("PETITION_PORT", "65536"),
        ("PETITION_PORT", "-1"),
        ("PETITION_PORT", "８０"),
        ("PETITION_QUEUE", "many"),
        ("PETITION_QUEUE", "0"),
    ],
)
def test_wrong_settings_are_refused(name: str, value: str) -> None:
    """An unknown variable and a bad value are named, with what is allowed."""
    with pytest.raises(PetitionError) as caught:
        from_environment({name: value})
    assert caught.value.where == name
    assert caught.value.remedy


def test_every_setting_is_explained() -> None:
    """README.md lists each variable with its default, and no other."""
    readme = (Path(nlp.serve.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.split("\n") if line.startswith("| `PETITION_")]
    assert [row.split("`")[1] for row in rows] == list(names())
    for row, member in zip(rows, fields(Settings), strict=True):
        assert member.default is None or f"`{member.default}`" in row
