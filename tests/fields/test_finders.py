"""What the finders answer to invented sentences, by rules alone."""

import gzip
import json
from pathlib import Path

import pytest

from nlp import labels
from nlp.errors import BundleError
from nlp.fields import Finders
from nlp.fields.clues import MODEL, Clues, Found, tidy
from nlp.fields.ranker import FILE
from nlp.fields.what import find_what, find_why
from nlp.letter import Letter
from nlp.resources import data_folder
from nlp.text import View
from nlp.train.fields import measure

RULES = Finders.load(None, labels.load())


@pytest.mark.parametrize(
    ("field", "body", "quote"),
    [
        ("when", "小区2019年3月15日停水。", "2019年3月15日"),
        ("when", "路灯坏了已经两个多月了。", "已经两个多月了"),
        ("where", "B市C3区青禾路附近有人焚烧垃圾。", "B市C3区青禾路附近"),
        ("where", "垃圾站位于柳溪镇政府旁边，臭味很大。", "柳溪镇政府旁边"),
        ("who_self", "我是青禾小区3栋的业主，反映电梯的事。", "青禾小区3栋的业主"),
        ("who_self", "领导您好，我叫林小禾，今年五十岁。", "林小禾"),
        ("who_party", "举报柳溪砂厂非法开采。", "柳溪砂厂"),
        ("who_party", "青禾物业服务有限公司乱收费。", "青禾物业服务有限公司"),
        ("agency", "打过12345市民热线，没有用。", "12345市民热线"),
        ("agency", "多次向青禾街道办反映，没人管。", "青禾街道办"),
        ("what", "楼下饭店油烟直接排到走廊，睡不着。", "楼下饭店油烟直接排到走廊"),
        ("why", "由于开发商没有交齐资料，办不了证。", "由于开发商没有交齐资料"),
        ("how", "您好，恳请领导帮忙解决房产证的问题。", "恳请领导帮忙解决房产证的问题"),
        ("history", "投诉后一直没有任何答复，很失望。", "投诉后一直没有任何答复"),
    ],
)
def test_a_rule_answers_without_a_model(field: str, body: str, quote: str) -> None:
    """Cue words alone find plain answers, and say which rule it was."""
    found = getattr(next(RULES.find([View(Letter("1", body=body))])), field)
    assert quote in [value.span.quote for value in found]
    sources = [value.source for value in found if value.span.quote == quote]
    assert sources[0].startswith(f"rule:field.{field}.")


@pytest.mark.parametrize(
    ("field", "text", "quote"),
    [
        ("where", "反映青禾小区3栋", "青禾小区3栋"),
        ("where", "家住青禾村的村民", "青禾村"),
        ("where", "青禾新城的多项", "青禾新城"),
        ("agency", "打过12345", "12345"),
        ("agency", "报110", "110"),
        ("agency", "到了青禾区法院", "青禾区法院"),
        ("who_party", "请督促青禾公司", "青禾公司"),
        ("who_party", "至诚公司", "至诚公司"),
        ("who_self", "是住在青禾村的村民", "住在青禾村的村民"),
        ("how", "请求青禾公司退款", "请求青禾公司退款"),
    ],
)
def test_a_name_stands_without_the_words_around_it(field: str, text: str, quote: str) -> None:
    """Verbs before a name and people after a place are cut off; clauses stay whole."""
    found = Found(0, len(text), 0.9, MODEL)
    clues = Clues(View(Letter("1", body=text)), (), (), {field: (found,)})
    assert [value.span.quote for value in clues.answers(field)] == [quote]


def test_why_is_not_what_happened_again() -> None:
    """A clause that says what happened is the reason too only where a rule reads one in it."""
    own = Found(0, 4, 0.9, MODEL)
    view = View(Letter("1", body="楼塌了吗，没人来修"))
    clues = Clues(view, (), (), {"what": (own,), "why": (own,)})
    assert [value.span.quote for value in find_what(clues)] == ["楼塌了吗"]
    assert find_why(clues) == []
    ruled = Clues(view, (), (), {"what": (own,), "why": (own._replace(source="rule:x"),)})
    assert [value.span.quote for value in find_why(ruled)] == ["楼塌了吗"]


def test_a_trained_ranker_answers_what_it_was_taught(trained: Path) -> None:
    """Twelve invented letters are enough to find the same things in a thirteenth."""
    finders = Finders.load(trained, labels.load())
    body = (
        "领导您好，我是望山小区的业主。从2016年3月开始，望山物业服务有限公司乱收费，"
        "楼道没有人打扫。我们多次向望山街道办事处反映，没有任何答复。请求有关部门尽快查处。"
    )
    found = next(finders.find([View(Letter("1", "反映望山小区物业乱收费", body))]))
    assert [value.span.quote for value in found.agency] == ["望山街道办事处"]
    assert [value.span.quote for value in found.who_party] == ["望山物业服务有限公司"]
    assert [value.span.quote for value in found.how] == ["请求有关部门尽快查处"]
    assert found.agency[0].source == "rule:field.agency.told+model:linear-fields"


def test_a_broken_or_missing_ranker_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(BundleError, match=FILE):
        Finders.load(tmp_path, labels.load())
    (tmp_path / FILE).write_bytes(b"nonsense")
    with pytest.raises(BundleError, match=FILE):
        Finders.load(tmp_path, labels.load())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("“饺子故事” 餐饮店", "饺子故事”餐饮店"),
        (" 青禾 小区,", "青禾小区"),
        ("（）", "（）"),
        ('""', None),
    ],
)
def test_a_tidy_value_has_no_blanks_and_no_signs_around_it(text: str, value: str | None) -> None:
    """Signs inside stay; nothing at all is None."""
    assert tidy(text) == value


@pytest.mark.shared
def test_the_bundle_finds_people_places_times_and_organs(shared_data: Path) -> None:
    """Mean span F1 of the five mention fields on held-out letters is .40 at least."""
    if not (data_folder("models/linear") / FILE).is_file():
        pytest.skip("models/linear 里还没有字段模型")
    with gzip.open(shared_data / "gold_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:200]
    finders = Finders.load(data_folder("models/linear"), labels.load())
    views = [View(Letter(row["id"], row["title"] or "", row["body"])) for row in rows]
    found = list(finders.find(views))
    scores: list[float] = []
    for field in ("when", "where", "who_self", "who_party", "agency"):
        gold = [(view.raw, row["fields"][field]) for view, row in zip(views, rows, strict=True)]
        given = [
            [view.letter.offsets(value.span) for value in getattr(one, field)]
            for view, one in zip(views, found, strict=True)
        ]
        scores.append(measure(gold, given)["span_f1"])
    assert sum(scores) / len(scores) >= 0.40
