"""Pure figures: what was given against what is right. No file, no model."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

Place = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """Hits and misses; add up, then ask."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was given that is right; 0 when nothing was given."""
        return self.right / (self.right + self.wrong) if self.right else 0.0

    @property
    def recall(self) -> float:
        """Share of what is right that was given; 0 when there is nothing."""
        return self.right / (self.right + self.missed) if self.right else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0


def accuracy(gold: Sequence[object], given: Sequence[object]) -> float:
    """Share of rows that agree."""
    return sum(g == p for g, p in zip(gold, given, strict=True)) / max(1, len(gold))


def label_f1(gold: Sequence[str], given: Sequence[str | None]) -> dict[str, float]:
    """F1 of each label that occurs in gold."""
    pairs = list(zip(gold, given, strict=True))
    return {
        label: Tally(
            sum(g == p == label for g, p in pairs),
            sum(p == label != g for g, p in pairs),
            sum(g == label != p for g, p in pairs),
        ).f1
        for label in sorted(set(gold))
    }


def macro_f1(gold: Sequence[str], given: Sequence[str | None]) -> float:
    """Mean F1 over the labels that occur in gold."""
    scores = label_f1(gold, given)
    return sum(scores.values()) / max(1, len(scores))


def quadratic_kappa(gold: Sequence[int], given: Sequence[int], *, levels: int = 4) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968) over levels 0 to ``levels`` - 1."""
    count = len(gold)
    seen = Counter(zip(gold, given, strict=True))
    rows, columns = Counter(gold), Counter(given)
    grid = [(i, j) for i in range(levels) for j in range(levels)]
    observed = sum(seen[i, j] * (i - j) ** 2 for i, j in grid) / max(1, count)
    chance = sum(rows[i] * columns[j] * (i - j) ** 2 for i, j in grid) / max(1, count) ** 2
    return 1 - observed / chance if chance else float(observed == 0)


def alarm(gold: Sequence[bool], given: Sequence[bool]) -> Tally:
    """Tally of a yes-or-no answer per row."""
    pairs = list(zip(gold, given, strict=True))
    return Tally(
        sum(g and p for g, p in pairs),
        sum(p and not g for g, p in pairs),
        sum(g and not p for g, p in pairs),
    )


def multilabel(
    gold: Sequence[Collection[str]], given: Sequence[Collection[str]]
) -> tuple[Tally, dict[str, Tally]]:
    """Tally over all labels together, and of each label."""
    each: defaultdict[str, Tally] = defaultdict(Tally)
    for wanted, found in zip(gold, given, strict=True):
        for label in set(wanted) & set(found):
            each[label].right += 1
        for label in set(found) - set(wanted):
            each[label].wrong += 1
        for label in set(wanted) - set(found):
            each[label].missed += 1
    tallies = each.values()
    whole = Tally(
        sum(t.right for t in tallies), sum(t.wrong for t in tallies), sum(t.missed for t in tallies)
    )
    return whole, dict(sorted(each.items()))


def calibration_error(
    confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Expected calibration error over bins of equal size (Naeini et al. 2015)."""
    rows = sorted(zip(confidence, right, strict=True))
    count = len(rows)
    cuts = [rows[count * i // bins : count * (i + 1) // bins] for i in range(bins)]
    gaps = (abs(sum(c for c, _ in cut) - sum(ok for _, ok in cut)) for cut in cuts)
    return sum(gaps) / max(1, count)


def locate(text: str, quote: str, given: Collection[int]) -> Place | None:
    """Where a gold quote stands: of several places the one that ``given`` covers most."""
    places: list[int] = []
    start = text.find(quote)
    while start >= 0:
        places.append(start)
        start = text.find(quote, start + 1)
    if not places:
        return None

    def covered(at: int) -> int:
        return sum(i in given for i in range(at, at + len(quote)))

    best = max(places, key=lambda at: (covered(at), -at))
    return best, best + len(quote)


def spans(text: str, quotes: Sequence[str], given: Sequence[Place]) -> tuple[Tally, Tally]:
    """Compare spans of one letter with its gold quotes.

    Args:
        text: Title, line break, body.
        quotes: Gold quotes.
        given: Offsets in text.

    Returns:
        (spans, characters): a span is right when it overlaps an open gold span by at least half
        of the longer of the two; characters are pooled.
    """
    letters = {i for start, end in given for i in range(start, end)}
    wanted = [place for quote in quotes if (place := locate(text, quote, letters))]
    still_open = list(wanted)
    whole = Tally()
    for place in given:
        hit = next((gold for gold in still_open if _overlaps(place, gold)), None)
        if hit is None:
            whole.wrong += 1
        else:
            still_open.remove(hit)
            whole.right += 1
    whole.missed = len(still_open)
    gold_letters = {i for start, end in wanted for i in range(start, end)}
    return whole, Tally(
        len(gold_letters & letters), len(letters - gold_letters), len(gold_letters - letters)
    )


def _overlaps(one: Place, other: Place) -> bool:
    """Whether two spans share at least half of the longer."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > 0 and 2 * shared >= max(one[1] - one[0], other[1] - other[0])


def add(tallies: Sequence[Tally]) -> Tally:
    """Sum of tallies."""
    return Tally(
        sum(t.right for t in tallies), sum(t.wrong for t in tallies), sum(t.missed for t in tallies)
    )


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Four digits for people."""
    return {key: round(value, 4) for key, value in scores.items()}
