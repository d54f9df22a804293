"""Whether a person must read a letter before anything is done, and why."""

from nlp.handling import ACCUSATION
from nlp.report import Category, Distress, ModelInfo, Purpose, Report, Review, Urgency
from nlp.text import View

SHORTEST = 6
"""A letter with fewer characters than this says too little to be judged."""
EMPTY = "来信没有可读的内容"
_PRESSING = 2
UNKNOWN_PURPOSE = Purpose("", "", 0.0)


def is_blank(view: View) -> bool:
    """Whether a letter holds nothing but blanks."""
    return not view.text.strip()


def reasons_to_read(view: View, report: Report, troubles: tuple[str, ...]) -> Review:
    """Why a person must read the letter before anything is done."""
    size = len("".join(view.text.split()))
    accused = ACCUSATION in {report.purpose.name, *(flag.name for flag in report.flags)}
    reasons = [
        *troubles,
        *(["内容太少，无法判断"] if size < SHORTEST else []),
        *(["有危机信号"] if report.crisis.signals else []),
        *(["轻重缓急为橙或红"] if report.urgency.level >= _PRESSING else []),
        *(["涉及检举控告，限阅"] if accused else []),
        *(["类别把握不足"] if report.category.abstained else []),
    ]
    return Review(bool(reasons), tuple(reasons))


def unreadable(letter_id: str, reason: str, model: ModelInfo, labels_digest: str) -> Report:
    """The report of a letter that could not be read: nothing claimed, a person called.

    Its purpose has no name, which is how tables tell it from a letter that was read.
    """
    return Report(
        id=letter_id,
        model=model,
        labels_digest=labels_digest,
        category=Category(None, None, 0.0, abstained=True),
        purpose=UNKNOWN_PURPOSE,
        urgency=Urgency(0, "普通", 0.0),
        distress=Distress(0, "平稳", (), 0.0),
        review=Review(True, (reason,)),
    )
