"""From points to sentences by any search; greedy ones by the shortest way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.capabilities import Latent
from engine.latent.greedy import greedy
from engine.messages import DecodedSentence, Hypothesis, SearchOptions
from engine.search.autoregressive import decoding
from engine.search.outcome import hypotheses
from engine.search.prepare import Start
from engine.vocabulary import Vocabulary

_PLAIN = SearchOptions(strategy="greedy")
_GREEDY_READS = ("min_length", "no_repeat_ngram", "repetition_penalty", "prefix", "prefix_ids", "coverage_penalty")


def read_points(
    model: Latent, points: Tensor, options: SearchOptions, *, preview: bool = False
) -> tuple[list[DecodedSentence], list[Hypothesis]]:
    """The sentence at each point [N, D], and the other hypotheses of the first point.

    A preview is greedy whatever the options say. Raises ValueError with one sentence when the options cannot be met.
    """
    tokenizer = model.tokenizer
    decoder = model.decoder(points)
    if preview or _is_plain(options):
        ids, log_probs = greedy(decoder, len(points), max_length=options.max_length)
        pairs = zip(ids, log_probs, strict=True)
        return [sentence(tokenizer, tokens, scores) for tokens, scores in pairs], []
    start = Start(decoder, decoder.begin(len(points)), tokenizer, tuple(() for _ in range(len(points))), True)
    search = decoding(start, options)
    for _ in search:
        pass
    found = [hypotheses(start, search, row) for row in range(len(points))]
    return [_from_hypothesis(tokenizer, h) for h in found], found[0][1:] if found else []


def sentence(tokenizer: Vocabulary, ids: Sequence[int], log_probs: Sequence[float]) -> DecodedSentence:
    """A sentence from its token ids (end mark left out) and log-probabilities (the end mark's last, if it ended)."""
    return DecodedSentence(
        text=tokenizer.decode(ids),
        words=tuple(tokenizer.pieces(ids)),
        probabilities=np.exp(np.asarray(log_probs)),
        log_prob=float(sum(log_probs)),
        finished=len(log_probs) > len(ids),
    )


def _from_hypothesis(tokenizer: Vocabulary, found: Sequence[Hypothesis]) -> DecodedSentence:
    if not found:
        return sentence(tokenizer, [], [])
    tokens = found[0].tokens
    return sentence(tokenizer, [t.id for t in tokens if t.id != tokenizer.end], [t.log_prob for t in tokens])


def _is_plain(options: SearchOptions) -> bool:
    same = all(getattr(options, name) == getattr(_PLAIN, name) for name in _GREEDY_READS)
    return options.strategy == "greedy" and same


def others(found: Sequence[Hypothesis]) -> tuple[tuple[str, float], ...]:
    """Texts and scores of hypotheses."""
    return tuple((h.text, h.score) for h in found)


def best_only(options: SearchOptions) -> SearchOptions:
    """The same search, returning its best hypothesis alone."""
    return msgspec.structs.replace(options, n_best=1)


def as_points(rows: Sequence[Sequence[float]], size: int, device: torch.device) -> Tensor:
    """Points [N, D] from plain numbers; raises ValueError when one has the wrong number of them or is not finite."""
    for row in rows:
        if len(row) != size:
            raise ValueError(f"a point of this model has {size} numbers, not {len(row)}")
    points = torch.tensor([list(row) for row in rows], dtype=torch.float32, device=device).view(len(rows), size)
    if not bool(torch.isfinite(points).all()):
        raise ValueError("a point holds a number that is not finite")
    return points
