"""The latent space: decoding under the hand, encoding a file, and a training step against the naive form."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.assets import CHECKPOINTS
from engine.checkpoint import load_model
from engine.latent.decoding import read_points
from engine.latent.survey import encode, examples
from engine.messages.latent import GREEDY
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.vae import TextVae, TextVaeConfig
from engine.objectives import gaussian
from engine.text import EOS, PAD
from engine.training.data import batches
from engine.training.language_model import pad_sentences
from tests.benchmarks.rows import Row, Target, ratio
from tests.engine.words import Words

SENTENCES = 10_000


def rows() -> list[Row]:
    """All figures of this file."""
    model, _ = load_model(CHECKPOINTS / "everyday-vae.safetensors")
    with torch.inference_mode():
        found = [*drag(model), encoding(model)]
    return found + training_step()


def drag(model: nn.Module, count: int = 1000) -> list[Row]:
    """A hand moving between example sentences, a greedy decode at every place; one-point requests as a drag sends."""
    random = np.random.default_rng(0)
    means, _, _ = encode(model, examples())
    times, words = [], []
    for _ in range(count):
        a, b = random.integers(len(means), size=2)
        point = means[a] + random.random() * (means[b] - means[a]) + 0.3 * random.standard_normal(means.shape[1])
        began = time.thread_time()
        (sentence,), _ = read_points(model, torch.tensor(point[None], dtype=torch.float32), GREEDY)
        times.append(1e3 * (time.thread_time() - began))
        words.append(len(sentence.words))
    p50, p95 = np.percentile(times, [50, 95])
    length = f"{np.mean(words):.1f} words on average, at most {max(words)}"
    return [
        Row(f"decode a point, p95 ({length})", float(p95), "CPU ms", Target("<", 16)),
        Row("decode a point, median", float(p50), "CPU ms"),
    ]


def encoding(model: nn.Module) -> Row:
    """A text file dropped in, tokens included."""
    texts = (examples() * (SENTENCES // len(examples()) + 1))[:SENTENCES]
    began = time.process_time()
    for start in range(0, SENTENCES, 64):
        encode(model, texts[start : start + 64])
    return Row(f"encode {SENTENCES:,} sentences", time.process_time() - began, "CPU s", Target("<", 30))


def training_step(steps: int = 12, vocabulary: int = 8000, tokens: int = 1024) -> list[Row]:
    """CPU seconds of the same sentences' steps: ours, and batches drawn anyhow, padded, all positions projected.

    Sentence lengths are those of Tatoeba's English side (about 8.8 tokens, at most 21). Without dropout and noise both
    forms have the same loss, which is checked.
    """
    random = np.random.default_rng(1)
    lengths = np.clip(np.rint(random.gamma(6.5, 1.2, 60_000)), 1, 20).astype(int)
    words = np.minimum(random.zipf(1.3, int(lengths.sum())) + EOS, vocabulary - 1)
    sentences = [part.tolist() for part in np.split(words, np.cumsum(lengths)[:-1])]
    torch.manual_seed(1)
    plain = TextVaeConfig(vocabulary=vocabulary, dropout=0.0, output=AdaptiveSoftmaxConfig(vocabulary))
    naive, exact = _model(plain), _model(plain)
    ours = _model(msgspec.structs.replace(plain, output=AdaptiveSoftmaxConfig()))
    bucketed = batches([len(s) + 1 for s in sentences], tokens, 1, 0)
    chosen = bucketed[:steps]
    flat = [i for batch in chosen for i in batch]
    mixed = np.array_split(random.permutation(flat), steps)  # the same sentences, in batches of one size
    difference = abs(_both_losses(exact, naive, [sentences[i] for i in chosen[0]]))
    ordered = [[sentences[i] for i in batch] for batch in chosen]
    naive_s = _cpu_seconds(naive, _naive, [[sentences[i] for i in batch] for batch in mixed])
    ours_s = _cpu_seconds(ours, _ours, ordered)
    exact_s = _cpu_seconds(exact, _ours, ordered)
    name, half = f"train a VAE on {len(flat)} sentences", ratio("<=", 0.5)
    naive_name = f"{name}, naive (padded, all projected)"
    return [
        Row(f"{name}, same weights, same loss", exact_s, "CPU s", half, exact_s / naive_s, "of naive"),
        Row(f"{name}, with our adaptive softmax", ours_s, "CPU s", half, ours_s / naive_s, "of naive"),
        Row(naive_name, naive_s, "CPU s"),
        Row("loss of the two forms, difference", difference, "nats a sentence", Target("<", 1e-3)),
    ]


def _model(config: TextVaeConfig) -> TextVae:
    torch.manual_seed(1)
    return TextVae(config, Words(config.vocabulary)).train()


def _ours(model: TextVae, sentences: list[list[int]]) -> Tensor:
    tokens, lengths = pad_sentences(sentences, model.tokenizer)
    mean, log_var = model.infer(tokens[:, 1:], lengths)
    losses = model(gaussian.sample(mean, log_var), tokens[:, :-1], tokens[:, 1:], lengths)
    return losses.sum() + gaussian.kl_to_prior(mean, log_var).sum()


def _naive(model: TextVae, sentences: list[list[int]]) -> Tensor:
    """The usual first version: everything padded, every position projected on the whole vocabulary."""
    tokens, lengths = pad_sentences(sentences, model.tokenizer)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    # packing is left out, so the backward direction is run over reversed sentences and the states are picked by hand
    reversed_targets = torch.full_like(targets, PAD)
    for row, length in enumerate(lengths.tolist()):
        reversed_targets[row, :length] = targets[row, :length].flip(0)
    rows = torch.arange(len(tokens))
    halves = []
    for direction, text in (("", targets), ("_reverse", reversed_targets)):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        flat = [getattr(model.reader, name + direction) for name in names]
        start = torch.zeros(1, len(tokens), model.config.encoder)
        out, _ = torch.gru(model.embedding(text), start, flat, True, 1, 0.0, True, False, True)
        halves.append(out[rows, lengths - 1])
    both = torch.cat(halves, 1)
    assert model.to_log_var is not None
    mean, log_var = model.to_mean(both), model.to_log_var(both)
    condition = model.entry(gaussian.sample(mean, log_var))
    assert condition.state is not None
    assert condition.input is not None
    beside = condition.input[:, None].expand(-1, inputs.shape[1], -1)
    fed = torch.cat([model.embedding(inputs), beside], 2)
    hidden, _ = model.writer.rnn(fed, condition.state.transpose(0, 1).contiguous())
    logits = functional.linear(model.project(hidden), model.embedding.weight, model.softmax.bias)  # B, T, V
    nll = functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=PAD, reduction="sum")
    return nll + gaussian.kl_to_prior(mean, log_var).sum()


def _both_losses(ours: TextVae, naive: TextVae, sentences: list[list[int]]) -> float:
    losses = []
    for loss, model in ((_ours, ours), (_naive, naive)):
        torch.manual_seed(2)
        with torch.no_grad():
            losses.append(float(loss(model, sentences)) / len(sentences))
    return losses[0] - losses[1]


def _cpu_seconds(
    model: TextVae, loss: Callable[[TextVae, list[list[int]]], Tensor], parts: list[list[list[int]]]
) -> float:
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def step(sentences: list[list[int]]) -> None:
        (loss(model, sentences) / len(sentences)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step(parts[0])  # the first step pays for buffers
    began = time.process_time()
    for part in parts:
        step(part)
    return time.process_time() - began
