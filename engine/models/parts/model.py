"""What every model of ours is besides a `torch.nn.Module`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import torch
from torch import nn

from engine.vocabulary import Vocabulary

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Depth = Annotated[int, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]


class TextModel(nn.Module):
    """A module over a vocabulary, built from a config."""

    config: msgspec.Struct

    def __init__(self, tokenizer: Vocabulary) -> None:
        super().__init__()
        self.tokenizer = tokenizer

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device


def embedding(vocabulary: int, width: int) -> nn.Embedding:
    """Word vectors of about unit length."""
    made = nn.Embedding(vocabulary, width)
    nn.init.normal_(made.weight, std=width**-0.5)
    return made
