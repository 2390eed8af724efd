from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from engine.capabilities import capabilities_of
from engine.messages import SearchOptions
from engine.models.parts.padding import lengths_of, pad
from engine.models.transformer_translator import Translation, Translator, TranslatorConfig
from engine.search.decode import Decoding
from engine.search.ranking import order
from engine.text import BOS, EOS
from tests.engine.words import Words

pytestmark = pytest.mark.usefixtures("double")

SOURCES = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [4]]
TARGETS = [[14, 15, 16, 17], [18, 19], [20, 4, 5, 6, 7, 8]]


def tiny(norm: Literal["pre", "post"] = "pre", seed: int = 0, vocabulary: int = 24) -> Translator:
    torch.manual_seed(seed)
    config = TranslatorConfig(
        vocabulary=vocabulary, width=16, encoder_layers=2, decoder_layers=2, heads=2, feed_forward=24, norm=norm
    )
    model = Translator(config, Words(vocabulary)).eval().requires_grad_(False)
    for parameter in model.parameters():  # away from the start, where all positions look alike
        parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def teacher_forced(model: Translator, sources: list[list[int]], targets: list[list[int]]) -> list[Tensor]:
    """Log-probabilities of the next token after every position, one sentence at a time, no cache, no padding."""
    out = []
    for source, target in zip(sources, targets, strict=True):
        encoded, mask = model.encode([source])
        hidden = model.decode(encoded, mask, torch.tensor([[BOS, *target]]))
        out.append((hidden[0] @ model.embedding.weight.T).log_softmax(1))
    return out


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_training_sees_what_single_sentences_see(norm: Literal["pre", "post"]) -> None:
    model = tiny(norm)
    want = torch.cat(teacher_forced(model, SOURCES, TARGETS))
    hidden, targets = model.read_pairs(SOURCES, TARGETS)
    assert targets.tolist() == [token for target in TARGETS for token in (*target, EOS)]
    assert torch.allclose(model.output.log_probs(hidden), want, atol=1e-10)
    assert torch.allclose(model(SOURCES, TARGETS), -want.gather(1, targets[:, None])[:, 0], atol=1e-10)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_reading_token_by_token_with_a_cache_is_reading_at_once(norm: Literal["pre", "post"]) -> None:
    model = tiny(norm)
    want = teacher_forced(model, SOURCES, TARGETS)
    reader = model.condition(SOURCES)
    state = reader.begin(3)
    for t in range(7):
        rows = [i for i, target in enumerate(TARGETS) if t <= len(target)]
        got = reader.log_probs(state)
        for row in rows:
            assert torch.allclose(got[row], want[row][t], atol=1e-10)
        state = reader.advance(state, torch.tensor([target[t] if t < len(target) else 0 for target in TARGETS]))


def test_rows_may_be_chosen_repeated_and_dropped() -> None:
    model = tiny()
    reader = model.condition(SOURCES)
    state = reader.advance(reader.begin(3), torch.tensor([14, 18, 20]))
    for rows in ([0, 0, 1, 1, 2, 2], [1, 1, 1], [2, 0], [0, 1, 1, 2, 2, 2], [2, 2, 0, 1]):
        chosen = state.select(torch.tensor(rows))
        follow = torch.arange(4, 4 + len(rows))
        got = reader.log_probs(reader.advance(chosen, follow))
        again = chosen.select(torch.tensor([len(rows) - 1, 0]))
        for i, row in enumerate(rows):
            want = teacher_forced(model, [SOURCES[row]], [[TARGETS[row][0], 4 + i]])[0][-1]
            assert torch.allclose(got[i], want, atol=1e-10)
        assert torch.allclose(reader.log_probs(again)[1], reader.log_probs(chosen)[0], atol=1e-10)


def test_a_prefix_can_be_continued_twice() -> None:
    model = tiny()
    reader = model.condition(SOURCES[:1])
    prefix = reader.advance(reader.begin(1), torch.tensor([14]))
    first = reader.log_probs(reader.advance(prefix, torch.tensor([15])))
    other = reader.log_probs(reader.advance(prefix, torch.tensor([22])))
    again = reader.log_probs(reader.advance(prefix, torch.tensor([15])))
    assert torch.equal(first, again)
    assert torch.allclose(other[0], teacher_forced(model, SOURCES[:1], [[14, 22]])[0][-1], atol=1e-10)


def test_continuations_are_scored_from_any_prefix() -> None:
    model = tiny()
    reader = model.condition(SOURCES)
    tokens, lengths = pad(TARGETS, model.tokenizer, end=True), lengths_of(TARGETS)
    want = teacher_forced(model, SOURCES, TARGETS)
    scores = reader.score(reader.begin(3), tokens, lengths)
    for row, target in enumerate(TARGETS):
        exact = want[row].gather(1, torch.tensor([*target, EOS])[:, None])[:, 0]
        assert torch.allclose(scores[row, : len(exact)], exact, atol=1e-10)
        assert not scores[row, len(exact) :].any()
    later = reader.advance(reader.begin(3), tokens[:, 0])
    assert torch.allclose(reader.score(later, tokens[:, 1:], lengths - 1), scores[:, 1:], atol=1e-10)


@pytest.mark.parametrize("strategy", ["beam", "diverse", "stochastic", "sample"])
def test_search_returns_the_teacher_forced_log_probabilities_whatever_the_batch(strategy: Any) -> None:
    model = tiny(seed=1)
    options = SearchOptions(strategy=strategy, beam=4, groups=2, max_length=8, samples=4, no_repeat_ngram=3, seed=5)

    def search(sources: list[list[int]]) -> list[list[tuple[list[int], float]]]:
        reader = model.condition(sources)
        run = Decoding(reader, reader.begin(len(sources)), options)
        for _ in run:
            pass
        parts = [[f for f in run.frontiers if f.input == i] for i in range(len(sources))]
        return [[(n.tokens(), n.total) for n, _ in order(options, part)] for part in parts]

    together = search(SOURCES)
    for i, source in enumerate(SOURCES):
        assert together[i]
        for tokens, total in together[i]:
            written = tokens if tokens[-1] != EOS else tokens[:-1]
            exact = teacher_forced(model, [source], [written])[0]
            want = sum(float(exact[t, token]) for t, token in enumerate(tokens))
            assert total == pytest.approx(want, abs=1e-10)
        alone = search([source])[0]
        assert [t for t, _ in alone] == [t for t, _ in together[i]]
        assert [v for _, v in alone] == pytest.approx([v for _, v in together[i]], abs=1e-10)


def test_attention_rows_are_shares_and_coverage_is_their_sum() -> None:
    model = tiny()
    reader = model.condition(SOURCES)
    reader.track_coverage = True
    weights = reader.attention(TARGETS, [0, 1, 2])
    state = reader.begin(3)
    for t in range(2):
        state = reader.advance(state, torch.tensor([target[t] for target in TARGETS if len(target) > 1]))
    for row, source in enumerate(SOURCES):
        assert weights[row].shape == (len(TARGETS[row]) + 1, 7)
        assert torch.allclose(weights[row].sum(1), torch.ones(len(weights[row])), atol=1e-10)
        assert not weights[row][:, len(source) + 1 :].any()
        assert state.coverage is not None
        assert torch.allclose(state.coverage[row], weights[row][:3].sum(0), atol=1e-10)


def test_the_coverage_penalty_is_added_to_the_score() -> None:
    model = tiny(seed=4)
    reader = model.condition([SOURCES[1]])
    reader.track_coverage = True
    options = SearchOptions(beam=4, max_length=6, coverage_penalty=0.4, normalisation="gnmt", length_penalty=0.2)
    run = Decoding(reader, reader.begin(1), options)
    for _ in run:
        pass
    ranked = [(n, s) for n, s in order(options, run.frontiers) if n.token == EOS]
    assert ranked
    for node, score in ranked:
        (weights,) = reader.attention([node.tokens()[:-1]], [0])
        coverage = 0.4 * float(weights.sum(0).clamp(max=1.0).log().sum())
        assert score == pytest.approx(node.total / ((5 + node.length) / 6) ** 0.2 + coverage, abs=1e-10)


def test_what_cannot_be_translated_is_refused() -> None:
    model = tiny()
    with pytest.raises(ValueError, match="nothing to translate"):
        model.condition([[4], []])
    with pytest.raises(ValueError, match="2 rows do not fit 3 sources"):
        model.condition(SOURCES).begin(2)
    with pytest.raises(ValueError, match="does not divide into 3 heads"):
        Translator(TranslatorConfig(vocabulary=8, width=16, heads=3), None)  # type: ignore[arg-type]


def test_it_translates_and_its_reader_writes_and_scores() -> None:
    assert capabilities_of(Translator) == ("Seq2Seq",)
    reader = tiny().condition(SOURCES)
    assert isinstance(reader, Translation)
    assert {"NextToken", "Scores"} <= set(capabilities_of(reader))
