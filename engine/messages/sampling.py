"""Metropolis-Hastings sentence editing: what is asked and what each proposal answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from engine.messages.core import Event, FloatArray, Request

Move = Literal["replace", "insert", "delete"]
Count = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

# gc=False below: a run holds very many of these, none of them in a cycle, and collecting them stalls the window


class MoveWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each move is proposed; normalised to one."""

    replace: Weight = 1.0
    insert: Weight = 1.0
    delete: Weight = 1.0


class TermWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of the terms of the target's log density; zero leaves a term out."""

    fluency: Weight = 1.0  # log p(sentence) of the forward language model, nats
    similarity: Weight = 0.0  # soft similarity to the source sentence, a log score <= 0
    length: Weight = 0.0  # -(words - length_goal)^2 / 2


class Sample(Request, frozen=True):
    """Run CGMH (Miao et al. 2019), exact: chains over sentences whose stationary law is the stated target.

    Answers `SampleStarted`, then a `SampleStep` for each step of all chains, `Diagnostics` now and then.
    """

    model: str  # name or path of the forward language model, the target
    backward: str = ""  # name or path of its backward partner; empty: the one the model names
    keywords: str = ""  # words that every sentence must hold
    source: str = ""  # a sentence to paraphrase
    start: str = ""  # the first sentence; empty: the keywords, or the source
    locked: tuple[int, ...] = ()  # positions in the start sentence that may not be changed or deleted
    order: Literal["fixed", "any"] = "fixed"  # keywords in the order given, or in any order
    steps: Annotated[int, msgspec.Meta(ge=0)] = 500  # 0: until cancelled
    chains: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    candidates: Count = 50  # K, words pre-selected by the forward and backward models
    full_share: Share = 0.05  # share of proposals drawn from the whole vocabulary; above 0 the chain is irreducible
    moves: MoveWeights = MoveWeights()
    terms: TermWeights = TermWeights()
    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # the target is raised to 1 / temperature
    ladder: tuple[Annotated[float, msgspec.Meta(gt=0)], ...] = ()  # parallel tempering: one chain a temperature
    length_goal: Count = 10  # words
    min_length: Count = 1  # words; outside the target's support below this
    max_length: Count = 25  # words; outside the target's support above this
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """One word considered for the slot."""

    word: str
    probability: float  # g(word), the chance of drawing it in this proposal
    log_forward: float  # log p(word | left context), forward model, nats
    log_backward: float  # log p(word | right context), backward model, nats
    log_target: float  # log density of the sentence with this word, unnormalised; nan when it was not scored
    current: bool = False  # the word that stands there now (or is to be deleted)
    drawn: bool = False
    inside: bool = True  # whether it belongs to Q; outside, only the full-vocabulary share can propose it


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """One proposal of one chain, with every number of its acceptance test.

    log_alpha = min(0, (sum of the weighted terms' differences) / temperature + log_g_backward - log_g_forward).
    """

    chain: int
    step: int
    move: Move
    position: int  # in words; for insert, the slot before this word of the old sentence
    old: str  # the word that leaves; empty for insert
    new: str  # the word that arrives; empty for delete
    terms: dict[str, tuple[float, float]]  # weighted terms, before and after
    log_g_forward: float  # log probability of proposing this change: move, position and word
    log_g_backward: float  # log probability of proposing the way back
    log_alpha: float
    log_u: float  # log of the uniform number drawn
    accepted: bool
    words: tuple[str, ...]  # the sentence after the verdict
    locked: tuple[bool, ...]  # which of them may not change
    sentence: str  # the same, as a person would write it
    temperature: float = 1.0
    reason: str = ""  # why a move was impossible (no free word, length bound), when it was
    log_slot: float = float("nan")  # log(sum of candidate densities / density without the word), the slot's number
    candidates: tuple[Candidate, ...] = ()  # the likeliest few, for display; the drawn and current ones included


class Swap(msgspec.Struct, frozen=True, gc=False):
    """An exchange of sentences between two neighbouring temperatures."""

    low: int  # chain at the lower temperature
    high: int
    log_alpha: float
    accepted: bool


class SampleStarted(Event, frozen=True):
    """The chains stand at their first sentences."""

    request: Sample
    words: tuple[str, ...]
    locked: tuple[bool, ...]
    sentence: str
    terms: dict[str, float]  # of the first sentence, weighted
    unknown: tuple[str, ...] = ()  # words kept verbatim and scored as unknown


class SampleStep(Event, frozen=True, gc=False):
    """One proposal in every chain."""

    step: int
    proposals: tuple[Proposal, ...]
    swaps: tuple[Swap, ...] = ()


class Visited(msgspec.Struct, frozen=True, gc=False):
    """A sentence and how often chains stood there."""

    sentence: str
    count: int
    log_target: float


class Diagnostics(Event, frozen=True):
    """How well the chains have mixed so far."""

    step: int
    acceptance: dict[str, float]  # accepted share of each move's proposals
    r_hat: float  # rank-normalised split R-hat of the log density; nan with too few draws
    ess: float  # effective sample size of the log density over all chains
    autocorrelation: FloatArray  # of the log density by lag, mean over chains
    most_visited: tuple[Visited, ...]
    proposals_per_second: float
    draws: int = 0  # that r_hat, ess and autocorrelation are of: the last half of the chains followed
    change: dict[str, float] = {}  # share of each move's proposals that changed the sentence


class ExactToy(Request, frozen=True):
    """A tiny vocabulary whose every sentence is enumerated: the kernel's law beside the exact one.

    Answers `ToySpace`, then `ToyStep` events.
    """

    vocabulary: Annotated[int, msgspec.Meta(ge=2, le=6)] = 4  # words
    max_length: Annotated[int, msgspec.Meta(ge=1, le=5)] = 4
    candidates: Count = 2
    full_share: Share = 0.1
    keyword: bool = False  # one word must be present
    similarity: Weight = 0.0
    defects: tuple[str, ...] = ()  # "as released" switches, to show what each does; see engine.mcmc.toy
    steps: Count = 20_000
    chains: Annotated[int, msgspec.Meta(ge=1, le=256)] = 16
    every: Count = 200  # steps between two `ToyStep`s
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0


class ToySpace(Event, frozen=True):
    """The enumerated space and what the transition matrix says."""

    sentences: tuple[str, ...]
    exact: FloatArray  # target probability of each sentence
    stationary: FloatArray  # the kernel's own law, from its transition matrix
    invariance: float  # max |pi P - pi|
    detailed_balance: float  # max |pi_i P_ij - pi_j P_ji|
    balance_by_move: dict[str, float]
    total_variation: float  # between target and stationary law


class ToyStep(Event, frozen=True):
    """The chain's histogram after so many steps."""

    step: int
    empirical: FloatArray
    total_variation: float
    expected: float  # total variation that Monte-Carlo error alone would give
