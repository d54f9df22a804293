"""Every kind of encoder keeps the contract: whole texts in pieces, states that padding spares."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizer,
    ByT5Tokenizer,
    ModernBertConfig,
    ModernBertModel,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5Model,
)

from nlp.errors import OptionError
from nlp.letter import Letter
from nlp.score.windows import Layout, batches, cut
from nlp.text import View, fold
from nlp.train.config import EncoderConfig
from nlp.train.encoders import Encoder, build
from nlp.train.encoders.scratch import LONGEST

PHRASES = ("小区停电三天了", "物业一直不管", "单位拖欠工资6个月", "请尽快处理ABC路的积水", "谢谢！")
TEXTS = ["，".join((PHRASES * 2)[i : i + 3]) + "。" for i in range(5)] * 2
PLACES, WIDTH = 40, 16
CHARACTERS = sorted(set(fold("".join(TEXTS)).lower()))
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, "##b", "##c"]
CLS, SEP, UNK, MASK = 2, 3, 1, 4
SIZES: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": PLACES,
}
MARKS: dict[str, Any] = {
    "bos_token_id": CLS,
    "eos_token_id": SEP,
    "cls_token_id": CLS,
    "sep_token_id": SEP,
}
MODELS: dict[str, Callable[[], Any]] = {
    "bert": lambda: BertModel(BertConfig(**SIZES)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZES, pad_token_id=1)),
    "modernbert": lambda: ModernBertModel(
        ModernBertConfig(**SIZES, **MARKS, pad_token_id=0, local_attention=4)
    ),
    "t5": lambda: T5Model(T5Config(vocab_size=99, d_model=8, d_kv=4, d_ff=8, num_layers=1)),
}


def made(folder: Path, kind: str = "bert") -> Path:
    """A tiny model with a tokenizer of single characters, written to ``folder / kind``."""
    target = folder / kind
    target.mkdir()
    words = target / "words.txt"
    words.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    BertTokenizer(str(words)).save_pretrained(target)
    MODELS[kind]().save_pretrained(target)
    return target


def encoder(folder: Path, kind: str, window: int = 0) -> Encoder:
    """A tiny encoder: of a model in ``MODELS``, or "scratch"."""
    if kind != "scratch":
        return build(EncoderConfig(kind="hf", source=str(made(folder, kind)), window=window), TEXTS)
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"width": WIDTH, "layers": 1, "attention": 2, "pieces": 380}
    return build(EncoderConfig(kind="scratch", window=window, **sizes), TEXTS)


def batch(given: Encoder, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Texts as serving would give them to the encoder: ids and mask of one batch."""
    layout = Layout(given.window, given.by_sentence, given.begin, given.end, given.unknown)
    tokenize = given.tokenizer.encode_batch
    views = [View(Letter("", "", text)) for text in texts]
    windows = cut(views, lambda cut: tokenize(list(cut), add_special_tokens=False), layout)
    longest = max(len(window.ids) for window in windows)
    ids, mask = np.zeros((2, len(windows), longest))
    for part in batches(windows):
        ids[part.windows, : part.ids.shape[1]] = part.ids
        mask[part.windows, : part.ids.shape[1]] = part.mask
    return torch.tensor(ids, dtype=torch.int64), torch.tensor(mask, dtype=torch.float32)


def exported(given: Encoder, file: Path) -> onnxruntime.InferenceSession:
    """The encoder as ONNX, any number of windows of any length."""
    ids, mask = batch(given, TEXTS[:2])
    free = {0: torch.export.Dim("windows"), 1: torch.export.Dim("pieces")}
    with warnings.catch_warnings():  # the exporter's own
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            given,
            (ids, mask),
            dynamo=True,
            dynamic_shapes={"ids": free, "mask": free},
            input_names=["ids", "mask"],
            output_names=["states"],
            verbose=False,
        )
    assert program
    program.save(file)
    return onnxruntime.InferenceSession(file)


KINDS = pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "scratch"])


@KINDS
def test_padding_changes_no_state(tmp_path: Path, kind: str) -> None:
    """A text's states are the same alone and beside a longer text, and none is without a value."""
    given = encoder(tmp_path, kind)
    with torch.no_grad():
        ids, mask = batch(given, [TEXTS[0], TEXTS[1] * 2])
        together = given(ids, mask)
        for row, count in enumerate(mask.sum(1).int().tolist()):
            alone = given(ids[row : row + 1, :count], mask[row : row + 1, :count])
            assert torch.allclose(together[row, :count], alone[0], atol=1e-4)
    assert mask.min() == 0
    assert together.isfinite().all()
    assert together.shape == (*ids.shape, given.width)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert", "scratch"])
def test_onnx_equals_torch(tmp_path: Path, kind: str) -> None:
    """The exported encoder gives torch's states for one piece, for a full window, and padded."""
    given = encoder(tmp_path, kind)
    session = exported(given, tmp_path / "encoder.onnx")
    longest = [CHARACTERS[0] * PLACES]
    for texts in ([""], [TEXTS[0], TEXTS[1] * 2], longest):
        ids, mask = batch(given, texts)
        with torch.no_grad():
            wanted = (given(ids, mask) * mask[:, :, None]).numpy()
        (states,) = session.run(["states"], {"ids": ids.numpy(), "mask": mask.numpy()})
        assert np.allclose(np.asarray(states) * mask[:, :, None].numpy(), wanted, atol=1e-4)


@KINDS
def test_every_sign_is_in_a_piece(tmp_path: Path, kind: str) -> None:
    """No sign of a text disappears but blanks: what the vocabulary lacks is unknown or bytes."""
    text = f"{TEXTS[0]} 鱻𠮷邨😀👨‍👩‍👧é Ｗ①㎡ Zz [SEP]<s>"
    found = encoder(tmp_path, kind).tokenizer.encode(text, add_special_tokens=False)
    covered = {i for start, end in found.offsets for i in range(start, end)}
    assert [c for i, c in enumerate(text) if i not in covered and not c.isspace()] == []


def test_marks_come_from_the_tokenizer(tmp_path: Path) -> None:
    """Begin, end, unknown and blank are the model's own; a letter that spells one spells it."""
    given = encoder(tmp_path, "bert")
    assert (given.begin, given.end, given.unknown, given.blank) == ((CLS,), (SEP,), UNK, MASK)
    found = given.tokenizer.encode("天[SEP]了[MASK]", add_special_tokens=False)
    assert not {CLS, SEP, MASK} & set(found.ids)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    """AutoModel and AutoTokenizer read the folder, and so does another run."""
    given = encoder(tmp_path, "bert")
    with torch.no_grad():
        next(given.parameters()).add_(1)
    given.save(tmp_path / "saved")
    ids, mask = batch(given, TEXTS[:1])
    reader: Any = AutoTokenizer.from_pretrained(tmp_path / "saved")
    model: Any = AutoModel.from_pretrained(tmp_path / "saved").eval()
    again = build(EncoderConfig(kind="hf", source=str(tmp_path / "saved")), ())
    with torch.no_grad():
        wanted = given(ids, mask)
        assert torch.allclose(model(input_ids=ids, attention_mask=mask)[0], wanted)
        assert torch.allclose(again(ids, mask), wanted)
    assert reader(fold(TEXTS[0]))["input_ids"] == ids[0].tolist()


@pytest.mark.parametrize(
    ("kind", "asked", "window"),
    [("bert", 0, PLACES), ("bert", 12, 12), ("roberta", 0, PLACES - 2), ("scratch", 0, 256)],
)
def test_a_window_is_what_was_asked_or_the_limit(
    tmp_path: Path, kind: str, asked: int, window: int
) -> None:
    """Places that RoBERTa keeps for padding do not count; a full window is read."""
    given = encoder(tmp_path, kind, asked)
    assert given.window == window
    with torch.no_grad():
        states = given(torch.full((1, window), 7), torch.ones(1, window))
    assert states.isfinite().all()


def test_a_tokenizer_that_pads_and_cuts_does_not_here(tmp_path: Path) -> None:
    """Padding and truncation that a tokenizer.json asks for are switched off."""
    source = made(tmp_path)
    reader: Any = AutoTokenizer.from_pretrained(source)
    reader.backend_tokenizer.enable_truncation(4)
    reader.backend_tokenizer.enable_padding(length=30)
    reader.backend_tokenizer.save(str(source / "tokenizer.json"))
    given = build(EncoderConfig(kind="hf", source=str(source)), ())
    assert len(given.tokenizer.encode("天" * 9, add_special_tokens=False).ids) == 9


def test_a_summary_starts_as_the_mean(tmp_path: Path) -> None:
    """Before training it is the mean state, between -1 and 1, even of a text without pieces."""
    given = encoder(tmp_path, "scratch")
    total = torch.tensor([[2.0, -4.0] * (WIDTH // 2), [0.0] * WIDTH])
    summary = given.summarise(total, torch.tensor([[4.0], [0.0]]))
    assert torch.allclose(summary, torch.tanh(total / 4))
    assert summary.shape[1] == given.summary_width


@pytest.mark.parametrize(
    "source", ["", "没有的文件夹", "/nowhere/at/all", "invented/no-such-model", "empty"]
)
def test_a_missing_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """The error names the source and what to do; offline, no other machine is asked."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if source == "empty":
        source = str(tmp_path)
    with pytest.raises(OptionError, match=r"encoder\.source") as caught:
        build(EncoderConfig(kind="hf", source=source), ())
    assert source in caught.value.where
    assert caught.value.remedy


def _slow(source: Path) -> None:
    (source / "tokenizer.json").unlink()
    ByT5Tokenizer().save_pretrained(source)


def _truncated(source: Path) -> None:
    weights = source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:400])


def _wordless(source: Path) -> None:
    for file in [*source.glob("token*"), *source.glob("*.txt")]:
        file.unlink()


def _foreign(source: Path) -> None:
    BertModel(BertConfig(**{**SIZES, "vocab_size": 9})).save_pretrained(source)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_slow, "慢速分词器"),
        (_truncated, "载入不了"),
        (_wordless, "没有词表"),
        (_foreign, "模型只有 9 个"),
        (lambda source: MODELS["t5"]().save_pretrained(source), "不是只编码文字"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], what: str
) -> None:
    """Slow tokenizers, broken or foreign files and models that write text are told apart."""
    source = made(tmp_path)
    spoil(source)
    with pytest.raises(OptionError, match=what) as caught:
        build(EncoderConfig(kind="hf", source=str(source)), ())
    assert caught.value.remedy


def test_a_window_beyond_the_model_is_refused(tmp_path: Path) -> None:
    """A window longer than the positions that were learnt has no meaning."""
    with pytest.raises(OptionError, match=f"{PLACES + 1} 超过"):
        encoder(tmp_path, "bert", PLACES + 1)


def test_pieces_are_learnt_from_the_texts() -> None:
    """Frequent runs become one piece, none too long; the limit and the texts decide alone."""
    config = EncoderConfig(kind="scratch", width=8, layers=1, attention=1, pieces=400)
    first, second = (build(config, iter(TEXTS)).tokenizer for _ in range(2))
    assert first.to_str() == second.to_str()
    assert first.get_vocab_size() <= config.pieces
    pieces = [piece for piece in first.get_vocab() if not piece.startswith("<")]
    assert 2 <= max(map(len, pieces)) <= LONGEST
    assert len(first.encode("请尽快处理").ids) < 5


@pytest.mark.parametrize("sizes", [{"pieces": 259}, {"width": 30, "attention": 4}, {"layers": 0}])
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, Any]) -> None:
    """Too small a vocabulary, a width that heads cannot share, and no layers."""
    with pytest.raises(OptionError, match="encoder"):
        build(EncoderConfig(kind="scratch", **sizes), TEXTS)
