"""A small real Triage for tests: what a letter says of itself decides its report."""

import importlib.util
import os
import re
import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from nlp import labels
from nlp.letter import Letter, Span
from nlp.report import (
    Category,
    Crisis,
    Deadline,
    Department,
    Distress,
    Fields,
    FieldValue,
    Flag,
    Handling,
    ModelInfo,
    Need,
    Purpose,
    Reason,
    Report,
    Review,
    Signal,
    Urgency,
)

MODEL = ModelInfo("fake", "0", "sha256:0")
NOTHING = Report(
    id="",
    model=MODEL,
    labels_digest="sha256:1",
    category=Category(None, None, 0.0, abstained=True),
    purpose=Purpose("", "", 0.0),
    urgency=Urgency(0, "普通", 0.0),
    distress=Distress(0, "平稳", (), 0.0),
)


def unreadable(letter_id: str, reason: str, model: ModelInfo, labels_digest: str) -> Report:
    """A report that sends the letter to a person."""
    return replace(
        NOTHING,
        id=letter_id,
        model=model,
        labels_digest=labels_digest,
        review=Review(required=True, reasons=(reason,)),
    )


class FakeTriage:
    """Reads marks such as 急3, 苦2, 不想活, 举报; RAISE raises, CRASH kills the process."""

    model = MODEL

    @property
    def labels(self) -> labels.Labels:
        """The labels that ship."""
        return labels.load()

    def read(self, letters: Sequence[Letter]) -> list[Report]:
        """One report a letter."""
        return [_report(letter) for letter in letters]


def load(
    bundle: Path | None = None, labels: Path | None = None, *, by_board: bool = False
) -> FakeTriage:
    """What a scan calls in each process."""
    return FakeTriage()


def _report(letter: Letter) -> Report:
    """Fixed rows, by marks."""
    if "CRASH" in letter.text:
        os._exit(9)
    if "RAISE" in letter.text:
        raise ValueError(letter.text)
    first = Span("text", 0, min(len(letter.body), 6), letter.body[:6]) if letter.body else None
    urgency, distress = _mark("急", letter), _mark("苦", letter)
    value = (FieldValue(first, None, 0.9, "rule:fake"),) if first else ()
    due = letter.received_at and letter.received_at + timedelta(days=15)
    return replace(
        NOTHING,
        id=letter.id,
        labels_digest=labels.load().digest,
        category=Category("环境保护", "噪声", 0.9),
        purpose=Purpose("投诉", "申诉求决", 0.8),
        urgency=Urgency(urgency, str(urgency), 0.7, (Reason("夜间", first, "rule:fake"),)),
        distress=Distress(distress, str(distress), ("愤怒",), 0.7),
        crisis=_crisis(letter),
        flags=_flags(letter, first),
        needs=(Need("诉求解决", 0.9, "model:fake"),),
        fields=Fields(who_party=value, how=value),
        handling=Handling(
            department=(Department("生态环境部门", "第22条"),),
            deadlines=(Deadline("告知受理", due, "第23条"),),
        ),
    )


def _mark(sign: str, letter: Letter) -> int:
    """The figure after a sign, or 0."""
    found = re.search(sign + r"(\d)", letter.text)
    return int(found[1]) if found else 0


def _crisis(letter: Letter) -> Crisis:
    """A signal where the body says 不想活."""
    at = letter.body.find("不想活")
    if at < 0:
        return Crisis()
    span = Span("text", at, at + 3, "不想活")
    signal = Signal("自杀自伤", "本人", "流露", span, 0.9, "rule:fake")
    return Crisis("high", (signal,), ("立即由值守人员打开原信",))


def _flags(letter: Letter, span: Span | None) -> tuple[Flag, ...]:
    """检举控告 where the letter says 举报."""
    if "举报" not in letter.text:
        return ()
    return (Flag("检举控告", 0.9, (span,) if span else (), "rule:fake", "信访工作条例 第30条"),)


def _stand_in() -> None:
    """Until nlp.triage is there, its ``unreadable`` is the one above."""
    if importlib.util.find_spec("nlp.triage") is None:
        module = types.ModuleType("nlp.triage")
        module.__dict__["unreadable"] = unreadable
        sys.modules["nlp.triage"] = module


_stand_in()
