"""Decoding: what is asked of a search, and its hypotheses and trace."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from engine.messages.core import Event, FloatArray, Metric, Request

Strategy = Literal["greedy", "beam", "diverse", "stochastic", "constrained", "sample", "contrastive", "mbr"]
Reason = Literal[
    "kept", "finished", "rank", "repeated n-gram", "constraint", "length", "patience", "group", "vocabulary"
]


class SearchOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a decoder can be told. Fields that a strategy does not use are ignored."""

    strategy: Strategy = "beam"
    beam: Annotated[int, msgspec.Meta(ge=1, le=256)] = 5  # hypotheses kept at a step
    n_best: Annotated[int, msgspec.Meta(ge=1, le=256)] = 5  # hypotheses returned
    max_length: Annotated[int, msgspec.Meta(ge=1, le=512)] = 40  # tokens, end mark not counted
    min_length: Annotated[int, msgspec.Meta(ge=0, le=512)] = 0  # tokens before the end mark is allowed
    normalisation: Literal["off", "power", "gnmt"] = "power"  # score = log p / length^a, or / ((5 + length) / 6)^a
    length_penalty: float = 1.0  # a, no unit; 0 is off
    coverage_penalty: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # beta of GNMT; needs attention
    patience: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # stop at beam x patience finished hypotheses
    stop: Literal["patience", "heuristic", "bound", "exhaust"] = "bound"  # bound: nothing unfinished can still win
    no_repeat_ngram: Annotated[int, msgspec.Meta(ge=0)] = 0  # tokens; 0 is off
    repetition_penalty: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # 1 is off
    prefix: str = ""  # forced beginning, text
    prefix_ids: tuple[int, ...] = ()  # the same as token ids (a clicked node); wins over the text
    constraints: tuple[str, ...] = ()  # phrases that must occur (dynamic beam allocation)
    groups: Annotated[int, msgspec.Meta(ge=1)] = 1  # diverse beam groups
    diversity: Annotated[float, msgspec.Meta(ge=0)] = 0.5  # lambda, nats an earlier group's use of the token
    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    top_k: Annotated[int, msgspec.Meta(ge=0)] = 0  # 0 is off
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0  # 1 is off
    min_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # 0 is off
    typical: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0  # mass; 1 is off
    eta: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0  # 0 is off
    samples: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16  # drawn by sample and mbr
    utility: Literal["chrf", "bleu"] = "chrf"  # of minimum-Bayes-risk re-ranking
    penalty_alpha: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.6  # contrastive: weight of the similarity
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0

    def divisor(self, length: int) -> float:
        """What log p is divided by; `length` in tokens, the end mark counted, as transformers and fairseq count.

        power: length^a. gnmt: ((5 + length) / 6)^a (Wu et al. 2016, equation 14).
        """
        if self.normalisation == "off" or self.length_penalty == 0.0:
            return 1.0
        base = float(max(1, length)) if self.normalisation == "power" else (5.0 + length) / 6.0
        return float(base**self.length_penalty)


class Search(Request, frozen=True):
    """Decode one input; answers `SearchStep` events when the trace is asked for, then `SearchDone`."""

    model: str
    text: str = ""  # source sentence, or the prompt of a language model
    options: SearchOptions = SearchOptions()
    trace: bool = False
    reference: str = ""  # scored under the model, for telling search errors from model errors


class Token(msgspec.Struct, frozen=True):
    """One token of a hypothesis, with what else could have stood there."""

    piece: str
    id: int
    log_prob: float
    rank: int  # among all tokens at this place, 1 is the likeliest
    alternatives: tuple[tuple[str, float], ...] = ()  # likeliest pieces and their log-probabilities
    alternative_ids: tuple[int, ...] = ()  # their token ids


class Hypothesis(msgspec.Struct, frozen=True):
    """A sentence that a search wrote."""

    text: str
    tokens: tuple[Token, ...]
    log_prob: float  # nats, end mark included
    score: float  # what the search ranks by
    finished: bool = True  # False: cut at the maximum length, or stopped where nothing may follow
    weight: float = 0.0  # importance weight, stochastic beam only
    attention: FloatArray | None = None  # target tokens x source tokens
    quality: dict[str, float] = {}  # "bleu" and "chrf" against the reference, per cent; empty without one
    unmet: tuple[str, ...] = ()  # phrases it was asked to hold and does not

    @property
    def lacks(self) -> str:
        """What keeps it from being what was asked for, in a few words; empty when nothing does."""
        return ", ".join(
            [*([] if self.finished else ["unfinished"]), *(f"without “{phrase}”" for phrase in self.unmet)]
        )


class Branch(msgspec.Struct, frozen=True):
    """One candidate at one step of a search."""

    parent: int  # node it extends; -1 is the root
    node: int  # its own node, or -1 when it was pruned
    piece: str
    id: int
    log_prob: float  # of this token
    total: float  # of the whole prefix
    score: float  # what was compared
    reason: Reason
    margin: float = 0.0  # by how much it was below the last one kept; 0 when kept
    group: int = 0


class SearchStep(Event, frozen=True):
    """All candidates looked at in one step: those kept and the best of those pruned."""

    step: int
    branches: tuple[Branch, ...]
    seconds: float


class SearchDone(Event, frozen=True):
    """The hypotheses, best first."""

    hypotheses: tuple[Hypothesis, ...]
    source: tuple[str, ...]  # pieces of the input
    steps: int
    seconds: float
    reference: Hypothesis | None = None  # the reference, teacher-forced


class ScoreTexts(Request, frozen=True):
    """How good outputs are, all together, against one reference each; answers `TextScores`."""

    outputs: tuple[str, ...]
    references: tuple[str, ...]


class TextScores(Event, frozen=True):
    """Corpus figures, as sacrebleu computes them."""

    bleu: Metric
    chrf: Metric
