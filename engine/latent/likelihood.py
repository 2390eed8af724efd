"""Importance weights of sentences under a latent-variable model, over the capability `Latent`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.messages.core import FloatArray
from engine.objectives import gaussian
from engine.text import EOS

ROWS = 2048  # sentences times samples decoded at once


def log_likelihood(decoder: Any, sentences: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """Each row's log p(x|z), end mark included, [B] in float64, from a decoder with the capability `Scores`."""
    lengths = torch.tensor([len(s) + 1 for s in sentences])
    tokens = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, sentence in enumerate(sentences):
        tokens[row, : len(sentence) + 1] = torch.tensor([*sentence, EOS])
    scores: Tensor = decoder.score(decoder.begin(len(sentences)), tokens.to(device), lengths.to(device))
    return scores.double().sum(1)


def log_weights(
    model: Any,
    sentences: Sequence[Sequence[int]],
    samples: int,
    seed: int,
    *,
    log_prior: Callable[[Tensor], Tensor] = gaussian.log_prior,
) -> Iterator[tuple[int, FloatArray]]:
    """Log importance weights log p(x|z) + log p(z) - log q(z|x), sentence by sentence: its index and [K] weights.

    Sentences come sorted by length; batches hold several sentences' samples. The noise of a sentence depends on the
    seed and its index alone, not on the batch it falls into.
    """
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    width = max(1, ROWS // samples)
    for start in range(0, len(order), width):
        chosen = order[start : start + width]
        batch = [sentences[i] for i in chosen]
        randoms = [np.random.default_rng((seed, i)) for i in chosen]
        if hasattr(model, "proposals"):  # a posterior that is not Gaussian alone
            points, log_ratio = model.proposals(batch, samples, randoms)
        else:
            points, log_ratio = _proposals(model, batch, samples, randoms, log_prior)
        rows = [s for s in batch for _ in range(samples)]
        decoder = model.decoder(points.flatten(0, 1).float())
        log_p = log_likelihood(decoder, rows, points.device).view(len(batch), samples)
        yield from zip(chosen, (log_p + log_ratio).cpu().numpy(), strict=True)


def _proposals(
    model: Any,
    batch: Sequence[Sequence[int]],
    samples: int,
    randoms: Sequence[np.random.Generator],
    log_prior: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """Points of a Gaussian posterior [B, K, D] and their log p(z) - log q(z|x) [B, K]."""
    mean, log_var = (p.double() for p in model.posterior(batch))  # B, D
    eps = torch.from_numpy(np.stack([r.standard_normal((samples, mean.shape[1])) for r in randoms]))
    points = mean[:, None] + torch.exp(0.5 * log_var)[:, None] * eps.to(mean.device)
    return points, log_prior(points) - gaussian.log_density(points, mean[:, None], log_var[:, None])
