"""An output layer with two rows a word, under a language model, a translator and a VAE: one file, registered in a line.

A word's score is the log-sum-exp over its rows. With equal rows it is the softmax over one of them, exactly: so every
way to read, search and score can be compared with the plain softmax.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.capabilities import Latent, Seq2Seq
from engine.latent.greedy import greedy
from engine.messages import Hypothesis, SearchOptions
from engine.models import build, read_config
from engine.models.parts.output_layer import OutputConfig, OutputLayer, after_step, output_layer
from engine.search.batch import translate_each
from tests.engine.words import Words

SIZE = 16
VOCABULARY = Words(SIZE)
SENTENCES = [[5, 9, 12, 4], [7], [10, 11, 6, 6, 13]]
SOURCES = [[4, 5], [6, 7, 8], [9]]


class TwoRowsConfig(OutputConfig, msgspec.Struct, frozen=True, tag="test-two-rows", tag_field="kind"):
    spread: float = 0.0  # how far a word's rows lie apart at the start


@output_layer(TwoRowsConfig)
class TwoRows(OutputLayer):
    def __init__(self, config: TwoRowsConfig, embedding: nn.Embedding) -> None:
        super().__init__(embedding)
        rows = embedding.weight.detach().repeat_interleave(2, 0)  # 2 V, W
        self.rows = nn.Parameter(rows + config.spread * torch.randn_like(rows))
        self.steps = 0

    def log_probs(self, hidden: Tensor) -> Tensor:
        rows = functional.linear(hidden, self.rows).log_softmax(1)  # N, 2 V
        return rows.unflatten(1, (-1, 2)).logsumexp(2)

    def after_step(self) -> None:
        self.steps += 1


SIZES: dict[str, dict[str, Any]] = {
    "lstm-lm": {"embedding": 8, "hidden": 10, "dropout": 0.0},
    "transformer-lm": {"width": 8, "layers": 1, "heads": 2, "feed_forward": 8, "dropout": 0.0},
    "transformer-translator": {
        "width": 8, "encoder_layers": 1, "decoder_layers": 1, "heads": 2, "feed_forward": 8, "dropout": 0.0,
    },
    "rnn-translator": {"embedding": 8, "hidden": 8, "dropout": 0.0},
    "text-vae": {"latent": 3, "embedding": 8, "encoder": 6, "decoder": 8, "dropout": 0.0},
}  # fmt: skip


def make(model: str, **output: Any) -> Any:
    torch.manual_seed(0)
    config = read_config({"kind": model, "vocabulary": SIZE, "output": output, **SIZES[model]})
    made = build(config, VOCABULARY).double()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if not name.endswith((".rows", ".bias", "embedding.weight")):
                parameter.mul_(2.0)
    return made


def layer(model: Any) -> TwoRows:
    (found,) = (m for m in model.modules() if isinstance(m, TwoRows))
    return found


def losses(model: Any) -> Tensor:
    """The training loss of each token."""
    if isinstance(model, Seq2Seq):
        return model(SOURCES, SENTENCES)  # type: ignore[no-any-return]
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor([2, *s, 3]) for s in SENTENCES], batch_first=True)
    lengths = torch.tensor([len(s) + 1 for s in SENTENCES])
    if isinstance(model, Latent):
        return model(torch.eye(3).double(), tokens[:, :-1], tokens[:, 1:], lengths)  # type: ignore[no-any-return]
    return model(tokens, lengths)  # type: ignore[no-any-return]


def reader(model: Any) -> Any:
    """What writes and scores, three rows."""
    if isinstance(model, Seq2Seq):
        return model.condition(SOURCES)
    return model.decoder(torch.eye(3).double()) if isinstance(model, Latent) else model


def scores(model: Any) -> Tensor:
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor([*s, 3]) for s in SENTENCES], batch_first=True)
    read = reader(model)
    return read.score(read.begin(3), tokens, torch.tensor([len(s) + 1 for s in SENTENCES]))  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", SIZES)
def test_equal_rows_are_the_plain_softmax_in_training_reading_and_scoring(kind: str) -> None:
    ours, plain = make(kind, kind="test-two-rows"), make(kind, kind="softmax")
    torch.testing.assert_close(losses(ours), losses(plain))
    ours.eval(), plain.eval()
    with torch.no_grad():
        torch.testing.assert_close(scores(ours), scores(plain))
        first, second = reader(ours), reader(plain)
        state, other = first.begin(3), second.begin(3)
        for _ in range(4):
            torch.testing.assert_close(first.log_probs(state), second.log_probs(other))
            ids, values = first.likeliest(state, 3, (0, 1, 2))
            expected, same = second.likeliest(other, 3, (0, 1, 2))
            assert torch.equal(ids, expected)
            torch.testing.assert_close(values, same)
            state, other = first.advance(state, ids[:, 0]), second.advance(other, ids[:, 0])


@pytest.mark.parametrize("kind", SIZES)
def test_a_few_steps_of_training_use_both_rows_and_every_search_runs_on(kind: str) -> None:
    model = make(kind, kind="test-two-rows", spread=0.3)
    optimiser = torch.optim.Adam(model.parameters(), 0.03)
    before = float(losses(model).mean().detach())
    apart = (layer(model).rows[::2] - layer(model).rows[1::2]).detach().clone()
    for _ in range(30):
        optimiser.zero_grad()
        losses(model).mean().backward()
        optimiser.step()
        after_step(model)
    assert float(losses(model).mean().detach()) < 0.5 * before
    assert layer(model).steps == 30
    now = (layer(model).rows[::2] - layer(model).rows[1::2]).detach()
    assert float((now - apart).abs().max()) > 1e-3
    model.eval().requires_grad_(False)
    torch.testing.assert_close(-losses(model).sum(), scores(model).sum())  # taught word by word, and scored
    read = reader(model)
    ids, values = greedy(read, 3, max_length=6)
    for row in range(3):
        assert 0 not in ids[row]
        assert all(v <= 0 for v in values[row])
    if kind != "text-vae":
        assert_searched(model, "w4 w5")


def assert_searched(model: Any, text: str) -> None:
    for strategy in ("greedy", "beam", "sample", "contrastive"):
        options = SearchOptions(strategy=strategy, beam=4, max_length=6, samples=2)
        ((_, found),) = translate_each(model, [text], options)
        assert found
        assert_scored(model, found[0], text)


def assert_scored(model: Any, hypothesis: Hypothesis, text: str) -> None:
    """What a search says of a sentence is what the model scores."""
    prompt = VOCABULARY.encode(text)
    read = model.condition([prompt]) if isinstance(model, Seq2Seq) else model
    state = read.begin(1)
    for token in () if isinstance(model, Seq2Seq) else prompt:
        state = read.advance(state, torch.tensor([token]))
    tokens = torch.tensor([[t.id for t in hypothesis.tokens]])
    found = read.score(state, tokens, torch.tensor([tokens.shape[1]]))
    assert hypothesis.log_prob == pytest.approx(float(found.sum()))


def test_a_layer_that_no_config_names_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'none' is unknown; known kinds are adaptive-softmax, softmax"):
        read_config({"kind": "lstm-lm", "vocabulary": SIZE, "output": {"kind": "none"}})
