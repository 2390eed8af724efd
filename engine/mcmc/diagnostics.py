"""How well chains have mixed: rank-normalised split R-hat, effective sample size, autocorrelation.

Vehtari, Gelman, Simpson, Carpenter, Bürkner (2021), "Rank-normalization, folding, and localization: an improved
R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2). Draws are [chains, draws] arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from torch import from_numpy
from torch.special import ndtri

from engine.mcmc.arrays import Array, Ids, Mask

FEWEST = 4  # draws of half a chain below which nothing can be said


def autocovariance(draws: Array) -> Array:
    """Autocovariance of each chain at lags 0 .. N-1 (biased, divided by N), by FFT, [chains, N]."""
    count = draws.shape[1]
    centred = draws - draws.mean(1, keepdims=True)
    size = 1 << (2 * count - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    covariance: Array = np.fft.irfft(spectrum, size)[:, :count] / count
    return covariance


def autocorrelation(draws: Array, lags: int) -> Array:
    """Mean over chains of the autocorrelation at lags 0 .. lags - 1; chains that never moved are left out."""
    covariance = autocovariance(draws)
    moving = covariance[:, 0] > 1e-20
    if not moving.any():
        return np.full(min(lags, draws.shape[1]), np.nan)
    correlation: Array = (covariance[moving, :lags] / covariance[moving, :1]).mean(0)
    return correlation


def split(draws: Array) -> Array:
    """Each chain cut into its first and second half (a middle draw is dropped), [2 chains, N // 2]."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, draws.shape[1] - half :]])


def rank_normalise(draws: Array) -> Array:
    """Normal scores of the ranks among all draws, ties averaged (equation 14)."""
    flat = draws.ravel()
    _, inverse, counts = np.unique(flat, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    scores: Array = ndtri(from_numpy((ranks - 0.375) / (flat.size + 0.25))).numpy()
    return scores.reshape(draws.shape)


def r_hat(draws: Array) -> float:
    """The larger of the rank-normalised split R-hat and its folded form; nan with fewer than 4 draws a half."""
    halves = split(draws)
    if halves.shape[1] < FEWEST:
        return float("nan")
    folded = np.abs(halves - np.median(halves))
    return max(_ratio(rank_normalise(halves)), _ratio(rank_normalise(folded)))


def _ratio(draws: Array) -> float:
    count = draws.shape[1]
    within = draws.var(1, ddof=1).mean()
    between = count * draws.mean(1).var(ddof=1)
    if within <= 0:
        return float("nan") if between <= 0 else float("inf")
    return float(np.sqrt((between / within + count - 1) / count))


def bulk_ess(draws: Array) -> float:
    """Bulk effective sample size over all chains (equations 10 to 13, rank-normalised, split).

    nan with fewer than 4 draws a half, and for draws that are all equal (arviz: their number): they tell nothing.
    """
    halves = split(draws)
    if halves.shape[1] < FEWEST:
        return float("nan")
    return ess(rank_normalise(halves))


def ess(draws: Array) -> float:
    """Effective sample size with Geyer's (1992) initial monotone positive sequence; nan for constant draws.

    As Stan and arviz have it: lags are taken in pairs until a pair's sum is negative, and the even lag of the pair at
    which that stops counts once more, which the paper leaves out. It matters for few draws and antithetic ones.
    """
    chains, count = draws.shape
    covariance = autocovariance(draws).mean(0)
    within = covariance[0] * count / (count - 1)
    pooled = covariance[0] + (draws.mean(1).var(ddof=1) if chains > 1 else 0.0)
    if pooled <= 0:
        return float("nan")
    rho = 1 - (within - covariance) / pooled
    rho[0] = 1.0
    pairs = rho[: 2 * ((count - 1) // 2)].reshape(-1, 2).sum(1)
    negative = np.flatnonzero(pairs <= 0)
    last = int(negative[0]) if len(negative) else len(pairs) - 1
    even = max(rho[2 * last], 0.0) if len(negative) else rho[2 * last]
    tau = max(-1 + 2 * np.minimum.accumulate(pairs[:last]).sum() + even, 1 / np.log10(chains * count))
    return float(chains * count / tau)


class Trace:
    """Log densities of the chains and the sentences they stood at, step by step."""

    WINDOW = 4000  # draws of a chain that the figures look back over, at most half of the run
    DRAWS = 40_000  # and of all chains together
    SENTENCES = 100_000  # remembered; the rarest half is forgotten when there are more

    def __init__(self, chains: int, before: int = 0) -> None:
        """`before`: steps of the run that it has not seen."""
        self.chains, self.before = chains, before
        self.steps = 0
        self._values = np.zeros((chains, 256))
        self._visits: Counter[tuple[int, ...]] = Counter()
        self._log_target: dict[tuple[int, ...], float] = {}
        self._proposed = np.zeros(3)
        self._accepted = np.zeros(3)
        self._changed = np.zeros(3)
        self._swaps: dict[int, list[int]] = {}

    def add(self, log_target: Array, sentences: Sequence[tuple[int, ...]]) -> None:
        """Where each followed chain stands after a step."""
        if self.steps == self._values.shape[1]:
            self._values = np.concatenate([self._values, np.zeros_like(self._values)], 1)
        self._values[:, self.steps] = log_target
        self.steps += 1
        for value, sentence in zip(log_target.tolist(), sentences, strict=True):
            self._visits[sentence] += 1
            self._log_target[sentence] = value
        if len(self._visits) > self.SENTENCES:
            kept = self._visits.most_common(self.SENTENCES // 2)
            self._visits = Counter(dict(kept))
            self._log_target = {s: self._log_target[s] for s, _ in kept}

    def count(self, moves: Ids, accepted: Mask, changed: Mask) -> None:
        """Moves that all chains proposed in a step, which were accepted, and which of those changed the sentence."""
        self._proposed += np.bincount(moves, minlength=3)
        self._accepted += np.bincount(moves[accepted], minlength=3)
        self._changed += np.bincount(moves[changed], minlength=3)

    def count_swaps(self, tried: Sequence[tuple[int, bool]]) -> None:
        """Exchanges between neighbours on a ladder: the lower chain, and whether they traded."""
        for low, accepted in tried:
            found = self._swaps.setdefault(low, [0, 0])
            found[0] += accepted
            found[1] += 1

    @property
    def swaps(self) -> tuple[float, ...]:
        """Share of exchanges accepted between each two neighbours; nan where none was tried."""
        pairs = (self._swaps.get(low, [0, 0]) for low in range(max(self._swaps, default=-1) + 1))
        return tuple(accepted / tried if tried else float("nan") for accepted, tried in pairs)

    @property
    def draws(self) -> Array:
        """The last half of the run, within the window, [chains, draws]."""
        window = min((self.steps + 1) // 2, self.WINDOW, max(2 * FEWEST, self.DRAWS // self.chains))
        return self._values[:, self.steps - window : self.steps]

    @property
    def acceptance(self) -> Array:
        """Accepted share of each move's proposals, [3]; nan for a move never proposed."""
        with np.errstate(invalid="ignore"):
            return self._accepted / self._proposed

    @property
    def change(self) -> Array:
        """Share of each move's proposals that changed the sentence: a word replaced by itself is accepted only."""
        with np.errstate(invalid="ignore"):
            return self._changed / self._proposed

    def most_visited(self, count: int) -> list[tuple[tuple[int, ...], int, float]]:
        """Sentences, visits and log densities, most visited first."""
        return [(s, n, self._log_target[s]) for s, n in self._visits.most_common(count)]
