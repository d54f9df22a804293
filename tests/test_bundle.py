"""A model folder is used only when every file of it is as it was written."""

import ast
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from nlp import bundle
from nlp.errors import BundleError
from nlp.resources import data_folder
from tests.conftest import ROOT

WEIGHTS = "weights.bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound bundle of one small file."""
    (tmp_path / WEIGHTS).write_bytes(b"0123456789")
    bundle.write(tmp_path, {"name": "样", "version": "1", "kind": "linear"}, (WEIGHTS,))
    return tmp_path


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest by hand."""
    path = folder / bundle.MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def test_a_sound_bundle_opens(folder: Path) -> None:
    """Name, version and the digest of the manifest go into every report."""
    opened = bundle.open_bundle(folder)
    assert (opened.info.name, opened.info.version) == ("样", "1")
    raw = (folder / bundle.MANIFEST).read_bytes()
    assert opened.digest == opened.info.digest == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert opened.file(WEIGHTS).read_bytes() == b"0123456789"


HARM: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "altered": (lambda f: (f / WEIGHTS).write_bytes(b"0123456780"), WEIGHTS, "校验值不符"),
    "truncated": (lambda f: (f / WEIGHTS).write_bytes(b"01234"), WEIGHTS, "校验值不符"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), WEIGHTS, "校验值不符"),
    "missing file": (lambda f: (f / WEIGHTS).unlink(), WEIGHTS, "读不到模型文件"),
    "a folder": (
        lambda f: ((f / WEIGHTS).unlink(), (f / WEIGHTS).mkdir()), WEIGHTS, "读不到模型文件"
    ),
    "no manifest": (lambda f: (f / bundle.MANIFEST).unlink(), bundle.MANIFEST, "读不到模型清单"),
    "not json": (lambda f: (f / bundle.MANIFEST).write_text("{"), bundle.MANIFEST, "合法的 JSON"),
    "not utf-8": (
        lambda f: (f / bundle.MANIFEST).write_bytes(b"\xff\xfe\xff"), bundle.MANIFEST, "合法的 JSON"
    ),
    "a list": (lambda f: (f / bundle.MANIFEST).write_text("[]"), bundle.MANIFEST, "缺少 'name'"),
    **{
        f"no {key}": (
            lambda f, key=key: rewrite(f, lambda m: m.pop(key)), bundle.MANIFEST, f"缺少 '{key}'"
        )
        for key in ("name", "version", "kind", "files")
    },
    "wrong type": (
        lambda f: rewrite(f, lambda m: m.update(version=1)), bundle.MANIFEST, "缺少 'version'"
    ),
    "no digest": (
        lambda f: rewrite(f, lambda m: m["files"][WEIGHTS].pop("sha256")), WEIGHTS, "校验值不符"
    ),
    "no entry": (lambda f: rewrite(f, lambda m: m["files"].update({WEIGHTS: 1})), "", "不合法"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_a_harmed_bundle_is_refused(folder: Path, harm: str) -> None:
    """Whatever is missing, cut or altered is refused by file name, with what to do."""
    do, name, message = HARM[harm]
    do(folder)
    with pytest.raises(BundleError) as caught:
        bundle.open_bundle(folder)
    assert message in caught.value.what
    assert str(folder / name) in caught.value.where
    assert "重新" in caught.value.remedy


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "sub/../../secret", "sub/weights", "", ".", ".."]
)
def test_a_path_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    """A manifest cannot make the loader read anything but files of its own folder."""
    secret = folder.parent / "secret"
    secret.write_text("别处的文件")
    rewrite(folder, lambda m: m["files"].update({name: m["files"][WEIGHTS]}))
    with pytest.raises(BundleError, match=r"不合法|读不到"):
        bundle.open_bundle(folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(BundleError, match=r"nowhere.*读不到模型清单"):
        bundle.open_bundle(tmp_path / "nowhere")


def test_only_listed_files_are_given(folder: Path) -> None:
    """A file that the manifest does not pin is not the bundle's."""
    (folder / "extra").write_text("x")
    with pytest.raises(BundleError, match="清单里没有 'extra'"):
        bundle.open_bundle(folder).file("extra")


def test_the_shipped_bundle_is_sound_and_plain() -> None:
    """The shipped bundle opens, is at most 30 MB, and holds plain files of known kinds only."""
    opened = bundle.open_bundle()
    names = {bundle.MANIFEST, *opened.manifest["files"]}
    assert names <= {path.name for path in opened.folder.iterdir()}
    assert sum((opened.folder / name).stat().st_size for name in names) <= 30 * 2**20
    plain = {".json", ".safetensors", ".onnx", ".toml", ".csv"}
    assert {Path(name).suffix for name in names} <= plain
    for name in names:
        if name.endswith(".safetensors"):
            with safe_open(opened.folder / name, framework="numpy") as file:
                assert list(file.keys())


def test_the_shipped_bundle_names_its_data() -> None:
    """The manifest names the sets that were learnt from, and how its figures were measured."""
    manifest = json.loads((data_folder(bundle.DEFAULT) / bundle.MANIFEST).read_text("utf-8"))
    assert manifest["trained_on"]
    assert manifest["figures"]["measured"]


def test_every_byte_is_read_the_same_elsewhere(folder: Path, tmp_path_factory: Any) -> None:
    """A copied bundle has the same digest: nothing in it depends on where it lies."""
    copy = tmp_path_factory.mktemp("copy") / "样"
    shutil.copytree(folder, copy)
    assert bundle.open_bundle(copy).digest == bundle.open_bundle(folder).digest


def test_nothing_is_ever_unpickled() -> None:
    """No file of the package imports a module that runs code from data."""
    unsafe = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    for path in sorted((ROOT / "nlp").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & unsafe, path
            if isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", path
