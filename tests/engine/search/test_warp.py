from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search import warp as warps
from engine.search.warp import warp
from tests.engine.search.tiny import TinyModel, found, run

PROBS = torch.tensor([[0.4, 0.3, 0.15, 0.1, 0.05], [0.05, 0.1, 0.15, 0.3, 0.4]]).log()


def kept(scores: Tensor) -> list[list[int]]:
    return [row.nonzero()[:, 0].tolist() for row in (scores > -torch.inf)]


def test_each_truncation_keeps_what_its_paper_says() -> None:
    assert kept(warps.top_k(PROBS, 2)) == [[0, 1], [3, 4]]
    assert kept(warps.top_p(PROBS, 0.69)) == [[0, 1], [3, 4]]
    assert kept(warps.top_p(PROBS, 0.71)) == [[0, 1, 2], [2, 3, 4]]
    assert kept(warps.top_p(PROBS, 0.01)) == [[0], [4]]
    assert kept(warps.min_p(PROBS, 0.3)) == [[0, 1, 2], [2, 3, 4]]
    # the entropy is 1.39 nats: 0.3 (1.20) is nearest, then 0.4 (0.92) and 0.15 (1.90)
    assert kept(warps.typical(PROBS, 0.25)) == [[1], [3]]
    assert kept(warps.typical(PROBS, 0.65)) == [[0, 1], [3, 4]]
    # sqrt(0.09) exp(-1.39) = 0.0747 < 0.09
    assert kept(warps.eta(PROBS, 0.09)) == [[0, 1, 2, 3], [1, 2, 3, 4]]
    assert kept(warps.eta(torch.full((1, 4), 0.25).log(), 0.9)) == [[0, 1, 2, 3]]
    certain = torch.tensor([[0.97, 0.01, 0.02]]).log()
    assert kept(warps.eta(certain, 0.015)) == [[0, 2]]


def test_temperature_comes_first_and_the_rest_is_normalised() -> None:
    out = warp(PROBS, SearchOptions(temperature=0.5, top_k=3))
    want = torch.tensor([0.4**2, 0.3**2, 0.15**2])
    assert out[0, :3].exp().tolist() == pytest.approx((want / want.sum()).tolist(), abs=1e-6)
    assert out.exp().sum(1).tolist() == pytest.approx([1, 1], abs=1e-6)


def test_what_is_cut_off_is_never_drawn_and_the_rest_as_often_as_it_should() -> None:
    model = TinyModel(6)
    options = SearchOptions(strategy="sample", samples=1000, n_best=1000, max_length=1, top_k=2, temperature=1.3)
    drawn = [s[0] for s, _ in found(run(model, options))]
    row = model.row(0, ())[3:] / 1.3
    best = row.topk(2).indices
    chances = row[best].softmax(0).tolist()
    assert len(drawn) == 1000
    for token, chance in zip((best + 3).tolist(), chances, strict=True):
        share = drawn.count(token) / 1000
        assert abs(share - chance) < 4 * math.sqrt(chance * (1 - chance) / 1000)
    assert set(drawn) <= set((best + 3).tolist())
