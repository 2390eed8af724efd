"""The sampler's law on spaces whose every sentence is listed, from the kernel's own probabilities."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from engine.mcmc import exact
from engine.mcmc.run import Run
from engine.mcmc.toy import Toy
from engine.messages import ExactToy
from tests.benchmarks.rows import Row, Target, ratio

SPACES = (
    ExactToy(candidates=3),
    ExactToy(keyword=True, candidates=3, seed=1),
    ExactToy(similarity=2.5, candidates=3, seed=2),
    ExactToy(keyword=True, similarity=1.5, candidates=3, seed=3),
)
"""Hard and soft constraints, alone and together; the words proposed are fewer than the vocabulary's."""
CHAINS, STEPS = 64, 2000


def rows() -> Iterator[Row]:
    """All figures of this file, the worst of the spaces."""
    toys = [Toy(space) for space in SPACES]
    invariance, balance, sizes = 0.0, {"replace": 0.0, "insert": 0.0, "delete": 0.0}, []
    for toy in toys:
        changes = exact.transitions(toy)
        dense = exact.matrix(toy, changes)
        invariance = max(invariance, float(np.abs(toy.exact @ dense - toy.exact).max()))
        for move, worst in exact.balance_by_move(toy, changes).items():
            balance[move] = max(balance[move], worst)
        sizes.append(len(toy.sentences))
    limit = Target("<=", 1e-12)
    listed = f"{len(toys)} spaces of {min(sizes):,} to {max(sizes):,} sentences"
    yield Row(f"transition matrix on {listed}, max |pi P - pi|", invariance, "", limit)
    for move, worst in balance.items():
        yield Row(f"detailed balance of {move}, worst pair", worst, "", limit)
    yield from _simulated(toys[0])


def _simulated(toy: Toy) -> Iterator[Row]:
    """Chains started from the exact law: how far their histogram is from it, beside what chance alone makes of it."""
    random, size = np.random.default_rng(0), len(toy.sentences)
    kernel = toy.kernel([toy.sentences[i] for i in random.choice(size, CHAINS, p=toy.exact)])
    run, counts = Run(kernel, seed=0), np.zeros(size)
    began = time.process_time()
    for _ in range(STEPS):
        run.step()
        counts += np.bincount(toy.index(kernel.ids), minlength=size)
    spent = time.process_time() - began
    draws = CHAINS * STEPS
    ours = exact.total_variation(counts / draws, toy.exact)
    dense = exact.matrix(toy, exact.transitions(toy))
    chance = float(exact.deviation_scale(dense, toy.exact).sum() / 2 / np.sqrt(draws))
    name = f"total variation of {draws:,} states of {CHAINS} chains from the exact law"
    yield Row(name, ours, "", ratio("<=", 1.5), ours / chance, "of what chance makes of it")
    yield Row("proposals on the toy", draws / spent, "a CPU s")
