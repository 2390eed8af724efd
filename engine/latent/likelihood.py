"""Importance weights of sentences under a latent-variable model, over the capability `Latent`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from engine.capabilities import Latent, Scores
from engine.messages.core import FloatArray
from engine.models.parts.padding import lengths_of, pad

ROWS = 2048  # sentences times samples decoded at once


def log_likelihood(decoder: Scores, sentences: Sequence[Sequence[int]]) -> Tensor:
    """Each row's log p(x|z), end mark included, [B] in float64."""
    tokens, lengths = pad(sentences, decoder.tokenizer, end=True), lengths_of(sentences)
    scores = decoder.score(decoder.begin(len(sentences)), tokens.to(decoder.device), lengths.to(decoder.device))
    return scores.double().sum(1)


def log_weights(
    model: Latent, sentences: Sequence[Sequence[int]], samples: int, seed: int
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
        posterior = model.posterior(batch)
        points = posterior.samples(samples, [np.random.default_rng((seed, i)) for i in chosen])  # B, K, D
        log_ratio = model.prior.log_prob(points) - posterior.log_prob(points)  # B, K
        rows = [s for s in batch for _ in range(samples)]
        log_p = log_likelihood(model.decoder(points.flatten(0, 1).float()), rows).view(len(batch), samples)
        yield from zip(chosen, (log_p + log_ratio).cpu().numpy(), strict=True)
