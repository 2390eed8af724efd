"""Metropolis-Hastings sentence editing: what is asked and what each proposal answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

import msgspec

from engine.messages.core import Event, FloatArray, Request
from engine.messages.settings import Settings, setting

Move = Literal["replace", "insert", "delete"]
ProposalKind = Annotated[
    Literal["gibbs", "metropolised"],
    setting(
        "Proposal",
        effect="What draws the word. Gibbs: the target, so that a replacement often draws the word that stands there. "
        "Metropolised: never that word, which changes more sentences at the same cost; both are exact",
        labels={"gibbs": "Gibbs", "metropolised": "metropolised"},
        rare=True,
    ),
]
Places = Annotated[
    Literal["free", "every"],
    setting(
        "Places",
        effect="Where words are replaced and deleted: at those free to change, or at every one, in vain where a word "
        "must stay; both are exact",
        labels={"free": "free places", "every": "every place"},
        rare=True,
    ),
]


def _move(name: str) -> msgspec.Meta:
    return setting(
        f"Weight of {name}",
        ge=0,
        le=1000,
        effect=f"How often {name} is proposed, beside the other two moves; they are normalised to one",
        step=0.1,
    )


LONG = 2**128 - 1  # the largest seed of a run, whose streams numpy makes of whole numbers of any size

# gc=False below: a run holds very many of these, none of them in a cycle, and collecting them stalls the window


class MoveWeights(Settings, frozen=True, forbid_unknown_fields=True):
    """How often each move is proposed; normalised to one."""

    replace: Annotated[float, _move("replace")] = 1.0
    insert: Annotated[float, _move("insert")] = 1.0
    delete: Annotated[float, _move("delete")] = 1.0

    def conflicts(self) -> dict[str, str]:
        """No move at all, or a move without its way back."""
        if self.replace + self.insert + self.delete <= 0:
            return {"": "Give at least one move a weight above zero."}
        if (self.insert > 0) != (self.delete > 0):
            lone, other = ("insert", "delete") if self.insert > 0 else ("delete", "insert")
            return {"": f"{lone.capitalize()} needs {other}: without the way back it is never accepted."}
        return {}


class TargetTerm(Settings, frozen=True, kw_only=True, tag_field="term", forbid_unknown_fields=True):
    """One term of the target's log density: a weight times a log score of the sentence; weight zero leaves it out."""

    weight: float

    @property
    def models(self) -> tuple[str, ...]:
        """Models that the term asks, by name or path; they are loaded before the run."""
        return ()


class Fluency(TargetTerm, frozen=True, tag="fluency"):
    """log p(sentence) of the forward language model, nats."""

    weight: Annotated[
        float,
        setting(
            "Fluency weight",
            ge=0,
            le=1000,
            effect="Weight of log p of the language model; turning it up makes the text more probable, at 0 it counts "
            "for nothing",
            rare=True,
            step=0.1,
            option="fluency",
        ),
    ] = 1.0


class Similarity(TargetTerm, frozen=True, tag="similarity"):
    """Soft similarity to the request's source sentence, a log score <= 0."""

    weight: Annotated[
        float,
        setting(
            "Similarity weight",
            ge=0,
            le=1000,
            effect="How strongly a paraphrase holds on to the source's words; turning it up keeps the meaning and the "
            "wording",
            rare=True,
            step=1,
            option="similarity",
        ),
    ] = 30.0  # the least at which all that must survive did in `mh-paraphrase`, seeds 0 to 2; 20 loses some
    keep: Annotated[
        bool,
        setting(
            "Keep names, negations",
            effect="Word vectors hardly tell a name, a number or a negation from another: on, each counts by itself, "
            "and a negation that the source lacks costs as much",
            rare=True,
            option="keep",
        ),
    ] = True


class Length(TargetTerm, frozen=True, tag="length"):
    """-(words - goal)^2 / 2."""

    weight: Annotated[
        float,
        setting(
            "Length weight",
            ge=0,
            le=1000,
            effect="How strongly length is drawn to the goal: each squared word of distance costs half this many nats",
            rare=True,
            step=0.05,
            option="length",
        ),
    ] = 0.0
    goal: Annotated[
        int,
        setting(
            "Length goal",
            ge=1,
            le=1000,
            unit="words",
            effect="The length that the length weight draws to",
            rare=True,
            option="length-goal",
        ),
    ] = 10


Term = Fluency | Similarity | Length


class Sample(Request, frozen=True):
    """Run CGMH (Miao et al. 2019), exact: chains over sentences whose stationary law is the stated target.

    Answers `SampleStarted`, then a `SampleStep` for each step of all chains, `Diagnostics` now and then.
    """

    model: Annotated[
        str,
        setting(
            "Language model",
            effect="Name or path of the forward language model: its probability of a sentence is the target's fluency "
            "term",
            path=True,
        ),
    ]
    backward: Annotated[
        str,
        setting(
            "Backward model",
            effect="Name or path of the partner that reads the other way; empty: the one the model names",
            rare=True,
            path=True,
        ),
    ] = ""
    keywords: Annotated[str, setting("Keywords", effect="Words that every sentence must hold")] = ""
    source: Annotated[str, setting("Source", effect="Sentence to say in other words")] = ""
    start: Annotated[
        str,
        setting(
            "First sentence",
            effect="Where the chains start; it must hold the keywords. Empty: the source, or the keywords",
            rare=True,
        ),
    ] = ""
    locked: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=10_000)], ...],
        setting("Locked places", effect="Places in the first sentence, from 0, that may not be changed or deleted"),
    ] = ()
    order: Annotated[
        Literal["fixed", "any"],
        setting(
            "Keyword order",
            effect="Whether the keywords must stand in the order typed",
            labels={"fixed": "as typed"},
            rare=True,
        ),
    ] = "fixed"
    steps: Annotated[
        int, setting("Steps", ge=0, le=1_000_000_000, effect="Proposals of each chain; 0 goes on until it is stopped")
    ] = 500
    chains: Annotated[
        int,
        setting(
            "Chains",
            ge=1,
            le=256,
            effect="How many sentences are edited side by side from the same start. More chains tell whether they "
            "agree (R-hat) and cost little each",
        ),
    ] = 1
    candidates: Annotated[
        int,
        setting(
            "Candidates K",
            ge=1,
            le=100_000,
            unit="words",
            effect="Words pre-selected for a place by the forward and the backward model. Turning it up lets rarer "
            "words in and makes each step slower",
        ),
    ] = 50
    full_share: Annotated[
        float,
        setting(
            "Free draws",
            ge=0,
            le=1,
            unit="share",
            effect="Share of words drawn from the whole vocabulary instead of the K candidates; above 0 every sentence "
            "can be reached",
            rare=True,
            step=0.01,
        ),
    ] = 0.05
    proposal: ProposalKind = "gibbs"
    places: Places = "free"
    moves: MoveWeights = MoveWeights()
    terms: tuple[Term, ...] = (Fluency(),)  # of the target's log density, one of a kind
    temperature: Annotated[
        float,
        setting(
            "Temperature",
            ge=0.01,
            le=1000,
            effect="The target is raised to 1 / temperature. Below 1 the text gets safer and more alike, above 1 "
            "bolder and less fluent",
            step=0.1,
        ),
    ] = 1.0
    ladder: Annotated[
        tuple[Annotated[float, msgspec.Meta(ge=0.01, le=1000)], ...],
        setting(
            "Tempering ladder",
            effect="Parallel tempering: one chain a temperature, neighbours exchange sentences. Hotter chains explore, "
            "the first one collects",
            rare=True,
        ),
    ] = ()
    min_length: Annotated[
        int, setting("Shortest", ge=1, le=1000, unit="words", effect="No sentence gets shorter than this", rare=True)
    ] = 1
    max_length: Annotated[
        int, setting("Longest", ge=1, le=1000, unit="words", effect="No sentence gets longer than this", rare=True)
    ] = 25
    seed: Annotated[
        int,
        setting("Seed", ge=0, le=LONG, effect="The same seed and settings give the same run, proposal for proposal"),
    ] = 0

    done: Annotated[
        int,
        setting(
            "Steps done", ge=0, le=1_000_000_000, effect="Of a run that goes on: steps before this request", rare=True
        ),
    ] = 0
    standing: Annotated[
        tuple[tuple[str, ...], ...], setting("Standing", effect="Of a run that goes on: where each chain stood then")
    ] = ()

    def completed(self, given: Collection[str]) -> Self:
        """A paraphrase without a weight keeps to its source; a term of weight zero is left out."""
        if "terms" in given:
            return self
        terms = self.terms
        if "terms.similarity.weight" not in given:
            similar = [t for t in terms if isinstance(t, Similarity)] or [Similarity()]
            terms = (*(t for t in terms if not isinstance(t, Similarity)), *(similar if self.source.strip() else ()))
        kinds: list[type[TargetTerm]] = [Fluency, Similarity, Length]
        kept = sorted((t for t in terms if t.weight), key=lambda t: kinds.index(type(t)))
        return msgspec.structs.replace(self, terms=tuple(kept))

    def conflicts(self) -> dict[str, str]:
        """Lengths crossed, a target without terms, a similarity to nothing, half of what it takes to go on."""
        wrong: dict[str, str] = {}
        if self.min_length > self.max_length:
            wrong["max_length"] = f"The longest sentence must have at least the shortest's {self.min_length} words."
        if self.standing and len(self.standing) != (len(self.ladder) or self.chains):
            wrong["standing"] = "A run goes on from one sentence for each chain."
        if self.done and not self.standing:
            wrong["done"] = "A run that goes on needs the sentences its chains stood at."
        kinds = [t.__struct_config__.tag for t in self.terms]
        if len(set(kinds)) < len(kinds):
            wrong["terms"] = "Give the target at most one term of a kind."
        if sum(t.weight for t in self.terms) <= 0:
            wrong["terms.fluency.weight"] = "Give the target at least one term: a fluency weight above zero."
        if any(isinstance(t, Similarity) and t.weight > 0 for t in self.terms) and not self.source.strip():
            wrong["terms.similarity.weight"] = "Similarity needs a source sentence to be similar to."
        return wrong


class SuggestLadder(Request, frozen=True):
    """Find temperatures for parallel tempering by short pilot runs; answers `Progress` and `LadderSuggested`."""

    sample: Sample = Sample(model="")  # the run that they are for; its temperature is the lowest
    temperatures: Annotated[
        int, setting("Temperatures", ge=2, le=32, effect="Chains on the ladder; more of them reach hotter ones")
    ] = 4
    steps: Annotated[
        int,
        setting(
            "Pilot steps",
            ge=8,
            le=100_000,
            effect="Length of each pilot run; turning it up measures the swaps more surely",
            rare=True,
        ),
    ] = 60


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
    log_g_forward: float  # log probability of proposing this change: move, place (each as likely) and word
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
    log_places: float = 0.0  # log of how many places this one was chosen among, less that of the way back
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


class LadderSuggested(Event, frozen=True):
    """Temperatures, and how often neighbours would exchange sentences there."""

    ladder: tuple[float, ...]
    swaps: tuple[float, ...]  # of each two neighbours


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
    swaps: tuple[float, ...] = ()  # on a ladder, share of exchanges accepted between each two neighbours
    change: dict[str, float] = {}  # share of each move's proposals that changed the sentence


Defect = Literal["delete", "replace", "threshold", "length", "scan", "front"]


class ExactToy(Request, frozen=True):
    """A tiny vocabulary whose every sentence is enumerated: the kernel's law beside the exact one.

    Answers `ToySpace`, then `ToyStep` events.
    """

    vocabulary: Annotated[
        int,
        setting("Words", ge=2, le=6, unit="words", effect="Words of the vocabulary; the space grows as a power of it"),
    ] = 4
    max_length: Annotated[
        int, setting("Longest", ge=1, le=5, unit="words", effect="Length of the longest sentence")
    ] = 4
    candidates: Annotated[
        int,
        setting(
            "Candidates K",
            ge=1,
            le=6,
            unit="words",
            effect="Words pre-selected for a place; fewer than all make it a test",
        ),
    ] = 2
    full_share: Annotated[
        float,
        setting(
            "Free draws",
            ge=0,
            le=1,
            unit="share",
            effect="Share of words drawn from the whole vocabulary; at 0 the chain may never reach some sentences",
            step=0.05,
        ),
    ] = 0.1
    proposal: ProposalKind = "gibbs"
    places: Places = "free"  # with defects, as in the release, every one
    keyword: Annotated[
        bool,
        setting(
            "One word must be there",
            effect="A hard constraint: sentences without the keyword have probability zero",
        ),
    ] = False
    similarity: Annotated[
        float,
        setting(
            "Similarity",
            ge=0,
            le=1000,
            effect="A soft pull towards one sentence: the higher, the more the law gathers around it",
            step=0.5,
        ),
    ] = 0.0
    defects: Annotated[
        tuple[Defect, ...],
        setting(
            "As released",
            effect="What the released code does differently, to show what each does",
            labels={
                "delete": "Wrong way back of a deletion",
                "replace": "Replace always accepted",
                "threshold": "Extra gate",
                "length": "Hidden length reward",
                "scan": "Places by a pointer",
                "front": "No insertion at the front",
            },
            tips={
                "delete": "The way back of a deletion is given another candidate's chance, not the deleted word's",
                "replace": "Replace takes every draw, also when the present word is no candidate and could not come "
                "back",
                "threshold": "A new sentence much less likely than the old one is refused outright, beside the "
                "Metropolis-Hastings test",
                "length": "Insertions are favoured by 10 over the length, deletions do not pay it back",
                "scan": "The place is not drawn but moves on with what happened, so the way back is not as likely as "
                "the way there",
                "front": "The slot before the first word is never offered, but its word can be deleted",
            },
            option="defect",
        ),
    ] = ()
    steps: Annotated[int, setting("Steps", ge=1, le=1_000_000_000, effect="Proposals of each chain")] = 20_000
    chains: Annotated[int, setting("Chains", ge=1, le=256, effect="Chains that are counted together")] = 16
    every: Annotated[
        int,
        setting("Counted every", ge=1, le=1_000_000_000, unit="steps", effect="Steps between two countings", rare=True),
    ] = 200
    seed: Annotated[int, setting("Seed", ge=0, le=LONG, effect="The same seed gives the same histogram")] = 0


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
