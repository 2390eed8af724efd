"""Beam search for sentences that must hold given phrases: dynamic beam allocation (Post and Vilar 2018)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce

from torch import Tensor

from engine.messages import SearchOptions
from engine.search.beam import merits
from engine.search.node import Candidate, Choice, Frontier
from engine.search.ranking import top
from engine.search.strategy import Strategy

Progress = tuple[int, ...]
"""For each phrase, how many of its tokens the prefix ends with; its whole length once it was written."""


class Phrases:
    """Phrases of tokens and how much of them a prefix holds, in any order, overlaps allowed."""

    def __init__(self, phrases: Sequence[Sequence[int]]) -> None:
        self.phrases = [list(p) for p in phrases if p]
        self.total = sum(len(p) for p in self.phrases)

    def advance(self, progress: Progress, token: int) -> Progress:
        """The progress after one more token (Knuth, Morris and Pratt 1977, on short phrases)."""
        out = []
        for phrase, matched in zip(self.phrases, progress, strict=True):
            if matched < len(phrase):
                seen = [*phrase[:matched], token]
                matched = next(n for n in range(len(seen), -1, -1) if seen[len(seen) - n :] == phrase[:n])
            out.append(matched)
        return tuple(out)

    def wanted(self, progress: Progress) -> set[int]:
        """Tokens that would get on with a phrase or begin it."""
        open_phrases = [(p, n) for p, n in zip(self.phrases, progress, strict=True) if n < len(p)]
        return {p[n] for p, n in open_phrases} | {p[0] for p, _ in open_phrases}

    def met(self, progress: Progress) -> bool:
        """Whether every phrase was written."""
        return sum(progress) == self.total


class ConstrainedBeam(Strategy):
    """Shares the beam between prefixes that hold little and much of the phrases, so that both kinds live.

    A node's `extra` is its progress. A bank is the number of phrase tokens held; each bank gets an equal share of
    the places, what a bank cannot fill goes to the best of the others. A sentence ends once all phrases are in it.
    """

    def __init__(self, options: SearchOptions, phrases: Sequence[Sequence[int]]) -> None:
        """Raises ValueError when there are no phrases."""
        if not phrases:
            raise ValueError("a constrained search needs at least one phrase in `constraints`")
        self.beam = options.beam
        self.phrases = Phrases(phrases)

    def begin(self, prompt: Sequence[int]) -> Progress:
        """What the prompt holds already, whole phrases or the beginning of one."""
        return reduce(self.phrases.advance, prompt, (0,) * len(self.phrases.phrases))

    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """See `Strategy.step`."""
        many, width, vocabulary = scores.shape
        totals = scores + merits(frontiers, width, scores)[:, :, None]
        values, places = top(totals.view(many, width * vocabulary), 2 * self.beam)
        best = totals.max(2).indices.tolist()  # each prefix's own best goes on beside the best of all
        choices = []
        for i, frontier in enumerate(frontiers):
            found = {divmod(p, vocabulary): v for v, p in zip(values[i].tolist(), places[i].tolist(), strict=True)}
            extra = [(row, best[i][row]) for row in range(len(frontier.live))]
            for row, node in enumerate(frontier.live):
                extra += [(row, token) for token in self.phrases.wanted(node.extra) or (self.end,)]
            more = [pair for pair in dict.fromkeys(extra) if pair not in found]
            if more:
                rows, tokens = zip(*more, strict=True)
                found.update(zip(more, totals[i, list(rows), list(tokens)].tolist(), strict=True))
            choices.append(self._choose(found, frontier))
        return choices

    def _choose(self, found: dict[tuple[int, int], float], frontier: Frontier) -> Choice:
        banks: dict[int, list[Candidate]] = defaultdict(list)
        choice = Choice()
        for (row, token), merit in sorted(found.items(), key=lambda item: -item[1]):
            if merit == -math.inf:
                continue
            progress: Progress = frontier.live[row].extra
            if token == self.end:
                candidate = Candidate(row, token, merit, merit, extra=progress)
                if not self.phrases.met(progress):
                    choice.pruned.append((candidate, "constraint"))
                elif len(banks[self.phrases.total]) + len(choice.ended) < self.beam:  # it takes no place from others
                    choice.ended.append(candidate)
                else:
                    choice.pruned.append((candidate, "rank"))
                continue
            progress = self.phrases.advance(progress, token)
            banks[sum(progress)].append(Candidate(row, token, merit, merit, extra=progress))
        places = self._allocate({bank: len(c) for bank, c in banks.items()})
        lost: list[Candidate] = []
        for bank, candidates in banks.items():
            for rank, candidate in enumerate(candidates):
                (choice.kept if rank < places[bank] else lost).append(candidate)
        choice.kept.sort(key=lambda c: -c.merit)
        least = min((c.merit for c in choice.kept), default=math.inf)
        choice.pruned += [(c, "constraint" if c.merit > least else "rank") for c in lost]
        choice.pruned.sort(key=lambda pair: -pair[0].merit)
        return choice

    def _allocate(self, waiting: dict[int, int]) -> dict[int, int]:
        """Places for each bank: in turns from the fullest bank down, until the beam or the candidates run out."""
        places = dict.fromkeys(waiting, 0)
        left = self.beam
        while left and any(places[b] < waiting[b] for b in waiting):
            for bank in sorted(waiting, reverse=True):
                if left and places[bank] < waiting[bank]:
                    places[bank] += 1
                    left -= 1
        return places
