"""One training run as one TOML file: read into frozen dataclasses, unknown keys refused.

The file is kept in the bundle as ``train.toml``, so that a model always tells how it was made.
"""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin, get_type_hints

from nlp.errors import OptionError

PRECISIONS = ("int8", "fp16", "fp32")
KINDS = ("use", "hf", "scratch")
Numbers = Mapping[str, float]
_TINY, _MOST = 1e-9, sys.float_info.max
_NEARLY_ONE = 1 - _TINY
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "data.dev": (_TINY, _NEARLY_ONE),
        **dict.fromkeys(("encoder.window", "encoder.pretrain_epochs"), (0, _MOST)),
        **{f"encoder.{key}": (1, _MOST) for key in ("width", "layers", "attention", "pieces")},
        **{f"heads.{key}": (1, _MOST) for key in ("gates", "gate_width", "peak", "hidden")},
        "heads.tagger": (0, _MOST),
        "heads.dropout": (0, _NEARLY_ONE),
        **{f"loop.{key}": (1, _MOST) for key in ("epochs", "batch", "max_tokens", "threads")},
        "loop.checkpoint": (1, _MOST),
        "loop.rate": (_TINY, _MOST),
        **{f"loop.{key}": (0, _MOST) for key in ("encoder_rate", "decay", "seed")},
        **{f"loop.{key}": (0, 1) for key in ("warmup", "unmask")},
        **{f"loop.{key}": (0, _NEARLY_ONE) for key in ("piece_dropout", "smoothing")},
        "export.parity": (_TINY, _MOST),
    }
)
"""Lowest and highest value of every number."""
_WEIGHTS = ("data.annotated", "data.annotations", "data.boards", "data.crisis", "heads.weights")


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the letters are and how they are split.

    Attributes:
        folder: Folder of the training sets; relative to the TOML file.
        annotated: Sets with all annotations, name to weight of a letter.
        annotations: CSV files of annotations by letter id, name to weight; the text is looked
            up in ``texts``.
        boards: Sets that know the receiving board only, name to weight.
        texts: Sets that the annotations' ids are looked up in.
        crisis: Sets of short texts with a danger label, name to weight.
        unlabelled: Sets that pre-training reads.
        exclude: Sets whose near-duplicates must not be trained on, such as a test set.
        dev: Share of the groups of ``annotated`` that is kept for calibration and early looks.
        labels: Labels folder, relative to the TOML file; empty for the one that ships.
    """

    folder: str
    annotated: Numbers
    annotations: Numbers = field(default_factory=dict)
    boards: Numbers = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    crisis: Numbers = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dev: float = 0.15
    labels: str = ""


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Which encoder, and its own settings.

    Attributes:
        kind: "use", "hf" or "scratch".
        source: For "hf" a folder or a name; for "use" empty (the installed package).
        window: Tokens a window holds at most; 0 for the encoder's own limit.
        width: For "scratch": size of a token's state.
        layers: For "scratch": number of layers.
        attention: For "scratch": number of attention heads.
        pieces: Pieces that the vocabulary is pruned (use) or learnt (scratch) to at most.
        pretrain_epochs: Rounds of masked language modelling before the tasks; 0 for none.
    """

    kind: str
    source: str = ""
    window: int = 0
    width: int = 256
    layers: int = 4
    attention: int = 4
    pieces: int = 16_000
    pretrain_epochs: int = 0


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Sizes above the encoder.

    Attributes:
        gates: Attention pools over the tokens of a letter.
        gate_width: Features that each pool gives.
        peak: Features whose highest value over the windows is kept.
        hidden: Width of the shared layer.
        tagger: Width of the token tagger; 0 for none.
        dropout: Share of features dropped in training.
        weights: Task to the weight of its loss; 1 where missing, 0 leaves a task out.
    """

    gates: int = 8
    gate_width: int = 64
    peak: int = 256
    hidden: int = 384
    tagger: int = 128
    dropout: float = 0.3
    weights: Numbers = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """How the weights are fitted.

    Attributes:
        epochs: Rounds over the letters.
        batch: Letters a step.
        rate: Peak learning rate of the heads.
        encoder_rate: Peak learning rate of the encoder.
        warmup: Share of the steps in which the rate rises.
        decay: Weight decay.
        piece_dropout: Share of pieces replaced by the unknown piece.
        unmask: Share of letters whose masked places (A市A3区) are given invented names.
        smoothing: Label smoothing of the one-of-many tasks.
        max_tokens: Tokens of a letter that one training step reads at most; which ones changes
            with every round. Serving always reads all.
        threads: CPU threads.
        checkpoint: Steps between checkpoints.
        seed: Of everything random.
    """

    epochs: int = 6
    batch: int = 32
    rate: float = 1e-3
    encoder_rate: float = 1e-3
    warmup: float = 0.1
    decay: float = 0.01
    piece_dropout: float = 0.1
    unmask: float = 0.3
    smoothing: float = 0.05
    max_tokens: int = 400
    threads: int = 2
    checkpoint: int = 100
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Export:
    """What the bundle is made of.

    Attributes:
        precision: "int8", "fp16" or "fp32" of the encoder.
        linear: Bundle folder whose linear model and field ranker are joined to the encoder;
            empty for the encoder alone. Relative to the TOML file.
        parity: How far a probability may move by quantisation, at most.
    """

    precision: str = "int8"
    linear: str = ""
    parity: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Config:
    """A run.

    Attributes:
        name: Of the bundle.
        version: Of the bundle.
        data: Letters.
        encoder: Encoder.
        heads: Heads.
        loop: Training loop.
        export: Bundle.
    """

    name: str
    version: str = "1"
    data: Data
    encoder: EncoderConfig
    heads: Heads = field(default_factory=Heads)
    loop: Loop = field(default_factory=Loop)
    export: Export = field(default_factory=Export)


def load(path: Path) -> Config:
    """Read a run's TOML file.

    Raises:
        OptionError: The file is missing, is not TOML, or holds an unknown key, a wrong type or
            a value out of range.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError("读不到训练配置", where=str(path), remedy="请检查路径") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"训练配置不是合法的 TOML（{error}）", where=str(path)) from error
    config: Config = _build(data, Config, str(path), "")
    _check(config, str(path))
    return config


def labels_folder(config: Config, path: Path) -> Path | None:
    """The labels that a run names, None for those that ship.

    Args:
        config: The run.
        path: Its TOML file.
    """
    return (path.parent / config.data.labels).resolve() if config.data.labels else None


def _build(given: Any, kind: Any, path: str, key: str) -> Any:  # noqa: ANN401  # TOML to dataclass
    """A dataclass from a TOML table."""
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    if unknown := sorted(set(given) - set(known)):
        where = f"{path} {key}{unknown[0]}"
        raise OptionError("未知的配置项", where=where, remedy=f"可用：{'、'.join(known)}")
    values: dict[str, Any] = {}
    for name, slot in known.items():
        where = f"{path} {key}{name}"
        if name in given:
            values[name] = _value(given[name], hints[name], where, path)
        elif slot.default is MISSING and slot.default_factory is MISSING:
            raise OptionError("缺少配置项", where=where)
    return kind(**values)


def _value(given: Any, kind: Any, where: str, path: str) -> Any:  # noqa: ANN401  # as above
    """One value of the right type; whole numbers pass as decimals."""
    if is_dataclass(kind):
        if not isinstance(given, dict):
            raise OptionError("应为一节配置", where=where)
        return _build(given, kind, path, f"{where.removeprefix(path).strip()}.")
    if get_origin(kind) is tuple:
        if isinstance(given, list) and all(isinstance(item, str) for item in given):
            return tuple(given)
        raise OptionError("应为文字的列表", where=where)
    if kind == Numbers:
        return _numbers(given, where)
    number = kind is float and isinstance(given, int) and not isinstance(given, bool)
    if not number and type(given) is not kind:
        raise OptionError(f"应为 {kind.__name__}，实为 {type(given).__name__}", where=where)
    return kind(given)


def _numbers(given: Any, where: str) -> Numbers:  # noqa: ANN401  # as above
    """A table of name to number."""
    fits = isinstance(given, dict) and all(type(v) in (int, float) for v in given.values())
    if not fits:
        raise OptionError("应为 名称 = 数字 的表", where=where)
    return MappingProxyType({name: float(value) for name, value in given.items()})


def _check(config: Config, path: str) -> None:
    """Refuse values that no run could mean."""
    for key, (low, high) in RANGES.items():
        if not low <= _at(config, key) <= high:
            raise OptionError("配置项的值超出范围", where=f"{path} {key}")
    for key in _WEIGHTS:
        for name, weight in _at(config, key).items():
            if not 0 <= weight <= _MOST:
                raise OptionError("权重应为不小于 0 的数", where=f"{path} {key}.{name}")
    wrong = {
        # the name is also that of a folder
        "name": config.name in {"", ".."} or Path(config.name).name != config.name,
        "version": not config.version,
        "data.annotated": not config.data.annotated,
        "encoder.kind": config.encoder.kind not in KINDS,
        "export.precision": config.export.precision not in PRECISIONS,
    }
    if bad := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise OptionError("配置项的值不合规格", where=f"{path} {bad[0]}")


def _at(config: Config, key: str) -> Any:  # noqa: ANN401  # a number, or a table of numbers
    """A value by the name that it has in the file."""
    return attrgetter(key)(config)
