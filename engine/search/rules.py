"""What may not be written next, and why: small rules that block tokens, and the penalty on repeated ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Protocol

import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.messages.search import Reason
from engine.search.capitals import Capitals
from engine.search.node import Node
from engine.vocabulary import Vocabulary, forbid, never_written

VOCABULARY: Reason = "vocabulary"


class Rule(Protocol):
    """Blocks tokens after a text."""

    reason: Reason

    def blocked(self, text: Sequence[int]) -> Collection[int]:
        """Tokens that may not follow; `text` is the prompt and what was written after it."""


class NoRepeatNgram:
    """No n-gram of tokens twice (Paulus et al. 2018)."""

    reason: Reason = "repeated n-gram"

    def __init__(self, size: int) -> None:
        self.size = size

    def blocked(self, text: Sequence[int]) -> Collection[int]:
        """Tokens that would complete an n-gram the text holds."""
        n = self.size
        if len(text) < n:
            return ()
        last = text[len(text) - n + 1 :]
        return {text[i + n - 1] for i in range(len(text) - n + 1) if text[i : i + n - 1] == last}


def rules_of(options: SearchOptions) -> list[Rule]:
    """The blocking rules that the options ask for."""
    return [NoRepeatNgram(options.no_repeat_ngram)] if options.no_repeat_ngram else []


class Rules:
    """All rules of a search, applied to the scores of its live prefixes."""

    def __init__(
        self,
        options: SearchOptions,
        vocabulary: Vocabulary,
        forced: Sequence[int] = (),
        capitals: Capitals | None = None,
    ) -> None:
        self.marks, self.end = never_written(vocabulary), vocabulary.end
        self.rules = rules_of(options)
        self.minimum = options.min_length
        self.penalty = options.repetition_penalty
        self.forced = list(forced)
        self.capitals = capitals

    def apply(
        self,
        log_probs: Tensor,
        prefixes: Sequence[Node | None],
        prompts: Sequence[Sequence[int]] | None = None,
        *,
        keep: bool,
    ) -> tuple[Tensor, list[dict[int, Reason]]]:
        """Scores to search by, [R, V], and what was blocked in each row; the prefixes are of one length.

        Blocked tokens become minus infinity. A forced beginning leaves one token, or none where a rule blocks it. The
        prompt that a row continues is part of its text, as in transformers, and a word with and without a capital is
        one. The repetition penalty multiplies the log-probability of every token of the text (Keskar et al. 2019;
        transformers does the same in beams, but penalises raw logits in greedy search and sampling). With `keep`, or
        where scores differ from them, the log-probabilities stay as they are.
        """
        forced = any(p is not None and p.length < len(self.forced) for p in prefixes)
        scores = log_probs.clone() if keep or forced or self.penalty != 1.0 else log_probs
        forbid(scores, self.marks)
        length = next((p.length for p in prefixes if p is not None), 0)
        common: dict[int, Reason] = {}
        if length < self.minimum and not forced:
            scores[:, self.end] = -math.inf
            common = {self.end: "length"}
        if not (forced or self.rules or self.penalty != 1.0):
            return scores, [common] * len(prefixes)
        before = prompts or [()] * len(prefixes)
        rows = enumerate(zip(prefixes, before, strict=True))
        return scores, [common | self._row(scores[i], log_probs[i], prefix, prompt) for i, (prefix, prompt) in rows]

    def _row(self, scores: Tensor, log_probs: Tensor, prefix: Node | None, prompt: Sequence[int]) -> dict[int, Reason]:
        """Change one row's scores in place; what was blocked there by a rule."""
        reasons: dict[int, Reason] = {}
        if prefix is None:
            return reasons
        text = [*prompt, *prefix.tokens()]
        if self.capitals is not None:
            text = [self.capitals.fold(token) for token in text]
        if prefix.length < len(self.forced):
            token = self.forced[prefix.length]
            scores.fill_(-math.inf)
            if not any(token in self._forms(rule.blocked(text)) for rule in self.rules):
                scores[token] = log_probs[token]
            return reasons
        if self.penalty != 1.0 and text:
            scores[torch.tensor(sorted(self._forms(set(text))), device=scores.device)] *= self.penalty
        for rule in self.rules:
            reasons.update(dict.fromkeys(self._forms(rule.blocked(text)), rule.reason))
        if len(reasons) == 1:
            scores[next(iter(reasons))] = -math.inf
        elif reasons:
            scores[list(reasons)] = -math.inf
        return reasons

    def _forms(self, tokens: Collection[int]) -> Collection[int]:
        """The tokens with those that read the same."""
        if self.capitals is None:
            return tokens
        return {form for token in tokens for form in self.capitals.forms(token)}
