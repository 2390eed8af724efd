"""Decoding: what is asked of a search, and its hypotheses and trace."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from engine.messages.core import Event, FloatArray, Metric, Request
from engine.messages.settings import INT64, SEED, Settings, setting
from engine.messages.strategies import LABELS, STRATEGIES, TIPS, StrategyInfo

Reason = Literal[
    "kept", "finished", "rank", "repeated n-gram", "constraint", "length", "patience", "group", "vocabulary"
]


class SearchOptions(Settings, frozen=True, forbid_unknown_fields=True):
    """Everything a decoder can be told. Fields that a strategy does not use are ignored."""

    strategy: Annotated[
        str, setting("Strategy", effect="How the next words are chosen and compared", choices=LABELS, tips=TIPS)
    ] = "beam"
    beam: Annotated[
        int,
        setting(
            "Beam",
            ge=1,
            le=256,
            unit="hypotheses",
            effect="How many prefixes live at each step. Turning it up finds likelier sentences, often shorter and "
            "blander ones; greedy is a beam of 1",
        ),
    ] = 5
    n_best: Annotated[
        int,
        setting(
            "Returned",
            ge=1,
            le=256,
            unit="hypotheses",
            effect="How many sentences are returned; with sampling, how many are drawn",
            rare=True,
        ),
    ] = 5
    max_length: Annotated[
        int,
        setting(
            "Longest",
            ge=1,
            le=512,
            unit="tokens",
            effect="Sentences are cut here, the end mark not counted; too low leaves them unfinished",
            rare=True,
        ),
    ] = 40
    min_length: Annotated[
        int,
        setting(
            "Shortest",
            ge=0,
            le=512,
            unit="tokens",
            effect="No end mark before this many tokens; turning it up forces longer text",
            rare=True,
        ),
    ] = 0
    normalisation: Annotated[
        Literal["off", "power", "gnmt"],
        setting(
            "Length normalisation",
            effect="How scores of different lengths are compared. Off: log p itself, which favours short sentences. "
            "Power: log p / length^a. GNMT: log p / ((5 + length) / 6)^a",
            labels={"gnmt": "GNMT"},
        ),
    ] = "power"
    length_penalty: Annotated[
        float,
        setting(
            "Length penalty a",
            ge=-5,
            le=5,
            effect="Turning it up favours longer sentences; at 0 scores are plain log-probabilities, at 1 with power "
            "the mean per token",
            step=0.1,
        ),
    ] = 1.0
    coverage_penalty: Annotated[
        float,
        setting(
            "Coverage β",
            ge=0,
            le=10,
            effect="Punishes source words that got little attention (GNMT); 0 is off. Turning it up leaves less of the "
            "source untranslated",
            rare=True,
            step=0.1,
        ),
    ] = 0.0
    patience: Annotated[
        float,
        setting(
            "Patience",
            ge=0.01,
            le=100,
            unit="times the beam",
            effect="The search stops at this many finished sentences. Turning it up searches on after the first",
            rare=True,
            step=0.5,
        ),
    ] = 1.0
    stop: Annotated[
        Literal["patience", "heuristic", "bound", "exhaust"],
        setting(
            "Stop",
            effect="When the search ends. Bound: when nothing unfinished can still win. Heuristic: as transformers. "
            "Patience: when beam x patience are finished, as fairseq. Exhaust: at the longest length",
            rare=True,
        ),
    ] = "bound"
    no_repeat_ngram: Annotated[
        int,
        setting(
            "No repeated n-gram",
            ge=0,
            le=512,
            unit="tokens",
            effect="No run of this many tokens may occur twice, a prompt counted; 0 is off. Low values also forbid "
            "what must be repeated, such as names",
            rare=True,
        ),
    ] = 0
    repetition_penalty: Annotated[
        float,
        setting(
            "Repetition penalty",
            ge=0.01,
            le=100,
            effect="Multiplies the log-probabilities of tokens used before, a prompt's among them; 1 is off. "
            "(transformers does so in beams, but divides raw scores in greedy search and sampling.) Turning it up "
            "avoids repetition, and hurts where a word is needed twice",
            rare=True,
            step=0.1,
        ),
    ] = 1.0
    prefix: Annotated[str, setting("Forced beginning", effect="Every sentence starts with this text", rare=True)] = ""
    prefix_ids: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=INT64)], ...],
        setting("Forced tokens", effect="The same as token ids (a clicked node); wins over the text", rare=True),
    ] = ()
    prefix_pieces: Annotated[
        tuple[str, ...],
        setting(
            "Forced pieces",
            effect="What the forced tokens are in the vocabulary they were read in; a model that has others at these "
            "ids refuses them",
            rare=True,
        ),
    ] = ()
    constraints: Annotated[
        tuple[str, ...],
        setting(
            "Must contain",
            effect="Phrases that every sentence must hold; the beam is shared out between sentences that hold none, "
            "one, two … of their tokens",
            option="constraint",
        ),
    ] = ()
    groups: Annotated[
        int,
        setting(
            "Groups",
            ge=0,
            le=256,
            effect="The beam is split into groups that pay for repeating each other; 0 is one a hypothesis. More "
            "groups give more different sentences, each searched less thoroughly",
        ),
    ] = 0
    diversity: Annotated[
        float,
        setting(
            "Diversity λ",
            ge=0,
            le=100,
            unit="nats",
            effect="What a group pays for a token that an earlier group has just used. Turning it up makes the groups "
            "differ more, down to unlikely words",
            step=0.1,
        ),
    ] = 0.5
    temperature: Annotated[
        float,
        setting(
            "Temperature",
            ge=0.01,
            le=100,
            effect="Log-probabilities are divided by it before drawing. Below 1 the text gets safer and more alike, "
            "above 1 bolder and less fluent",
            step=0.1,
        ),
    ] = 1.0
    top_k: Annotated[
        int,
        setting(
            "Top-k",
            ge=0,
            le=1_000_000,
            unit="tokens",
            effect="Draw among the k likeliest tokens only; 0 is off (contrastive search then looks at a few). "
            "Turning it up lets rarer words in",
        ),
    ] = 0
    top_p: Annotated[
        float,
        setting(
            "Top-p",
            ge=0.0001,
            le=1,
            unit="of the mass",
            effect="Draw among the likeliest tokens that hold this share of the probability; 1 is off. Turning it down "
            "cuts the unreliable tail",
            step=0.05,
        ),
    ] = 1.0
    min_p: Annotated[
        float,
        setting(
            "Min-p",
            ge=0,
            le=1,
            effect="Draw among tokens at least this share as likely as the likeliest; 0 is off. Turning it up makes "
            "text safer where the model is sure",
            rare=True,
            step=0.01,
        ),
    ] = 0.0
    typical: Annotated[
        float,
        setting(
            "Typical",
            ge=0.0001,
            le=1,
            unit="of the mass",
            effect="Draw among tokens whose surprise is nearest to the expected one, until they hold this mass; 1 is "
            "off. Turning it down avoids both the dull and the odd",
            rare=True,
            step=0.05,
        ),
    ] = 1.0
    eta: Annotated[
        float,
        setting(
            "Eta",
            ge=0,
            lt=1,
            effect="Cut tokens below a threshold that falls with the entropy; 0 is off. Turning it up cuts more where "
            "the model is sure",
            rare=True,
            step=0.001,
        ),
    ] = 0.0
    samples: Annotated[
        int,
        setting(
            "Sentences drawn",
            ge=1,
            le=1024,
            effect="How many sentences are drawn. More make the risk estimate steadier and take longer",
        ),
    ] = 16
    utility: Annotated[
        Literal["chrf", "bleu"],
        setting(
            "Utility",
            effect="What two sentences have in common: character n-grams (chrF) or word n-grams (BLEU). The sentence "
            "most like the others wins",
            labels={"chrf": "chrF", "bleu": "BLEU"},
        ),
    ] = "chrf"
    penalty_alpha: Annotated[
        float,
        setting(
            "Similarity penalty",
            ge=0,
            le=1,
            effect="Weight of the similarity to what was said before. Turning it up avoids repetition and drifts "
            "further from the likeliest word",
            step=0.05,
        ),
    ] = 0.6
    seed: Annotated[
        int, setting("Seed", ge=0, le=SEED, effect="The same seed and settings draw the same sentences")
    ] = 0

    def conflicts(self) -> dict[str, str]:
        """Lengths crossed, a beam that its groups do not divide, phrases that are missing or forbidden."""
        wrong: dict[str, str] = {}
        if self.min_length > self.max_length:
            wrong["min_length"] = f"The shortest must not exceed the longest, {self.max_length} tokens."
        if self.strategy == "diverse" and self.beam % self.diverse_groups:
            fitting = " or ".join(str(n) for n in range(2, self.beam + 1) if not self.beam % n) or "1"
            wrong["groups"] = f"A beam of {self.beam} does not divide into {self.groups} groups; take {fitting}."
        if self.strategy == "constrained":
            if not any(phrase.strip() for phrase in self.constraints):
                wrong["constraints"] = "Type the phrases that must occur, separated by semicolons."
            elif repeated := next((p for p in self.constraints if _repeats(p, self.no_repeat_ngram)), ""):
                size = self.no_repeat_ngram
                wrong["no_repeat_ngram"] = (
                    f"The phrase {repeated!r} holds a run of {size} tokens twice, which is forbidden."
                )
        return wrong

    def __post_init__(self) -> None:
        """Raises ValueError when there is no such decoder."""
        if self.strategy not in STRATEGIES:
            raise ValueError(f"there is no decoder {self.strategy!r}; there are {', '.join(STRATEGIES)}")

    @property
    def info(self) -> StrategyInfo:
        """The decoder's declaration."""
        return STRATEGIES[self.strategy]

    def reads(self, name: str) -> bool:
        """Whether a setting does anything, the others being as they are."""
        if name == "length_penalty" and self.normalisation == "off":
            return False
        if name == "patience" and self.stop != "patience":
            return False
        return name in self.info.uses

    @property
    def diverse_groups(self) -> int:
        """Groups of a diverse beam."""
        return self.groups or self.beam

    @property
    def reshaping(self) -> str:
        """What is drawn from, in short: temperature and truncations that are on."""
        parts = (
            f"t = {self.temperature:g}" if self.temperature != 1 else "",
            f"top-{self.top_k}" if self.top_k else "",
            f"top-p {self.top_p:g}" if self.top_p < 1 else "",
            f"min-p {self.min_p:g}" if self.min_p else "",
            f"typical {self.typical:g}" if self.typical < 1 else "",
            f"eta {self.eta:g}" if self.eta else "",
        )
        return " ".join(part for part in parts if part)

    def used(self) -> SearchOptions:
        """The same with everything that the decoder does not read at its default.

        How length is normalised stays: it says what the score is that every decoder reports.
        """
        always = ("strategy", "normalisation", "length_penalty")
        values = msgspec.structs.asdict(self).items()
        return SearchOptions(**{name: value for name, value in values if name in always or self.reads(name)})

    def unread(self) -> tuple[str, ...]:
        """The settings that are not at their default though the decoder does not read them."""
        read, values = msgspec.structs.asdict(self.used()), msgspec.structs.asdict(self)
        return tuple(name for name, value in values.items() if value != read[name])

    def divisor(self, length: int) -> float:
        """What log p is divided by; `length` in tokens, the end mark counted, as transformers and fairseq count.

        power: length^a. gnmt: ((5 + length) / 6)^a (Wu et al. 2016, equation 14).
        """
        if self.normalisation == "off" or self.length_penalty == 0.0:
            return 1.0
        base = float(max(1, length)) if self.normalisation == "power" else (5.0 + length) / 6.0
        return float(base**self.length_penalty)


def _repeats(phrase: str, size: int) -> bool:
    """Whether a run of so many words stands twice in a phrase; every word is a token or more."""
    words = phrase.split()
    runs = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)] if size else []
    return len(set(runs)) < len(runs)


class Search(Request, frozen=True):
    """Decode one input; answers `SearchStep` events when the trace is asked for, then `SearchDone`."""

    model: Annotated[str, setting("Model", effect="Name or path of what decodes", path=True)]
    text: Annotated[str, setting("Text", effect="The sentence to translate, or the beginning to continue")] = ""
    options: SearchOptions = SearchOptions()
    trace: Annotated[bool, setting("Trace", effect="Keep every step of the search", rare=True)] = False
    reference: Annotated[
        str, setting("Reference", effect="A sentence to score beside the ones found, under the model", rare=True)
    ] = ""


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
            [*(f"without “{phrase}”" for phrase in self.unmet), *([] if self.finished else ["unfinished"])]
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
