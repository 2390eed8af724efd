"""How each decoder that writes one token after another chooses, by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.messages import SearchOptions
from engine.search.beam import Beam, DiverseBeam
from engine.search.constrained import ConstrainedBeam
from engine.search.sample import MinimumRisk, Sampler
from engine.search.stochastic import StochasticBeam
from engine.search.strategy import Strategy

KINDS: dict[str, Callable[[SearchOptions, Sequence[Sequence[int]]], Strategy]] = {
    "greedy": lambda options, _: Beam(1),
    "beam": lambda options, _: Beam(options.beam),
    "diverse": lambda options, _: DiverseBeam(options),
    "stochastic": lambda options, _: StochasticBeam(options),
    "constrained": ConstrainedBeam,
    "sample": lambda options, _: Sampler(options, options.n_best),
    "contrastive": lambda options, _: Beam(1),  # it chooses by itself, see `contrastive`
    "mbr": lambda options, _: MinimumRisk(options),
}


def strategy_of(options: SearchOptions, end: int, constraints: Sequence[Sequence[int]] = ()) -> Strategy:
    """The strategy that the options name, over a vocabulary with this end mark.

    Raises ValueError when the options contradict each other or name none of these.
    """
    if options.strategy not in KINDS:
        raise ValueError(f"the decoder {options.strategy!r} does not write one token after another")
    made = KINDS[options.strategy](options, constraints)
    made.end = end
    return made
