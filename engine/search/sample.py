"""Independent random sentences: ancestral sampling from the reshaped next-token distribution."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec
import torch
from torch import Tensor

from engine.messages import Hypothesis, SearchOptions
from engine.metrics.bleu import UTILITIES
from engine.search.mbr import expected_utilities
from engine.search.node import Candidate, Choice, Frontier
from engine.search.strategy import Strategy
from engine.search.warp import warp


class Sampler(Strategy):
    """Draws so many sentences for each input; equal prefixes drawn twice are two chains."""

    stops_early = False
    chains = True

    def __init__(self, options: SearchOptions, count: int) -> None:
        self.options, self.beam = options, count

    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """See `Strategy.step`."""
        many, width, vocabulary = scores.shape
        drawn = warp(scores.reshape(many * width, vocabulary), self.options).view(scores.shape)
        return [self._step(scores[i], drawn[i, : len(f.live)], f) for i, f in enumerate(frontiers)]

    def _step(self, scores: Tensor, drawn: Tensor, frontier: Frontier) -> Choice:
        first = frontier.live[0].parent is None
        count = self.beam if first else 1
        probs = drawn.exp().cpu()
        open_rows = probs.sum(1).nonzero()[:, 0].tolist()  # a chain that may write nothing at all ends here
        if not open_rows:
            return Choice()
        if len(open_rows) < len(probs):
            probs = probs[open_rows]
        tokens = torch.multinomial(probs, count, replacement=True, generator=frontier.generator)  # open rows, count
        chosen = [(row, token) for row, many in zip(open_rows, tokens.tolist(), strict=True) for token in many]
        rows = [row for row, _ in chosen]
        ids = [token for _, token in chosen]
        values = scores[rows, ids].tolist()
        choice = Choice()
        for row, token, value in zip(rows, ids, values, strict=True):
            candidate = Candidate(row, token, frontier.live[row].merit + value, float(drawn[row, token]))
            (choice.ended if token == self.end else choice.kept).append(candidate)
        return choice


class MinimumRisk(Sampler):
    """Draws `samples` sentences and ranks each distinct one by its expected utility; see `mbr`."""

    def __init__(self, options: SearchOptions) -> None:
        super().__init__(options, options.samples)

    def judged(self, found: list[Hypothesis]) -> Generator[int, None, list[Hypothesis]]:
        """One hypothesis a text, ranked by expected utility."""
        first = {h.text: h for h in reversed(found)}
        scored: list[Hypothesis] = []
        for text, value in expected_utilities([h.text for h in found], UTILITIES[self.options.utility]):
            scored.append(msgspec.structs.replace(first[text], score=value))
            yield len(scored)
        return sorted(scored, key=lambda h: -h.score)
