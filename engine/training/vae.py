"""Training a text VAE, an autoencoder or a denoising autoencoder: one task, terms by name from the recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from engine.capabilities import Posterior
from engine.latent.evaluation import evaluate
from engine.latent.posteriors import dimension_kl, latent_figures, posteriors
from engine.messages import Metric
from engine.models import build, read_config
from engine.models.parts.model import TextModel
from engine.models.parts.padding import packed_rows
from engine.models.vae import TextVae
from engine.objectives.bag_of_words import bag_of_words, rarity
from engine.objectives.composition import Aggressive, read_objective
from engine.objectives.free_bits import free_bits
from engine.objectives.noise import corrupt, word_dropout
from engine.text import Tokenizer
from engine.training.data import read_split, training_rows
from engine.training.language_model import pad_sentences
from engine.training.recipe import Optimisation, Recipe
from engine.training.task import Batch, Loss, ModelTask

ENCODER = "encoder"
"""The optimiser that catches up before each step of the whole: see `VaeTask.optimisers`."""


class VaeTask(ModelTask):
    """A recipe's latent-variable model, its tokenizer and its sentences.

    Any posterior and prior do: the divergence is in closed form where there is one, else log q - log p at the point
    drawn. Models with more terms override `divergences`.
    """

    model: TextVae

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        self.objective = read_objective(recipe.options)
        texts = [row[-1] for row in training_rows(recipe.data, folder)][: recipe.max_examples or None]
        cut = recipe.tokenizer
        self.tokenizer = Tokenizer.train(cut.kind, texts, cut.size, min_count=cut.min_count)
        encoded = map(self.tokenizer.encode, texts)
        self.train_sentences = [s for s in encoded if 0 < len(s) <= recipe.max_tokens]
        self.valid_labels, self.valid_sentences = self._split("valid", folder)
        self.test_labels, self.test_sentences = self._split("test", folder)
        config = read_config({**recipe.model, "vocabulary": self.tokenizer.size})
        torch.manual_seed(recipe.seed)
        self.model = _text_vae(build(config, self.tokenizer), recipe)
        self.lengths = [len(s) + 1 for s in self.train_sentences]
        self._bag_weights: Tensor | None = None
        if self.objective.bag_smoothing:
            counts = torch.tensor([w for s in self.train_sentences for w in s]).bincount(minlength=self.tokenizer.size)
            self._bag_weights = rarity(counts, self.objective.bag_smoothing)

    # --- the training objective ------------------------------------------------------------------------------------

    @property
    def held_out(self) -> Mapping[str, int]:
        """Validation and test sentences, by split."""
        return {"valid": len(self.valid_sentences), "test": len(self.test_sentences)}

    def optimisers(self, settings: Optimisation) -> Mapping[str, Optimizer]:
        """AdamW over all weights; plain gradient descent over the encoder's where it catches up before each step."""
        how = self.objective.aggressive
        out = dict(super().optimisers(settings))
        if how:
            group = {"params": self.model.encoder_parameters(), "lr": how.learning_rate, "scheduled": False}
            out[ENCODER] = SGD([group])
        return out

    def step(self, batch: Batch) -> Iterator[Loss]:
        """The weighted terms of a batch, per token; before them those that the encoder alone goes down."""
        aggressive = self.objective.aggressive
        if aggressive and batch.step < aggressive.until:
            yield from self._catch_up(aggressive, batch.step)
        sentences = [self.train_sentences[i] for i in batch.indices]
        terms = self.terms(sentences, np.random.default_rng((self.recipe.seed, batch.step)), batch.step)
        count = sum(len(s) + 1 for s in sentences)
        per_sentence = {name: float(value.detach()) / len(sentences) for name, value in terms.items()}
        yield Loss(self.objective.weigh(terms, batch.step), count, per_sentence)

    def terms(
        self, sentences: Sequence[Sequence[int]], random: np.random.Generator, step: int = 0
    ) -> dict[str, Tensor]:
        """All loss terms the model has, in nats, summed over the batch and unweighted."""
        tokens, lengths = pad_sentences(sentences, self.tokenizer)
        tokens = tokens.to(self.model.device)
        posterior = self._infer(sentences, tokens, lengths, random)
        points = self.draw(posterior, step)
        inputs = tokens[:, :-1]
        if self.model.training:
            inputs = word_dropout(inputs, self.objective.word_dropout, self.tokenizer)
        out = {"reconstruction": self.model(points, inputs, tokens[:, 1:], lengths).sum()}
        out.update(self.divergences(posterior, points))
        if "bag-of-words" in self.objective.terms:
            rows, words = packed_rows(lengths).to(tokens.device), tokens[:, 1:]
            flat = torch.nn.utils.rnn.pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False).data
            inside = flat != self.tokenizer.end
            rare = self._bag_weights if self._bag_weights is None else self._bag_weights.to(tokens.device)
            bag = bag_of_words(self.model.bag_log_probs(points), rows[inside], flat[inside], rare)
            out["bag-of-words"] = bag.sum()
        return out

    def draw(self, posterior: Posterior, step: int) -> Tensor:
        """What the decoder reads, [B, D], with gradients to the posterior."""
        return posterior.sample()

    def divergences(self, posterior: Posterior, points: Tensor) -> dict[str, Tensor]:
        """The terms that tie the posterior to the prior, free bits applied, summed over the batch."""
        if not self.model.variational:
            return {}
        prior = self.model.prior
        kl = posterior.kl(prior)  # B, parts
        if kl is None:
            kl = posterior.log_prob(points[:, None]) - prior.log_prob(points)[:, None]
        return {"kl": free_bits(kl, self.objective.free_bits, self.objective.free_bits_by).sum()}

    def _infer(
        self, sentences: Sequence[Sequence[int]], tokens: Tensor, lengths: Tensor, random: np.random.Generator
    ) -> Posterior:
        how = self.objective.corruption
        if how is None or not self.model.training:
            return self.model.infer(tokens[:, 1:], lengths)
        return self.model.infer(*self.model.read([corrupt(s, how, self.tokenizer.unknown, random) for s in sentences]))

    def _catch_up(self, how: Aggressive, step: int) -> Iterator[Loss]:
        """Losses of fresh batches for the encoder alone until they stall (He et al. 2019).

        Its plain gradient descent keeps no state of its own, and the batches depend on the seed and the step alone,
        so a resumed run catches up in the same way.
        """
        random = np.random.default_rng((self.recipe.seed, step, 1))
        before, seen = math.inf, 0.0
        for count in range(1, how.most + 1):
            first = int(random.integers(len(self.train_sentences)))
            near = sorted(range(first, min(first + 32, len(self.lengths))), key=self.lengths.__getitem__)
            sentences = [self.train_sentences[i] for i in near]
            loss = Loss(self.objective.weigh(self.terms(sentences, random), step), len(sentences), optimiser=ENCODER)
            yield loss
            seen += float(loss.total.detach()) / loss.count
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
        for sentences in self._chunks(self.valid_sentences):
            terms = self.terms(sentences, np.random.default_rng(0))
            wanted = {n: s.weight for n, s in self.objective.terms.items() if s.weight}
            figure += sum(float(terms[n]) * weight for n, weight in wanted.items())
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value)
        torch.set_rng_state(state)
        count = len(self.valid_sentences)
        shown = {f"{name}_per_sentence": value / count for name, value in totals.items()}
        return figure / count, shown | self.latent_figures()

    def latent_figures(self) -> dict[str, float]:
        """Whether the latent is in use, on the validation split."""
        if not self.model.variational:
            return {}
        found = latent_figures(self.model, posteriors(self.model, self.valid_sentences), self.recipe.seed)
        return {name: metric.value for name, metric in found.items()}

    def test(self) -> dict[str, Metric]:
        """Bounds, latent figures, reconstruction and generation on the test split."""
        settings = msgspec.structs.asdict(self.recipe.evaluation)
        seed, training = self.recipe.seed, self.train_sentences
        return evaluate(self.model, self.test_sentences, seed=seed, training=training, **settings)

    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Posteriors of the validation sentences and the KL of each dimension, for maps without the text."""
        with torch.inference_mode():
            found = posteriors(self.model, self.valid_sentences)
        means, log_vars = found.means, found.log_vars
        kl = dimension_kl(means, log_vars) if self.model.variational else np.zeros(means.shape[1])
        return {
            "means": means.astype(np.float16),
            "log_vars": log_vars.astype(np.float16),
            "kl": kl.astype(np.float32),
        }

    def _split(self, split: Any, folder: Path) -> tuple[list[tuple[str, ...]], list[list[int]]]:
        """Labels (the columns before the text) and token ids of a split's sentences that are not too long."""
        rows = [(r[:-1], self.tokenizer.encode(r[-1])) for r in read_split(self.recipe.data, folder, split)]
        kept = [(labels, ids) for labels, ids in rows if 0 < len(ids) <= self.recipe.max_tokens]
        return [labels for labels, _ in kept], [ids for _, ids in kept]

    def _chunks(self, sentences: Sequence[list[int]], size: int = 128) -> list[list[list[int]]]:
        ordered = sorted(sentences, key=len)
        return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _text_vae(model: TextModel, recipe: Recipe) -> TextVae:
    if not isinstance(model, TextVae):
        raise ValueError(f"the task {recipe.task} of the recipe trains no {recipe.model.get('kind')}")
    return model
