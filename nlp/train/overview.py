"""What the notebooks count and show: the sets, their labels, and the shipped model's own files.

Tables are lists of rows for ``markdown``; no text and no id of a letter stands in any of them.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp import bundle
from nlp.bundle import Bundle
from nlp.train import intervals
from nlp.train.annotations import read_annotations
from nlp.train.card_figures import table
from nlp.train.data import ENDINGS, Row, groups, read_rows, to_letter
from nlp.train.measure import measure

ROOT = Path(__file__).parents[2]
"""The checkout that notebooks/ lies in."""
DATA = "NOTEBOOK_DATA"
"""Environment variable: a folder of sets other than ../shared/data."""
MODEL = "NOTEBOOK_MODEL"
"""Environment variable: a model folder other than the shipped one."""
EXAMPLES = ("gold",)
SETS = ("gold_train", "gold_dev", "category_train", "category_dev", "letters_unlabelled")
SHIPPED = "models/petition-zh"
FIGURES, TOML, CURVES = "figures.json", "train.toml", "curves.csv"
BANDS = ((0, 100), (101, 300), (301, 800), (801, None))
RANDOM = "random"
Table = tuple[Sequence[str], list[list[object]]]
_RATES: Mapping[str, Callable[[Row], bool]] = {
    "有危机信号": lambda row: bool(row["crisis"]),
    "轻重缓急 2、3 级": lambda row: row["urgency"] >= 2,  # noqa: PLR2004  # orange and red
    "情绪困扰 2、3 级": lambda row: row["distress"] >= 2,  # noqa: PLR2004  # severe and crisis
    "检举控告": lambda row: "检举控告" in row["flags"],
    "集体": lambda row: "集体" in row["flags"],
    "重复": lambda row: "重复" in row["flags"],
    "生活困难": lambda row: "生活困难" in row["flags"],
}
_HEADS: Mapping[str, str] = {
    "category": "一级类别", "category_l2": "二级类别", "board": "收件板块", "purpose": "目的",
    "urgency": "轻重缓急", "distress": "情绪困扰", "emotions": "情绪", "flags": "甄别标记",
    "needs": "问题/需要", "crisis": "危机信号",
}  # fmt: skip
_KNOWN: Mapping[str, str] = {"urgency": "全部任务", "category_l1": "一级类别", "id": "无"}
_MODELS: Mapping[str, str] = {"linear": "线性", "encoder": "编码器", "blend": "合用"}


def read_sets() -> dict[str, list[Row]]:
    """The sets there are: the private ones beside the checkout, else the invented examples."""
    folder = Path(os.environ.get(DATA) or ROOT.parent / "shared" / "data")
    found = [name for name in SETS if any((folder / f"{name}{end}").is_file() for end in ENDINGS)]
    folder, names = (folder, found) if found else (ROOT / "examples", EXAMPLES)
    return {name: read_rows(folder, name) for name in names}


def annotated(sets: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Those that have all annotations."""
    return {n: list(rows) for n, rows in sets.items() if rows and "urgency" in rows[0]}


def markdown(given: Table) -> str:
    """A table as Markdown."""
    return table(*given) or "（没有可列的）"


def sizes(sets: Mapping[str, Sequence[Row]]) -> Table:
    """How many letters a set has, how many are no near-duplicates, and what is annotated."""
    rows: list[list[object]] = []
    for name, own in sets.items():
        known = next(said for key, said in _KNOWN.items() if key in own[0])
        rows.append([name, len(own), len(set(groups(own).tolist())), known])
    return ("数据", "封数", "去掉近似重复", "标注"), rows


def lengths(sets: Mapping[str, Sequence[Row]]) -> Table:
    """Share of letters in each band of length, in characters with the title."""
    names = [f"{low}–{high} 字" if high else f"{low} 字以上" for low, high in BANDS]
    rows: list[list[object]] = []
    for name, own in sets.items():
        sizes = sorted(len(to_letter(row).text) for row in own)
        shares = [sum(_within(size, *band) for size in sizes) / len(sizes) for band in BANDS]
        middle = sizes[len(sizes) // 2]
        rows.append([name, *(f"{share:.1%}" for share in shares), middle, sizes[-1]])
    return ("数据", *names, "中位数", "最长"), rows


def _within(size: int, low: int, high: int | None) -> bool:
    return low <= size and (high is None or size <= high)


def labels_of(sets: Mapping[str, Sequence[Row]], key: str) -> Table:
    """Letters of each label, the most frequent first."""
    counted = {n: _count(rows, key) for n, rows in sets.items() if rows and key in rows[0]}
    whole = sum(counted.values(), Counter[str]())
    rows: list[list[object]] = [
        [label, *(own[label] for own in counted.values())] for label, _ in whole.most_common()
    ]
    return (key, *counted), rows


def _count(rows: Sequence[Row], key: str) -> Counter[str]:
    """Letters of each label; a signal counts by its type, once a letter."""
    found: Counter[str] = Counter()
    for row in rows:
        given = row[key] if isinstance(row[key], list) else [row[key]]
        found.update({str(one["type"] if isinstance(one, dict) else one) for one in given})
    return found


def thin(rows: Sequence[Row], keys: Sequence[str], *, below: int = 10) -> Table:
    """How many labels of each task have too few letters to learn or to measure anything."""
    found: list[list[object]] = []
    for key in keys:
        counted = _count(rows, key)
        found.append([key, len(counted), sum(own < below for own in counted.values())])
    return ("任务", "出现过的标签", f"其中不到 {below} 封的"), found


def rates(rows: Sequence[Row]) -> Table:
    """How often things are in letters drawn at random, and in all annotated letters."""
    drawn = [row for row in rows if row.get("stratum") == RANDOM]
    found: list[list[object]] = [
        [name, *(_rate(part, wanted) for part in (drawn, rows))] for name, wanted in _RATES.items()
    ]
    return ("", "随机抽的", "全部"), found


def _rate(rows: Sequence[Row], wanted: Callable[[Row], bool]) -> str:
    """A rate with Wilson's interval."""
    given = intervals.counted(sum(map(wanted, rows)), len(rows))
    if given["low"] is None:
        return "—"
    return f"{given['right']} / {given['of']}（{given['low']:.1%}–{given['high']:.1%}）"


def conventions(sets: Mapping[str, Sequence[Row]]) -> Table:
    """Letters that know both who should solve them and who received them: how many agree."""
    boards = {
        str(row["id"]): row["category_l1"]
        for rows in sets.values()
        for row in rows
        if "category_l1" in row and "urgency" not in row
    }
    both = [
        (row["category_l1"], boards[str(row["id"])])
        for rows in annotated(sets).values()
        for row in rows
        if str(row["id"]) in boards
    ]
    parts = Counter(pair for pair in both if pair[0] != pair[1])
    agree = len(both) - parts.total()
    rows: list[list[object]] = [["两种口径都有的信", len(both)], ["其中一致", agree]]
    rows += [[f"该由 {solve}，{board} 收下", n] for (solve, board), n in parts.most_common(5)]
    return ("", "封数"), rows


def extra() -> list[dict[str, Any]]:
    """The committed annotations by id."""
    return read_annotations(ROOT / "recipes" / "annotations.csv")


def section(path: str, heading: str) -> str:
    """A section of one of the project's documents, without its heading."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return text.split(f"## {heading}\n", 1)[1].split("\n## ")[0].strip()


def shipped() -> Bundle:
    """The encoder model of the checkout, or while there is none the one that ships."""
    folder = Path(os.environ.get(MODEL) or ROOT / SHIPPED)
    return bundle.open_bundle(folder if (folder / bundle.MANIFEST).is_file() else None)


def learnt_from(model: Bundle) -> Table:
    """Letters that a model learnt from, and those that were held back."""
    known: Mapping[str, int] = model.manifest.get("trained_on", {})
    held: Mapping[str, int] = model.manifest.get("held_out", {})
    rows: list[list[object]] = [[name, "学", count] for name, count in known.items()]
    return ("数据", "用途", "封数"), [*rows, *([n, "留出", count] for n, count in held.items())]


def compared(model: Bundle) -> Table:
    """Linear, encoder and both together on the letters held out of the run."""
    found: Mapping[str, Mapping[str, float]] = model.manifest["figures"].get("compare", {})
    names = [n for n in _MODELS if any(n in own for own in found.values())]
    rows: list[list[object]] = [
        [_HEADS.get(task, task), *(f"{own[n]:.3f}" if n in own else "—" for n in names)]
        for task, own in found.items()
    ]
    return ("任务", *(_MODELS[n] for n in names)), rows


def recipe(model: Bundle) -> str:
    """The run's TOML; a remark where a model has none."""
    path = model.folder / TOML
    return path.read_text(encoding="utf-8") if path.is_file() else "# 这个模型没有训练配置"


def figures(model: Bundle) -> dict[str, Any]:
    """What was measured of a model: its ``figures.json``, else the examples measured now.

    Returns:
        Set to figures, as ``nlp.train.measure`` gives them.
    """
    path = model.folder / FIGURES
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))["sets"]
    return measure(model.folder, {"examples": ROOT / "examples" / "gold.jsonl"})["sets"]


def abstention(found: Mapping[str, Any]) -> Table:
    """How often a model is unsure of the category, and how often it is wrong then and else."""
    rows: list[list[object]] = []
    for name, own in found.items():
        if given := own.get("category", {}).get("abstention"):
            wrong = [given[f"error_{part}"] for part in ("rest", "abstained")]
            said = ["—" if rate is None else f"{rate:.1%}" for rate in wrong]
            rows.append([name, f"{given['floor']:g}", f"{given['share']:.1%}", *said])
    return ("数据", "把握低于", "占", "其余答错", "标出的答错"), rows


def errors(found: Mapping[str, Any]) -> Table:
    """Expected calibration error of the answers that carry a confidence."""
    rows: list[list[object]] = []
    for name, own in found.items():
        known = {"一级类别": own["figures"].get("category_l1"), "目的": own.get("purpose")}
        rows.extend([name, task, f"{one['ece']:.3f}"] for task, one in known.items() if one)
    return ("数据", "任务", "期望校准误差"), rows


def risk(own: Mapping[str, Any]) -> Table:
    """Wrong answers of a set among the surest letters."""
    rows: list[list[object]] = [
        [f"{row['coverage']:.0%}", f"{row['error']:.1%}", f"{row['threshold']:.2f}"]
        for row in own["category"]["risk_coverage"]
    ]
    return ("只答最有把握的", "其中答错", "把握不低于"), rows
