"""BLEU (Papineni et al. 2002) and chrF (Popović 2015) as sacrebleu computes them (Post 2018), in per cent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF


class Score(NamedTuple):
    """A figure and the settings behind it, in sacrebleu's notation."""

    score: float
    signature: str


def corpus_bleu(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """BLEU of all outputs together, one reference each; raises ValueError when their numbers differ."""
    return _corpus(BLEU(), outputs, references)


def corpus_chrf(outputs: Sequence[str], references: Sequence[str]) -> Score:
    """chrF2 of all outputs together, one reference each; raises ValueError when their numbers differ."""
    return _corpus(CHRF(), outputs, references)


def sentence_bleu(output: str, reference: str) -> float:
    """BLEU of one sentence, orders without a match smoothed (exponential)."""
    return float(_sentence_bleu().sentence_score(output, [reference]).score)


def sentence_chrf(output: str, reference: str) -> float:
    """chrF2 of one sentence."""
    return float(_sentence_chrf().sentence_score(output, [reference]).score)


UTILITIES: dict[Literal["chrf", "bleu"], Callable[[str, str], float]] = {"chrf": sentence_chrf, "bleu": sentence_bleu}
"""Utilities of minimum-Bayes-risk re-ranking."""


def _corpus(metric: Any, outputs: Sequence[str], references: Sequence[str]) -> Score:
    if len(outputs) != len(references):
        raise ValueError(f"{len(outputs)} outputs do not match {len(references)} references")
    result = metric.corpus_score(list(outputs), [list(references)])
    return Score(float(result.score), str(metric.get_signature()))


@cache
def _sentence_bleu() -> Any:
    return BLEU(effective_order=True)


@cache
def _sentence_chrf() -> Any:
    return CHRF()
