"""A copy of the labels with one thing broken is refused, by file and line."""

import shutil
from pathlib import Path

import pytest

from nlp.errors import LabelError
from nlp.labels import load
from nlp.resources import data_folder

TOPICS = "code,parent,level,name,aliases,description\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped labels, cut down to two levels of topics and one rule a file for speed."""
    folder = tmp_path_factory.mktemp("small") / "labels"
    shutil.copytree(data_folder("labels"), folder)
    lines = (folder / "taxonomy.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(",")[2] != "3"]
    (folder / "taxonomy.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    for path in (folder / "rules").glob("*.toml"):
        first = path.read_text(encoding="utf-8").split("[[rule]]")[:2]
        path.write_text("[[rule]]".join(first), encoding="utf-8")
    return folder


@pytest.fixture
def copy(small: Path, tmp_path: Path) -> Path:
    """A copy of the labels to break."""
    return Path(shutil.copytree(small, tmp_path / "labels"))


RULE = 'label = "{}"\nscore = 0.5\npatterns = ["{}"]\nexamples = ["甲乙"]\n'
HANDLING = 'gives = "flow"\ntext = "甲"\nbasis = "乙"\n'
BROKEN = {
    "unknown key": ("flags.toml", '[[flag]]\nname = "甲"\nbais = "乙"', "未知的键 'bais'"),
    "unknown table": ("needs.toml", '[[ned]]\nname = "甲"', "未知的表 'ned'"),
    "missing key": ("needs.toml", '[[need]]\nname = "甲"', "缺少键 'description'"),
    "empty string": ("needs.toml", '[[need]]\nname = ""\ndescription = "乙"', "不可为空"),
    "name twice": ("needs.toml", '[[need]]\nname = "其他"\ndescription = "乙"', "'其他' 重复"),
    "purpose twice": (
        "purposes.toml",
        '[[purpose]]\nname = "咨询"\nofficial = "咨询"\ndescription = "乙"',
        "'咨询' 重复",
    ),
    "level twice": (
        "scales.toml",
        '[[urgency]]\nlevel = 3\nname = "黑"\ndescription = "乙"',
        "level 3 重复",
    ),
    "gap in levels": (
        "scales.toml",
        '[[urgency]]\nlevel = 5\nname = "黑"\ndescription = "乙"',
        "此处应为 4",
    ),
    "crisis level the report lacks": (
        "crisis.toml",
        '[[level]]\nlevel = 4\nname = "worst"\ndescription = "乙"',
        "name 须依次为 none、concern、high、imminent",
    ),
    "field the report lacks": (
        "fields.toml",
        '[[field]]\nkey = "whom"\nname = "给谁"\ndescription = "乙"',
        "key 须依次为 when、where",
    ),
    "action for unknown level": (
        "crisis.toml",
        '[[action]]\ntext = "甲"\nbasis = "乙"\nlevels = ["worst"]',
        "levels 引用了未定义的 'worst'",
    ),
    "action for unknown type": (
        "crisis.toml",
        '[[action]]\ntext = "甲"\nbasis = "乙"\nlevels = ["high"]\ntypes = ["伤心"]',
        "types 引用了未定义的 '伤心'",
    ),
    "empty list": ("crisis.toml", '[[action]]\ntext = "甲"\nbasis = "乙"\nlevels = []', "列表为空"),
    "rule without label": (
        "rules/flag.toml",
        '[[rule]]\nid = "x"\n' + RULE.format("集休", "甲"),
        "label 引用了未定义的 '集休'",
    ),
    "rule without guard": (
        "rules/flag.toml",
        '[[rule]]\nid = "x"\nguards = ["没有"]\n' + RULE.format("集体", "甲"),
        "guards 引用了未定义的 '没有'",
    ),
    "rule id twice": (
        "rules/field.toml",
        f'[[rule]]\nid = "x"\n{RULE.format("how", "甲")}[[rule]]\nid = "x"\n'
        + RULE.format("how", "乙"),
        "id 'x' 重复",
    ),
    "bad regex": (
        "rules/flag.toml",
        '[[rule]]\nid = "x"\n' + RULE.format("集体", "(甲"),
        "正则 '(甲' 有误",
    ),
    "regex for nothing": (
        "rules/flag.toml",
        '[[rule]]\nid = "x"\n' + RULE.format("集体", "甲*"),
        "正则 '甲*' 能匹配空串",
    ),
    "score above one": (
        "rules/flag.toml",
        '[[rule]]\nid = "x"\n' + RULE.format("集体", "甲").replace("0.5", "5"),
        "score 须大于 0",
    ),
    "level above three": (
        "rules/scale.toml",
        '[[rule]]\nid = "x"\nlevel = 4\n' + RULE.format("urgency", "甲"),
        "level 须为 1 至 3",
    ),
    "crisis rule without state": (
        "rules/crisis.toml",
        '[[rule]]\nid = "x"\nlevel = 2\nwho = "本人"\n' + RULE.format("自杀自伤", "甲"),
        "须写明 who 和 state",
    ),
    "crisis rule with unknown state": (
        "rules/crisis.toml",
        '[[rule]]\nid = "x"\nlevel = 2\nwho = "本人"\nstate = "想"\n'
        + RULE.format("自杀自伤", "甲"),
        "state 引用了未定义的 '想'",
    ),
    "guard twice": (
        "rules/guards.toml",
        "".join(f'[[guard]]\nname = "甲"\ndescription = "乙"\nbefore = ["{c}"]\n' for c in "丙丁"),
        "'甲' 重复",
    ),
    "bad guard": (
        "rules/guards.toml",
        '[[guard]]\nname = "甲"\ndescription = "乙"\nbefore = ["["]',
        "正则 '[' 有误",
    ),
    "flow for unknown flag": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\nwhen = { flags = ["集休"] }\n' + HANDLING,
        "flags 引用了未定义的 '集休'",
    ),
    "flow for unknown purpose": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\nwhen = { purpose = ["问"] }\n' + HANDLING,
        "purpose 引用了未定义的 '问'",
    ),
    "department under the wrong parent": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\n'
        + HANDLING
        + '[rule.when]\ncategory_l1 = ["政法"]\ncategory_l2 = ["体育"]',
        "政法 之下没有二级类 '体育'",
    ),
    "handling id twice": (
        "handling/flow.toml",
        '[[rule]]\nid = "deadline.inform"\n' + HANDLING,
        "id 'deadline.inform' 重复",
    ),
    "flow with days": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\ndays = 3\n' + HANDLING,
        "只有时限须写 days",
    ),
    "deadline without days": (
        "handling/deadlines.toml",
        '[[rule]]\nid = "x"\n' + HANDLING.replace("flow", "deadline"),
        "只有时限须写 days",
    ),
    "urgency off the scale": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\nwhen = { urgency_from = 4 }\n' + HANDLING,
        "须为 0 至 3",
    ),
    "unknown result": (
        "handling/flow.toml",
        '[[rule]]\nid = "x"\n' + HANDLING.replace("flow", "score"),
        "须为 department、flow",
    ),
    "broken TOML": ("flags.toml", "[[flag]\n", "不是合法的 TOML"),
}


@pytest.mark.parametrize(("file", "addition", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused(copy: Path, file: str, addition: str, message: str) -> None:
    """One bad entry in any file is a LabelError that names file and line."""
    path = copy / file
    lines = path.read_text(encoding="utf-8").rstrip("\n").count("\n") + 1
    with path.open("a", encoding="utf-8") as out:
        out.write("\n" + addition)
    with pytest.raises(LabelError) as caught:
        load(copy)
    assert message in caught.value.what
    place, _, line = caught.value.where.split(" ")[0].rpartition(":")
    assert place == str(path)
    # Tables checked as a whole are refused at their first entry, all else at what was added.
    assert int(line) > lines or "须依次为" in message


MISREAD_TOPICS = {
    "wrong header": ("code,parent,name\n", 1, "表头须为"),
    "wrong column count": (TOPICS + "A,,1,甲,\n", 2, "应有 6 列，实有 5 列"),
    "level not a number": (TOPICS + "A,,一,甲,,乙\n", 2, "不是整数"),
    "code twice": (TOPICS + "A,,1,甲,,乙\nA,,1,丙,,丁\n", 3, "code 'A' 重复"),
    "unknown parent": (TOPICS + "A,,1,甲,,乙\nA1,B,2,丙,,丁\n", 3, "parent 引用了未定义的 'B'"),
    "wrong parent level": (TOPICS + "A,,1,甲,,乙\nA1,A,3,丙,,丁\n", 3, "A1 的层级与上级 'A' 不合"),
    "own parent": (TOPICS + "A,A,1,甲,,乙\n", 2, "A 的层级与上级 'A' 不合"),
    "fourth level": (
        TOPICS + "A,,1,甲,,乙\nB,A,2,甲,,乙\nC,B,3,甲,,乙\nD,C,4,甲,,乙\n",
        5,
        "D 的层级与上级 'C' 不合",
    ),
    "name twice": (TOPICS + "A,,1,甲,,乙\nB,,1,甲,,丁\n", 3, "同一上级下 '甲' 重复"),
    "no name": (TOPICS + "A,,1,,,乙\n", 2, "缺编码、名称或说明"),
    "no description": (TOPICS + "A,,1,甲,,\n", 2, "缺编码、名称或说明"),
    "no code": (TOPICS + ",,1,甲,,乙\n", 2, "缺编码、名称或说明"),
    "no rows": (TOPICS, 1, "没有一行数据"),
}


@pytest.mark.parametrize(
    ("content", "line", "message"), MISREAD_TOPICS.values(), ids=MISREAD_TOPICS
)
def test_a_broken_taxonomy_is_refused(copy: Path, content: str, line: int, message: str) -> None:
    """A fault in the taxonomy is a LabelError that names file and line."""
    (copy / "taxonomy.csv").write_text(content, encoding="utf-8")
    with pytest.raises(LabelError) as caught:
        load(copy)
    assert message in caught.value.what
    assert caught.value.where == f"{copy / 'taxonomy.csv'}:{line}"


@pytest.mark.parametrize("file", ["flags.toml", "taxonomy.csv", "rules/guards.toml"])
def test_a_missing_file_is_refused(copy: Path, file: str) -> None:
    """Each file must be there."""
    (copy / file).unlink()
    with pytest.raises(LabelError, match="文件不存在或读不到") as caught:
        load(copy)
    assert caught.value.where == str(copy / file)


def test_handling_without_files_is_refused(copy: Path) -> None:
    """A folder of handling rules that is empty is not taken for a city without rules."""
    shutil.rmtree(copy / "handling")
    with pytest.raises(LabelError, match="没有一个处置规则文件"):
        load(copy)


@pytest.mark.parametrize("file", ["flag.toml", "rules/crises.toml", "topics.csv"])
def test_a_misnamed_file_is_refused(copy: Path, file: str) -> None:
    """A data file that nothing reads is refused, so that a slip in its name is seen."""
    (copy / file).write_text("", encoding="utf-8")
    with pytest.raises(LabelError, match="没有程序会读这个文件") as caught:
        load(copy)
    assert caught.value.where == str(copy / file)


def test_a_file_in_another_encoding_is_refused(copy: Path) -> None:
    """GB18030 is refused with the line where it stops being UTF-8."""
    (copy / "needs.toml").write_bytes('[[need]]\nname = "其他"\n'.encode("gb18030"))
    with pytest.raises(LabelError, match="不是 UTF-8 编码。请另存为 UTF-8") as caught:
        load(copy)
    assert caught.value.where == f"{copy / 'needs.toml'}:2"
