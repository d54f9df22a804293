"""Any Hugging Face encoder, from a folder or by name: BERT, RoBERTa, MacBERT, ERNIE, ModernBERT.

Code that comes with a model is never run (``trust_remote_code`` stays off).
"""

import os
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as chatter

from nlp.errors import OptionError
from nlp.train.config import EncoderConfig
from nlp.train.encoders import Encoder
from nlp.train.encoders.parts import Summary, literal

USUAL_WINDOW = 512
"""For models that state no limit."""
OFFLINE = "HF_HUB_OFFLINE"
REFUSALS = (OSError, ValueError, KeyError, RuntimeError, ImportError, TypeError, SafetensorError)
_PROBE = "一"


class PretrainedEncoder(Encoder):
    """The encoder around a model of transformers.

    Args:
        model: Its model, from ``AutoModel``.
        reader: Its fast tokenizer, from ``AutoTokenizer``.
        window: Pieces a window may hold, marks included.
    """

    # Any: what transformers gives depends on files, its types say nothing of it
    def __init__(self, model: Any, reader: Any, window: int) -> None:  # noqa: ANN401
        super().__init__()
        self.model: Any = model
        self.reader = reader
        self.tokenizer = literal(reader.backend_tokenizer)
        self.width = self.summary_width = int(model.config.hidden_size)
        self.window, self.by_sentence = window, False
        self.begin, self.end = _marks(reader)
        self.blank = _first(reader.mask_token_id, reader.unk_token_id, reader.pad_token_id, 0)
        self.unknown = _first(reader.unk_token_id, self.blank)
        self.summary = Summary(self.width)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of pieces: see ``Encoder``."""
        return self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state

    def summarise(self, total: Tensor, count: Tensor) -> Tensor:
        """See ``Encoder``."""
        return self.summary(total, count)

    def save(self, folder: Path) -> None:
        """Write what ``AutoModel.from_pretrained`` and ``AutoTokenizer`` read back."""
        self.model.save_pretrained(folder)
        self.reader.save_pretrained(folder)


def build(config: EncoderConfig, texts: Iterable[str]) -> PretrainedEncoder:
    """Load ``config.source``; the vocabulary stays as it is.

    Raises:
        OptionError: The source is missing, needs code of its own or a slow tokenizer, is no
            encoder, or its files do not fit together; or the window is longer than it can read.
    """
    where = f"encoder.source {config.source}"
    if not config.source:
        raise OptionError("没有写明用哪个模型", where=where, remedy="请填文件夹或模型名")
    chatter.disable_progress_bar()
    reader = _load(AutoTokenizer, config.source, where)
    if not getattr(reader, "is_fast", False):
        remedy = "请换用带 tokenizer.json 的模型，或先用 transformers 把分词器转成快速版"
        raise OptionError("该模型只有慢速分词器，给不出字符位置", where=where, remedy=remedy)
    model = _load(AutoModel, config.source, where, dtype=torch.float32)
    _check(model, reader, where)
    return PretrainedEncoder(model, reader, _window(config.window, model, reader)).eval()


def _load(kind: Any, source: str, where: str, **options: Any) -> Any:  # noqa: ANN401  # as above
    """A part of the model: from a folder, or by name from the hub or its cache on this machine."""
    offline = os.environ.get(OFFLINE, "").upper() not in {"", "0", "FALSE", "NO", "OFF"}
    try:
        if offline and not Path(source).is_dir():
            source = snapshot_download(source, local_files_only=True)
        local = Path(source).is_dir()
        return kind.from_pretrained(
            source, local_files_only=local, trust_remote_code=False, **options
        )
    # transformers refuses with many types, KeyError and RuntimeError among them
    except REFUSALS as error:
        remedy = (
            "请填一个含 config.json、权重和 tokenizer.json 的文件夹；"
            f"填模型名时须已下载到本机缓存，或能联网且未设 {OFFLINE}；需要自带代码的模型不支持"
        )
        raise OptionError("载入不了这个模型", where=where, remedy=remedy) from error


def _check(model: Any, reader: Any, where: str) -> None:  # noqa: ANN401  # as above
    """Refuse what is no encoder, and a tokenizer of another model."""
    encodes = hasattr(model.config, "hidden_size")
    if getattr(model.config, "is_encoder_decoder", False) or not encodes:
        raise OptionError("这不是只编码文字的模型", where=where, remedy="请换用 BERT 一类的编码器")
    rows, pieces = model.get_input_embeddings().num_embeddings, len(reader)
    if pieces > rows:
        what = f"分词器有 {pieces} 个词片，模型只有 {rows} 个"
        raise OptionError(what, where=where, remedy="请检查两者是否出自同一个模型")
    if len(reader.backend_tokenizer.get_vocab()) <= len(reader.all_special_tokens):
        raise OptionError("分词器没有词表", where=where, remedy="请补上词表文件")


def _window(asked: int, model: Any, reader: Any) -> int:  # noqa: ANN401  # as above
    """Pieces of a window: what was asked, or else what the model can read.

    Raises:
        OptionError: More was asked than the model can read.
    """
    stated = [getattr(model.config, "max_position_embeddings", 0), reader.model_max_length]
    limits = [int(n) for n in (*stated, *_rows(model)) if n and 0 < n < 1 << 20]
    limit = min(limits, default=USUAL_WINDOW)
    if asked > limit and limits:
        what = f"窗口 {asked} 超过模型能读的 {limit} 个词片"
        raise OptionError(what, where="encoder.window", remedy="请改小，或填 0 用模型的上限")
    return asked or limit


def _rows(model: nn.Module) -> Iterable[int]:
    """Places that learnt positions have; RoBERTa's kind never uses those up to the padding's."""
    for name, part in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            kept = 0 if part.padding_idx is None else part.padding_idx + 1
            yield part.num_embeddings - kept


def _marks(reader: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:  # noqa: ANN401  # as above
    """The pieces that the tokenizer sets before and after a text."""
    found = reader.backend_tokenizer.encode(_PROBE)
    marked = list(zip(found.special_tokens_mask, found.ids, strict=True))
    begin = [number for _, number in takewhile(lambda item: item[0], marked)]
    end = [number for is_mark, number in marked[len(begin) :] if is_mark]
    return tuple(begin), tuple(end)


def _first(*numbers: int | None) -> int:
    """The first that there is."""
    return next(number for number in numbers if number is not None)
