"""A distribution over short sentences that can be enumerated, as a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search.decode import Decoding
from engine.search.ranking import normalised, order
from engine.text import EOS
from tests.engine.words import Words

Tokens = tuple[int, ...]
WORDS = (4, 5, 6)
VOCABULARY = 7


@dataclass(frozen=True)
class Prefixes:
    """The state: each row's input and what was written for it."""

    rows: tuple[tuple[int, Tokens], ...]

    def select(self, rows: Tensor) -> Prefixes:
        return Prefixes(tuple(self.rows[i] for i in rows.tolist()))

    def __len__(self) -> int:
        return len(self.rows)


class TinyModel:
    """Random next-token distributions, another one after every prefix of every input."""

    tokenizer = None  # its words are their ids
    device = torch.device("cpu")

    def __init__(self, seed: int = 0, *, sharp: float = 1.5, end: float = 0.0) -> None:
        self.seed, self.sharp, self.end = seed, sharp, end
        self.tokenizer, self.device = Words(VOCABULARY), torch.device("cpu")
        self.row = cache(self._row)

    def _row(self, index: int, prefix: Tokens) -> Tensor:
        generator = torch.Generator().manual_seed(hash((self.seed, index, prefix)) % (1 << 60))
        logits = torch.randn(VOCABULARY, dtype=torch.float64, generator=generator) * self.sharp
        logits[EOS] += self.end
        return logits.log_softmax(0)

    def begin(self, batch: int) -> Prefixes:
        return Prefixes(tuple((i, ()) for i in range(batch)))

    def advance(self, state: Prefixes, tokens: Tensor) -> Prefixes:
        pairs = zip(state.rows, tokens.tolist(), strict=True)
        return Prefixes(tuple((i, (*prefix, token)) for (i, prefix), token in pairs))

    def log_probs(self, state: Prefixes) -> Tensor:
        return torch.stack([self.row(*row) for row in state.rows])

    def features(self, state: Prefixes) -> Tensor:
        return torch.stack([self.row(i, (*prefix, 99)) for i, prefix in state.rows])

    def log_prob(self, index: int, tokens: Sequence[int]) -> float:
        return sum(float(self.row(index, tuple(tokens[:t]))[token]) for t, token in enumerate(tokens))


def sentences(longest: int) -> Iterator[Tokens]:
    """All sentences of at most so many words, end marks included."""
    for length in range(longest + 1):
        for words in itertools.product(WORDS, repeat=length):
            yield (*words, EOS)


def found(search: Decoding, index: int = 0) -> list[tuple[Tokens, float]]:
    """Run a search if it has not run; the sentences of one input and their scores, best first."""
    if not any(f.done for f in search.frontiers):
        for _ in search:
            pass
    ranked = order(search.options, [f for f in search.frontiers if f.input == index])
    return [(tuple(n.tokens()), score) for n, score in ranked]


def run(model: TinyModel, options: SearchOptions, batch: int = 1, **settings: object) -> Decoding:
    search = Decoding(model, model.begin(batch), options, **settings)  # type: ignore[arg-type]
    for _ in search:
        pass
    return search


def brute_force(model: TinyModel, options: SearchOptions, index: int = 0) -> list[tuple[Tokens, float]]:
    """All sentences within the maximum length by score, best first."""
    scored = [
        (s, normalised(options, model.log_prob(index, s), len(s)))
        for s in sentences(options.max_length)
        if len(s) > options.min_length
    ]
    return sorted(scored, key=lambda pair: -pair[1])
