"""Training a translator: label-smoothed cross-entropy of the target's next token (Szegedy et al. 2016)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import torch

from engine.capabilities import Seq2Seq, require
from engine.messages import Metric
from engine.models import build, read_config
from engine.models.parts.model import TextModel
from engine.text import Tokenizer
from engine.training.augmentation import Augmentation, Augmenter
from engine.training.data import held_out, read_split, training_rows
from engine.training.phrases import TextPair
from engine.training.recipe import Recipe
from engine.training.task import Batch, Loss, ModelTask
from engine.training.translation_quality import translation_quality

Pair = tuple[list[int], list[int]]


class TranslationTask(ModelTask):
    """A recipe's translator, the shared tokenizer and the sentence pairs: column 0 the source, column 1 the target.

    Option `label_smoothing`: the share of probability spread over the whole vocabulary. Option `augmentation`: a
    table of `Augmentation`'s settings; without it the text is read as it is. Option `slots`: the example file whose
    names, numbers and times the test looks for.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        self.label_smoothing = float(recipe.options.get("label_smoothing", 0.0))
        self._text: list[TextPair] = [(s, t) for s, t in training_rows(recipe.data, folder, texts=(0, 1))]
        self._text = self._text[: recipe.max_examples or None]
        self._hidden = held_out(recipe.data, folder, 0), held_out(recipe.data, folder, 1)
        self._augmenter: Augmenter | None = None
        if "augmentation" in recipe.options:
            self._augmenter = Augmenter(msgspec.convert(recipe.options["augmentation"], Augmentation))
        self.tokenizer = Tokenizer.train(
            recipe.tokenizer.kind,
            (text for row in self._drawn(0) for text in row),
            recipe.tokenizer.size,
            spelling=recipe.tokenizer.spelling,
        )
        self.begin(0)
        self._valid = self._encode(read_split(recipe.data, folder, "valid"))
        self._test_text = read_split(recipe.data, folder, "test")
        self._test = self._encode(self._test_text)
        config = read_config({**recipe.model, "vocabulary": self.tokenizer.size})
        torch.manual_seed(recipe.seed)
        self.model = build(config, self.tokenizer)

    def begin(self, number: int) -> None:
        """Encode the pairs of one pass over the text; with augmentation each pass has its own."""
        pairs = self._encode(self._drawn(number))
        most = self.recipe.max_tokens
        self.train_pairs = [(s, t) for s, t in pairs if 0 < len(s) <= most and 0 < len(t) <= most]
        # a batch pads both sides to the longer one: pairs alike in that are nearly free of padding
        self.lengths = [2 * (max(len(s), len(t)) + 1) for s, t in self.train_pairs]

    def _drawn(self, number: int) -> list[TextPair]:
        if self._augmenter is None:
            return self._text
        sources, targets = self._hidden
        drawn = self._augmenter.round(self._text, self.recipe.seed, number)
        return [(s, t) for s, t in drawn if s.lower() not in sources and t.lower() not in targets]

    @property
    def held_out(self) -> Mapping[str, int]:
        """Validation and test pairs, by split."""
        return {"valid": len(self._valid), "test": len(self._test)}

    def step(self, batch: Batch) -> Iterator[Loss]:
        """Summed smoothed cross-entropy, per target token."""
        sources, targets = zip(*(self.train_pairs[i] for i in batch.indices), strict=True)
        losses = self.model(sources, targets, self.label_smoothing)
        yield Loss(losses.sum(), len(losses))

    def validate(self) -> tuple[float, dict[str, float]]:
        """Validation nats per target token, without smoothing."""
        nll, count = negative_log_likelihood(self.model, self._valid)
        return nll / count, {"nll_per_token": nll / count, "perplexity": math.exp(nll / count)}

    def test(self) -> dict[str, Metric]:
        """Test likelihood, BLEU and chrF, and what `translation_quality` finds besides."""
        nll, count = negative_log_likelihood(self.model, self._test)
        likelihood = Metric(nll / count, "nats", "exact", count, "target pieces, end marks included")
        pairs = [(source, target) for source, target in self._test_text]
        slots = str(self.recipe.options.get("slots", ""))
        return {**translation_quality(require(self.model, Seq2Seq), pairs, slots), "nll_per_token": likelihood}

    def _encode(self, rows: Sequence[tuple[str, ...]]) -> list[Pair]:
        return [(self.tokenizer.encode(s), self.tokenizer.encode(t)) for s, t in rows]


def negative_log_likelihood(model: TextModel, pairs: Sequence[Pair], *, batch: int = 64) -> tuple[float, int]:
    """Summed nats and counted target tokens, end marks included."""
    total, count = 0.0, 0
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]) + len(pairs[i][1]))
    for start in range(0, len(order), batch):
        sources, targets = zip(*(pairs[i] for i in order[start : start + batch]), strict=True)
        losses = model(sources, targets)
        total += float(losses.double().sum())
        count += len(losses)
    return total, count
