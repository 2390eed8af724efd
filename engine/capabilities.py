"""What a model can do, as small typed protocols: everything an algorithm may use of a model is here.

Panels, samplers, searches and metrics ask for a capability and never for a class: `require` gives a model as what is
asked for or says in one sentence what it lacks, `isinstance` asks for a power that only makes things better. Nothing
probes a model for attributes.

Shapes: B rows (sentences, beams or chains), T positions, V vocabulary entries, D latent dimensions. Token ids and
states live on the model's `device`; sentences given as plain lists have no marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from typing_extensions import TypeVar as TypeVarWithDefault

from engine.messages.core import FloatArray
from engine.vocabulary import Vocabulary

Direction = Literal["forward", "backward"]


@runtime_checkable
class Model(Protocol):
    """What every model has."""

    @property
    def tokenizer(self) -> Vocabulary:
        """The words it reads and writes."""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""


@runtime_checkable
class State(Protocol):
    """What a model remembers of the tokens read so far, for B rows.

    States are immutable: `select` and `concat` return new ones, so that a prefix can be kept and continued twice.
    """

    def select(self, rows: Tensor) -> Self:
        """The states of the given rows ([N] int64), repeated or reordered as asked."""

    @classmethod
    def concat(cls, states: Sequence[Self]) -> Self:
        """One state whose rows are those of all the given states, in order; ValueError where they cannot be joined."""

    def __len__(self) -> int:
        """The number of rows, B."""


S = TypeVarWithDefault("S", default=Any)
"""The model's own kind of state, which only the model looks into."""


# --- writing ---------------------------------------------------------------------------------------------------------


@runtime_checkable
class NextToken(Model, Protocol[S]):
    """Gives the distribution of the next token after a prefix, one token at a time.

    A model conditioned on something (a source sentence, a latent point) gives one `NextToken` whose row b
    belongs to condition b; `select` on its state spreads a condition over several beams.
    """

    def begin(self, batch: int) -> S:
        """The state after the start mark, for `batch` rows."""

    def advance(self, state: S, tokens: Tensor) -> S:
        """The state after one more token in each row (`tokens` [B] int64)."""

    def log_probs(self, state: S) -> Tensor:
        """Log-probabilities of the next token, [B, V], in nats."""


@runtime_checkable
class Scores(NextToken[S], Protocol[S]):
    """Scores known continuations in one batch, without forming whole distributions."""

    def score(self, state: S, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token after a state.

        Args:
            state: B rows.
            tokens: [B, T] int64, the continuation (end mark included where it counts), padded at the end.
            lengths: [B] int64, how many tokens of each row count.

        Returns:
            [B, T] log-probabilities in nats, zero beyond each row's length.
        """


@runtime_checkable
class Directed(Protocol):
    """Says which way it reads sentences; whoever does not say reads forward."""

    @property
    def direction(self) -> Direction:
        """Backward: from the last word to the first."""


@runtime_checkable
class Features(NextToken[S], Protocol[S]):
    """Has a vector that says what is meant next: what contrastive search compares."""

    def features(self, state: S) -> Tensor:
        """One vector for each row, [B, any width]."""


@runtime_checkable
class Likeliest(NextToken[S], Protocol[S]):
    """Finds the likeliest next tokens without forming the whole distribution."""

    def likeliest(self, state: S, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The `count` likeliest tokens that are not among `without`: ids and log-probabilities, each [B, count]."""


@runtime_checkable
class WordVectors(Protocol):
    """Has a vector for each word."""

    def word_vectors(self) -> Tensor:
        """[V, E]."""


# --- reading a source ------------------------------------------------------------------------------------------------


@runtime_checkable
class Seq2Seq(Model, Protocol):
    """Maps source sentences to a `NextToken` over target sentences."""

    def condition(self, sources: Sequence[Sequence[int]]) -> NextToken:
        """The target distribution given each source; row b reads source b. Raises ValueError for an empty one."""


@runtime_checkable
class Attention(Protocol):
    """What `Seq2Seq.condition` gives, where targets look at their sources."""

    def attention(self, targets: Sequence[Sequence[int]], sources: Sequence[int]) -> list[Tensor]:
        """How much each token of each target, and its end mark, looked at each source position: [T + 1, S] each.

        S is the longest source's positions, end mark included; `sources` says which source each target belongs to.
        """


@runtime_checkable
class Coverage(NextToken[S], Protocol[S]):
    """What `Seq2Seq.condition` gives, where it can sum up how much each source position was looked at."""

    track_coverage: bool
    """Set before `begin`: whether states keep the sum."""

    def coverage(self, state: S) -> Tensor:
        """Attention each source position got so far, [B, S]; raises ValueError where the state did not keep it."""


# --- latent spaces ---------------------------------------------------------------------------------------------------


class MixtureShape(Protocol):
    """How a point of a mixture model is made up: the Gaussian part, then M blocks."""

    @property
    def gaussian(self) -> int:
        """Dimensions of the part under N(0, I)."""

    @property
    def mixtures(self) -> int:
        """M, mixture variables."""

    @property
    def components(self) -> int:
        """K, components of each."""

    @property
    def width(self) -> int:
        """d, coordinates of a block."""

    @property
    def offset(self) -> int:
        """Where block 0 begins."""

    @property
    def discrete(self) -> bool:
        """Whether the decoder reads codes, not points drawn from components."""


class Prior(Protocol):
    """p(z): where points lie before any sentence is known."""

    @property
    def scale(self) -> float:
        """The standard deviation of a coordinate about zero, for drawing; 1 in N(0, I)."""

    def sample(self, count: int, random: np.random.Generator) -> FloatArray:
        """Points, [count, D]."""

    def log_prob(self, points: Tensor) -> Tensor:
        """Log density of points [..., D], [...]."""


class Posterior(Protocol):
    """q(z|x) for B sentences. A Gaussian is one kind; mixtures, flows, laws on a sphere are others."""

    @property
    def mean(self) -> Tensor:
        """[B, D]."""

    @property
    def log_variance(self) -> Tensor:
        """Of each coordinate by itself, [B, D]."""

    @property
    def gaussian(self) -> bool:
        """Whether it is the independent Gaussian of its mean and log-variance, so that these say all."""

    def sample(self) -> Tensor:
        """One point for each sentence, [B, D], with gradients where it has them; torch's generator gives the noise."""

    def samples(self, count: int, randoms: Sequence[np.random.Generator]) -> Tensor:
        """`count` points for each sentence, [B, S, D] in float64, row b from `randoms[b]` alone.

        So a sentence's points do not depend on the batch it falls into.
        """

    def log_prob(self, points: Tensor) -> Tensor:
        """Log q(point|x) of each sentence's own points, [B, S, D] -> [B, S]."""

    def kl(self, prior: Prior) -> Tensor | None:
        """KL(q(z|x) || prior) in closed form, in parts that add up, [B, parts]; None where there is none."""


@runtime_checkable
class Latent(Model, Protocol):
    """Encodes sentences to a posterior and decodes points of the latent space."""

    @property
    def latent_size(self) -> int:
        """D."""

    @property
    def variational(self) -> bool:
        """Whether posterior and prior are laws; in a plain autoencoder the posterior is a point."""

    @property
    def prior(self) -> Prior:
        """p(z); a plain autoencoder has one to draw points from."""

    def posterior(self, sentences: Sequence[Sequence[int]]) -> Posterior:
        """q(z|x) of token ids without marks."""

    def decoder(self, points: Tensor) -> Scores:
        """The sentence distribution p(x|z) at each point ([B, D]); row b reads point b."""


@runtime_checkable
class Mixture(Latent, Protocol):
    """A latent space whose prior is a mixture with named components."""

    @property
    def shape(self) -> MixtureShape:
        """How a point is made up."""

    def components(self) -> tuple[Tensor, Tensor, Tensor]:
        """Means [M, K, d], log-variances [M, K, d] and weights [M, K] of the prior's M mixtures of K components."""

    def responsibilities(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """q(c|x), [B, M, K]."""

    def blocks(self, points: Tensor) -> Tensor:
        """The mixtures' coordinates of points [..., D] as [..., M, d]."""


# --- judging and filling ---------------------------------------------------------------------------------------------


@runtime_checkable
class Classifier(Model, Protocol):
    """Gives label probabilities for sentences, or for pairs of them."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def pairs(self) -> bool:
        """Whether it judges a sentence beside a premise (entailment, paraphrase), not by itself."""

    def label_log_probs(self, sentences: Sequence[Sequence[int]], premises: Sequence[Sequence[int]] = ()) -> Tensor:
        """Log-probability of each label, [B, labels], in nats.

        `premises` has one for each sentence where `pairs` is on, else none; ValueError otherwise.
        """


@runtime_checkable
class Masked(Model, Protocol):
    """Knows the law of a place in a sentence from everything around it.

    The place is masked inside the call, so that no caller can leak the word that stands there.
    """

    def fill(self, sentences: Sequence[Sequence[int]], places: Sequence[int]) -> Tensor:
        """Log-probabilities of the word at one place of each sentence (`places` [B]), [B, V], in nats."""


# --- asking ----------------------------------------------------------------------------------------------------------

LISTED: tuple[type, ...] = (NextToken, Scores, Seq2Seq, Latent, Mixture, Classifier, Masked)
"""The capabilities that the list of models names; the others are finer powers of models that have one of these."""

_LACKS: dict[type, str] = {
    NextToken: "does not write text: it has neither next tokens nor a source to translate",
    Scores: "is no language model: it cannot score sentences",
    Features: "has no vector for each position, which contrastive search compares",
    WordVectors: "has no word vectors, which the similarity of words is measured by",
    Seq2Seq: "does not translate: it reads no source",
    Attention: "has no attention to a source",
    Coverage: "has no attention to a source, which a coverage penalty needs",
    Latent: "has no latent space: it neither encodes sentences nor decodes points",
    Mixture: "has no mixture in its latent space, so it has no clusters to show",
    Classifier: "gives no label probabilities",
    Masked: "cannot fill a masked place",
}

C = TypeVar("C")


def require(model: object, capability: type[C], name: str = "", others: Iterable[str] = ()) -> C:
    """The model as what is asked for; raises ValueError with one sentence when it lacks that.

    Args:
        model: any model.
        capability: a protocol of this module.
        name: the model's, for the sentence.
        others: names of models that have the capability, for the sentence.
    """
    if isinstance(model, capability):
        return model
    instead = ", ".join(sorted(others))
    raise ValueError(f"{name or 'this model'} {_LACKS[capability]}" + (f"; {instead} can" if instead else ""))


def direction(model: object) -> Direction:
    """Which way a language model reads."""
    return model.direction if isinstance(model, Directed) else "forward"


def capabilities_of(model: object) -> tuple[str, ...]:
    """The names of the listed capabilities that a model (or a class of models) has: those whose methods it all has."""
    return tuple(c.__name__ for c in LISTED if all(hasattr(model, m) for m in _methods(c)))


def _methods(protocol: type) -> set[str]:
    own = (base for base in protocol.__mro__ if base.__module__ == __name__)
    return {name for base in own for name, value in vars(base).items() if callable(value) and name[0] != "_"}
