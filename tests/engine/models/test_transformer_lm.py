from __future__ import annotations

import pytest
import torch

from engine.models.parts.cache import DecoderState
from engine.models.parts.padding import lengths_of, pad
from engine.models.transformer_lm import TransformerLm, TransformerLmConfig
from engine.text import EOS
from tests.engine.words import Words

pytestmark = pytest.mark.usefixtures("double")

SENTENCES = [[5, 6, 7, 8], [9, 10], [11]]


def tiny() -> TransformerLm:
    torch.manual_seed(0)
    model = TransformerLm(TransformerLmConfig(vocabulary=20, width=16, layers=2, heads=2, feed_forward=24), Words(20))
    for parameter in model.requires_grad_(False).parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def step_by_step(model: TransformerLm, sentence: list[int]) -> list[float]:
    state = model.begin(1)
    out = []
    for token in [*sentence, EOS]:
        out.append(float(model.log_probs(state)[0, token]))
        state = model.advance(state, torch.tensor([token]))
    return out


def test_training_scoring_and_stepping_agree() -> None:
    model = tiny()
    want = [step_by_step(model, s) for s in SENTENCES]
    tokens = pad(SENTENCES, model.tokenizer, begin=True, end=True)
    lengths = lengths_of(SENTENCES)
    assert (-model(tokens, lengths)).tolist() == pytest.approx([v for row in want for v in row], abs=1e-10)
    scores = model.score(model.begin(3), tokens[:, 1:], lengths)
    for row, values in zip(scores.tolist(), want, strict=True):
        assert row == pytest.approx(values + [0.0] * (5 - len(values)), abs=1e-10)


def test_states_of_different_lengths_are_joined_and_read_on() -> None:
    model = tiny()
    states = []
    for prefix in SENTENCES:
        state = model.begin(1)
        for token in prefix:
            state = model.advance(state, torch.tensor([token]))
        states.append(state)
    joined = DecoderState.concat([DecoderState.concat(states[:2]), states[2]])
    assert len(joined) == 3
    ends = [[12, 13, 14], [15, 16, 17], [18, 19, 4]]
    scores = model.score(joined, torch.tensor(ends), torch.tensor([3, 3, 3]))
    for prefix, end, got in zip(SENTENCES, ends, scores.tolist(), strict=True):
        assert got == pytest.approx(step_by_step(model, [*prefix, *end])[len(prefix) : -1], abs=1e-10)
    picked = joined.select(torch.tensor([2, 0, 2]))
    after = model.log_probs(model.advance(picked, torch.tensor([18, 12, 7])))
    assert float(after[0, 19]) == pytest.approx(scores[2, 1].item(), abs=1e-10)
    assert float(after[1, 13]) == pytest.approx(scores[0, 1].item(), abs=1e-10)


def test_a_buffer_grows_past_its_room() -> None:
    model = tiny()
    sentence = [4 + i % 16 for i in range(70)]
    tokens = pad([sentence], model.tokenizer, begin=True, end=True)
    at_once = (-model(tokens, torch.tensor([71]))).tolist()
    assert step_by_step(model, sentence) == pytest.approx(at_once, abs=1e-10)
