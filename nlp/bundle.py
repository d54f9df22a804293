"""A model folder of plain files: written once, verified against its manifest before use.

``manifest.json`` lists every file with its sha256; nothing is parsed before the digests agree,
and nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nlp.errors import BundleError
from nlp.report import ModelInfo
from nlp.resources import data_folder

MANIFEST = "manifest.json"
DEFAULT = "models/petition-zh"
REMEDY = "请重新下载或重新训练这个模型文件夹"
_REQUIRED: Mapping[str, type] = {"name": str, "version": str, "kind": str, "files": dict}


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened model folder.

    Attributes:
        folder: Where it lies.
        manifest: The manifest as written by ``write``.
        digest: sha256 of the manifest file, which itself pins every other file.
    """

    folder: Path
    manifest: Mapping[str, Any]
    digest: str

    @property
    def info(self) -> ModelInfo:
        """Name, version and digest as reports carry them."""
        return ModelInfo(self.manifest["name"], self.manifest["version"], self.digest)

    def file(self, name: str) -> Path:
        """A verified file of the bundle.

        Raises:
            BundleError: The manifest does not list it.
        """
        if name not in self.manifest["files"]:
            raise BundleError(f"清单里没有 {name!r}", where=str(self.folder), remedy=REMEDY)
        return self.folder / name


def open_bundle(folder: Path | None = None) -> Bundle:
    """Open a model folder and verify every file of it.

    Args:
        folder: The folder; None opens the one that ships with the package.

    Returns:
        The bundle, all digests checked.

    Raises:
        BundleError: The folder or a file is missing, truncated or altered.
    """
    root = data_folder(DEFAULT) if folder is None else folder
    path = root / MANIFEST
    try:
        raw = path.read_bytes()
        manifest = json.loads(raw)
    except OSError as error:
        raise BundleError("读不到模型清单", where=str(path), remedy=REMEDY) from error
    except ValueError as error:
        raise BundleError("模型清单不是合法的 JSON", where=str(path), remedy=REMEDY) from error
    _check_keys(manifest, path)
    for name, entry in cast("dict[str, Any]", manifest["files"]).items():
        _check_file(root, name, entry)
    return Bundle(root, manifest, f"sha256:{hashlib.sha256(raw).hexdigest()}")


def write(folder: Path, manifest: Mapping[str, Any], files: tuple[str, ...]) -> Bundle:
    """Write the manifest over files that already lie in the folder.

    Args:
        folder: The model folder.
        manifest: name, version, kind and whatever the scorer needs.
        files: Names of the files to pin.

    Returns:
        The bundle, opened again from disk.
    """
    listed = {name: _entry(folder / name) for name in sorted(files)}
    text = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return open_bundle(folder)


def _entry(path: Path) -> dict[str, Any]:
    """Size and sha256 of a file."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _check_keys(manifest: Any, path: Path) -> None:  # noqa: ANN401  # whatever JSON held
    """Refuse a manifest without its required keys."""
    for key, kind in _REQUIRED.items():
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), kind):  # pyright: ignore[reportUnknownMemberType]
            raise BundleError(f"模型清单缺少 {key!r}", where=str(path), remedy=REMEDY)


def _check_file(root: Path, name: str, entry: Any) -> None:  # noqa: ANN401  # whatever JSON held
    """Refuse a path outside the folder, a missing file, and a file that is not as written."""
    path = root / name
    if path.parent != root or not isinstance(entry, dict):
        raise BundleError(f"清单中的文件名 {name!r} 不合法", where=str(root), remedy=REMEDY)
    try:
        found = _entry(path)
    except OSError as error:
        raise BundleError("读不到模型文件", where=str(path), remedy=REMEDY) from error
    if found != entry:
        raise BundleError("模型文件与清单的校验值不符", where=str(path), remedy=REMEDY)
