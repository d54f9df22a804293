"""The shipped labels are whole, frozen, and in step with the annotators' guide."""

import shutil
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from nlp.labels import Labels, load
from nlp.report import Fields
from nlp.resources import data_folder


@pytest.fixture(scope="module")
def labels() -> Labels:
    """The labels that ship with the package."""
    return load()


def names(table: tuple[object, ...], attribute: str = "name") -> list[str]:
    """One attribute of each entry of a table."""
    return [getattr(entry, attribute) for entry in table]


def test_the_taxonomy_is_complete(labels: Labels) -> None:
    """There are 15 topics of the first level, 118 of the second, 517 of the third."""
    levels = [topic.level for topic in labels.topics]
    assert [levels.count(n) for n in (1, 2, 3)] == [15, 118, 517]
    assert labels.level_one() == tuple(t.name for t in labels.topics if t.level == 1)


def test_every_topic_of_the_first_level_has_children(labels: Labels) -> None:
    """Each first-level name has second-level names; another name has none."""
    assert all(labels.children(name) for name in labels.level_one())
    assert "环境污染" in labels.children("环境保护")
    assert labels.children("没有这一类") == ()


GUIDE = {
    "purposes": "咨询 求助 投诉 建议 检举控告 其他",
    "urgency": "普通 黄 橙 红",
    "distress": "平稳 一般困扰 严重困扰 危机",
    "emotions": "愤怒 焦虑 恐惧 悲伤 绝望 委屈 失望 无助 平静",
    "crisis_types": "自杀自伤 伤人报复 极端行为 遭受暴力 生命健康危险",
    "crisis_who": "本人 家人 他人 群体",
    "crisis_states": "意图 流露 既往 正在发生",
    "crisis_levels": "none concern high imminent",
    "flags": (
        "集体 重复 涉法涉诉 检举控告 涉外 简易办理 越级 非理性行为 生活困难 怕报复 "
        "涉未成年人 涉老年人 涉残疾人 涉退役军人 涉农民工 涉精神障碍"
    ),
    "needs": "法律咨询 政策引导 情绪疏导 家庭关系调适 危机介入 邻里纠纷 诉求解决 链接资源 其他",
    "pii_types": (
        "姓名 手机号 固定电话 身份证号 银行卡号 邮箱 微信 QQ 车牌 住址 "
        "统一社会信用代码 护照与港澳台证件"
    ),
}


@pytest.mark.parametrize(("table", "wanted"), GUIDE.items())
def test_names_are_those_of_the_guide(labels: Labels, table: str, wanted: str) -> None:
    """Every table holds the annotators' names, all of them and no other."""
    assert sorted(names(getattr(labels, table))) == sorted(wanted.split())


def test_fields_are_those_of_the_report(labels: Labels) -> None:
    """The field keys are the keys of the report, in its order."""
    assert names(labels.fields, "key") == [f.name for f in fields(Fields)]


def test_purposes_fall_under_the_official_classes(labels: Labels) -> None:
    """The official classes are those of articles 29 to 31, and 咨询 and 其他 beside them."""
    assert {p.name: p.official for p in labels.purposes} == {
        "咨询": "咨询",
        "求助": "申诉求决",
        "投诉": "申诉求决",
        "建议": "建议意见",
        "检举控告": "检举控告",
        "其他": "其他",
    }


def test_the_guide_explains_every_label(labels: Labels) -> None:
    """labels/README.md names every label of every table."""
    guide = (data_folder("labels") / "README.md").read_text(encoding="utf-8")
    wanted = {name for table in GUIDE for name in names(getattr(labels, table))}
    wanted |= {*labels.level_one(), *names(labels.fields, "key"), *names(labels.fields)}
    assert not {name for name in wanted if name not in guide}


def test_nothing_labels_a_person(labels: Labels) -> None:
    """No name of a label passes judgement on who writes."""
    tables = [names(getattr(labels, table)) for table in GUIDE]
    text = " ".join(name for table in tables for name in table)
    assert not [word for word in ("缠访", "闹访", "无理", "老户", "刁民") if word in text]


def test_labels_cannot_be_changed(labels: Labels) -> None:
    """Labels are frozen, their mappings too."""
    with pytest.raises(FrozenInstanceError):
        labels.digest = ""  # type: ignore[misc]
    with pytest.raises(TypeError):
        labels.rules["crisis"] = ()  # type: ignore[index]


def test_the_digest_changes_with_one_byte(labels: Labels, tmp_path: Path) -> None:
    """Equal files give an equal digest; one byte more gives another."""
    same, other = (
        Path(shutil.copytree(data_folder("labels"), tmp_path / name)) for name in ("same", "other")
    )
    (same / "README.md").write_text("给人看的话不算在内", encoding="utf-8")
    with (other / "needs.toml").open("ab") as file:
        file.write(b"\n")
    assert load(same).digest == labels.digest
    assert load(other).digest != labels.digest
    assert labels.digest.startswith("sha256:")
