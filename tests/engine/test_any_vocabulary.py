"""Marks stand where a vocabulary puts them: begin and end at 50,256 as in GPT-2, the others at 50,257.

Only four tokens of 50,258 have any probability, so that every sentence can be listed.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.latent.greedy import greedy
from engine.mcmc.run import Run
from engine.mcmc.setup import make_kernel
from engine.messages import Sample, SearchOptions
from engine.models.lstm import LstmLm, LstmLmConfig
from engine.models.parts.softmax import SoftmaxConfig
from engine.models.transformer_lm import TransformerLm, TransformerLmConfig
from engine.search.batch import translate_each
from tests.engine.words import Words

BEGIN = END = 50_256
VOCABULARY = Words(50_258, begin=BEGIN, end=END, pad=50_257, unknown=50_257)
WORDS = (0, 3, 50_255)
LONGEST = 3


def only(model: nn.Module, bias: nn.Parameter) -> nn.Module:
    bias.data.fill_(-1e4)
    bias.data[[*WORDS, END]] = 0.0
    return model.double().eval().requires_grad_(False)


def language_model(kind: str, direction: str = "forward") -> Any:
    torch.manual_seed(len(direction))
    if kind == "lstm":
        lstm = LstmLm(
            LstmLmConfig(VOCABULARY.size, direction, embedding=6, hidden=8, output=SoftmaxConfig(bias=True)), VOCABULARY
        )
        lstm.embedding.weight.data.mul_(3)
        return only(lstm, lstm.softmax.bias)
    sizes = {"width": 8, "layers": 1, "heads": 2, "feed_forward": 8}
    transformer = TransformerLm(
        TransformerLmConfig(VOCABULARY.size, **sizes, output=SoftmaxConfig(bias=True)), VOCABULARY
    )
    return only(transformer, transformer.output.bias)


def log_prob(model: Any, sentence: tuple[int, ...]) -> float:
    tokens = torch.tensor([[*sentence, END]])
    return float(model.score(model.begin(1), tokens, torch.tensor([len(sentence) + 1])).sum())


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_a_wide_beam_finds_every_sentence_in_the_order_of_its_probability(kind: str) -> None:
    model = language_model(kind)
    sentences = [s for n in range(LONGEST + 1) for s in itertools.product(WORDS, repeat=n)]
    exact = sorted((log_prob(model, s) for s in sentences), reverse=True)
    options = SearchOptions(beam=120, n_best=120, max_length=LONGEST, normalisation="off", stop="exhaust")
    ((_, found),) = translate_each(model, [""], options)
    finished = [h for h in found if h.finished and h.log_prob > -1e3]
    assert [h.log_prob for h in finished] == pytest.approx(exact)
    assert all(h.tokens[-1].id == END for h in finished)
    assert {t.id for h in finished for t in h.tokens} == {*WORDS, END}


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
@pytest.mark.parametrize("strategy", ["greedy", "sample", "stochastic", "contrastive", "diverse"])
def test_every_decoder_ends_its_sentences_with_the_vocabularys_end(kind: str, strategy: str) -> None:
    model = language_model(kind)
    options = SearchOptions(strategy=strategy, beam=4, groups=2, samples=4, max_length=12, seed=1, top_k=4)
    ((_, found),) = translate_each(model, ["w3"], options)
    assert found
    for hypothesis in found:
        ids = [t.id for t in hypothesis.tokens]
        assert END not in ids[:-1]
        assert set(ids) <= {*WORDS, END}
        assert "<" not in hypothesis.text
    (ids,), (scores,) = greedy(model, 1, max_length=12)
    assert set(ids) <= set(WORDS)
    assert sum(scores[: len(ids)]) == pytest.approx(sum(scores) - (scores[-1] if len(scores) > len(ids) else 0.0))


def test_the_sampler_scores_and_proposes_words_alone() -> None:
    forward, backward = language_model("lstm"), language_model("lstm", "backward")
    request = Sample(model="", start="w3 w0 blue", candidates=3, min_length=1, max_length=5, steps=40)
    kernel = make_kernel(request, forward, backward)
    unknown = kernel.lexicon.read("blue")[0]
    assert unknown == VOCABULARY.size
    run = Run(kernel, 3)
    changes = 0
    for _ in range(40):
        changes += int(run.step().accepted.sum())
        sentence = kernel.sentence(0)
        read = [VOCABULARY.unknown if w == unknown else w for w in sentence]
        assert sentence.count(unknown) == 1
        assert not set(sentence) & set(VOCABULARY.marks)
        np.testing.assert_allclose(kernel.tokens[0].sum(), log_prob(forward, tuple(read)), rtol=1e-9)
    assert changes > 5
