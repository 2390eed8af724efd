"""The text VAE: decoding step by step gives what training scores, and rows do not touch each other."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from engine.capabilities import capabilities_of
from engine.checkpoint import Document, load_model, save
from engine.latent.greedy import greedy
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.parts.posteriors import NO_VARIANCE
from engine.models.vae import TextVae, TextVaeConfig
from engine.text import BOS, EOS, UNK, Tokenizer
from engine.training.language_model import pad_sentences
from tests.engine.words import Words

pytestmark = pytest.mark.usefixtures("double")

PLACES = [("state",), ("input",), ("embedding",), ("memory",), ("state", "input", "embedding", "memory")]


def tiny_vae(tokenizer: Tokenizer | None, *, seed: int = 0, spread: float = 3.0, **sizes: Any) -> TextVae:
    """A small model with weights large enough for z to matter."""
    torch.manual_seed(seed)
    widths = {"latent": 3, "embedding": 6, "encoder": 5, "decoder": 8, "slots": 2, "heads": 2}
    settings = widths | {"output": AdaptiveSoftmaxConfig(8, 2)} | sizes
    vocabulary = tokenizer.size if tokenizer else settings.pop("vocabulary")
    model = TextVae(TextVaeConfig(vocabulary=vocabulary, **settings), tokenizer or Words(vocabulary))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(spread)
        if model.to_log_var is not None:
            model.to_log_var.weight.div_(spread)
    return model.eval().requires_grad_(False)


SENTENCES = [[5, 9, 20, 4], [7], [21, 22, 6], []]


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("lstm", 1), ("gru", 2), ("lstm", 2), ("transformer", 2)])
def test_step_by_step_gives_the_training_scores(
    tokenizer: Tokenizer, places: tuple[str, ...], cell: str, layers: int
) -> None:
    model = tiny_vae(tokenizer, cell=cell, layers=layers, entry=places)
    points = torch.randn(len(SENTENCES), 3)
    tokens, lengths = pad_sentences(SENTENCES, tokenizer)
    packed = model(points, tokens[:, :-1], tokens[:, 1:], lengths)
    decoder = model.decoder(points)
    scores = decoder.score(decoder.begin(4), tokens[:, 1:], lengths)
    torch.testing.assert_close(scores.sum(), -packed.sum())
    for row, sentence in enumerate(SENTENCES):
        state = model.decoder(points[row : row + 1]).begin(1)
        for place, token in enumerate([*sentence, EOS]):
            expected = decoder.log_probs(state)[0, token]
            torch.testing.assert_close(scores[row, place], expected)
            state = decoder.advance(state, torch.tensor([token]))
        assert not scores[row, len(sentence) + 1 :].any()


@pytest.mark.parametrize("cell", ["gru", "transformer"])
@pytest.mark.parametrize("places", PLACES)
def test_the_point_changes_the_sentence_wherever_it_enters(
    tokenizer: Tokenizer, places: tuple[str, ...], cell: str
) -> None:
    model = tiny_vae(tokenizer, entry=places, cell=cell, spread=2.0)
    decoder = model.decoder(torch.tensor([[0.0, 0.0, 0.0], [2.0, -2.0, 1.0]]))
    first, second = decoder.log_probs(decoder.begin(2))
    assert float((first - second).abs().max()) > 0.01


def test_z_must_enter_somewhere(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="somewhere"):
        tiny_vae(tokenizer, entry=())


@pytest.mark.parametrize("count", [1, 4])
def test_the_likeliest_are_the_top_of_the_whole_distribution_some_left_out(tokenizer: Tokenizer, count: int) -> None:
    seen_clusters = 0
    for seed in range(20):
        model = tiny_vae(tokenizer, seed=seed, output=AdaptiveSoftmaxConfig(6, 2))
        decoder = model.decoder(torch.randn(16, 3))
        state = decoder.begin(16)
        without = (0, 1, 2) if seed % 2 else (1, 4, 9, 20)  # neighbours, and here and there
        for _ in range(3):
            whole = decoder.log_probs(state)
            torch.testing.assert_close(whole.exp().sum(1), torch.ones(16))
            whole[:, list(without)] = -torch.inf
            best = whole.topk(count, 1)
            ids, scores = decoder.likeliest(state, count, without)
            torch.testing.assert_close(scores, best.values)
            assert bool((ids == best.indices).all())
            seen_clusters += int((ids >= 6).sum())
            state = decoder.advance(state, ids[:, 0])
    assert seen_clusters > 0


def test_all_sentences_and_unfinished_prefixes_have_probability_one() -> None:
    model = tiny_vae(None, vocabulary=6, output=AdaptiveSoftmaxConfig(6, 1))
    point = torch.randn(1, 3)
    vocabulary = [i for i in range(6) if i != EOS]
    total = 0.0
    for length in range(3):
        rows = [list(s) for s in itertools.product(vocabulary, repeat=length)]
        ended = [[*s, EOS] for s in rows] if length < 2 else rows  # the longest: any continuation
        decoder = model.decoder(point.expand(len(rows), -1))
        tokens = torch.tensor(ended)
        lengths = torch.full((len(rows),), tokens.shape[1])
        total += float(decoder.score(decoder.begin(len(rows)), tokens, lengths).double().sum(1).exp().sum())
    assert total == pytest.approx(1.0, abs=1e-10)


def test_a_sentences_posterior_does_not_depend_on_its_batch(tokenizer: Tokenizer) -> None:
    model = tiny_vae(tokenizer)
    together = model.posterior(SENTENCES)
    for row, sentence in enumerate(SENTENCES):
        for whole, alone in zip(together, model.posterior([sentence]), strict=True):
            torch.testing.assert_close(whole[row], alone[0])


@pytest.mark.parametrize("cell", ["gru", "lstm", "transformer"])
def test_states_are_selected_joined_and_continued_twice(tokenizer: Tokenizer, cell: str) -> None:
    model = tiny_vae(tokenizer, cell=cell, entry=("state", "input", "memory"))
    decoder = model.decoder(torch.randn(3, 3))
    state = decoder.advance(decoder.begin(3), torch.tensor([4, 5, 6]))
    rows = torch.tensor([2, 0, 0])
    chosen = state.select(rows)
    assert len(chosen) == 3
    torch.testing.assert_close(decoder.log_probs(chosen), decoder.log_probs(state)[rows])
    joined = state.concat([state, chosen])
    torch.testing.assert_close(decoder.log_probs(joined)[3:], decoder.log_probs(chosen))
    first = decoder.advance(state, torch.tensor([7, 7, 7]))
    before = decoder.log_probs(first)
    after = decoder.advance(first, torch.tensor([8, 8, 8]))
    expected = decoder.log_probs(after)
    decoder.advance(state, torch.tensor([9, 9, 9]))  # another way on from the same state disturbs neither
    torch.testing.assert_close(decoder.log_probs(first), before)
    torch.testing.assert_close(decoder.log_probs(decoder.advance(first, torch.tensor([8, 8, 8]))), expected)


def test_rows_are_points(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="2 points give 2 rows, not 3"):
        tiny_vae(tokenizer).decoder(torch.zeros(2, 3)).begin(3)


def test_an_autoencoder_has_no_variance(tokenizer: Tokenizer) -> None:
    model = tiny_vae(tokenizer, variational=False)
    _, log_var = model.posterior([[5]])
    assert log_var.tolist() == [[NO_VARIANCE] * 3]
    assert "to_log_var.weight" not in model.state_dict()


def test_the_bag_of_words_head_is_a_distribution(tokenizer: Tokenizer) -> None:
    model = tiny_vae(tokenizer, bag=True)
    torch.testing.assert_close(model.bag_log_probs(torch.randn(4, 3)).exp().sum(1), torch.ones(4))
    with pytest.raises(ValueError, match="bag = true"):
        tiny_vae(tokenizer).bag_log_probs(torch.zeros(1, 3))


def test_greedy_batches_write_what_single_rows_write(tokenizer: Tokenizer) -> None:
    model = tiny_vae(tokenizer)
    model.softmax.bias[EOS] += 3.0
    points = 3 * torch.randn(12, 3)
    ids, scores = greedy(model.decoder(points), 12, max_length=6)
    for row in range(12):
        alone_ids, alone_scores = greedy(model.decoder(points[row : row + 1]), 1, max_length=6)
        assert ids[row] == alone_ids[0]
        assert scores[row] == pytest.approx(alone_scores[0], abs=1e-10)
        assert len(ids[row]) <= 6
        assert not {BOS, EOS, UNK} & set(ids[row])
    assert {len(s) - len(i) for i, s in zip(ids, scores, strict=True)} == {0, 1}  # both ended and cut ones were seen


def test_a_checkpoint_keeps_the_model_and_its_capability(tmp_path: Path, tokenizer: Tokenizer) -> None:
    model = tiny_vae(tokenizer, bag=True).float()
    assert capabilities_of(TextVae) == ("Latent",)
    document = Document(name="vae", config=msgspec.to_builtins(model.config), tokenizer="word")
    save(tmp_path / "vae.safetensors", model, document, half=False)
    loaded, info = load_model(tmp_path / "vae.safetensors")
    assert info.capabilities == ("Latent",)
    torch.testing.assert_close(loaded.posterior([[5, 6]])[0], model.posterior([[5, 6]])[0])  # type: ignore[operator]
