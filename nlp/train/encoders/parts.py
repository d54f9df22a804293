"""What kinds of encoder share: a summary that starts as the mean, a tokenizer that reads marks."""

import json

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn


class Summary(nn.Module):
    """One vector for a text: a linear view of its mean state, between -1 and 1.

    The view starts as the mean itself, so that nothing of a pretrained state is lost.

    Args:
        width: Size of a state, and of the vector.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.view = nn.Linear(width, width)
        nn.init.eye_(self.view.weight)
        nn.init.zeros_(self.view.bias)

    def forward(self, total: Tensor, count: Tensor) -> Tensor:
        """See ``Encoder.summarise``."""
        return torch.tanh(self.view(total / count.clamp_min(1)))


def literal(given: Tokenizer) -> Tokenizer:
    """A copy that neither cuts nor pads, and to which a letter that spells [SEP] spells [SEP].

    Only marks of the model lose their meaning in text; words that were added to the vocabulary
    keep theirs.
    """
    data = json.loads(given.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if not token["special"]]
    made = Tokenizer.from_str(json.dumps(data, ensure_ascii=False))
    made.no_truncation()
    made.no_padding()
    return made
