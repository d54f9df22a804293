"""One report with nothing left empty, of an invented letter."""

from datetime import date

from nlp.letter import Letter, Span
from nlp.report import (
    Alternative,
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
    Pii,
    Purpose,
    Reason,
    Report,
    Review,
    Signal,
    Urgency,
)

LETTER = Letter("样-1", "求助😀", "𠮷先生，我不想活了。\r\n电话13912345678", date(2026, 1, 5))
WORDS = Span("text", 4, 9, "我不想活了")
NUMBER = Span("text", 14, 25, "13912345678")
_REASON = Reason("词句达到第 3 级", WORDS, "rule:样")
_VALUES = (None, "自述", 12, 3.5, {"start": "2019-01", "end": None})


def full() -> Report:
    """Every part filled, every kind of value used."""
    answers = tuple(FieldValue(WORDS, value, 0.9, "rule:样") for value in _VALUES)
    return Report(
        id=LETTER.id,
        model=ModelInfo("样", "1", "sha256:0"),
        labels_digest="sha256:1",
        category=Category("环境保护", "噪声", 0.9, (Alternative("政法", None, 0.1),)),
        purpose=Purpose("投诉", "申诉求决", 0.8),
        urgency=Urgency(3, "特急", 0.7, (_REASON,)),
        distress=Distress(3, "危机", ("绝望",), 0.6, (Reason("没有词句", None, "model:样"),)),
        crisis=Crisis(
            "high", (Signal("自杀自伤", "本人", "流露", WORDS, 0.9, "rule:样"),), ("打开原信",)
        ),
        flags=(Flag("集体", 0.9, (WORDS, NUMBER), "rule:样", "信访工作条例 第20条"),),
        group_size=120,
        needs=(Need("危机介入", 0.9, "rule:样"),),
        fields=Fields(*[answers] * 9),
        handling=Handling(
            (Department("生态环境部门", "第22条"),),
            ("集体上访",),
            (Deadline("告知受理", date(2026, 1, 20), "第23条"), Deadline("办结", None, "第34条")),
            ("面谈",),
            ("先问安全",),
        ),
        pii=(Pii("手机号", NUMBER),),
        review=Review(True, ("有危机信号",)),
    )
