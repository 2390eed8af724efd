"""Training a language model: next-token cross-entropy over sentences, either direction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from engine.capabilities import Scores, require
from engine.messages import Metric
from engine.metrics.ngram import KneserNey
from engine.models import build, read_config
from engine.models.parts.padding import lengths_of, pad
from engine.text import Tokenizer
from engine.training.data import read_split, training_rows
from engine.training.recipe import Recipe
from engine.training.task import Batch, Loss, ModelTask
from engine.vocabulary import Vocabulary


def pad_sentences(sentences: Sequence[Sequence[int]], vocabulary: Vocabulary) -> tuple[Tensor, Tensor]:
    """Token ids with marks, [B, 1 + T] (begin first, end last, padded), and counted targets, [B]."""
    return pad(sentences, vocabulary, begin=True, end=True), lengths_of(sentences)


class LanguageModelTask(ModelTask):
    """A recipe's language model, its tokenizer and its sentences."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        texts = list(dict.fromkeys(row[-1] for row in training_rows(recipe.data, folder)))
        texts = texts[: recipe.max_examples or None]
        cut = recipe.tokenizer
        self.tokenizer = Tokenizer.train(cut.kind, texts, cut.size, min_count=cut.min_count)
        self.backward = recipe.model.get("direction", "forward") == "backward"
        self.train_sentences = [s for s in map(self._encode, texts) if s and len(s) <= recipe.max_tokens]
        self._valid = [self._encode(r[-1]) for r in read_split(recipe.data, folder, "valid")]
        self._test = [self._encode(r[-1]) for r in read_split(recipe.data, folder, "test")]
        config = read_config({**recipe.model, "vocabulary": self.tokenizer.size})
        torch.manual_seed(recipe.seed)
        self.model = build(config, self.tokenizer)
        self.lengths = [len(s) + 1 for s in self.train_sentences]

    @property
    def held_out(self) -> Mapping[str, int]:
        """Validation and test sentences, by split."""
        return {"valid": len(self._valid), "test": len(self._test)}

    def step(self, batch: Batch) -> Iterator[Loss]:
        """Summed negative log-likelihood, per token."""
        tokens, lengths = pad_sentences([self.train_sentences[i] for i in batch.indices], self.tokenizer)
        yield Loss(self.model(tokens.to(batch.device), lengths).sum(), int(lengths.sum()))

    def validate(self) -> tuple[float, dict[str, float]]:
        """Validation nats per token."""
        nll, count = negative_log_likelihood(require(self.model, Scores), self._valid)
        return nll / count, {"nll_per_word": nll / count, "perplexity": math.exp(nll / count)}

    def test(self) -> dict[str, Metric]:
        """Test perplexity beside an interpolated Kneser-Ney 5-gram's on the same sentences."""
        nll, count = negative_log_likelihood(require(self.model, Scores), self._test)
        unknown = sum(s.count(self.tokenizer.unknown) for s in self._test)
        of = "words and punctuation, end marks included"
        ngram = KneserNey(5, self.train_sentences, self.tokenizer)
        baseline = math.exp(-sum(ngram.log_prob(s) for s in self._test) / count)
        return {
            "nll_per_word": Metric(nll / count, "nats", "exact", count, of),
            "perplexity": Metric(math.exp(nll / count), "", "exact", count, of),
            "nll": Metric(nll / len(self._test), "nats", "exact", len(self._test), "sentences"),
            "unknown_words": Metric(unknown, "", "count", count, of),
            "perplexity_kneser_ney_5": Metric(baseline, "", "interpolated Kneser-Ney 5-gram, same text", count, of),
        }

    def _encode(self, text: str) -> list[int]:
        ids = self.tokenizer.encode(text)
        return ids[::-1] if self.backward else ids


def negative_log_likelihood(
    model: Scores, sentences: Sequence[Sequence[int]], *, batch: int = 128
) -> tuple[float, int]:
    """Summed nats and counted tokens (end marks included) of sentences already in the model's reading order."""
    total, count = 0.0, 0
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    for start in range(0, len(order), batch):
        tokens, lengths = pad_sentences([sentences[i] for i in order[start : start + batch]], model.tokenizer)
        scores = model.score(model.begin(len(tokens)), tokens[:, 1:].to(model.device), lengths.to(model.device))
        total -= float(scores.double().sum())
        count += int(lengths.sum())
    return total, count
