"""Triage: letters in, reports out. One path for one letter or many.

Crisis rules run first and alone, so that no failure of a model can silence them; whatever fails
is said in ``review`` and sends the letter to a person.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nlp import bundle, classify, crisis, flags, group_size, handling, labels, needs, privacy
from nlp.decisions import Decisions, check_heads, read_decisions
from nlp.fields import Finders
from nlp.fields.ranker import FILE as FIELDS
from nlp.labels import Labels
from nlp.letter import Letter, Span
from nlp.report import (
    Category,
    Crisis,
    Distress,
    Fields,
    Flag,
    ModelInfo,
    Purpose,
    Report,
    Urgency,
)
from nlp.review import EMPTY, UNKNOWN_PURPOSE, is_blank, reasons_to_read, unreadable
from nlp.rules import Lexicon
from nlp.scales import Grader, emotions
from nlp.score import Logits, Opinion, Scorer
from nlp.score.shelf import open_scorer
from nlp.text import View

CHUNK = 192
_NO_MODEL = "模型未能读这封信，只有规则的结果"
_log = logging.getLogger(__name__)
T = TypeVar("T")
_Ask = Callable[[str, str], Span | None]
"""Head and label to the sentence that speaks most for it."""


class Triage:
    """Reads letters with one bundle and one set of labels.

    Args:
        model: Name, version and digest for the reports.
        known: The labels.
        scorer: Gives the logits.
        decisions: Thresholds, cut points and priors.
        finders: The 5W1H finders.
    """

    def __init__(
        self,
        *,
        model: ModelInfo,
        known: Labels,
        scorer: Scorer,
        decisions: Decisions,
        finders: Finders,
    ) -> None:
        self.model = model
        self.labels = known
        self._scorer = scorer
        self._decisions = decisions
        self._finders = finders
        self._crisis_rules = crisis.lexicon(known)
        self._crisis = crisis.Reader(known)
        self._scale_rules = Lexicon(known.rules["scale"], known.guards, close_gaps=True)
        self._flag_rules = Lexicon(known.rules["flag"], known.guards)
        stack = decisions.stack
        thresholds = dict(zip(stack.names, stack.thresholds.tolist(), strict=True))
        self._source = f"model:{model.name}"
        self._flags = flags.Reader(known, thresholds, source=self._source)
        self._grader = Grader(known, decisions.cuts, self._source)
        self._privacy = privacy.Finder(known)

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        labels_folder: Path | None = None,
        *,
        by_board: bool = False,
    ) -> "Triage":
        """Open a bundle and the labels.

        Args:
            folder: The model folder; None opens the shipped one.
            labels_folder: The labels; None reads the shipped ones.
            by_board: Name the category by the board that would receive the letter, instead of
                by who should solve the matter.

        Raises:
            BundleError: The bundle is missing, altered, or made for other labels.
            LabelError: The labels are wrong.
        """
        known = labels.load(labels_folder)
        opened = bundle.open_bundle(folder)
        scorer = open_scorer(opened)
        check_heads(opened, scorer.heads, known)
        return cls(
            model=opened.info,
            known=known,
            scorer=scorer,
            decisions=read_decisions(opened, known, by_board=by_board),
            finders=Finders.load(
                opened.folder if FIELDS in opened.manifest["files"] else None, known
            ),
        )

    def read(self, letters: Sequence[Letter]) -> list[Report]:
        """Read letters.

        Args:
            letters: Any number; a letter's report does not depend on the others.

        Returns:
            One report a letter, in order; never fewer, whatever a letter holds.
        """
        reports: list[Report] = []
        for start in range(0, len(letters), CHUNK):
            views = [View(letter) for letter in letters[start : start + CHUNK]]
            whole = _attempt(lambda views=views: self._read(views), None)
            reports += whole if whole is not None else [self._alone(view) for view in views]
        return reports

    def _read(self, views: Sequence[View]) -> list[Report]:
        """The plain path: every part works.

        Danger comes before all models; the rest is done letter by letter, while what is known of
        a letter is still at hand.
        """
        found = [self._find_crisis(view) for view in views]
        opinions = self._scorer.read(views)
        parts = zip(views, opinions, found, self._finders.find(views), strict=True)
        return [self._assemble(*part, ()) for part in parts]

    def _alone(self, view: View) -> Report:
        """One letter whose batch failed: each part by itself, failures told to the reviewer."""
        troubles: list[str] = []
        signs = _attempt(lambda: self._find_crisis(view), None)
        if signs is None:
            troubles.append("危机规则未能运行，请立即人工阅读")
        opinion = _attempt(lambda: self._scorer.read([view])[0], None)
        if opinion is None:
            troubles.append(_NO_MODEL)
        found = _attempt(lambda: next(iter(self._finders.find([view]))), None)
        if found is None:
            troubles.append("字段未能提取")
        given = (signs or Crisis(), found or Fields())
        report = _attempt(lambda: self._assemble(view, opinion, *given, tuple(troubles)), None)
        if report is None and opinion is not None:
            troubles.append(_NO_MODEL)
            report = _attempt(lambda: self._assemble(view, None, *given, tuple(troubles)), None)
        return report or self._bare(view, given[0], tuple(troubles))

    def _bare(self, view: View, signs: Crisis, troubles: tuple[str, ...]) -> Report:
        """What is left when a report cannot be put together: danger as found, and a person."""
        reason = "这封信未能研判，请立即人工阅读"
        report = unreadable(view.letter.id, reason, self.model, self.labels.digest)
        hits = _attempt(lambda: self._scale_rules.find(view), [])
        urgency = self._grader.urgency(view, None, hits, signs, lambda _: None)
        report = replace(report, crisis=signs, urgency=urgency)
        return replace(report, review=reasons_to_read(view, report, (reason, *troubles)))

    def _find_crisis(self, view: View) -> Crisis:
        return self._crisis.read(view, self._crisis_rules.find(view))

    def _assemble(
        self,
        view: View,
        opinion: Opinion | None,
        signs: Crisis,
        found: Fields,
        troubles: tuple[str, ...],
    ) -> Report:
        """Put together the report of one letter from what was found in it."""
        if is_blank(view):
            return unreadable(view.letter.id, EMPTY, self.model, self.labels.digest)
        row = None if opinion is None else opinion.letter
        evidence = _pointer(view, opinion)
        kinds, purpose = self._category(row), self._purpose(row)
        urgency, distress = self._grade(view, row, signs, evidence)
        size = group_size.find(view)
        marked = self._find_flags(view, row, size[0] if size else None, evidence)
        report = Report(
            id=view.letter.id,
            model=self.model,
            labels_digest=self.labels.digest,
            category=kinds,
            purpose=purpose,
            urgency=urgency,
            distress=distress,
            crisis=signs,
            flags=marked,
            group_size=size[0] if size else None,
            needs=needs.read(
                classify.chances(row, "needs"),
                self._decisions.needs,
                signs,
                self.labels,
                source=self._source,
            ),
            fields=found,
            handling=handling.read(
                category=kinds,
                purpose=purpose,
                urgency=urgency,
                flags=marked,
                crisis=signs,
                received_at=view.letter.received_at,
                labels=self.labels,
                distress=distress,
            ),
            pii=self._privacy.find(view),
        )
        return replace(report, review=reasons_to_read(view, report, troubles))

    def _grade(
        self, view: View, row: Logits | None, signs: Crisis, evidence: _Ask
    ) -> tuple[Urgency, Distress]:
        """Both scales, by the model, the rules and the signals."""
        hits = self._scale_rules.find(view)
        urgency = self._grader.urgency(
            view,
            classify.chances(row, "urgency"),
            hits,
            signs,
            lambda level: evidence("urgency", str(level)),
        )
        distress = self._grader.distress(
            view,
            classify.chances(row, "distress"),
            hits,
            signs,
            lambda level: evidence("distress", str(level)),
            emotions=self._emotions(row),
        )
        return urgency, distress

    def _category(self, row: Logits | None) -> Category:
        if row is None:
            return Category(None, None, 0.0, abstained=True)
        first = classify.mix({h: v[None] for h, v in row.items()}, self._decisions.mixture)[0]
        names = self._scorer.heads["category_l2"]
        floor = self._decisions.mixture.floor
        return classify.category(first, row["category_l2"], self.labels, names, floor=floor)

    def _purpose(self, row: Logits | None) -> Purpose:
        return classify.purpose(row["purpose"], self.labels) if row else UNKNOWN_PURPOSE

    def _emotions(self, row: Logits | None) -> tuple[str, ...]:
        chances = classify.chances(row, "emotions")
        decisions = self._decisions.emotions
        return () if chances is None else emotions(chances, decisions, self.labels)

    def _find_flags(
        self, view: View, row: Logits | None, size: int | None, evidence: _Ask
    ) -> tuple[Flag, ...]:
        """Rules and model weighed together; rules alone without a model."""
        hits = self._flag_rules.find(view)
        chances: dict[str, float] = {}
        if row is not None:
            ruled = flags.rule_features(hits, self.labels, group_size=size)
            combined = self._decisions.stack.combine(
                classify.sigmoid(row["flags"])[None], ruled[None]
            )
            chances = dict(zip(self._decisions.stack.names, combined[0].tolist(), strict=True))
        return self._flags.read(view, hits, chances, lambda name: evidence("flags", name))


def _pointer(view: View, opinion: Opinion | None) -> _Ask:
    """A way to ask for the sentence of the letter that speaks most for a label of a head."""

    def span(head: str, label: str) -> Span | None:
        scores = None if opinion is None else opinion.evidence(head, label)
        return None if scores is None else view.span(*view.sentences[int(scores.argmax())])

    return span


def _attempt(work: Callable[[], T], otherwise: T) -> T:
    """Run work; whatever goes wrong is logged by kind, never by text, and answered otherwise."""
    try:
        return work()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # a panic in native code is no Exception
        _log.error("读信出错：%s", type(error).__name__)  # a trace may quote the letter
        return otherwise
