"""A linear model over candidates, served with numpy alone.

The score of a candidate for a field is a sum of weights: one for every feature of every unit in
one of its places, one for every table row, rule and wording. Weights are stored as float16 in a
safetensors file, the vocabularies in its header.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors import SafetensorError, safe_open

from nlp.errors import BundleError
from nlp.fields.grid import Floats, Grid, Ints

FILE = "fields.safetensors"
ARRAYS = ("unit_weights", "table_weights", "rule_weights", "wording_weights", "bias")


@dataclass(frozen=True, slots=True)
class Ranker:
    """Weights for some fields over one kind of grid.

    Attributes:
        fields: Field keys, in the order of the columns.
        kinds: The candidates' kind that each field takes.
        thresholds: Probability from which a candidate is an answer, by field.
        features: Feature of a unit to its row; row 0 stands for every other feature.
        wordings: Text of a candidate to its row; row 0 stands for every other text.
        sizes: Rows of each table.
        rules: Ids of the rules, in the order of ``rule_weights``.
        unit_weights: Shape (features, places + 1, fields); the last place is the inside.
        table_weights: Shape (sum of sizes, fields).
        rule_weights: Shape (rules, fields).
        wording_weights: Shape (wordings, fields).
        bias: Shape (fields,).
    """

    fields: tuple[str, ...]
    kinds: tuple[int, ...]
    thresholds: Mapping[str, float]
    features: Mapping[str, int]
    wordings: Mapping[str, int]
    sizes: tuple[int, ...]
    rules: tuple[str, ...]
    unit_weights: Floats
    table_weights: Floats
    rule_weights: Floats
    wording_weights: Floats
    bias: Floats

    def probabilities(self, grid: Grid) -> Floats:
        """How likely each candidate answers each field.

        Returns:
            Shape (candidates, fields), 0 where a candidate is not of the field's kind.
        """
        places, fields = self.unit_weights.shape[1:]
        sums = self._units(grid.keys).reshape(-1, places, fields)
        scores = self.bias + grid.rules @ self.rule_weights
        offsets = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        scores += self.table_weights[grid.tables + offsets].sum(axis=1)
        rows = [self.wordings.get(wording, 0) for wording in grid.wordings]
        scores += self.wording_weights[np.array(rows, dtype=np.int64)]
        for place in range(places - 1):
            scores += sums[grid.places[:, place], place]
        scores += inside(sums[:-1, -1], grid.first, grid.last)
        fits = grid.kind[:, None] == np.array(self.kinds)
        return np.where(fits, 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))), 0.0)

    def _units(self, keys: Sequence[Sequence[str]]) -> Floats:
        """Summed weights of each unit, which has one feature at least.

        Returns:
            Shape (units + 1, places * fields); the last row is 0.
        """
        flat = self.unit_weights.reshape(len(self.unit_weights), -1)
        if not keys:
            return np.zeros((1, flat.shape[1]), dtype=np.float32)
        look = self.features.get
        rows = [look(key, 0) for unit in keys for key in unit]  # row 0 weighs nothing
        starts = np.cumsum([0, *(len(unit) for unit in keys[:-1])])
        sums = np.add.reduceat(flat[np.array(rows, dtype=np.int64)], starts, axis=0)
        return np.concatenate([sums, np.zeros((1, flat.shape[1]), dtype=np.float32)])


def inside(values: Floats, first: Ints, last: Ints) -> Floats:
    """Sum of values[first..last] over the root of their number, shape (candidates, fields)."""
    totals = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=totals[1:])
    root = np.sqrt(last - first + 1.0)[:, None]
    return ((totals[last + 1] - totals[first]) / root).astype(np.float32)


def load(path: Path) -> dict[str, Ranker]:
    """Read a file that ``nlp.train.ranker.save`` wrote.

    Raises:
        BundleError: The file cannot be read or is not of this kind.
    """
    try:
        with cast("Any", safe_open)(path, framework="numpy") as file:
            heads: dict[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key).astype(np.float32) for key in file.keys()}  # noqa: SIM118
        return {name: _ranker(name, json.loads(head), tensors) for name, head in heads.items()}
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BundleError(
            "读不了字段模型", where=str(path), remedy="请重新训练或重新安装"
        ) from error


def _ranker(name: str, head: dict[str, Any], tensors: Mapping[str, Floats]) -> Ranker:
    """Put a header and its arrays together."""
    return Ranker(
        fields=tuple(head["fields"]),
        kinds=tuple(head["kinds"]),
        thresholds=head["thresholds"],
        features={word: row for row, word in enumerate(head["features"], 1)},
        wordings={word: row for row, word in enumerate(head["wordings"], 1)},
        sizes=tuple(head["sizes"]),
        rules=tuple(head["rules"]),
        **{key: tensors[f"{name}.{key}"] for key in ARRAYS},
    )
