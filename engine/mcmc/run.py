"""A run: seed streams for every chain, the ladder of temperatures, and the kernel between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.mcmc.arrays import Array
from engine.mcmc.kernel import UNIFORMS, Kernel, Step

BLOCK = 64  # steps drawn at a time
SWAPS = 1 << 20  # the ladder's own stream; chains are numbered below it


class Streams:
    """Uniform numbers of each chain, [C, UNIFORMS] a step; a chain's stream does not depend on how many there are."""

    def __init__(self, seed: int, chains: int, taken: int = 0) -> None:
        """`taken`: steps whose numbers have been used."""
        self._generators = [_generator((seed, c), taken * UNIFORMS) for c in range(chains)]
        self._block = np.zeros((chains, 0, UNIFORMS))
        self._at = 0

    def next(self) -> Array:
        """The next step's numbers."""
        numbers = self.peek()
        self._at += 1
        return numbers

    def peek(self) -> Array:
        """The same, without taking them."""
        if self._at == self._block.shape[1]:
            self._block = np.stack([g.random((BLOCK, UNIFORMS)) for g in self._generators])
            self._at = 0
        numbers: Array = self._block[:, self._at]
        return numbers


def _generator(seed: tuple[int, int], taken: int) -> np.random.Generator:
    """A stream of uniform numbers of which the first have been used."""
    bits = np.random.PCG64(np.random.SeedSequence(seed))
    return np.random.Generator(bits.advance(taken))


@dataclass(frozen=True)
class Exchange:
    """A test whether two neighbours on the ladder trade sentences."""

    low: int
    high: int
    log_alpha: float
    accepted: bool


class Run:
    """Chains that advance together; with a ladder, neighbours trade sentences after every step.

    Replica exchange (Geyer 1991): pairs (0, 1), (2, 3), ... after even steps, (1, 2), (3, 4), ... after odd ones
    (the deterministic even-odd scheme of Okabe et al. 2001), accepted with
    min(0, (1 / T_low - 1 / T_high) (log pi(x_high) - log pi(x_low))).
    """

    def __init__(self, kernel: Kernel, seed: int, *, ladder: bool = False, done: int = 0) -> None:
        """`done`: steps that brought the kernel where it stands; it goes on with the numbers it would have drawn."""
        self.kernel = kernel
        self.steps = done
        self._streams = Streams(seed, kernel.chains, done)
        self._ladder = ladder
        self._swaps = _generator((seed, SWAPS), done * kernel.chains)

    def step(self) -> Step:
        """One proposal in every chain."""
        step = self.kernel.step(self._streams.next())
        self.steps += 1
        return step

    def ahead(self) -> Iterator[None]:
        """Do the coming step's reading in parts, for whoever wants to look up in between; `step` then is quick."""
        return self.kernel.ahead(self._streams.peek())

    def exchange(self) -> tuple[Exchange, ...]:
        """The ladder's trades after a step; none without a ladder."""
        if not self._ladder:
            return ()
        kernel, order, done = self.kernel, np.arange(self.kernel.chains), []
        uniforms = self._swaps.random(kernel.chains)
        log_target, beta = kernel.log_target, kernel.beta
        for low in range((self.steps - 1) % 2, kernel.chains - 1, 2):
            high = low + 1
            log_alpha = min(0.0, float((beta[low] - beta[high]) * (log_target[high] - log_target[low])))
            accepted = bool(np.log1p(-uniforms[low]) < log_alpha)
            if accepted:
                order[[low, high]] = order[[high, low]]
            done.append(Exchange(low, high, log_alpha, accepted))
        if any(e.accepted for e in done):
            kernel.exchange(order)
        return tuple(done)
