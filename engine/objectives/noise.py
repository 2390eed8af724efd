"""Noise on words: dropout of the decoder's inputs, and the corruptions of denoising autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.vocabulary import Vocabulary

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


def word_dropout(inputs: Tensor, share: float, vocabulary: Vocabulary) -> Tensor:
    """Decoder inputs with this share of the words replaced by the unknown mark (Bowman et al. 2016); marks stay."""
    marks = torch.tensor(vocabulary.marks, device=inputs.device)
    dropped = (torch.rand(inputs.shape, device=inputs.device) < share) & ~torch.isin(inputs, marks)
    return inputs.masked_fill(dropped, vocabulary.unknown)


class Corruption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a denoising autoencoder's input is spoilt (Lample et al. 2018; Shen et al. 2020)."""

    delete: Share = 0.1  # chance of a word to be left out
    blank: Share = 0.0  # chance of a word to be replaced by the unknown mark
    shuffle: Annotated[int, msgspec.Meta(ge=0)] = 3  # places a word may move; 0 and 1: none


def corrupt(sentence: Sequence[int], how: Corruption, unknown: int, random: np.random.Generator) -> list[int]:
    """A spoilt copy of a sentence of token ids, `unknown` for its blanks; never empty unless the sentence is."""
    words = np.asarray(sentence, dtype=np.int64)
    kept = words[random.random(len(words)) >= how.delete]
    if not len(kept):
        kept = words[:1]
    blanked = np.where(random.random(len(kept)) < how.blank, unknown, kept)
    # sorting place + uniform(0, k) moves no word by k places or more
    order = np.argsort(np.arange(len(kept)) + random.random(len(kept)) * how.shuffle, kind="stable")
    return [int(w) for w in (blanked[order] if how.shuffle > 1 else blanked)]
