"""Training a text VAE, an autoencoder or a denoising autoencoder: one task, terms by name from the recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.latent.greedy import greedy
from engine.latent.likelihood import log_weights
from engine.messages import Metric
from engine.messages.core import FloatArray
from engine.metrics.generation import reverse_perplexity, unigram_kl
from engine.metrics.latent import importance_nll, latent_metrics
from engine.models import build, read_config
from engine.models.decoders import packed_rows
from engine.objectives import gaussian
from engine.objectives.bag_of_words import bag_of_words
from engine.objectives.composition import read_objective
from engine.objectives.free_bits import free_bits
from engine.objectives.noise import corrupt, word_dropout
from engine.text import EOS, UNK, Tokenizer
from engine.training.data import held_out, read_split
from engine.training.language_model import pad_sentences
from engine.training.loop import Loss
from engine.training.recipe import Recipe

IMPORTANCE_SAMPLES = 100
PRIOR_SAMPLES = 10_000
OF = "words and punctuation, end marks included"


class VaeTask:
    """A recipe's latent-variable model, its tokenizer and its sentences.

    Models with another prior or posterior override `divergences`; the rest is shared.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        self.objective = read_objective(recipe.options)
        hidden = held_out(recipe.data, folder)
        rows = dict.fromkeys(r[-1] for r in read_split(recipe.data, folder, "train") if r[-1].lower() not in hidden)
        texts = list(rows)[: recipe.max_examples or None]
        cut = recipe.tokenizer
        self.tokenizer = Tokenizer.train(cut.kind, texts, cut.size, min_count=cut.min_count)
        encoded = map(self.tokenizer.encode, texts)
        self.train_sentences = [s for s in encoded if 0 < len(s) <= recipe.max_tokens]
        self._valid = self._split("valid", folder)
        self._test = self._split("test", folder)
        config = read_config({**recipe.model, "vocabulary": self.tokenizer.size})
        torch.manual_seed(recipe.seed)
        self.model: Any = build(config, self.tokenizer)
        self.lengths = [len(s) + 1 for s in self.train_sentences]

    # --- the training objective ------------------------------------------------------------------------------------

    def loss(self, indices: list[int], step: int) -> Loss:
        """The weighted terms of a batch, per token."""
        sentences = [self.train_sentences[i] for i in indices]
        aggressive = self.objective.aggressive
        if aggressive and step < aggressive.until:
            self._catch_up(step)
        terms = self.terms(sentences, np.random.default_rng((self.recipe.seed, step)))
        count = sum(len(s) + 1 for s in sentences)
        per_sentence = {name: float(value.detach()) / len(sentences) for name, value in terms.items()}
        return Loss(self.objective.weigh(terms, step), count, per_sentence)

    def terms(self, sentences: Sequence[Sequence[int]], random: np.random.Generator) -> dict[str, Tensor]:
        """All loss terms the model has, in nats, summed over the batch and unweighted."""
        tokens, lengths = pad_sentences(sentences)
        mean, log_var = self._encode(sentences, tokens, lengths, random)
        points = gaussian.sample(mean, log_var) if self.model.variational else mean
        inputs = tokens[:, :-1]
        if self.model.training:
            inputs = word_dropout(inputs, self.objective.word_dropout)
        log_probs = self.model(points, inputs, tokens[:, 1:], lengths)
        out = {"reconstruction": -log_probs.sum()}
        if self.model.variational:
            out.update(self.divergences(mean, log_var))
        if "bag-of-words" in self.objective.terms:
            rows, words = packed_rows(lengths), tokens[:, 1:]
            flat = torch.nn.utils.rnn.pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False).data
            inside = flat != EOS
            out["bag-of-words"] = bag_of_words(self.model.bag_log_probs(points), rows[inside], flat[inside]).sum()
        return out

    def divergences(self, mean: Tensor, log_var: Tensor) -> dict[str, Tensor]:
        """The terms that tie the posterior to the prior, free bits applied, summed over the batch."""
        kl = gaussian.kl_to_prior(mean, log_var)  # B, D
        return {"kl": free_bits(kl, self.objective.free_bits, self.objective.free_bits_by).sum()}

    def _encode(
        self, sentences: Sequence[Sequence[int]], tokens: Tensor, lengths: Tensor, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        how = self.objective.corruption
        if how is None or not self.model.training:
            mean, log_var = self.model.encode(tokens[:, 1:], lengths)
        else:
            mean, log_var = self.model.posterior([corrupt(s, how, random) for s in sentences])
        return mean, log_var

    def _catch_up(self, step: int) -> None:
        """Encoder-only gradient descent on fresh batches until its loss stalls, before the decoder's step.

        Plain gradient descent keeps no state of its own, and the batches depend on the seed and the step alone, so a
        resumed run catches up in the same way.
        """
        how = self.objective.aggressive
        assert how is not None
        parameters = [*self.model.reader.parameters(), *self.model.to_mean.parameters()]
        if self.model.to_log_var is not None:
            parameters += self.model.to_log_var.parameters()
        random = np.random.default_rng((self.recipe.seed, step, 1))
        before, seen = math.inf, 0.0
        for count in range(1, how.most + 1):
            first = int(random.integers(len(self.train_sentences)))
            near = sorted(range(first, min(first + 32, len(self.lengths))), key=self.lengths.__getitem__)
            sentences = [self.train_sentences[i] for i in near]
            total = self.objective.weigh(self.terms(sentences, random), step) / len(sentences)
            gradients = torch.autograd.grad(total, parameters)
            norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
            scale = how.learning_rate * min(1.0, self.recipe.training.clip / max(norm, 1e-12))
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=scale)
            seen += float(total)
            if count % how.check == 0:
                if seen >= before:
                    break
                before, seen = seen, 0.0

    # --- figures ---------------------------------------------------------------------------------------------------

    def validate(self) -> tuple[float, dict[str, float]]:
        """The objective at its final weights, and the terms, per sentence; the noise is the same each time."""
        state = torch.get_rng_state()
        torch.manual_seed(self.recipe.seed)
        totals: dict[str, float] = {}
        figure = 0.0
        for sentences in self._chunks(self._valid):
            terms = self.terms(sentences, np.random.default_rng(0))
            figure += sum(float(terms[n]) * schedule.weight for n, schedule in self.objective.terms.items())
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value)
        torch.set_rng_state(state)
        count = len(self._valid)
        shown = {f"{name}_per_sentence": value / count for name, value in totals.items()}
        means, log_vars = self._posteriors(self._valid)
        if self.model.variational:
            found = latent_metrics(self._kl(means, log_vars), means, log_vars, self._points(means, log_vars))
            shown.update({name: metric.value for name, metric in found.items()})
        return figure / count, shown

    def test(self) -> dict[str, Metric]:
        """Bounds, latent figures, reconstruction and generation on the test split."""
        sentences = self._test
        count, words = len(sentences), sum(len(s) + 1 for s in sentences)
        means, log_vars = self._posteriors(sentences)
        out = {"unknown_words": Metric(sum(s.count(UNK) for s in sentences), "", "count", words, OF)}
        if self.model.variational:
            kl = self._kl(means, log_vars)
            out.update(latent_metrics(kl, means, log_vars, self._points(means, log_vars)))
            weights = np.stack([w for _, w in sorted(log_weights(self.model, sentences, IMPORTANCE_SAMPLES, 1))])
            bound, nll = -weights.mean(), importance_nll(weights)
            sampled = f"{IMPORTANCE_SAMPLES} posterior samples"
            out["negative_elbo"] = Metric(float(bound), "nats", f"mean over {sampled}", count, "sentences")
            out["nll"] = Metric(
                float(nll.mean()), "nats", f"{IMPORTANCE_SAMPLES} importance samples", count, "sentences"
            )
            out["perplexity"] = Metric(
                math.exp(nll.sum() / words), "", f"{IMPORTANCE_SAMPLES} importance samples", words, OF
            )
        reconstruction = self._reconstruction_nll(sentences, means)
        out["reconstruction_nll"] = Metric(reconstruction / count, "nats", "at the posterior mean", count, "sentences")
        out.update(self._greedy_metrics(sentences, means))
        return out

    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Posterior means of the validation sentences and the KL of each dimension, for maps without the text."""
        with torch.inference_mode():
            means, log_vars = self._posteriors(self._valid)
        kl = self._kl(means, log_vars) if self.model.variational else np.zeros(means.shape[1])
        return {
            "means": means.astype(np.float16),
            "log_vars": log_vars.astype(np.float16),
            "kl": kl.astype(np.float32),
        }

    def _greedy_metrics(self, sentences: Sequence[Sequence[int]], means: FloatArray) -> dict[str, Metric]:
        from sacrebleu.metrics.bleu import BLEU

        decode = self.tokenizer.decode
        written = self._decode(means)
        bleu = BLEU().corpus_score([decode(s) for s in written], [[decode(s) for s in sentences]]).score
        same = sum(a == list(b) for a, b in zip(written, sentences, strict=True)) / len(sentences)
        how = "greedy from the posterior mean"
        out = {
            "reconstruction_bleu": Metric(bleu, "", f"sacreBLEU of {how}", len(sentences), "sentences"),
            "reconstructed_exactly": Metric(same, "share", how, len(sentences), "sentences"),
        }
        if self.model.variational:
            random = np.random.default_rng(self.recipe.seed)
            samples = self._decode(random.standard_normal((PRIOR_SAMPLES, means.shape[1])))
            drawn = f"{PRIOR_SAMPLES:,} greedy prior samples"
            reverse = reverse_perplexity(samples, sentences, self.tokenizer.size)
            estimator = f"interpolated Kneser-Ney 3-gram on {drawn}"
            out["reverse_perplexity"] = Metric(reverse, "", estimator, sum(len(s) + 1 for s in sentences), OF)
            divergence, against = unigram_kl(samples, self.train_sentences), f"{drawn} against the training text"
            out["unigram_kl"] = Metric(divergence, "nats", against, len(samples), "samples")
        return out

    def _split(self, split: Any, folder: Path) -> list[list[int]]:
        encoded = (self.tokenizer.encode(row[-1]) for row in read_split(self.recipe.data, folder, split))
        return [s for s in encoded if 0 < len(s) <= self.recipe.max_tokens]

    def _chunks(self, sentences: Sequence[list[int]], size: int = 128) -> list[list[list[int]]]:
        ordered = sorted(sentences, key=len)
        return [ordered[i : i + size] for i in range(0, len(ordered), size)]

    def _posteriors(self, sentences: Sequence[Sequence[int]], size: int = 256) -> tuple[FloatArray, FloatArray]:
        parts = [self.model.posterior(sentences[i : i + size]) for i in range(0, len(sentences), size)]
        return torch.cat([p[0] for p in parts]).numpy(), torch.cat([p[1] for p in parts]).numpy()

    def _points(self, means: FloatArray, log_vars: FloatArray) -> FloatArray:
        noise = np.random.default_rng(self.recipe.seed).standard_normal(means.shape)
        points: FloatArray = means + np.exp(0.5 * log_vars) * noise
        return points

    def _kl(self, means: FloatArray, log_vars: FloatArray) -> FloatArray:
        """Mean KL of each dimension over the sentences, [D]."""
        kl: FloatArray = gaussian.kl_to_prior(torch.from_numpy(means), torch.from_numpy(log_vars)).mean(0).numpy()
        return kl

    def _decode(self, points: FloatArray, size: int = 256) -> list[list[int]]:
        out: list[list[int]] = []
        for start in range(0, len(points), size):
            part = torch.from_numpy(np.asarray(points[start : start + size], dtype=np.float32))
            out += greedy(self.model.decoder(part), len(part))[0]
        return out

    def _reconstruction_nll(self, sentences: Sequence[list[int]], means: FloatArray, size: int = 256) -> float:
        from engine.latent.likelihood import log_likelihood

        device = next(self.model.parameters()).device
        total = 0.0
        for start in range(0, len(sentences), size):
            decoder = self.model.decoder(torch.from_numpy(means[start : start + size]))
            total -= float(log_likelihood(decoder, sentences[start : start + size], device).sum())
        return total
