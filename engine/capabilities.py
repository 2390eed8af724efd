"""What a model can do, as small typed protocols.

Panels, samplers, searches and metrics ask for a capability and never for a class. A model that implements a
protocol's methods has the capability; `capabilities_of` names them for the model list.

Shapes: B rows (sentences, beams or chains), T positions, V vocabulary entries, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, runtime_checkable

from torch import Tensor

from engine.text import Tokenizer


@runtime_checkable
class State(Protocol):
    """What a model remembers of the tokens read so far, for B rows.

    States are immutable: `select` and `concat` return new ones, so that a prefix can be kept and continued twice.
    """

    def select(self, rows: Tensor) -> Self:
        """The states of the given rows ([N] int64), repeated or reordered as asked."""

    @staticmethod
    def concat(states: Sequence[Any]) -> Any:
        """One state whose rows are those of all the given states, in order."""

    def __len__(self) -> int:
        """The number of rows, B."""


@runtime_checkable
class NextToken(Protocol):
    """Gives the distribution of the next token after a prefix, one token at a time.

    A model conditioned on something (a source sentence, a latent point) gives one `NextToken` whose row b
    belongs to condition b; `select` on its state spreads a condition over several beams.
    """

    tokenizer: Tokenizer

    def begin(self, batch: int) -> Any:
        """The state after the start mark, for `batch` rows."""

    def advance(self, state: Any, tokens: Tensor) -> Any:
        """The state after one more token in each row (`tokens` [B] int64)."""

    def log_probs(self, state: Any) -> Tensor:
        """Log-probabilities of the next token, [B, V], in nats."""


@runtime_checkable
class Scores(NextToken, Protocol):
    """Scores known continuations in one batch, without forming whole distributions."""

    def score(self, state: Any, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token after a state.

        Args:
            state: B rows.
            tokens: [B, T] int64, the continuation (end mark included where it counts), padded at the end.
            lengths: [B] int64, how many tokens of each row count.

        Returns:
            [B, T] log-probabilities in nats, zero beyond each row's length.
        """


@runtime_checkable
class Seq2Seq(Protocol):
    """Maps source sentences to a `NextToken` over target sentences."""

    tokenizer: Tokenizer

    def condition(self, sources: Sequence[Sequence[int]]) -> NextToken:
        """The target distribution given each source (token ids without marks); row b reads source b."""


@runtime_checkable
class Latent(Protocol):
    """Encodes sentences to a Gaussian posterior and decodes points of the latent space."""

    tokenizer: Tokenizer
    latent_size: int

    def posterior(self, sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), each [B, D], for token ids without marks."""

    def decoder(self, points: Tensor) -> NextToken:
        """The sentence distribution p(x|z) at each point ([B, D]); row b reads point b."""


@runtime_checkable
class Mixture(Latent, Protocol):
    """A latent space whose prior is a mixture with named components."""

    def components(self) -> tuple[Tensor, Tensor, Tensor]:
        """Means [M, K, D], log-variances [M, K, D] and weights [M, K] of the prior's M mixtures of K components."""

    def responsibilities(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """q(c|x), [B, M, K]."""


@runtime_checkable
class Classifier(Protocol):
    """Gives label probabilities for sentences."""

    tokenizer: Tokenizer
    labels: tuple[str, ...]

    def label_log_probs(self, sentences: Sequence[Sequence[int]]) -> Tensor:
        """Log-probability of each label, [B, labels], in nats."""


_CAPABILITIES: tuple[type, ...] = (NextToken, Scores, Seq2Seq, Latent, Mixture, Classifier)


def capabilities_of(model: object) -> tuple[str, ...]:
    """The names of the capabilities a model (or a model class) has: those whose methods it all has."""
    return tuple(c.__name__ for c in _CAPABILITIES if all(callable(getattr(model, m, None)) for m in _methods(c)))


def _methods(protocol: type) -> set[str]:
    own = (base for base in protocol.__mro__ if base.__module__ == __name__)
    return {name for base in own for name, value in vars(base).items() if callable(value) and name[0] != "_"}
