"""Stochastic beam search: sentences drawn without replacement (Kool, van Hoof and Welling 2019).

Every sentence's log-probability gets Gumbel noise; the top of the noisy scores is an exact sample without
replacement. The noise is drawn from the root down: a child's is drawn on condition that the best child keeps its
parent's value, so that only the beam is ever looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search.node import Candidate, Choice, Frontier, Node
from engine.search.strategy import Strategy
from engine.search.warp import warp


class StochasticBeam(Strategy):
    """Keeps the beam of largest perturbed log-probabilities, finished sentences among them.

    One place more than asked for is kept: its perturbed value is the threshold kappa of the importance weights.
    A node's `extra` is its perturbed log-probability, its `merit` the log-probability it was drawn by.
    """

    reads_on_at_end = False  # a prefix of the maximum length is an outcome of its own
    stops_early = False

    def __init__(self, options: SearchOptions) -> None:
        self.options = options
        self.beam = options.beam + 1

    def step(self, scores: Tensor, frontiers: Sequence[Frontier]) -> list[Choice]:
        """See `Strategy.step`."""
        many, width, vocabulary = scores.shape
        drawn = warp(scores.reshape(many * width, vocabulary), self.options).view(scores.shape).double().cpu()
        return [self._step(drawn[i, : len(f.live)], f) for i, f in enumerate(frontiers)]

    def returned(self, ranked: Sequence[tuple[Node, float]]) -> list[tuple[Node, float, float]]:
        """All but the one that gives the threshold, with importance weights."""
        weight = {n.id: w for n, w in weights([n for n, _ in ranked], self.options.beam)}
        return [(n, s, weight[n.id]) for n, s in ranked if n.id in weight]

    def _step(self, log_probs: Tensor, frontier: Frontier) -> Choice:
        vocabulary = log_probs.shape[1]
        phi = log_probs + torch.tensor([[n.merit] for n in frontier.live], dtype=torch.float64)
        values = [gumbel(0.0, frontier.generator) if n.extra is None else n.extra for n in frontier.live]
        perturbed = conditioned(phi, torch.tensor(values, dtype=torch.float64)[:, None], frontier.generator)
        # beside the kept, as many are looked at again, to show who was pruned
        best, places = perturbed.flatten().topk(min(2 * self.beam, perturbed.numel()))
        merit = phi.flatten()[places].tolist()
        found = zip(best.tolist(), places.tolist(), merit, strict=True)
        pool: list[tuple[float, Candidate | Node]] = [(n.extra, n) for n in frontier.finished]
        pool += [(g, Candidate(p // vocabulary, p % vocabulary, m, g, extra=g)) for g, p, m in found if g > -math.inf]
        pool.sort(key=lambda pair: -pair[0])
        choice = Choice()
        for rank, (_, entry) in enumerate(pool):
            if isinstance(entry, Node):
                if rank >= self.beam:
                    choice.evicted.append(entry)
            elif rank >= self.beam:
                choice.pruned.append((entry, "rank"))
            else:
                (choice.ended if entry.token == self.end else choice.kept).append(entry)
        return choice


def gumbel(location: float, generator: torch.Generator) -> float:
    """One Gumbel number."""
    uniform = torch.rand((), dtype=torch.float64, generator=generator).clamp_min(1e-300)
    return location - math.log(-math.log(float(uniform)))


def conditioned(phi: Tensor, value: Tensor, generator: torch.Generator) -> Tensor:
    """Gumbel numbers of locations phi [R, V] on condition that the largest of each row is `value` [R, 1].

    The numerically stable form of the paper's appendix B.3.
    """
    uniform = torch.rand(phi.shape, dtype=torch.float64, generator=generator).clamp_min(1e-300)
    free = phi - torch.log(-torch.log(uniform))  # unconditioned
    largest = free.amax(1, keepdim=True)
    shift = value - free + torch.log1p(-torch.exp(free - largest))
    out = value - shift.clamp_min(0.0) - torch.log1p(torch.exp(-shift.abs()))
    out = torch.where(free == largest, value.expand_as(out), out)  # log 0 there
    return out.masked_fill(phi == -math.inf, -math.inf)


def weights(nodes: Sequence[Node], beam: int) -> list[tuple[Node, float]]:
    """The sample and its importance weights p / q, in falling order of perturbed log-probability.

    q is the chance that the perturbed value exceeds kappa, the (beam + 1)-th largest (Duffield et al. 2007), so
    that the sum of weight x f over the sample is an unbiased estimate of the expectation of f under the model.
    """
    ranked = sorted(nodes, key=lambda n: -n.extra)
    if len(ranked) <= beam:
        return [(n, math.exp(n.total)) for n in ranked]  # everything there is was drawn: q = 1
    kappa = ranked[beam].extra
    return [(n, math.exp(n.total - _log_drawn(n.merit - kappa))) for n in ranked[:beam]]


def _log_drawn(above: float) -> float:
    """log(1 - exp(-exp(above))), which is `above` itself where exp(above) is too small for a number."""
    return above if above < -30 else math.log(-math.expm1(-math.exp(above)))
