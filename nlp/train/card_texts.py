"""What a model card says, in Chinese and English; every text is a pair of both."""

from collections.abc import Mapping

from nlp.errors import OptionError

Pair = tuple[str, str]
LANGUAGES = ("zh", "en")
SHIPPED = "petition-zh"
"""The bundle that this project ships, and whose recipe lies in recipes/."""
_LETTERS = "泰迪杯 2020 C 题"
_CONTEST = "contest 泰迪杯 2020, problem C"
SOURCES: Mapping[str, Pair] = {
    "gold_train": (
        f"按 labels/README.md 标注的真实来信（{_LETTERS}附件 2–4 与测试来信）；来信未声明许可，不随包发布；标注为本项目所作",
        f"real letters ({_CONTEST}, annexes 2–4 and test letters) annotated by labels/README.md; the letters carry no licence and are not shipped; annotation made for this project",
    ),
    "category_train": (
        f"真实来信及其收件板块，7 类（{_LETTERS}附件 2）；未声明许可，不随包发布",
        f"real letters with the board that received them, 7 classes ({_CONTEST}, annex 2); no licence stated, not shipped",
    ),
    "letters_unlabelled": (
        f"真实来信，无标注（{_LETTERS}附件 3、4 与测试来信）；未声明许可，不随包发布",
        f"real letters without labels ({_CONTEST}, annexes 3 and 4 and test letters); no licence stated, not shipped",
    ),
    "annotations": (
        "recipes/annotations.csv：letters_unlabelled 里来信的补充标注，语言模型按标注手册逐封通读、一遍标成，没有人工复核，训练时权重打折；混入 175 封已有金标注的来信作盲对照，一致程度见 recipes/README.md",
        "recipes/annotations.csv: labels of letters in letters_unlabelled, given by a language model in one reading pass by the guide, not reviewed by a person, weighted down in training; 175 letters with gold labels were mixed in as blind controls, agreement in recipes/README.md",
    ),
    "crisis_psysuicide_train": (
        "带自杀、自伤、暴力标签的短文本（PsyGUARD 的 PsySUICIDE valid），MIT",
        "short texts with suicide, self-harm and violence labels (PsyGUARD, PsySUICIDE valid), MIT",
    ),
    "crisis_sos_hl_train": (
        "微博，自杀风险高/低（SOS-HL-1K train）；未声明许可",
        "weibo posts, high or low suicide risk (SOS-HL-1K train); no licence stated",
    ),
    "text_general": (
        "心理咨询对话（CC0、CC-BY-4.0）、法律问答（Apache-2.0）、法规，只作语言模型预训练",
        "counselling dialogues (CC0, CC-BY-4.0), legal questions and answers (Apache-2.0), statutes; for language-model pre-training only",
    ),
    "ner_cluener_train": ("CLUENER2020 实体标注；未声明许可", "CLUENER2020 entities; no licence stated"),
    "ie_cail2022_train": ("CAIL2022 裁判文书段落；未声明许可", "CAIL2022 court paragraphs; no licence stated"),
}  # fmt: skip
OWN: Pair = ("自备", "own data of whoever trained this")
COMPANION = "gold_train"
"""``annotations`` is too common a name: it is the shipped file only beside this set."""
TESTS: Mapping[str, Pair] = {
    "gold_dev": (
        "按标注手册标注、没有进训练的来信，与训练集没有近似重复。有意多收了有危机、有标记的信，所以这里的比率不是平常来信里的比率。",
        "Letters annotated by the guide and kept out of training, no near-duplicates of training letters. Letters with danger or flags were drawn on purpose, so rates here are not base rates.",
    ),
    "category_dev": (
        "只知道收件板块（7 类）的来信，没有进训练。标签是哪个板块收了信，不是该由谁解决，两者在约一成半的信上不同；下面两种问法都列。",
        "Letters that know the receiving board alone (7 classes), kept out of training. The label is who received the letter, not who should solve the matter; the two differ in about 15 % of letters, so both ways of asking are given.",
    ),
}  # fmt: skip
TASKS: Mapping[str, Pair] = {
    "category": ("一级类别", "category, level 1"),
    "category_l1": ("一级类别", "category, level 1"),
    "category_l2": ("二级类别", "category, level 2"),
    "board": ("收件板块", "receiving board"),
    "convention": ("类别口径", "category convention"),
    "purpose": ("目的", "purpose"),
    "urgency": ("轻重缓急", "urgency"),
    "distress": ("情绪困扰", "distress"),
    "emotions": ("情绪", "emotions"),
    "flags": ("甄别标记", "flags"),
    "needs": ("问题/需要", "needs"),
    "crisis": ("危机信号", "danger signals"),
    "signal": ("句子的危机信号", "danger signals of sentences"),
    "sentence_distress": ("句子的情绪困扰", "distress of sentences"),
    "tags": ("字段标签", "field tags"),
    "group_size": ("人数", "group size"),
}
MEASURES: Mapping[str, Pair] = {
    "accuracy": ("准确率", "accuracy"),
    "macro_f1": ("宏平均 F1", "macro-F1"),
    "micro_f1": ("微平均 F1", "micro-F1"),
    "top2_accuracy": ("前两个里有正确的", "top-2 accuracy"),
    "ece": ("期望校准误差", "expected calibration error"),
    "quadratic_kappa": ("二次加权 κ", "quadratic κ"),
    "precision": ("标出的里有多少是对的", "precision"),
    "precision_level_2_up": ("标成 2 级以上的有多少是对的", "precision of level ≥ 2"),
}
COUNTS: Mapping[str, Pair] = {
    "urgency_2_up": ("轻重缓急 2 级以上，找到", "urgency ≥ 2, found"),
    "distress_2_up": ("情绪困扰 2 级以上，找到", "distress ≥ 2, found"),
    "crisis": ("有危机信号的信，找到", "letters with danger, found"),
    "life": ("其中自杀自伤，找到（标出任何信号都算）", "of these suicide or self-harm (any signal counts)"),
    "false_alarm": ("没有危机信号的信，误报", "letters without danger, false alarms"),
}  # fmt: skip
RUN: Mapping[str, Pair] = {
    "category_gold_accuracy": ("一级类别准确率（按谁该解决标注）", "category accuracy (who should solve it)"),
    "category_archive_macro_f1": ("一级类别宏平均 F1（按收件板块）", "category macro-F1 (receiving board)"),
    "purpose_macro_f1": ("目的宏平均 F1", "purpose macro-F1"),
    "urgency_kappa": ("轻重缓急二次加权 κ（含规则）", "urgency quadratic κ (with rules)"),
    "distress_kappa": ("情绪困扰二次加权 κ（含规则）", "distress quadratic κ (with rules)"),
    "flags_micro_f1": ("甄别标记微平均 F1（含规则）", "flags micro-F1 (with rules)"),
    "needs_micro_f1": ("问题/需要微平均 F1", "needs micro-F1"),
}  # fmt: skip
GROUPS: Mapping[str, Pair] = {
    "up_to_100": ("至多 100 字", "up to 100 characters"),
    "up_to_300": ("101–300 字", "101–300 characters"),
    "up_to_800": ("301–800 字", "301–800 characters"),
    "over_800": ("801 字以上", "over 800 characters"),
    "writer_unnamed": ("看不出谁写的（没有 who_self）", "writer not named (no who_self)"),
    "writer_named": ("写明了谁写的", "writer named"),
    "joint": ("集体", "joint (集体)"),
    "danger_self": ("危机信号说的是本人", "danger about the writer"),
    "danger_others": ("危机信号说的是家人或他人", "danger about someone else"),
    "danger_group": ("危机信号说的是群体", "danger about a group"),
}
REWRITTEN: Mapping[str, Pair] = {
    "traditional": ("改成繁体（OpenCC s2t）", "traditional script (OpenCC s2t)"),
    "named_places": ("地名代号换成编的地名", "masked places given invented names"),
}


class Words:
    """Texts in one language.

    Args:
        language: "zh" or "en".

    Raises:
        OptionError: There is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise OptionError(f"模型卡没有 {language!r} 这种语言", remedy="可用：zh、en")
        self._index = LANGUAGES.index(language)

    def say(self, chinese: str, english: str) -> str:
        """One of two texts."""
        return (chinese, english)[self._index]

    def name(self, names: Mapping[str, Pair], key: str) -> str:
        """What a key is called; the key itself where it has no name."""
        return names[key][self._index] if key in names else key

    def source(self, name: str, others: Mapping[str, object]) -> str:
        """Where a training set comes from; only sets of this project are known.

        Args:
            name: Of the set.
            others: All sets of the run.
        """
        known = name in SOURCES and (name != "annotations" or COMPANION in others)
        return (SOURCES[name] if known else OWN)[self._index]
