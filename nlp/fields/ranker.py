"""A linear model over candidates, served with numpy alone.

The score of a candidate for a field is a sum of weights: one for every feature of every unit in
one of its places, one for every table row, rule and wording. Weights are stored as float16 in a
safetensors file, the vocabularies in its header.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors import SafetensorError, safe_open

from nlp.errors import BundleError
from nlp.fields.grid import Floats, Grid, Ints

FILE = "fields.safetensors"
_MOST_RECALLED = 1 << 15
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
        memory: Units met before, with what ``_sums`` gave for them.
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
    memory: dict[tuple[str, ...], Floats] = field(
        default_factory=dict[tuple[str, ...], Floats], init=False, repr=False, compare=False
    )

    def probabilities(self, grid: Grid) -> Floats:
        """How likely each candidate answers each field.

        Returns:
            Shape (candidates, fields), 0 where a candidate is not of the field's kind.
        """
        places, fields = self.unit_weights.shape[1:]
        sums = self._recalled(grid.keys) if grid.recurs else self._sums(grid.keys)
        sums = np.concatenate([*sums, np.zeros(places * fields, np.float32)])
        sums = sums.reshape(-1, places, fields)  # the last row, of the unit that is none, is 0
        scores = self.bias + grid.rules @ self.rule_weights
        offsets = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        scores += self.table_weights[grid.tables + offsets].sum(axis=1)
        rows = map(self.wordings.get, grid.wordings, repeat(0))
        scores += self.wording_weights[np.fromiter(rows, np.int64, len(grid.wordings))]
        for place in range(places - 1):
            scores += sums[grid.places[:, place], place]
        scores += inside(sums[:-1, -1], grid.first, grid.last)
        fits = grid.kind[:, None] == np.array(self.kinds)
        return np.where(fits, 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30))), 0.0)

    def _recalled(self, keys: Sequence[tuple[str, ...]]) -> list[Floats]:
        """What ``_sums`` gives, computed once for units that come back."""
        if len(self.memory) > _MOST_RECALLED:
            self.memory.clear()
        fresh = list(set(keys).difference(self.memory))
        self.memory.update(zip(fresh, self._sums(fresh), strict=True))
        return [self.memory[key] for key in keys]

    def _sums(self, keys: Sequence[tuple[str, ...]]) -> Floats:
        """Summed weights of each unit, which has one feature at least.

        Returns:
            Shape (units, places * fields).
        """
        flat = self.unit_weights.reshape(len(self.unit_weights), -1)
        if not keys:
            return flat[:0]
        stops = np.cumsum([len(unit) for unit in keys])
        rows = map(self.features.get, chain.from_iterable(keys), repeat(0))  # 0 weighs nothing
        picked = flat[np.fromiter(rows, np.int64, int(stops[-1]))]
        return np.add.reduceat(picked, np.append(0, stops[:-1]), axis=0)


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
