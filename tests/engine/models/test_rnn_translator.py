from __future__ import annotations

from typing import Literal

import pytest
import torch

from engine.capabilities import capabilities_of
from engine.messages import SearchOptions
from engine.models.parts.padding import lengths_of, pad
from engine.models.rnn_translator import RnnTranslator, RnnTranslatorConfig
from engine.search.decode import Decoding
from engine.search.ranking import order
from engine.text import EOS
from tests.engine.words import Words

pytestmark = pytest.mark.usefixtures("double")

SOURCES = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [4]]
TARGETS = [[14, 15, 16, 17], [18, 19], [20, 4, 5, 6, 7, 8]]
Kind = Literal["bahdanau", "luong"]


def tiny(kind: Kind) -> RnnTranslator:
    torch.manual_seed(0)
    config = RnnTranslatorConfig(vocabulary=24, embedding=12, hidden=16, attention=kind)
    model = RnnTranslator(config, Words(24)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_training_stepping_and_scoring_agree_alone_and_in_a_batch(kind: Kind) -> None:
    model = tiny(kind)
    alone = [model.read_pairs([s], [t])[0] for s, t in zip(SOURCES, TARGETS, strict=True)]
    want = model.output.log_probs(torch.cat(alone))
    hidden, targets = model.read_pairs(SOURCES, TARGETS)
    assert torch.allclose(model.output.log_probs(hidden), want, atol=1e-10)
    assert torch.allclose(model(SOURCES, TARGETS), -want.gather(1, targets[:, None])[:, 0], atol=1e-10)
    reader = model.condition(SOURCES)
    scores = reader.score(reader.begin(3), pad(TARGETS, model.tokenizer, end=True), lengths_of(TARGETS))
    assert targets.tolist() == [token for t in TARGETS for token in (*t, EOS)]
    assert torch.allclose(scores[scores != 0], want.gather(1, targets[:, None])[:, 0], atol=1e-10)
    state = reader.advance(reader.begin(3), torch.tensor([t[0] for t in TARGETS]))
    first = [0, 5, 8]
    assert torch.allclose(reader.log_probs(state), want[torch.tensor(first) + 1], atol=1e-10)


@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_beams_return_teacher_forced_scores_whatever_the_batch(kind: Kind) -> None:
    model = tiny(kind)
    options = SearchOptions(beam=4, max_length=8)

    def search(sources: list[list[int]]) -> list[list[tuple[list[int], float]]]:
        reader = model.condition(sources)
        run = Decoding(reader, reader.begin(len(sources)), options)
        for _ in run:
            pass
        return [
            [(n.tokens(), n.total) for n, _ in order(options, [f for f in run.frontiers if f.input == i])]
            for i in range(len(sources))
        ]

    together = search(SOURCES)
    for found, source in zip(together, SOURCES, strict=True):
        assert [t for t, _ in found] == [t for t, _ in search([source])[0]]
        reader = model.condition([source])
        for tokens, total in found:
            scores = reader.score(reader.begin(1), torch.tensor([tokens]), torch.tensor([len(tokens)]))
            assert total == pytest.approx(float(scores.sum()), abs=1e-10)


@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_attention_rows_are_shares_of_the_known_source(kind: Kind) -> None:
    reader = tiny(kind).condition(SOURCES)
    for weights, target, source in zip(reader.attention(TARGETS, [0, 1, 2]), TARGETS, SOURCES, strict=True):
        assert weights.shape == (len(target) + 1, 7)
        assert torch.allclose(weights.sum(1), torch.ones(len(weights)), atol=1e-10)
        assert float(weights[:, len(source) + 1 :].abs().sum()) < 1e-5


def test_it_translates() -> None:
    assert capabilities_of(RnnTranslator) == ("Seq2Seq",)
    assert {"NextToken", "Scores"} <= set(capabilities_of(tiny("luong").condition(SOURCES)))
    with pytest.raises(ValueError, match="nothing to translate"):
        tiny("luong").condition([[]])
