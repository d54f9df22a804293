"""Crisis: who, where, how severe, and what to do; nothing is ever taken away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import labels
from nlp.crisis import MAX_SIGNALS, Reader, Scored, lexicon, read
from nlp.letter import Letter
from nlp.report import Crisis, Signal
from nlp.text import View

LABELS = labels.load()
FINDER = lexicon(LABELS)
READER = Reader(LABELS)


def crisis(body: str, title: str = "") -> Crisis:
    """The crisis part of an invented letter's report."""
    view = View(Letter("1", title, body))
    return READER.read(view, FINDER.find(view))


def first(body: str) -> Signal:
    """The most severe signal of an invented letter."""
    return crisis(body).signals[0]


def test_a_plain_letter_has_no_signal() -> None:
    """No signal, level none, nothing to do."""
    assert crisis("请问新城路的公交什么时候恢复?") == Crisis()


@pytest.mark.parametrize(
    ("body", "kind", "level"),
    [
        ("再不解决我就要自杀。", "自杀自伤", "imminent"),
        ("欠款要不回来,我真的不想活了。", "自杀自伤", "high"),
        ("几年前村里有位老人喝农药,至今没人说清原因。", "自杀自伤", "concern"),
        ("逼急了我就砍死他。", "伤人报复", "imminent"),
        ("大不了同归于尽。", "伤人报复", "high"),
        ("工人说明天要自焚。", "极端行为", "imminent"),
        ("村民准备去围堵镇政府。", "极端行为", "high"),
        ("城管当街殴打我爱人。", "遭受暴力", "concern"),
        ("昨晚我又被丈夫毒打。", "遭受暴力", "high"),
        ("他扬言要弄死我全家。", "遭受暴力", "imminent"),
        ("我家的房子随时可能倒塌。", "生命健康危险", "high"),
        ("家里已经没钱治病,药也停了。", "生命健康危险", "high"),
        ("楼道里天然气泄漏,味道很大。", "生命健康危险", "imminent"),
    ],
)
def test_each_kind_of_danger_is_seen(body: str, kind: str, level: str) -> None:
    """The five types of danger, each with its colour."""
    found = crisis(body)
    assert kind in {signal.type for signal in found.signals}
    assert found.level == level


@pytest.mark.parametrize(
    "body",
    [
        "楼下天天吵得要死,大家都快烦死了。",
        "工人们拼命赶工,路还是没修好。",
        "建议学校开展预防青少年自杀的讲座。",
        "为了减轻生产成本,厂里把设备关了。",
        "开发商打出跳楼价清仓。",
        "长期喝这种水等于慢性自杀。",
        "《反家庭暴力法》第二条规定的家庭暴力包括哪些?",
        "我们担心举报以后被打击报复。",
        "粉尘严重威胁居民的身体健康。",
        "夜里装修,吵得人生不如死。",
        "打死我也不信这种答复。",
        "培训费全打了水漂,去反映又被打太极。",
    ],
)
def test_figures_of_speech_and_policy_talk_are_left_alone(body: str) -> None:
    """Hyperbole, collisions, suggestions, citations and fear of reprisal are no signals."""
    assert crisis(body).signals == ()


@pytest.mark.parametrize(
    ("body", "who"),
    [
        ("我不想活了。", "本人"),
        ("我老婆几次想自杀。", "家人"),
        ("女儿得了抑郁症。她说不想活了。", "家人"),
        ("有人不想活了。", "他人"),
        ("业主们说要去跳楼。", "群体"),
        ("他们把我母亲打成重伤。", "家人"),
        ("保安殴打业主。", "群体"),
        ("活不下去了。", "本人"),
    ],
)
def test_who_is_taken_from_the_sentence(body: str, who: str) -> None:
    """The nearest person named decides, else the rule's default; nobody is silenced by it."""
    assert first(body).who == who


@pytest.mark.parametrize(
    ("body", "kind", "level"),
    [
        ("老伴走了两年,我只想早点下去陪他。", "自杀自伤", "high"),
        ("要是今晚睡过去就别再醒来,多好。", "自杀自伤", "high"),
        ("没有我,他们会过得更好。", "自杀自伤", "high"),
        ("一家人一起走了算了。", "自杀自伤", "high"),
        ("我撑不住了,不想撑了。", "自杀自伤", "high"),
        ("我这把年纪,不愿再拖累儿女。", "自杀自伤", "concern"),
        ("以前划过手腕,被妈妈发现了。", "自杀自伤", "concern"),
        ("遗书我已经写好,放在抽屉里。", "自杀自伤", "imminent"),
        ("后天一早我去信访局门口,不活了。", "自杀自伤", "imminent"),
        ("逼急了我就和他们同归于尽。", "伤人报复", "imminent"),
        ("下周一早上全体工友到工地大门口堵路,谁也别想进。", "极端行为", "imminent"),
        ("老公昨晚又掐我脖子。", "遭受暴力", "imminent"),
        ("七八个大汉堵在我家门口不让出门。", "遭受暴力", "high"),
        ("外公在养老院,胳膊上一块块青紫,护工说是自己碰的。", "遭受暴力", "high"),
        ("尿毒症病人一个星期没透析了。", "生命健康危险", "imminent"),
        ("班里十几个小朋友上吐下泻送了医院。", "生命健康危险", "imminent"),
        ("隔壁老太太好几天没出门,敲门没人应。", "生命健康危险", "imminent"),
    ],
)
def test_veiled_words_are_understood(body: str, kind: str, level: str) -> None:
    """Cries for help without the plain words raise the colour they deserve."""
    found = crisis(body)
    assert kind in {signal.type for signal in found.signals}
    assert found.level == level


@pytest.mark.parametrize(
    "body",
    [
        "建议学校开展心理筛查,很多轻生念头能够及早发现。",
        "感谢政府,当年我家揭不开锅,是村里帮了我们。",
        "消防通道堵死,着火只能等死。",
        "听朋友说他同学被骗进传销,现在洗脑了。",
        "有人在河里投毒毒鱼。",
        "城管的过激行为让人气愤。",
        "施工围挡围堵了小区大门。",
        "请加强巡逻,防止血案发生。",
        "他总说是他害了这个家。",
        "房贷压得我喘不过气来。",
        "快递员敲门没人应就走了。",
    ],
)
def test_prevention_thanks_and_hearsay_are_left_alone(body: str) -> None:
    """Talk of prevention, thanks for past help, suppositions and hearsay are no signals."""
    assert crisis(body).signals == ()


@pytest.mark.parametrize(
    ("body", "who"),
    [
        ("我被丈夫毒打。", "本人"),
        ("我儿子被邻居打了一顿。", "家人"),
        ("我丈夫输了钱就朝我动手。", "本人"),
        ("我跟他拼了。", "本人"),
    ],
)
def test_the_attacker_is_not_taken_for_the_victim(body: str, who: str) -> None:
    """Violence is told of the one who suffers it, a threat of the one who utters it."""
    assert first(body).who == who


def test_a_quote_is_the_clause_that_a_worker_understands() -> None:
    """The words stand in the letter and end where the clause ends."""
    signal = first("您好,楼下太吵。拖了三年,我真的不想活了,请帮帮我。")
    assert signal.span.quote == "我真的不想活了"
    assert signal.source.startswith("rule:crisis.")


def test_the_title_is_read_too() -> None:
    """A title alone can raise the alarm, and its span says so."""
    (signal,) = crisis("请看附件。", "我不想活了").signals
    assert signal.span.part == "title"


@pytest.mark.parametrize("body", ["我不\u200b想\u200b活\u200b了", "我 不 想 活 了", "我不想活了"])
def test_gaps_and_invisible_signs_do_not_hide_a_cry(body: str) -> None:
    """Blanks between hanzi and zero-width signs change nothing."""
    assert crisis(body).level == "high"


def test_traditional_writing_is_read() -> None:
    """Traditional characters are the same words."""
    assert first("再不處理我就要自殺").type == "自杀自伤"


def test_one_place_is_told_once_a_type() -> None:
    """Overlapping hits of one type leave the most severe."""
    found = crisis("我想自杀,不想活了。")
    clauses = [signal.span.quote for signal in found.signals]
    assert len(clauses) == len(set(clauses))
    assert found.signals[0].source == "rule:crisis.self.intent"


def test_signals_come_most_severe_first() -> None:
    """The level of the letter is that of its first signal."""
    found = crisis("保安打人。我们小区的墙随时会倒塌。再不管我就要自杀。")
    assert found.level == "imminent"
    assert found.signals[0].type == "自杀自伤"


def test_a_flood_is_cut_but_keeps_its_level() -> None:
    """The list of signals is bounded, the level is not."""
    found = crisis("保安打人。" * 300 + "再不管我就要自杀。")
    assert len(found.signals) == MAX_SIGNALS
    assert found.level == "imminent"


def test_actions_fit_level_and_types_and_name_their_basis() -> None:
    """What to do ends with what it stands on; other types' actions are not shown."""
    actions = crisis("我不想活了。").actions
    assert actions
    assert all(action.endswith("）") and "（" in action for action in actions)
    assert any("12356" in action for action in actions)
    assert not any("人身安全保护令" in action for action in actions)


def test_every_level_above_none_has_an_action_for_every_type() -> None:
    """No alarm is left without something to do."""
    levels = [level.name for level in LABELS.crisis_levels if level.level]
    for level in levels:
        for kind in LABELS.crisis_types:
            fitting = [
                a
                for a in LABELS.actions
                if level in a.levels and kind.name in (a.types or (kind.name,))
            ]
            assert fitting, (level, kind.name)


def test_a_model_raises_and_never_lowers() -> None:
    """Scores add signals; low ones take nothing away."""
    view = View(Letter("1", body="我不想活了。请看这一句。"))
    hits = FINDER.find(view)
    rules_only = READER.read(view, hits)
    low = Scored(0, 6, "自杀自伤", 1, 0.01, "model:sentence")
    assert READER.read(view, hits, [low]) == rules_only
    high = replace(low, start=7, end=13, level=3, score=0.99)
    raised = READER.read(view, hits, [high])
    assert raised.level == "imminent"
    assert {s.source for s in raised.signals} > {s.source for s in rules_only.signals}


def test_read_is_the_reader_in_one_call() -> None:
    """The function and the class agree."""
    view = View(Letter("1", body="我不想活了。"))
    hits = FINDER.find(view)
    assert read(view, hits, LABELS) == READER.read(view, hits)


CRIES = ["我不想活了", "我就要自杀", "保安打人", "房子随时会塌", "天然气泄漏"]


@given(
    st.lists(st.sampled_from([*CRIES, "你好,", "𠮷😀", "。", " ", "\r\n", "\u200b"]), max_size=12),
    st.sampled_from(["", "关于路灯的建议", "我不想活了"]),
)
def test_every_span_quotes_the_letter(pieces: list[str], title: str) -> None:
    """Offsets are code points of the part they name, whatever stands around the words."""
    body = "".join(pieces)
    for signal in crisis(body, title).signals:
        part = title if signal.span.part == "title" else body
        assert part[signal.span.start : signal.span.end] == signal.span.quote


@given(st.lists(st.sampled_from(CRIES), min_size=1, max_size=4), st.text(max_size=30))
def test_more_text_never_lowers_the_level(cries: list[str], rest: str) -> None:
    """Whatever is written after a full stop and a line break, an alarm stays."""
    names = [level.name for level in LABELS.crisis_levels]
    alone = "。".join(cries) + "。\n"
    assert names.index(crisis(alone + rest).level) >= names.index(crisis(alone).level)
