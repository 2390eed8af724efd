"""The LSTM language model: one step at a time equals all at once equals training's forward pass."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.lstm import LstmState
from engine.models.parts.adaptive_softmax import AdaptiveSoftmax, AdaptiveSoftmaxConfig
from engine.text import BOS, EOS, Tokenizer
from tests.engine.conftest import tiny_lm

pytestmark = pytest.mark.usefixtures("double")

TOKENS = torch.tensor([[5, 6, 7, 8, EOS], [9, EOS, 0, 0, 0], [6, 6, 12, EOS, 0]])
LENGTHS = torch.tensor([5, 2, 4])


@pytest.mark.parametrize("layers", [1, 2])
def test_stepwise_equals_batched_equals_training(tokenizer: Tokenizer, layers: int) -> None:
    model = tiny_lm(tokenizer, layers=layers)
    batched = model.score(model.begin(3), TOKENS, LENGTHS)
    state = model.begin(3)
    for t in range(5):
        step = model.log_probs(state).gather(1, TOKENS[:, t, None])[:, 0]
        inside = t < LENGTHS
        assert torch.allclose(step[inside], batched[inside, t], atol=1e-10)
        assert (batched[~inside, t] == 0).all()
        state = model.advance(state, TOKENS[:, t])
    whole = torch.cat([torch.full((3, 1), BOS), TOKENS], 1)
    assert torch.allclose(-model.forward(whole, LENGTHS).sum(), batched.sum(), atol=1e-10)


def test_own_cell_equals_torchs(tokenizer: Tokenizer) -> None:
    model = tiny_lm(tokenizer, layers=2)
    state = model.begin(1)
    for token in (5, 9, 7):
        state = model.advance(state, torch.tensor([token]))
    vectors = model.embedding(torch.tensor([[BOS, 5, 9, 7]]))
    _, (h, c) = model.lstm(vectors)
    assert torch.allclose(state.h, h, atol=1e-10)
    assert torch.allclose(state.c, c, atol=1e-10)


def test_probabilities_sum_to_one(tokenizer: Tokenizer) -> None:
    model = tiny_lm(tokenizer)
    assert torch.allclose(model.log_probs(model.begin(2)).exp().sum(1), torch.ones(2), atol=1e-10)


def test_states_can_be_selected_and_joined(tokenizer: Tokenizer) -> None:
    model = tiny_lm(tokenizer)
    state = model.advance(model.begin(3), torch.tensor([5, 6, 7]))
    twice = LstmState.concat([state.select(torch.tensor([2, 0])), state.select(torch.tensor([1]))])
    assert len(twice) == 3
    torch.testing.assert_close(model.log_probs(twice), model.log_probs(state)[[2, 0, 1]])


def test_an_empty_continuation_scores_nothing(tokenizer: Tokenizer) -> None:
    model = tiny_lm(tokenizer)
    assert model.score(model.begin(1), torch.zeros(1, 0, dtype=torch.long), torch.tensor([0])).shape == (1, 0)


def test_gates_table_follows_the_weights(tokenizer: Tokenizer) -> None:
    model = tiny_lm(tokenizer)
    before = model.log_probs(model.advance(model.begin(1), torch.tensor([5])))
    with torch.no_grad():
        model.lstm.weight_ih_l0.mul_(3)
    model.train().eval()
    assert not torch.allclose(before, model.log_probs(model.advance(model.begin(1), torch.tensor([5]))))


@pytest.mark.parametrize(("head", "clusters"), [(30, 1), (10, 1), (10, 3), (1, 7)])
def test_adaptive_softmax_targets_agree_with_the_whole_distribution(head: int, clusters: int) -> None:
    torch.manual_seed(0)
    embedding = nn.Embedding(30, 6)
    softmax = AdaptiveSoftmax(AdaptiveSoftmaxConfig(head, clusters), embedding)
    nn.init.normal_(softmax.bias)
    hidden = torch.randn(30, 6)
    whole = softmax.log_probs(hidden)
    targets = torch.arange(30)
    assert whole.shape == (30, 30)
    assert torch.allclose(whole.exp().sum(1), torch.ones(30), atol=1e-10)
    known = softmax.target_log_probs(hidden, targets)
    assert torch.allclose(known, whole[targets, targets], atol=1e-10)


def test_a_head_of_the_whole_vocabulary_is_the_plain_softmax() -> None:
    torch.manual_seed(0)
    embedding = nn.Embedding(12, 4)
    softmax = AdaptiveSoftmax(AdaptiveSoftmaxConfig(12, 4), embedding)
    hidden = torch.randn(5, 4)
    plain = torch.log_softmax(hidden @ embedding.weight.T + softmax.bias, 1)
    assert torch.allclose(softmax.log_probs(hidden), plain, atol=1e-10)
