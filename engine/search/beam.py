"""Beam search, plain and in diverse groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from engine.messages import Hypothesis, SearchOptions
from engine.messages.search import Reason
from engine.search.node import Candidate, Choice, Frontier
from engine.search.ranking import top
from engine.search.strategy import Strategy


def merits(frontiers: Sequence[Frontier], width: int, like: Tensor) -> Tensor:
    """What each live prefix is worth, [A, W]; minus infinity where there is none."""
    rows = [[n.merit for n in f.live] + [-math.inf] * (width - len(f.live)) for f in frontiers]
    return torch.tensor(rows, dtype=like.dtype, device=like.device)


class Beam(Strategy):
    """Keeps the best prefixes (Graves 2012, with the bookkeeping of transformers and fairseq).

    Of twice as many candidates as beams, end marks among the first `beam` finish a hypothesis, and the best
    `beam` others live on; so the beam stays full while hypotheses finish.
    """

    def __init__(self, beam: int) -> None:
        self.beam = beam

    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """See `Strategy.step`."""
        many, width, vocabulary = scores.shape
        worth = merits(frontiers, width, scores)
        values, places = top(scores.view(many, width * vocabulary), 2 * self.beam, worth)
        choices = []
        for row in zip(values.tolist(), places.tolist(), strict=True):
            candidates = [Candidate(p // vocabulary, p % vocabulary, v, v) for v, p in zip(*row, strict=True)]
            choices.append(choose(candidates, self.beam, self.end))
        return choices


def choose(candidates: Sequence[Candidate], beam: int, end: int, reason: Reason = "rank") -> Choice:
    """The verdict on candidates, best first."""
    choice = Choice()
    for rank, candidate in enumerate(candidates):
        if candidate.merit == -math.inf:
            break
        if candidate.token == end:
            if rank < beam:
                choice.ended.append(candidate)
            else:
                choice.pruned.append((candidate, reason))
        elif len(choice.kept) < beam:
            choice.kept.append(candidate)
        else:
            choice.pruned.append((candidate, reason))
    return choice


class DiverseBeam(Strategy):
    """Beam search in groups that pay for repeating each other's tokens (Vijayakumar et al. 2018, Hamming).

    Each group is a search of its own with its own finished hypotheses; at each step a token costs `diversity`
    nats for every earlier group's prefix that has just taken it. The penalty decides who lives, not the score.
    """

    def __init__(self, options: SearchOptions) -> None:
        self.groups = options.diverse_groups
        if options.beam % self.groups:
            raise ValueError(f"a beam of {options.beam} does not divide into {self.groups} groups")
        self.beam = options.beam // self.groups
        self.penalty = options.diversity

    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """See `Strategy.step`; the groups of one input stand one after the other."""
        vocabulary = scores.shape[2]
        totals = scores + merits(frontiers, scores.shape[1], scores)[:, :, None]
        choices: list[Choice] = []
        taken: Counter[int] = Counter()
        for i, frontier in enumerate(frontiers):
            if i and frontiers[i - 1].input != frontier.input:
                taken.clear()
            own = totals[i]
            if taken:
                own = own.clone()
                used = torch.tensor(list(taken), device=own.device)
                cost = torch.tensor(list(taken.values()), dtype=own.dtype, device=own.device)
                own[:, used] -= self.penalty * cost
            values, places = top(own.view(1, -1), 2 * self.beam)
            exact = totals[i].flatten()[places[0]].tolist()
            found = zip(values[0].tolist(), exact, places[0].tolist(), strict=True)
            unpenalised = sorted(exact, reverse=True)
            candidates = [Candidate(p // vocabulary, p % vocabulary, m, s) for s, m, p in found]
            choice = choose(candidates, self.beam, self.end)
            least = min((c.merit for c in choice.kept), default=unpenalised[0])
            # whoever would have lived without the other groups was pruned on their account
            choice.pruned = [(c, "group" if c.merit > least else r) for c, r in choice.pruned]
            taken.update(c.token for c in (*choice.kept, *choice.ended))
            choices.append(choice)
        return choices

    def judged(self, found: list[Hypothesis]) -> Generator[int, None, list[Hypothesis]]:
        """Each sentence once: groups may arrive at the same one."""
        yield from ()
        return list({tuple(t.id for t in h.tokens): h for h in reversed(found)}.values())[::-1]
