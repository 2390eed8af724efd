from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search import warp as warps
from engine.search.warp import warp
from tests.engine.search.tiny import TinyModel, found, run

PROBS = torch.tensor([[0.4, 0.3, 0.15, 0.1, 0.05], [0.05, 0.1, 0.15, 0.3, 0.4]], dtype=torch.float64).log()


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
    want = torch.tensor([0.4**2, 0.3**2, 0.15**2], dtype=torch.float64)
    assert out[0, :3].exp().tolist() == pytest.approx((want / want.sum()).tolist(), abs=1e-12)
    assert out.exp().sum(1).tolist() == pytest.approx([1, 1], abs=1e-12)


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


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e-12, 1e12, 1e300, math.inf])
def test_extreme_temperatures_are_greedy_or_uniform_and_never_no_number(temperature: float) -> None:
    scores = torch.randn(4, 9, generator=torch.Generator().manual_seed(0)).log_softmax(1)
    scores[:, :3] = -math.inf
    drawn = warp(scores, SearchOptions(temperature=temperature))
    assert not drawn.isnan().any()
    assert drawn.exp().sum(1).tolist() == pytest.approx([1.0] * 4)
    if temperature < 1:
        assert torch.equal(drawn.exp().argmax(1), scores.argmax(1))
        assert drawn.exp().amax(1).tolist() == pytest.approx([1.0] * 4)
    else:
        assert drawn.exp()[:, 3:].flatten().tolist() == pytest.approx([1 / 6] * 24)
    assert (drawn[:, :3] == -math.inf).all()


@pytest.mark.parametrize("settings", [{"top_p": 1e-300}, {"typical": 1e-300}, {"min_p": 1.0}, {"eta": 1e-300}])
def test_extreme_cuts_leave_a_token(settings: dict[str, float]) -> None:
    scores = torch.randn(4, 9, generator=torch.Generator().manual_seed(1)).log_softmax(1)
    drawn = warp(scores, SearchOptions(**settings))  # type: ignore[arg-type]
    assert drawn.exp().sum(1).tolist() == pytest.approx([1.0] * 4)


def test_a_row_where_all_is_blocked_stays_blocked_and_spoils_no_other() -> None:
    scores = torch.randn(3, 9, generator=torch.Generator().manual_seed(2)).log_softmax(1)
    alone = warp(scores, SearchOptions(temperature=0.3, top_p=0.8, typical=0.9))
    scores[1] = -math.inf
    drawn = warp(scores, SearchOptions(temperature=0.3, top_p=0.8, typical=0.9))
    assert (drawn[1] == -math.inf).all()
    assert torch.equal(drawn[[0, 2]], alone[[0, 2]])


@pytest.mark.parametrize("strategy", ["sample", "mbr", "stochastic", "contrastive", "greedy", "beam", "diverse"])
def test_a_search_in_which_everything_is_blocked_ends(strategy: str) -> None:
    """Three words, none of them twice, and no end before the fifth."""
    options = SearchOptions(strategy=strategy, no_repeat_ngram=1, min_length=5, max_length=9, n_best=4)  # type: ignore[arg-type]
    search = run(TinyModel(1), options)
    assert all(f.done and not f.finished for f in search.frontiers)
