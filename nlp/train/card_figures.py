"""The part of a model card that comes from ``figures.json``: see ``nlp.train.measure``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nlp.train.card_texts import (
    COUNTS,
    GROUPS,
    MEASURES,
    REWRITTEN,
    SHIPPED,
    TASKS,
    TESTS,
    Words,
)

Tree = Mapping[str, Any]
NONE = "—"
_ROWS = (
    ("category_l1", "accuracy"),
    ("category_l1", "macro_f1"),
    ("category_l1", "top2_accuracy"),
    ("category_l1", "ece"),
    ("category_l2", "accuracy"),
    ("purpose", "macro_f1"),
    ("purpose", "accuracy"),
    ("purpose", "ece"),
    ("urgency", "quadratic_kappa"),
    ("urgency", "precision_level_2_up"),
    ("distress", "quadratic_kappa"),
    ("distress", "precision_level_2_up"),
    ("flags", "micro_f1"),
    ("needs", "micro_f1"),
    ("crisis", "precision"),
    ("group_size", "accuracy"),
)
_BESIDE = {"category_l1": "category", "purpose": "purpose"}
"""Where figures that ``nlp.evaluate`` does not give are kept."""


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; nothing when there are no rows."""
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return NONE if value is None else f"{value:.3f}"


def count(given: Tree | None) -> str:
    """A count with its interval."""
    if not given or given["low"] is None:
        return NONE
    return f"{given['right']} / {given['of']} ({given['low']:.2f}–{given['high']:.2f})"


def sections(figures: Tree, words: Words, name: str) -> Iterator[str]:
    """Figures, calibration, coverage and subgroups of every set.

    Args:
        figures: As ``nlp.train.measure`` gives them; may be empty.
        words: The language.
        name: Of the bundle.
    """
    sets: Tree = figures.get("sets", {})
    if not sets:
        return
    yield words.say("## 数字", "## Figures") + "\n\n" + _preface(figures, words)
    for title, own in sets.items():
        yield from _set(title, own, words, name)
    calibrated = [part for title, own in sets.items() for part in _calibration(title, own, words)]
    if calibrated:
        yield words.say("## 校准与弃答", "## Calibration and abstention")
        yield words.say(
            "把握是概率：按把握从低到高把来信分成十份，每份的平均把握应与答对的比例相近。",
            "Confidence means probability: letters are cut into ten parts by confidence, and in"
            " each the mean confidence should be near the share of right answers.",
        )
        yield from calibrated
    groups = [part for title, own in sets.items() for part in _groups(title, own, words)]
    if groups:
        yield words.say("## 分组", "## Subgroups")
        yield words.say(
            "封数少的组，数字晃动很大；括号里是 95% 区间（Wilson）。",
            "Figures of small groups are unsteady; 95 % intervals (Wilson) in brackets.",
        )
        yield from groups


def _preface(figures: Tree, words: Words) -> str:
    """How intervals were found, and which weights were measured."""
    said = words.say(
        "由 figures.json 写成。区间是 95%：对来信重抽 1000 次的百分位区间（近似重复的信当作各自独立），"
        "写成“找到 / 共有”的用 Wilson 区间。标签名一律用中文。",
        "Written from figures.json. Intervals are 95 %: percentiles of 1000 draws of letters"
        " (near-duplicates counted as independent); Wilson's where a count is given. Label names"
        " are kept in Chinese.",
    )
    digest = figures.get("bundle", {}).get("digest")
    return said + (words.say(" 量的是 ", " Measured on ") + f"`{digest}`。" if digest else "")


def _command(title: str, own: Tree, words: Words, name: str) -> str:
    """The command that gives a set's figures again."""
    path = own.get("file", title)
    place = f"../shared/data/{path}" if title in TESTS else path
    folder = f"models/{name}" if name == SHIPPED else words.say("本模型文件夹", "THIS_FOLDER")
    return f"petition evaluate {place} --bundle {folder}"


def _set(title: str, own: Tree, words: Words, name: str) -> Iterator[str]:
    """Figures of one set."""
    scored: Tree = own.get("figures", {})
    letters = scored.get("letters")
    yield f"### {title}" + ("" if letters is None else words.say(f"：{letters} 封", f": {letters}"))
    if title in TESTS:
        yield words.name(TESTS, title)
    command = _command(title, own, words, name)
    yield f"```bash norun\n{command}\n```"
    yield _main(own, words)
    if board := own.get("by_board"):
        yield words.say("问的是“哪个板块收件”：", "Asked which board receives the letter:")
        yield f"```bash norun\n{command} --by-board\n```"
        yield _main(board, words)
    yield from filter(None, (_labels(scored, words), _fields(scored, words)))


def _main(own: Tree, words: Words) -> str:
    """The table of figures with intervals."""
    rows: list[tuple[str, str, str]] = []
    for task, name in _ROWS:
        value = own.get("figures", {}).get(task, {}).get(name)
        value = own.get(_BESIDE.get(task, ""), {}).get(name) if value is None else value
        if value is not None:
            around = own.get("intervals", {}).get(task, {}).get(name) or {"low": None}
            low = around["low"]
            bounds = NONE if low is None else f"{low:.3f}–{around['high']:.3f}"
            what = f"{words.name(TASKS, task)} · {words.name(MEASURES, name)}"
            rows.append((what, number(value), bounds))
    for name in COUNTS:
        if given := own.get("counts", {}).get(name):
            bounds = f"{given['low']:.3f}–{given['high']:.3f}"
            rows.append((words.name(COUNTS, name), f"{given['right']} / {given['of']}", bounds))
    return table((words.say("项目", "figure"), words.say("数值", "value"), "95 %"), rows)


def _labels(scored: Tree, words: Words) -> str:
    """F1 of single labels, with how many letters have them where that is known."""
    rows: list[tuple[str, str]] = []
    for task in ("category_l1", "purpose", "flags", "needs"):
        support: Tree = scored.get(task, {}).get("support", {})
        each: Tree = scored.get(task, {}).get("per_label_f1", {})
        if each:
            said = [
                f"{label} {value:.2f}" + (f" ({support[label]})" if label in support else "")
                for label, value in each.items()
            ]
            rows.append((words.name(TASKS, task), words.say("、", ", ").join(said)))
    header = words.say("各标签的 F1（括号里是封数）", "F1 of each label (letters in brackets)")
    return table((words.say("任务", "task"), header), rows)


def _fields(scored: Tree, words: Words) -> str:
    """5W1H fields."""
    header = [words.say(*p) for p in (("字段", "field"), ("片段 F1", "span F1"), ("字符 F1", "character F1"))]  # fmt: skip
    found: Tree = scored.get("fields", {})
    rows = [
        (f"`{key}`", number(own["span_f1"]), number(own["char_f1"]))
        for key, own in found.items()
        if isinstance(own, Mapping)
    ]
    return table(header, rows)


def _calibration(title: str, own: Tree, words: Words) -> Iterator[str]:
    """Reliability, coverage and abstention of a set, both ways of asking."""
    for suffix, part in (("", own), (" --by-board", own.get("by_board", {}))):
        for task in ("category", "purpose"):
            bins = part.get(task, {}).get("reliability", ())
            header = [words.say(*p) for p in (("封数", "letters"), ("平均把握", "mean confidence"), ("答对", "right"))]  # fmt: skip
            rows = [(b["count"], number(b["confidence"]), number(b["right"])) for b in bins]
            if rows:
                yield f"**{title}{suffix} · {words.name(TASKS, task)}**"
                yield table(header, rows)
        if "category" in part:
            yield from _coverage(part["category"], words)


def _coverage(found: Tree, words: Words) -> Iterator[str]:
    """Risk and coverage of the first-level category, and what the floor does."""
    header = [words.say(*p) for p in (("只答最有把握的", "answered, surest first"), ("其中答错", "wrong"), ("把握不低于", "confidence at least"))]  # fmt: skip
    rows = [
        (f"{row['coverage']:.0%}", number(row["error"]), number(row["threshold"]))
        for row in found.get("risk_coverage", ())
    ]
    yield from filter(None, [table(header, rows)])
    if given := found.get("abstention"):
        share, floor = f"{given['share']:.1%}", f"{given['floor']:g}"
        rest, marked = number(given["error_rest"]), number(given["error_abstained"])
        yield words.say(
            f"把握低于 {floor} 的标为“把握不足”，交人看：占 {share}；其余的答错 {rest}，标出的答错 {marked}。",
            f"Below {floor} the answer is marked as unsure and goes to a person: {share} of"
            f" letters; {rest} of the rest and {marked} of the marked are wrong.",
        )


def _groups(title: str, own: Tree, words: Words) -> Iterator[str]:
    """Subgroups and rewritten letters of a set."""
    titles = (
        (title, title), ("封数", "letters"), ("一级类别", "category"), ("目的准确率", "purpose acc."),
        ("轻重缓急 κ", "urgency κ"), ("情绪困扰 κ", "distress κ"), ("甄别标记 F1", "flags F1"),
        ("问题/需要 F1", "needs F1"), ("危机信号找到", "danger found"),
    )  # fmt: skip
    rows = [_group(name, part, words) for name, part in own.get("subgroups", {}).items()]
    yield from filter(None, [table([words.say(*pair) for pair in titles], rows)])
    titles = (
        (title, title), ("封数", "letters"), ("类别不变", "same category"), ("目的不变", "same purpose"),
        ("轻重缓急不变", "same urgency"), ("类别原来答对", "category before"), ("改写后答对", "after"),
        ("轻重缓急 κ", "urgency κ"),
    )  # fmt: skip
    found: Tree = own.get("rewritten", {})
    rows = [_again(name, part, words) for name, part in found.items() if part["letters"]]
    yield from filter(None, [table([words.say(*pair) for pair in titles], rows)])


def _group(name: str, part: Tree, words: Words) -> list[object]:
    """Figures of a subgroup."""
    keys = (
        "purpose_accuracy",
        "urgency_kappa",
        "distress_kappa",
        "flags_micro_f1",
        "needs_micro_f1",
    )
    middle = [number(part.get(key)) for key in keys]
    first = [words.name(GROUPS, name), part["letters"], count(part.get("category_l1"))]
    return [*first, *middle, count(part.get("crisis"))]


def _again(name: str, part: Tree, words: Words) -> list[object]:
    """What rewriting changed."""
    same, before, after = part["same"], part["before"], part["after"]
    kappas = [number(own.get("urgency_kappa")) for own in (before, after)]
    kept = [same[key] for key in ("category_l1", "purpose", "urgency")]
    figures = [count(own.get("category_l1")) for own in (before, after)]
    return [words.name(REWRITTEN, name), part["letters"], *kept, *figures, " → ".join(kappas)]
