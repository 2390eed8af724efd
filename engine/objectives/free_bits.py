"""Free bits: a divergence below its target costs nothing, so that z is not given up for a cheap KL.

Each takes KL terms [B, D] in nats and gives one figure a sentence, [B]; below the target the gradient is zero.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

By = Literal["dimension", "entry", "sentence"]


def by_dimension(kl: Tensor, target: float) -> Tensor:
    """max(target, batch mean) of each dimension, summed over dimensions (Kingma et al. 2016, equation 15)."""
    floored = kl.mean(0).clamp_min(target).sum()
    return floored.expand(len(kl))


def by_entry(kl: Tensor, target: float) -> Tensor:
    """max(target, KL) of each dimension of each sentence (OPTIMUS, Li et al. 2020, equation 8)."""
    return kl.clamp_min(target).sum(1)


def by_sentence(kl: Tensor, target: float) -> Tensor:
    """max(target, KL of the whole sentence), the target being for all dimensions together."""
    return kl.sum(1).clamp_min(target)


def free_bits(kl: Tensor, target: float, by: By) -> Tensor:
    """The variant by name; a target of zero is the plain sum over dimensions."""
    if target == 0.0:
        return kl.sum(1)
    return {"dimension": by_dimension, "entry": by_entry, "sentence": by_sentence}[by](kl, target)
