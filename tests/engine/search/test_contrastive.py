from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from engine.messages import SearchOptions
from engine.search.contrastive import ContrastiveDecoding
from engine.search.mbr import expected_utilities
from engine.text import EOS
from tests.engine.search.tiny import Prefixes, TinyModel, Tokens, found


def by_hand(model: TinyModel, options: SearchOptions, index: int, prompt: Tokens = ()) -> list[int]:
    """The paper's formula, token by token, after a prompt."""

    def feature(tokens: list[int]) -> torch.Tensor:
        return functional.normalize(model.row(index, (*prompt, *tokens, 99)), dim=0)

    written: list[int] = []
    past = [functional.normalize(model.row(index, (*prompt[:i], 99)), dim=0) for i in range(len(prompt) + 1)]
    while len(written) < options.max_length and (not written or written[-1] != EOS):
        row = model.row(index, (*prompt, *written)).clone()
        row[:3] = -torch.inf
        probs = row.softmax(0)
        worth = {}
        for token in probs.topk(options.top_k).indices.tolist():
            likeness = max(float(feature([*written, token]) @ h) for h in past)
            worth[token] = (1 - options.penalty_alpha) * float(probs[token]) - options.penalty_alpha * likeness
        written.append(max(worth, key=lambda token: worth[token]))
        past.append(feature(written))
    return written


@pytest.mark.parametrize("alpha", [0.0, 0.4, 0.8])
def test_contrastive_search_follows_its_formula(alpha: float) -> None:
    model = TinyModel(1)
    options = SearchOptions(strategy="contrastive", penalty_alpha=alpha, top_k=3, max_length=6)
    search = ContrastiveDecoding(model, model.begin(8), options)
    outputs = [found(search, i)[0][0] for i in range(8)]
    for i, output in enumerate(outputs):
        assert list(output[:6]) == by_hand(model, options, i)[:6]
    assert len(set(outputs)) > 1


def test_minimum_bayes_risk_takes_the_mean_over_all_that_was_drawn() -> None:
    texts = ["a b", "a b", "b c", "c d e"]

    def overlap(one: str, other: str) -> float:
        return len(set(one.split()) & set(other.split())) / len(set(one.split()))

    got = dict(expected_utilities(texts, overlap))
    assert got == {
        "a b": pytest.approx((1 + 1 + 0.5 + 0) / 4),
        "b c": pytest.approx((0.5 + 0.5 + 1 + 0.5) / 4),
        "c d e": pytest.approx((0 + 0 + 1 / 3 + 1) / 4),
    }


@pytest.mark.parametrize("alpha", [0.3, 0.7])
def test_a_prompt_is_part_of_what_was_said(alpha: float) -> None:
    model = TinyModel(6)
    options = SearchOptions(strategy="contrastive", penalty_alpha=alpha, top_k=3, max_length=5)
    prompts = [(4, 5, 6), (5,)]
    states = []
    for prompt in prompts:
        state = model.begin(1)
        for token in prompt:
            state = model.advance(state, torch.tensor([token]))
        states.append(state)
    both = Prefixes(tuple(row for state in states for row in state.rows))
    search = ContrastiveDecoding(model, both, options, prompts=prompts)
    for i, prompt in enumerate(prompts):
        want = by_hand(model, options, 0, prompt)
        assert list(found(search, i)[0][0])[:5] == want[:5]
