"""A training step of the Gaussian-mixture VAE at the paper's sizes, against the naive form of the same model."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.mixture_vae import MixtureVae, MixtureVaeConfig
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.objectives import gaussian, mixture
from engine.text import EOS, PAD
from engine.training.data import batches
from engine.training.language_model import pad_sentences
from tests.benchmarks.rows import Row, Target, ratio
from tests.engine.words import Words

PAPER = MixtureVaeConfig(
    vocabulary=10_000,
    mixtures=20,
    components=5,
    dimension=2,
    embedding=512,
    encoder=512,
    decoder=512,
    cell="gru",
    dropout=0.0,
    output=AdaptiveSoftmaxConfig(10_000),  # a plain softmax
)
"""GMVAE on PTB (Shi et al. 2020); without dropout, so that two forms of one step have the same loss."""
BATCH = 30
LONGEST = 39

Sentences = list[list[int]]


def rows(steps: int = 12) -> list[Row]:
    """CPU seconds of the same sentences' steps in both forms, and how far their losses are apart.

    With the same plain softmax about half of the naive form's positions remain, and so about half of its cost: the
    rest of the way is the adaptive softmax that the recipes train with, whose loss is another.
    """
    sentences = _sentences(np.random.default_rng(1), 40_000)
    lengths = [len(s) + 1 for s in sentences]
    chosen = batches(lengths, round(BATCH * float(np.mean(lengths))), 1, 0)[:steps]
    flat = np.random.default_rng(2).permutation([i for batch in chosen for i in batch])
    ordered = [[sentences[i] for i in batch] for batch in chosen]
    mixed = [[sentences[i] for i in part] for part in np.array_split(flat, max(1, round(len(flat) / BATCH)))]
    difference = abs(_value(_ours, mixed[0]) - _value(_naive, mixed[0]))
    naive = _cpu_seconds(PAPER, _naive, mixed) / len(flat)
    exact = _cpu_seconds(PAPER, _ours, ordered) / len(flat)
    adaptive = msgspec.structs.replace(PAPER, output=AdaptiveSoftmaxConfig())
    ours = _cpu_seconds(adaptive, _ours, ordered) / len(flat)
    name, most = f"train a paper-size GMVAE on {BATCH} sentences", ratio("<=", 0.4)
    naive_name = f"{name}, naive (padded, all projected)"
    return [
        Row(f"{name}, same weights, same loss", BATCH * exact, "CPU s", most, exact / naive, "of naive"),
        Row(f"{name}, with our adaptive softmax", BATCH * ours, "CPU s", most, ours / naive, "of naive"),
        Row(naive_name, BATCH * naive, "CPU s"),
        Row("loss of the two forms, difference", difference, "nats a sentence", Target("<", 1e-4)),
    ]


def _sentences(random: np.random.Generator, count: int) -> Sentences:
    """Lengths as PTB has them (21 words on average, standard deviation 10), cut at 39 tokens with the end mark."""
    lengths = np.clip(np.rint(random.gamma(4.2, 5.0, count)), 1, LONGEST - 1).astype(int)
    words = np.minimum(random.zipf(1.3, int(lengths.sum())) + EOS, PAPER.vocabulary - 1)
    return [part.tolist() for part in np.split(words, np.cumsum(lengths)[:-1])]


def _ours(model: MixtureVae, sentences: Sentences) -> Tensor:
    tokens, lengths = pad_sentences(sentences, model.tokenizer)
    mean, log_var, log_q = model.infer(tokens[:, 1:], lengths)
    losses = model(gaussian.sample(mean, log_var), tokens[:, :-1], tokens[:, 1:], lengths)
    prior = (model.prior_mean, model.prior_log_var)
    blocks = (model.blocks(mean), model.blocks(log_var))
    divergence = mixture.kl_to_mean_prior(*blocks, log_q, *prior).sum() + mixture.dispersion(log_q, *prior).sum()
    return losses.sum() + divergence + len(mean) * (mixture.aggregated_kl(log_q) + mixture.information(log_q)).sum()


def _naive(model: MixtureVae, sentences: Sentences) -> Tensor:
    """The usual first version: all padded, every position projected, the mixture's divergence a component at a time."""
    tokens, lengths = pad_sentences(sentences, model.tokenizer)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    both = _last_states(model, targets, lengths)
    assert model.to_mean is not None
    assert model.to_log_var is not None
    mean, log_var = model.to_mean(both), model.to_log_var(both)
    shape = model.shape
    log_q = model.to_code(both).view(len(both), shape.mixtures, shape.components).log_softmax(-1)
    condition = model.entry(gaussian.sample(mean, log_var))
    assert condition.state is not None
    assert condition.input is not None
    beside = condition.input[:, None].expand(-1, inputs.shape[1], -1)
    hidden, _ = model.writer.rnn(  # type: ignore[union-attr]
        torch.cat([model.embedding(inputs), beside], 2), condition.state.transpose(0, 1).contiguous()
    )
    logits = functional.linear(model.project(hidden), model.embedding.weight, model.softmax.bias)  # B, T, V
    log_probs = functional.log_softmax(logits, 2).flatten(0, 1)
    nll = functional.nll_loss(log_probs, targets.flatten(), ignore_index=PAD, reduction="sum")
    q = log_q.exp()
    m, v = model.blocks(mean)[:, :, None], model.blocks(log_var)[:, :, None]  # B, M, 1, d
    apart = gaussian.kl_between(m, v, model.prior_mean, model.prior_log_var).sum(-1)  # B, M, K
    return nll + (q * apart).sum() + (q * (log_q + np.log(shape.components))).sum()


def _last_states(model: MixtureVae, targets: Tensor, lengths: Tensor) -> Tensor:
    """Last states of both directions without packing: the backward one is run over reversed sentences."""
    turned = torch.full_like(targets, PAD)
    for row, length in enumerate(lengths.tolist()):
        turned[row, :length] = targets[row, :length].flip(0)
    halves = []
    for direction, text in (("", targets), ("_reverse", turned)):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        flat = [getattr(model.reader, name + direction) for name in names]
        start = torch.zeros(1, len(targets), model.config.encoder)
        out, _ = torch.gru(model.embedding(text), start, flat, True, 1, 0.0, True, False, True)
        halves.append(out[torch.arange(len(targets)), lengths - 1])
    return torch.cat(halves, 1)


def _model(config: MixtureVaeConfig) -> MixtureVae:
    torch.manual_seed(1)
    return MixtureVae(config, Words(config.vocabulary)).train()


def _value(loss: Callable[[MixtureVae, Sentences], Tensor], sentences: Sentences) -> float:
    model = _model(PAPER)
    torch.manual_seed(2)
    with torch.no_grad():
        return float(loss(model, sentences)) / len(sentences)


def _cpu_seconds(
    config: MixtureVaeConfig, loss: Callable[[MixtureVae, Sentences], Tensor], parts: list[Sentences]
) -> float:
    model = _model(config)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def step(sentences: Sentences) -> None:
        (loss(model, sentences) / len(sentences)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step(parts[0])  # the first step pays for buffers
    began = time.process_time()
    for part in parts:
        step(part)
    return time.process_time() - began
