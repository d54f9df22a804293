"""The model card of a bundle, written from what was measured: its manifest and figures.json.

What neither holds is left out of the card. Where sets come from is said only of the sets of this
project, by their names.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlp.bundle import MANIFEST
from nlp.errors import BundleError
from nlp.train.card_figures import NONE, SHIPPED, Tree, count, number, sections, table
from nlp.train.card_texts import ANNOTATIONS, Words, shipped, texts

FIGURES = "figures.json"
CARDS: Mapping[str, str] = {"zh": "README.md", "en": "README.en.md"}
RECIPE = "train.toml"
LEAST = 20
"""A flag of fewer measured letters is called rare."""
_CONTEST = ("gold_train", "category_train", "letters_unlabelled")


def write(folder: Path, figures: Tree) -> None:
    """Write the cards of a bundle, ``README.md`` and ``README.en.md``.

    Args:
        folder: The bundle; its ``train.toml`` is read as well when there is one.
        figures: As ``nlp.train.measure`` gives them.

    Raises:
        BundleError: The bundle has no manifest that can be read.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError("读不到模型清单", where=str(folder / MANIFEST)) from error
    if (path := folder / RECIPE).is_file():
        manifest["recipe"] = tomllib.loads(path.read_text(encoding="utf-8"))
    for language, name in CARDS.items():
        (folder / name).write_text(render(manifest, figures, language), encoding="utf-8")


def render(manifest: Tree, figures: Tree | None = None, language: str = "zh") -> str:
    """Markdown text of the card.

    Args:
        manifest: Of the bundle; "recipe", when there, is the run's TOML.
        figures: As ``nlp.train.measure`` gives them.
        language: "zh" or "en"; the card of a linear bundle is Chinese.

    Raises:
        OptionError: There is no such language.
    """
    words = Words(language)
    if manifest["kind"] == "linear":
        return _linear(manifest)
    found = figures or {}
    parts = [
        *_about(manifest, words),
        *_learnt(manifest, words),
        *_export(manifest, words),
        *_run(manifest, words),
        *sections(found, words, manifest["name"]),
        words.say("limits_head"),
        "\n".join(f"- {text}" for text in _limits(manifest, found, words)),
        words.say("never_head"),
        words.say("never"),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _about(manifest: Tree, words: Words) -> Iterator[str]:
    """What the model is and how it was made."""
    yield words.say("title", name=manifest["name"], version=manifest["version"])
    heads = [words.name("tasks", head) for head in manifest.get("unit_heads", {})]
    told = [words.say("what", kind=manifest["kind"], heads=words.join(heads))] if heads else []
    told += [words.say("what_tags")] if manifest.get("tags") else []
    if linear := manifest.get("linear"):
        told.append(words.say("joined", name=linear["name"], version=linear["version"]))
    yield words.sentences([*told, words.say("holds")])
    yield from _encoder(manifest.get("recipe", {}).get("encoder", {}), words)
    said = [words.say("made", command=_command(manifest), seed=manifest["seed"])]
    if digest := manifest.get("labels_digest"):
        said.append(words.say("digest", digest=digest))
    yield words.sentences(said)
    yield words.say("purpose_head")
    yield words.say("purpose")


def _command(manifest: Tree) -> str:
    """How the bundle can be made again."""
    if manifest["name"] == SHIPPED:
        return f"petition train recipes/{SHIPPED}.toml --out models/{SHIPPED}"
    return f"petition train {RECIPE}"


def _encoder(recipe: Tree, words: Words) -> Iterator[str]:
    """Which encoder; a folder is named without the way to it."""
    if not (kind := recipe.get("kind")):
        return
    source = str(recipe.get("source", ""))
    given = {"pieces": 16_000, "width": 256, "layers": 4, **recipe}
    given["source"] = Path(source).name if source.startswith((".", "/")) else source
    said = [words.name("kinds", kind, **given) + words.say("stop")]
    if rounds := recipe.get("pretrain_epochs"):
        said.append(words.say("pretrained", epochs=rounds))
    yield words.sentences(said)


def _learnt(manifest: Tree, words: Words) -> Iterator[str]:
    """Sets, their licences, and how they were split."""
    sets: Tree = manifest.get("trained_on", {})
    data: Tree = manifest.get("recipe", {}).get("data", {})
    yield words.say("learnt_head")
    rows = [(f"`{name}`", f"{n:,}", words.source(name, sets)) for name, n in sets.items()]
    yield table(words.header("learnt"), rows)
    read = [*data.get("texts", ()), *data.get("unlabelled", ())]
    others = [name for name in dict.fromkeys(read) if name not in sets]
    yield table(words.header("texts"), [(f"`{n}`", words.source(n, sets)) for n in others])
    if held := manifest.get("held_out"):
        told = [words.say("split", dev=held["dev"], boards=held["boards"])]
        told += [words.say("split_more")] if ANNOTATIONS in sets else []
        if barred := data.get("exclude"):
            told.append(words.say("excluded", names=words.join(list(barred))))
        yield words.say("split_head")
        yield words.sentences(told)


def _export(manifest: Tree, words: Words) -> Iterator[str]:
    """Sizes of the files and what fewer bits changed."""
    sizes: Tree = {name: own["bytes"] for name, own in manifest.get("files", {}).items()}
    told: Tree = manifest.get("export", {})
    sizes = sizes or told.get("bytes", {})
    if not sizes and not told:
        return
    yield words.say("export_head")
    rows = [(f"`{name}`", f"{size / 2**20:.2f}") for name, size in sizes.items()]
    yield table(words.header("files"), rows)
    if told:
        yield words.say("export", precision=told["precision"], letters=told["letters"])
        moved = [
            (words.name("tasks", task), *(f"{own[key]:.4f}" for key in ("mean", "p99", "max")))
            for task, own in told["differences"].items()
        ]
        yield table(words.header("differences"), moved)


def _run(manifest: Tree, words: Words) -> Iterator[str]:
    """Figures of the letters that the run held out, and who is better at what."""
    figures: Tree = manifest.get("figures", {})
    rows = [
        (words.name("run", key), number(figures[key])) for key in texts()["run"] if key in figures
    ]
    tasks: Tree = figures.get("compare", {})
    compared = [_compared(task, own, manifest, words) for task, own in tasks.items()]
    if rows or compared:
        yield words.say("run_head")
        yield words.say("run")
        yield table(words.header("run"), rows)
    if compared:
        yield words.say("compare_head")
        yield words.say("compare")
        yield table(words.header("compare"), compared)


def _compared(task: str, own: Tree, manifest: Tree, words: Words) -> list[str]:
    """One task by each model, the best in bold, and how much each model counts."""
    best = max(own.values())
    cells = [number(own.get(key)) for key in ("linear", "encoder", "blend")]
    cells = [f"**{cell}**" if cell == number(best) else cell for cell in cells]
    blend: Tree = manifest.get("blend", {}).get(task, {})
    weights = [blend.get(key) for key in ("encoder", "linear")]
    means = [f"{sum(given) / len(given):.2f}" if given else NONE for given in weights]
    return [words.name("tasks", task), *cells, *means]


def _limits(manifest: Tree, figures: Tree, words: Words) -> Iterator[str]:
    """What the model cannot do; what is said of this project's sets only where they were used."""
    sets: Tree = manifest.get("trained_on", {})
    known = [name for name in sets if name in _CONTEST]
    yield words.name("limits", "contest" if known else "elsewhere")
    if "category_train" in known:
        yield words.name("limits", "conventions")
    if ANNOTATIONS in sets and shipped(ANNOTATIONS, sets):
        yield words.name("limits", ANNOTATIONS)
    for title, own in figures.get("sets", {}).items():
        if danger := own.get("counts", {}).get("crisis"):
            yield words.name("limits", "crisis_count", set=title, found=count(danger))
        support: Tree = own.get("figures", {}).get("flags", {}).get("support", {})
        if rare := [name for name, letters in support.items() if letters < LEAST]:
            names = words.join(rare)
            yield words.name("limits", "rare", set=title, names=names, least=LEAST)
    for key in ("danger", "emotions", "calibration"):
        yield words.name("limits", key)


def _linear(manifest: Mapping[str, Any]) -> str:
    """Card of a linear bundle, Chinese."""
    figures = manifest["figures"]
    words, sets = Words("zh"), manifest["trained_on"]
    learnt = "\n".join(
        f"| {name} | {size} | {words.source(name, sets)} |" for name, size in sets.items()
    )
    names = {key: words.name("run", key) for key in texts()["run"]}
    reached = "\n".join(
        f"| {text} | {figures[key]:.3f} |" for key, text in names.items() if key in figures
    )
    spans = "\n".join(
        f"| {field} | {figure['span_f1']:.3f} | {figure['char_f1']:.3f} |"
        for field, figure in figures.get("fields", {}).items()
    )
    return _TEMPLATE.format(
        name=manifest["name"],
        version=manifest["version"],
        seed=manifest["seed"],
        learnt=learnt,
        reached=reached,
        spans=spans,
    )


_TEMPLATE = """# 模型卡：{name} {version}

线性模型：字与词的 n-gram 加一个潜在语义投影，岭回归训练，逻辑回归校准；字段由同一文件夹里的
排序器给出。只含权重与词表，不含来信原文。由 `petition train linear` 写成，种子 {seed}。

## 学自

| 数据 | 封数 | 来源与许可 |
|---|---|---|
{learnt}

## 交叉验证（训练集内，5 折，近似重复的来信不跨折）

| 指标 | 数值 |
|---|---|
{reached}

判定参数（阈值、分界）也在同一批留出分数上选定，因此这些数字略偏乐观；开发集的数字见根目录
README.md 的「数字」一节。

| 字段 | 片段 F1 | 字符 F1 |
|---|---|---|
{spans}

## 局限

- 训练来信出自同一个省的网上平台，2010 至 2020 年；地名多被掩成 A市、B3县。换一地、换一种
  渠道，须先用本地来信量过再用。
- 类别学自两套口径：谁该解决，与哪个板块收到。两者在约一成半的来信上不一致。
- 危机信号不由本模型给出，由 labels/rules/crisis.toml 的规则给出；没有信号不等于没有危险。
- 甄别标记中少见的几种（涉外、涉精神障碍、怕报复、非理性行为）样本太少，只可当线索。

## 不可用于

给人打分、排队、贴标签；自动答复或自动不予受理；决定谁的来信不看。
"""
