"""The model card of a bundle, written from its manifest: what it learnt from, what it reaches."""

from collections.abc import Mapping
from typing import Any

SOURCES: Mapping[str, str] = {
    "gold_train": "按 labels/README.md 标注的真实来信；来信未声明许可，不随包发布",
    "category_train": "真实来信及其收件板块（7 类）；未声明许可，不随包发布",
    "letters_unlabelled": "真实来信，无标注，只用于词频与潜在方向；未声明许可，不随包发布",
}
NAMES: Mapping[str, str] = {
    "category_gold_accuracy": "一级类别准确率（按谁该解决标注）",
    "category_archive_macro_f1": "一级类别宏平均 F1（按收件板块）",
    "purpose_macro_f1": "目的宏平均 F1",
    "urgency_kappa": "轻重缓急二次加权 κ（含规则）",
    "distress_kappa": "情绪困扰二次加权 κ（含规则）",
    "flags_micro_f1": "甄别标记微平均 F1（含规则）",
    "needs_micro_f1": "问题/需要微平均 F1",
}


def render(manifest: Mapping[str, Any]) -> str:
    """Markdown text of the card, Chinese."""
    figures = manifest["figures"]
    learnt = "\n".join(
        f"| {name} | {count} | {SOURCES.get(name, '自备')} |"
        for name, count in manifest["trained_on"].items()
    )
    reached = "\n".join(
        f"| {text} | {figures[key]:.3f} |" for key, text in NAMES.items() if key in figures
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
