from __future__ import annotations

import itertools
import math

import pytest
import torch

from engine.messages import SearchOptions
from engine.search.decode import Decoding
from engine.search.node import Node
from engine.search.stochastic import conditioned, weights
from engine.text import EOS
from tests.engine.search.tiny import WORDS, TinyModel, Tokens

RUNS = 3000


def outcomes(model: TinyModel, longest: int) -> dict[Tokens, float]:
    """Every outcome's probability, the forbidden marks' share spread over the others as the search does."""

    def chance(tokens: Tokens) -> float:
        value = 1.0
        for t, token in enumerate(tokens):
            row = model.row(0, tokens[:t])[3:].softmax(0)
            value *= float(row[token - 3])
        return value

    whole = [(*words, EOS) for n in range(longest) for words in itertools.product(WORDS, repeat=n)]
    cut = list(itertools.product(WORDS, repeat=longest))
    return {tokens: chance(tokens) for tokens in [*whole, *cut]}


@pytest.fixture(scope="module")
def drawn() -> tuple[TinyModel, list[list[Node]]]:
    model = TinyModel(4)
    many = TinyModel(4)
    many.row = lambda _, prefix: model.row(0, prefix)  # type: ignore[assignment,misc]
    options = SearchOptions(strategy="stochastic", beam=2, max_length=2)
    search = Decoding(many, many.begin(RUNS), options)
    for seed, frontier in enumerate(search.frontiers):
        frontier.seed = seed
    for _ in search:
        pass
    return model, [[*f.finished, *f.cut] for f in search.frontiers]


def test_sentences_are_drawn_without_replacement_with_the_right_chances(
    drawn: tuple[TinyModel, list[list[Node]]],
) -> None:
    model, samples = drawn
    chances = outcomes(model, 2)
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-10)
    included = dict.fromkeys(chances, 0)
    first = dict.fromkeys(chances, 0)
    for nodes in samples:
        pair = [tuple(n.tokens()) for n, _ in weights(nodes, 2)]
        assert len(set(pair)) == 2
        first[pair[0]] += 1
        for tokens in pair:
            included[tokens] += 1
    for tokens, p in chances.items():
        exact = p + sum(q * p / (1 - q) for other, q in chances.items() if other != tokens)  # first, or second
        for count, chance in ((first[tokens], p), (included[tokens], exact)):
            assert abs(count / RUNS - chance) < 4.5 * math.sqrt(chance * (1 - chance) / RUNS) + 1e-9


def test_importance_weights_estimate_expectations_without_bias(drawn: tuple[TinyModel, list[list[Node]]]) -> None:
    model, samples = drawn
    chances = outcomes(model, 2)
    values = {tokens: float(len(tokens)) + (tokens[0] == 5) for tokens in chances}
    # the model's own probabilities, whose marks keep their share
    exact = sum(math.exp(model.log_prob(0, tokens)) * values[tokens] for tokens in chances)
    estimates = torch.tensor(
        [sum(w * values[tuple(n.tokens())] for n, w in weights(nodes, 2)) for nodes in samples], dtype=torch.float64
    )
    error = float(estimates.std()) / math.sqrt(RUNS)
    assert abs(float(estimates.mean()) - exact) < 4 * error
    assert error < 0.05 * exact


def test_a_beam_that_holds_everything_weighs_each_by_its_probability() -> None:
    model = TinyModel(7)
    search = Decoding(model, model.begin(1), SearchOptions(strategy="stochastic", beam=40, max_length=2))
    for _ in search:
        pass
    pairs = weights([*search.frontiers[0].finished, *search.frontiers[0].cut], 40)
    assert {tuple(n.tokens()) for n, _ in pairs} == set(outcomes(model, 2))
    for node, weight in pairs:
        assert weight == pytest.approx(math.exp(model.log_prob(0, node.tokens())), rel=1e-10)


def test_conditioned_gumbels_have_their_maximum_and_their_distribution() -> None:
    phi = torch.tensor([0.5, 0.3, 0.2, 0.0], dtype=torch.float64).log().expand(40_000, -1)
    generator = torch.Generator().manual_seed(0)
    values = conditioned(phi, torch.full((40_000, 1), 0.7, dtype=torch.float64), generator)
    assert torch.equal(values.amax(1), torch.full((40_000,), 0.7, dtype=torch.float64))
    shares = torch.bincount(values.argmax(1), minlength=4) / 40_000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.2, 0.0], abs=0.012)
    assert bool((values[:, 3] == -torch.inf).all())
    # given that another child is the largest, the first one is a Gumbel cut off at 0.7
    below = values[values.argmax(1) != 0, 0]
    middle = 0.0
    cdf = math.exp(-0.5 * math.exp(-middle)) / math.exp(-0.5 * math.exp(-0.7))
    assert float((below < middle).double().mean()) == pytest.approx(cdf, abs=0.015)
