"""What draws the word at a slot: a file each, named here."""

from collections.abc import Callable

from engine.mcmc.proposals.gibbs import Gibbs
from engine.mcmc.proposals.metropolised import Metropolised
from engine.mcmc.proposals.protocol import Contexts, Proposes

PROPOSALS: dict[str, Callable[[int, float], Proposes]] = {
    "gibbs": Gibbs,
    "metropolised": Metropolised,
}
"""By the name a request gives; made from K and the share of words drawn from the whole vocabulary."""

__all__ = ["PROPOSALS", "Contexts", "Gibbs", "Metropolised", "Proposes"]
