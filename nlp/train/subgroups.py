"""Figures of some letters: parts of a set, and the same letters written in another way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import opencc

from nlp import metrics
from nlp.evaluate import Figures, Gold, score
from nlp.letter import Letter
from nlp.report import Report
from nlp.train import intervals
from nlp.train.data import to_letter
from nlp.train.places import unmask
from nlp.triage import Triage

SEED = 0
INWARD = "自杀自伤"
BEYOND_CATEGORY = ("purpose", "urgency", "distress", "flags", "needs", "crisis")
_PRESSING = 2
_CORE = ("category_l1", *BEYOND_CATEGORY)
Member = Callable[[Gold], bool]


def _longer(least: int, most: float) -> Member:
    """Letters of so many characters, title and line break included."""
    return lambda row: least <= len(to_letter(row).text) <= most


def _danger(*who: str) -> Member:
    """Letters with an annotated signal about one of these."""
    return lambda row: any(signal.get("who") in who for signal in row["crisis"])


SUBGROUPS: Mapping[str, tuple[str, Member]] = {
    "up_to_100": ("category_l1", _longer(0, 100)),
    "up_to_300": ("category_l1", _longer(101, 300)),
    "up_to_800": ("category_l1", _longer(301, 800)),
    "over_800": ("category_l1", _longer(801, float("inf"))),
    "writer_unnamed": ("fields", lambda row: not row["fields"].get("who_self")),
    "writer_named": ("fields", lambda row: bool(row["fields"].get("who_self"))),
    "joint": ("flags", lambda row: "集体" in row["flags"]),
    "danger_self": ("crisis", _danger("本人")),
    "danger_others": ("crisis", _danger("家人", "他人")),
    "danger_group": ("crisis", _danger("群体")),
}
"""Subgroup to the annotation it is told by, and who is in it. ``writer_unnamed``: the letter says
nothing of who wrote it (no ``who_self``). ``danger_others``: a signal about someone else, the
nearest that the annotations come to a letter in the third person."""


@dataclass(frozen=True)
class Read:
    """Annotated letters with what a bundle says of them."""

    rows: Sequence[Gold]
    reports: Sequence[Report]

    def where(self, wanted: Member) -> "Read":
        """Some of them."""
        pairs = zip(self.rows, self.reports, strict=True)
        kept = [(row, report) for row, report in pairs if wanted(row)]
        return Read([row for row, _ in kept], [report for _, report in kept])

    def having(self, key: str) -> "Read":
        """Those with an annotation."""
        return self.where(lambda row: key in row)


def pair(read: Read, of: Callable[[Gold, Report], tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    """What is right and what was said, letter by letter."""
    pairs = [of(row, report) for row, report in zip(read.rows, read.reports, strict=True)]
    return [gold for gold, _ in pairs], [said for _, said in pairs]


def purposes(row: Gold, report: Report) -> tuple[str, str]:
    """The purpose of a letter."""
    return row["purpose"], report.purpose.name


def dangers(row: Gold, report: Report) -> tuple[bool, bool]:
    """Whether a letter holds any danger to life."""
    return bool(row["crisis"]), bool(report.crisis.signals)


def counts(read: Read) -> Figures:
    """What must not be missed, as counts with Wilson's interval: of how many, how many found."""
    figures: Figures = {}
    for key in ("urgency", "distress"):
        own = read.having(key).where(lambda row, key=key: row[key] >= _PRESSING)
        found = [getattr(report, key).level >= _PRESSING for report in own.reports]
        figures[f"{key}_2_up"] = (sum(found), len(found))
    told = read.having("crisis")
    parts: Mapping[str, Member] = {
        "crisis": lambda row: bool(row["crisis"]),
        "life": lambda row: any(signal["type"] == INWARD for signal in row["crisis"]),
        "false_alarm": lambda row: not row["crisis"],
    }
    for name, wanted in parts.items():
        own = told.where(wanted)
        figures[name] = (sum(bool(r.crisis.signals) for r in own.reports), len(own.rows))
    return {name: intervals.counted(*given) for name, given in figures.items() if given[1]}


def _core(read: Read) -> Figures:
    """A few figures of some letters."""
    rows = [{key: row[key] for key in _CORE if key in row} for row in read.rows]
    scored = score(rows, read.reports)
    figures: Figures = {"letters": len(rows)}
    if (own := read.having("category_l1")).rows:
        gold, said = pair(own, lambda row, report: (row["category_l1"], report.category.l1))
        right = sum(g == p for g, p in zip(gold, said, strict=True))
        figures["category_l1"] = intervals.counted(right, len(gold))
    if "purpose" in scored:
        accuracy = metrics.accuracy(*pair(read.having("purpose"), purposes))
        figures |= {"purpose_accuracy": accuracy, "purpose_macro_f1": scored["purpose"]["macro_f1"]}
    for key in ("urgency", "distress"):
        figures |= {f"{key}_kappa": scored[key]["quadratic_kappa"]} if key in scored else {}
    for key in ("flags", "needs"):
        figures |= {f"{key}_micro_f1": scored[key]["micro_f1"]} if key in scored else {}
    found = counts(read)
    return {**figures, **{key: found[key] for key in ("crisis", "false_alarm") if key in found}}


def subgroups(read: Read) -> Figures:
    """Core figures of each subgroup that has letters."""
    parts = {name: read.having(key).where(own) for name, (key, own) in SUBGROUPS.items()}
    return {name: _core(part) for name, part in parts.items() if part.rows}


def rewritten(read: Read, letters: Sequence[Letter], triage: Triage) -> Figures:
    """The same letters in traditional script, and with named places: read again."""
    rng = np.random.default_rng(SEED)
    convert: Callable[[str], str] = cast("Any", opencc).OpenCC("s2t").convert
    kinds = {
        "traditional": [Letter(o.id, convert(o.title), convert(o.body)) for o in letters],
        "named_places": [unmask(letter, rng) for letter in letters],
    }
    return {
        name: _again(read, [i for i, new in enumerate(own) if new != letters[i]], own, triage)
        for name, own in kinds.items()
    }


def _again(
    read: Read, changed: Sequence[int], letters: Sequence[Letter], triage: Triage
) -> Figures:
    """Figures of rewritten letters before and after, and how many keep their answer."""
    if not changed:
        return {"letters": 0}
    rows = [read.rows[i] for i in changed]
    before = [read.reports[i] for i in changed]
    after = triage.read([letters[i] for i in changed])
    pairs = list(zip(before, after, strict=True))
    return {
        "letters": len(changed),
        "same": {
            "category_l1": sum(a.category.l1 == b.category.l1 for a, b in pairs),
            "purpose": sum(a.purpose.name == b.purpose.name for a, b in pairs),
            "urgency": sum(a.urgency.level == b.urgency.level for a, b in pairs),
            "crisis": sum(bool(a.crisis.signals) == bool(b.crisis.signals) for a, b in pairs),
        },
        "before": _core(Read(rows, before)),
        "after": _core(Read(rows, after)),
    }
