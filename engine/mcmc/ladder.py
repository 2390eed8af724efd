"""Temperatures for parallel tempering, found by short runs instead of guessed.

Between chains at 1 / T = b and b - d, log densities being nearly Gaussian with deviation s, a swap is accepted with
probability 2 Phi(-d s / sqrt 2): the log of its ratio is normal with mean -(d s)^2 and variance 2 (d s)^2. A first
pilot run at each temperature gives s and so the next temperature; then the ladder itself runs and each step is widened
or narrowed by what its swaps did. About .2 to .4 accepted moves sentences along the ladder fastest (Kone and Kofke
2005; Atchade, Roberts and Rosenthal 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np
from torch import tensor
from torch.special import ndtr, ndtri

from engine.mcmc.arrays import Array
from engine.mcmc.kernel import Kernel
from engine.mcmc.run import Run

ACCEPTED = 0.3
PILOTS = 4  # chains that measure one temperature
HOTTEST = 20.0
FLAT = 0.05  # nats: a smaller deviation tells nothing of the next temperature

MakeKernel = Callable[[Sequence[float]], Kernel]
"""A kernel with one chain at each of these temperatures, all at the first sentence."""


def scaled_gap(rate: float) -> float:
    """D s, the gap between neighbours in deviations of the log density, at which swaps are accepted at a rate."""
    clipped = min(max(rate, 1e-3), 0.999)
    return float(-np.sqrt(2) * ndtri(tensor(clipped / 2)))


def swap_rate(scaled: float) -> float:
    """And the rate at a gap."""
    return float(2 * ndtr(tensor(-scaled / np.sqrt(2))))


def find(
    make: MakeKernel, lowest: float, count: int, steps: int, seed: int
) -> Generator[int, None, tuple[Array, Array]]:
    """A ladder from `lowest` on, and the swap rate between neighbours; yields steps done.

    It has `count` temperatures, or fewer where `HOTTEST` is reached before. `steps` is the length of each pilot run, of
    which there are at most count + 1.
    """
    beta, done = [1 / lowest], 0
    smallest = min(1 / HOTTEST, beta[0] / 2)
    while len(beta) < count and beta[-1] > smallest:
        kernel = make([1 / beta[-1]] * PILOTS)
        values = []
        for _ in _steps(Run(kernel, seed + len(beta)), steps):
            values.append(kernel.log_target)
            done += 1
            yield done
        spread = max(float(np.std(values[len(values) // 2 :])), FLAT)
        beta.append(max(beta[-1] - scaled_gap(ACCEPTED) / spread, 0.5 * beta[-1], smallest))
    rates = np.full(len(beta) - 1, ACCEPTED)
    for last in (False, True):
        kernel = make([1 / b for b in beta])
        run, seen = Run(kernel, seed + count, ladder=True), []
        for _ in _steps(run, steps):
            seen.append(rates_now(kernel))
            run.exchange()
            done += 1
            yield done
        rates = np.mean(seen[len(seen) // 2 :], 0)
        if not last:
            factors = [np.clip(scaled_gap(ACCEPTED) / scaled_gap(rate), 0.5, 1.6) for rate in rates]
            wider = beta[0] - np.cumsum(-np.diff(beta) * factors)
            beta = [beta[0], max(float(wider[0]), smallest), *(float(b) for b in wider[1:] if b >= smallest)]
    return np.asarray([1 / b for b in beta]), rates


def rates_now(kernel: Kernel) -> Array:
    """Chance of a swap between each two neighbours as they stand, [C - 1]."""
    ratio = -np.diff(kernel.beta) * np.diff(kernel.log_target)
    chance: Array = np.exp(np.minimum(0.0, ratio))
    return chance


def _steps(run: Run, count: int) -> Generator[None, None, None]:
    for _ in range(count):
        run.step()
        yield
