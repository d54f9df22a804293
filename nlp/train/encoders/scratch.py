"""A small transformer with a vocabulary of its own, for training from nothing.

Pre-norm layers with rotary positions (Su et al. 2021). Pieces are learnt by byte-pair encoding over
characters, words of four characters at most; a rare character is spelt in bytes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from unicodedata import normalize

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional

from nlp.errors import OptionError
from nlp.train.config import EncoderConfig
from nlp.train.encoders import Encoder
from nlp.train.encoders.parts import Summary, literal

USUAL_WINDOW = 256
LONGEST = 4
"""Characters of a piece at most: names and set phrases are made of so many."""
MARKS = ("<unk>", "<s>", "<blank>")
UNKNOWN, BEGIN, BLANK = range(3)
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
SPREAD = 0.02
"""Standard deviation of fresh weights."""
_TURN = 10_000.0


def learn(texts: Sequence[str], limit: int) -> Tokenizer:
    """Pieces of ``texts``, at most ``limit``; half of the room at most is for single characters.

    The characters are chosen here, because the library breaks ties by chance.

    Raises:
        OptionError: The limit leaves no room for characters.
    """
    room = limit - len(MARKS) - len(BYTES)
    if room < 2:  # noqa: PLR2004  # a character, and a pair
        raise OptionError("词片太少", where="encoder.pieces", remedy="至少填 300，一般填 8000 以上")
    made = Tokenizer(models.BPE(unk_token=MARKS[UNKNOWN], byte_fallback=True))
    made.normalizer = normalizers.NFKC()  # pyright: ignore[reportAttributeAccessIssue]
    script = pre_tokenizers.Split(Regex(r"[0-9]|\p{Han}+|[^0-9\p{Han}\s]+"), "isolated")
    steps = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), script]
    made.pre_tokenizer = pre_tokenizers.Sequence(steps)  # pyright: ignore[reportAttributeAccessIssue]
    counts = Counter(c for text in texts for c in normalize("NFKC", text) if not c.isspace())
    ranked = sorted((c for c, n in counts.items() if n > 1), key=lambda c: (-counts[c], c))
    known = ranked[: room // 2]
    trainer = trainers.BpeTrainer(
        vocab_size=limit,
        initial_alphabet=known,
        limit_alphabet=len(known),
        max_token_length=LONGEST,
        min_frequency=2,
        special_tokens=[*MARKS, *BYTES],
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return literal(made)


class SmallEncoder(Encoder):
    """A transformer over learnt pieces.

    Args:
        config: Width, layers, attention heads and window.
        made: The tokenizer.
    """

    def __init__(self, config: EncoderConfig, made: Tokenizer) -> None:
        super().__init__()
        self.tokenizer = made
        self.width = self.summary_width = config.width
        self.window, self.by_sentence = config.window or USUAL_WINDOW, False
        self.begin, self.end, self.unknown, self.blank = (BEGIN,), (), UNKNOWN, BLANK
        self.embedding = nn.Embedding(made.get_vocab_size(), config.width)
        self.layers = nn.ModuleList(
            Layer(config.width, config.attention) for _ in range(config.layers)
        )
        self.final = nn.LayerNorm(config.width)
        turn = turns(self.window, config.width // config.attention)
        self.register_buffer("turn", turn, persistent=False)
        self.apply(_start)
        self.summary = Summary(config.width)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of pieces: see ``Encoder``."""
        seen = (mask > 0)[:, None, None, :]
        turn = self.get_buffer("turn")[:, : ids.shape[1]]
        states = self.embedding(ids)
        for layer in self.layers:
            states = layer(states, seen, turn)
        return self.final(states)

    def summarise(self, total: Tensor, count: Tensor) -> Tensor:
        """See ``Encoder``."""
        return self.summary(total, count)


class Layer(nn.Module):
    """Attention, then a feed-forward layer, each added to what came in.

    Args:
        width: Size of a state.
        heads: Attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.views = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.forth = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, states: Tensor, seen: Tensor, turn: Tensor) -> Tensor:
        """States after this layer.

        Args:
            states: Shape (windows, pieces, width).
            seen: Which pieces may be looked at, shape (windows, 1, 1, pieces).
            turn: See ``turns``.
        """
        views = self.views(self.before(states)).unflatten(2, (3, self.heads, -1))
        query, key, value = views.permute(2, 0, 3, 1, 4).unbind(0)
        query, key = _turned(query, turn), _turned(key, turn)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        states = states + self.joined(found.transpose(1, 2).flatten(2))
        return states + self.forth(states)


def turns(length: int, width: int) -> Tensor:
    """Cosines and sines of positions, shape (2, length, width / 2)."""
    speed = _TURN ** -(torch.arange(0, width, 2) / width)
    angle = torch.arange(length)[:, None] * speed
    return torch.stack([angle.cos(), angle.sin()])


def _turned(states: Tensor, turn: Tensor) -> Tensor:
    """States (..., pieces, width) turned by where they stand."""
    left, right = states.chunk(2, dim=-1)
    cosine, sine = turn[0], turn[1]
    return torch.cat([left * cosine - right * sine, left * sine + right * cosine], dim=-1)


def _start(part: nn.Module) -> None:
    """Fresh weights, small and without bias."""
    if isinstance(part, nn.Linear | nn.Embedding):
        nn.init.normal_(part.weight, std=SPREAD)
    if isinstance(part, nn.Linear):
        nn.init.zeros_(part.bias)


def build(config: EncoderConfig, texts: Iterable[str]) -> SmallEncoder:
    """An untrained encoder with pieces learnt from ``texts``; weights follow torch's seed.

    Raises:
        OptionError: Sizes that do not fit each other, or too few pieces.
    """
    smallest = min(config.width, config.layers, config.attention)
    if smallest < 1 or config.width % (2 * config.attention):
        remedy = "width 应为 attention 的偶数倍，layers 至少为 1"
        raise OptionError("编码器的尺寸不合规格", where="encoder.width", remedy=remedy)
    return SmallEncoder(config, learn(list(texts), config.pieces)).eval()
