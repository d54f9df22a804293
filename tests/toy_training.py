"""Some hundred invented letters with annotations, and a bundle trained on them."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nlp import labels

PLACES = ("青禾", "柳溪", "云台", "白石", "江桥", "石泉", "南湖", "东岭")
# first-level category, purpose, urgency, distress, emotions, flags, needs, what is said
KINDS: tuple[tuple[str, str, int, int, list[str], list[str], list[str], str], ...] = (
    ("环境保护", "投诉", 1, 1, ["愤怒"], [], ["诉求解决"], "隔壁工厂半夜排放废气，气味刺鼻"),
    ("劳动和社会保障", "求助", 2, 2, ["焦虑", "无助"], ["集体", "涉农民工"], ["法律咨询"],
     "我们30名工人的工资拖欠了半年，生活困难"),
    ("教育文体", "咨询", 0, 0, ["平静"], ["简易办理"], ["政策引导"], "请问学区什么时候公布"),
    ("城乡建设", "投诉", 1, 1, ["失望"], ["重复"], ["诉求解决"], "物业乱收费，多次反映没有结果"),
    ("纪检监察", "检举控告", 1, 1, ["愤怒"], ["检举控告", "怕报复"], ["诉求解决"],
     "村干部贪污补助款，请为我保密"),
    ("政法", "求助", 3, 3, ["绝望"], [], ["危机介入", "情绪疏导"],
     "对方天天威胁要打死我，我撑不下去"),
    ("交通运输", "建议", 0, 0, ["平静"], ["简易办理"], ["政策引导"], "建议增加公交班次"),
)  # fmt: skip
ROUNDS = 8


def gold_rows() -> list[dict[str, Any]]:
    """Annotated letters, each kind in each place twice."""
    known = labels.load()
    rows: list[dict[str, Any]] = []
    for number in range(ROUNDS * len(KINDS)):
        l1, purpose, urgency, distress, emotions, flags, needs, said = KINDS[number % len(KINDS)]
        place = PLACES[number % len(PLACES)]
        since = f"从201{number % 9}年3月开始"
        body = f"我是{place}小区的居民。{since}，{said}。希望{place}街道尽快处理。"
        rows.append({
            "id": f"g{number}", "group": number, "title": f"{place}{said[:6]}", "body": body,
            "category_l1": l1, "category_l2": known.children(l1)[number % 2], "purpose": purpose,
            "urgency": urgency, "distress": distress, "emotions": emotions, "crisis": [],
            "flags": flags, "group_size": 30 if "集体" in flags else None, "needs": needs,
            "fields": {
                "when": [since], "where": [f"{place}小区"],
                "who_self": [f"{place}小区的居民"], "who_party": [], "agency": [f"{place}街道"],
                "what": [said], "why": [], "how": [f"希望{place}街道尽快处理"], "history": [],
            },
        })  # fmt: skip
    return rows


def board_rows() -> list[dict[str, Any]]:
    """Letters of an archive in another tone, with the board that received them."""
    return [
        {
            "id": f"b{number}",
            "group": -1,
            "title": f"关于{kind[-1][:4]}的问题",
            "body": f"尊敬的领导，{PLACES[number % 8]}片区{kind[-1]}，烦请核查回复，谢谢。",
            "category_l1": kind[0],
        }
        for number, kind in enumerate(KINDS[:4] * 10)
    ]


def write_sets(folder: Path, gold: Sequence[Any] | None = None) -> Path:
    """The three training sets in one folder, one of them gzipped."""
    sets = {
        "gold_train": gold_rows() if gold is None else gold,
        "letters_unlabelled": [{"id": "u", "text": "路灯坏了，请维修。"}] * 3,
    }
    for name, rows in sets.items():
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines + "\n", encoding="utf-8")
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in board_rows())
    (folder / "category_train.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return folder


def train(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A bundle trained on the invented letters: fewer terms, directions, tries and steps."""
    from nlp.train import decide, features, fields, linear, ranker  # noqa: PLC0415  # slow to load

    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(features, "SIZES", {"characters": 3000, "words": 1500, "title": 500})
        patch.setattr(features, "DIRECTIONS", 24)
        patch.setattr(decide, "_GRID", np.arange(0.2, 2.9, 0.2))
        patch.setattr(fields, "_FOLDS", 2)
        patch.setattr(ranker, "_STEPS", 6)
        figures = linear.main(source=write_sets(folder), out=folder / "bundle", seed=1)
    return folder / "bundle", figures
