"""The part of a model card that comes from ``figures.json``: see ``nlp.train.measure``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nlp.train.card_texts import Words, texts

Tree = Mapping[str, Any]
SHIPPED = "petition-zh"
"""The bundle that this project ships, and whose recipe lies in recipes/."""
NONE = "—"
FEW = 10
"""Kappa and F1 of a subgroup with fewer letters are not shown."""
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
    """A count with its interval, or a dash."""
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
    digest = figures.get("bundle", {}).get("digest")
    told = [words.say("measured_on", digest=digest)] if digest else []
    yield words.say("figures_head")
    yield words.sentences([words.say("figures"), *told])
    for title, own in sets.items():
        yield from _set(title, own, words, name)
    for key, part in (("calibration", _calibration), ("groups", _groups)):
        if told := [text for title, own in sets.items() for text in part(title, own, words)]:
            yield words.say(f"{key}_head")
            yield words.say(key, least=FEW)
            yield from told


def _set(title: str, own: Tree, words: Words, name: str) -> Iterator[str]:
    """Figures of one set, with the commands that give them."""
    scored: Tree = own.get("figures", {})
    yield words.say("set", set=title, letters=scored.get("letters", NONE))
    path = own.get("file", title)
    if title in texts()["tests"]:
        yield words.name("tests", title)
        path = f"../shared/data/{path}"
    folder = f"models/{name}" if name == SHIPPED else words.say("folder")
    command = f"petition evaluate {path} --bundle {folder}"
    yield f"```bash norun\n{command}\n```"
    yield _main(own, words)
    if board := own.get("by_board"):
        yield words.say("by_board")
        yield f"```bash norun\n{command} --by-board\n```"
        yield _main(board, words)
    yield _labels(scored, words)
    yield _fields(scored, words)


def _main(own: Tree, words: Words) -> str:
    """The table of figures with intervals."""
    rows: list[tuple[str, str, str]] = []
    for task, name in _ROWS:
        value = own.get("figures", {}).get(task, {}).get(name)
        value = own.get(_BESIDE.get(task, ""), {}).get(name) if value is None else value
        if value is not None:
            what = f"{words.name('tasks', task)} · {words.name('measures', name)}"
            around = own.get("intervals", {}).get(task, {}).get(name)
            rows.append((what, number(value), _bounds(around)))
    for name, given in own.get("counts", {}).items():
        found = f"{given['right']} / {given['of']}"
        rows.append((words.name("counts", name), found, _bounds(given)))
    return table(words.header("figures"), rows)


def _bounds(around: Tree | None) -> str:
    """An interval, or a dash."""
    if not around or around["low"] is None:
        return NONE
    return f"{around['low']:.3f}–{around['high']:.3f}"


def _labels(scored: Tree, words: Words) -> str:
    """F1 of single labels, with how many letters have them where that is known."""
    rows: list[tuple[str, str]] = []
    for task in ("category_l1", "purpose", "flags", "needs"):
        found: Tree = scored.get(task, {})
        support: Tree = found.get("support", {})
        said = [
            f"{label} {value:.2f}" + (f" ({support[label]})" if label in support else "")
            for label, value in found.get("per_label_f1", {}).items()
        ]
        if said:
            rows.append((words.name("tasks", task), words.join(said)))
    return table(words.header("labels"), rows)


def _fields(scored: Tree, words: Words) -> str:
    """5W1H fields; means over them are left out."""
    rows = [
        (f"`{key}`", number(own["span_f1"]), number(own["char_f1"]))
        for key, own in scored.get("fields", {}).items()
        if isinstance(own, Mapping)
    ]
    return table(words.header("fields"), rows)


def _calibration(title: str, own: Tree, words: Words) -> Iterator[str]:
    """Reliability, coverage and abstention of a set, both ways of asking."""
    for suffix, part in (("", own), (" --by-board", own.get("by_board", {}))):
        for task in ("category", "purpose"):
            found: Tree = part.get(task, {})
            rows = [
                (one["count"], number(one["confidence"]), number(one["right"]))
                for one in found.get("reliability", ())
            ]
            if rows:
                yield f"**{title}{suffix} · {words.name('tasks', task)}**"
                yield table(words.header("reliability"), rows)
            yield from _coverage(found, words)


def _coverage(found: Tree, words: Words) -> Iterator[str]:
    """Risk and coverage, and what the floor does."""
    rows = [
        (f"{row['coverage']:.0%}", number(row["error"]), number(row["threshold"]))
        for row in found.get("risk_coverage", ())
    ]
    if rows:
        yield table(words.header("coverage"), rows)
    if given := found.get("abstention"):
        yield words.say(
            "abstention",
            floor=f"{given['floor']:g}",
            share=f"{given['share']:.1%}",
            rest=number(given["error_rest"]),
            marked=number(given["error_abstained"]),
        )


def _groups(title: str, own: Tree, words: Words) -> Iterator[str]:
    """Subgroups and rewritten letters of a set."""
    if rows := [_group(name, part, words) for name, part in own.get("subgroups", {}).items()]:
        yield table(words.header("groups", set=title), rows)
    found = {name: part for name, part in own.get("rewritten", {}).items() if part["letters"]}
    if rows := [_again(name, part, words) for name, part in found.items()]:
        yield table(words.header("rewritten", set=title), rows)


def _group(name: str, part: Tree, words: Words) -> list[object]:
    """Figures of a subgroup."""
    first = [words.name("groups", name), part["letters"], count(part.get("category_l1"))]
    scales = ("urgency_kappa", "distress_kappa")
    keys = ("purpose_accuracy", *scales, "flags_micro_f1", "needs_micro_f1")
    shown = [number(part.get(key) if part["letters"] >= FEW else None) for key in keys]
    return [*first, *shown, *(count(part.get(key)) for key in ("crisis", "false_alarm"))]


def _again(name: str, part: Tree, words: Words) -> list[object]:
    """What rewriting changed."""
    sides = (part["before"], part["after"])
    kept = [part["same"][key] for key in ("category_l1", "purpose", "urgency")]
    moved = [
        " → ".join(number(side.get(key)) for side in sides)
        for key in ("purpose_macro_f1", "urgency_kappa")
    ]
    right = [count(side.get("category_l1")) for side in sides]
    return [words.name("rewritten", name), part["letters"], *kept, *right, *moved]
