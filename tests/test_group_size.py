"""Tests of nlp.group_size."""

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import group_size
from nlp.letter import Letter
from nlp.text import View

STATED = [
    ("我们小区三十六户居民已经停水五天，请求解决。", 36, "三十六户"),
    ("我们村１９００余户村民联名请求修路。", 1900, "１９００余户"),
    ("全镇2万多人饮水困难，我们强烈要求解决。", 20000, "2万多人"),
    ("关系到小区上千户业主的安全，我们请求帮助。", 1000, "千户"),
    ("我们近一千名职工的工资被拖欠。", 1000, "一千名"),
    ("老板拖欠我们30几位农民工的工资。", 30, "30几位"),
    ("拖欠我们七、八十名农民工的血汗钱。", 70, "七、八十名"),
    ("我们五六十户村民没有路走。", 50, "五六十户"),
    ("我们壹佰贰拾户业主拿不到房产证。", 120, "壹佰贰拾户"),
    ("我們三百戶業主聯名投訴。", 300, "三百戶"),
]
UNSTATED = [
    "小区几百户居民都在反映。",
    "这里住着几十户人家。",
    "数千名业主怨声载道。",
    "我今年62岁，每月工资1900元。",
    "我住在33层，离路口200米。",
    "我拨打12345市民热线反映。",
    "千家万户都在过年。",
    "来了30多名保安，殴打我一人。",
    "1栋1702业主在阳台上搭棚。",
    "我一个人带孩子。",
    "",
]


def read(body: str) -> tuple[int, str] | None:
    """Number and words found in a body."""
    found = group_size.find(View(Letter("1", body=body)))
    return (found[0], found[1].quote) if found else None


@pytest.mark.parametrize(("body", "number", "quote"), STATED)
def test_stated_number_is_read(body: str, number: int, quote: str) -> None:
    """A stated number of people or households is read in digits, hanzi and old hanzi."""
    assert read(body) == (number, quote)


@pytest.mark.parametrize("body", UNSTATED)
def test_other_numbers_are_none(body: str) -> None:
    """Vague counts, ages, prices, floors, hotlines, guards and rooms are no group size."""
    assert read(body) is None


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("三十六", 36),
        ("一百零七", 107),
        ("一千五百八十八", 1588),
        ("两万", 20000),
        ("十", 10),
        ("一〇七", 107),
        ("五六", 5),
        ("七、八十", 70),
        ("七十、八十", 70),
        ("十万", 100000),
    ],
)
def test_hanzi_numerals(words: str, number: int) -> None:
    """Chinese numerals are read; of two guesses the lower counts."""
    assert group_size.read_hanzi(words) == number


def test_title_counts_too() -> None:
    """A number in the title is found there."""
    found = group_size.find(View(Letter("1", "384户业主请求办证", "我们买房多年。")))
    assert found is not None
    assert (found[0], found[1].part) == (384, "title")


@given(
    st.text(
        alphabet="我们小区村共约近上0123５６三十百千万几户人名业主，。 \n😀𠮷\u200b", max_size=80
    )
)
def test_span_quotes_the_part(body: str) -> None:
    """Whatever is found, its words stand at its offsets."""
    found = group_size.find(View(Letter("1", "来信", body)))
    if found:
        part = "来信" if found[1].part == "title" else body
        assert part[found[1].start : found[1].end] == found[1].quote
        assert found[0] >= group_size.LEAST


@pytest.mark.shared
def test_most_stated_sizes_are_right(shared_data: Path) -> None:
    """On the training letters four of five stated sizes are right, few are made up."""
    with gzip.open(shared_data / "gold_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    right = wrong = stated = 0
    for row in rows:
        found = group_size.find(View(Letter(row["id"], row["title"], row["body"])))
        stated += row["group_size"] is not None
        right += found is not None and found[0] == row["group_size"]
        wrong += found is not None and row["group_size"] is None
    assert right >= 0.8 * stated
    assert wrong <= 0.04 * len(rows)


@pytest.mark.parametrize("flood", ["13812345678,", "1", "一", "一、", " ", "共 ", "12户 "])
def test_endless_lists_of_numbers_are_read_in_time(flood: str) -> None:
    """A long run is not read again from each of its signs."""
    view = View(Letter("1", body="共" + (flood * 40_000)[:40_000]))
    begun = time.process_time()
    group_size.find(view)
    assert time.process_time() - begun < 3
