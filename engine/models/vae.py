"""The text VAE (Bowman et al. 2016): a bidirectional encoder, a Gaussian point, a recurrent or Transformer decoder.

With `variational` off it is the plain autoencoder: the same encoder and decoder around a point without noise. What
keeps the posterior from collapsing (annealing, free bits, word dropout) belongs to training, not to the model.

Shapes: B rows, T positions, D latent dimensions, V vocabulary entries, E embedding, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar

import msgspec
import torch
from torch import Tensor, nn

from engine.capabilities import Posterior, Prior, State
from engine.models.parts.adaptive_softmax import AdaptiveSoftmaxConfig
from engine.models.parts.cells import Recurrence
from engine.models.parts.latent_entry import Condition, LatentEntry, Place
from engine.models.parts.model import Positive, Share, TextModel, embedding
from engine.models.parts.output_layer import OutputConfig, build_output
from engine.models.parts.padding import lengths_of, packed, pad
from engine.models.parts.posteriors import NO_VARIANCE, GaussianPosterior, PointPosterior, StandardNormal
from engine.models.parts.recurrent_decoder import RecurrentDecoder
from engine.models.parts.transformer_decoder import TransformerDecoder
from engine.models.registry import register
from engine.vocabulary import Vocabulary

Depth = Annotated[int, msgspec.Meta(ge=1, le=16)]


class SentenceVaeConfig(msgspec.Struct, frozen=True):
    """Sizes of an encoder and a decoder, whatever stands between them."""

    vocabulary: Positive
    variational: bool = True
    embedding: Positive = 192
    encoder: Positive = 192  # hidden units of each direction
    decoder: Positive = 320  # hidden units
    layers: Depth = 1  # of the decoder
    cell: Literal["gru", "lstm", "transformer"] = "gru"  # of the decoder; a Transformer's encoder is a GRU
    heads: Depth = 4  # of a Transformer decoder
    entry: tuple[Place, ...] = ("state", "input")  # where z enters the decoder
    slots: Depth = 4  # of the memory, where z enters there
    dropout: Share = 0.2  # on decoder inputs and outputs
    bag: bool = False  # whether z also predicts the words of the sentence in no order (the bag-of-words loss)
    output: OutputConfig = AdaptiveSoftmaxConfig()

    @property
    def point_size(self) -> int:
        """Coordinates of the point the decoder reads."""
        raise TypeError(f"{type(self).__name__} says nothing of its latents")

    @property
    def inferred_size(self) -> int:
        """Coordinates that have a Gaussian posterior."""
        return self.point_size


class TextVaeConfig(SentenceVaeConfig, frozen=True, tag="text-vae", tag_field="kind", forbid_unknown_fields=True):
    """Sizes of a `TextVae`."""

    latent: Positive = 32

    @property
    def point_size(self) -> int:
        """All dimensions of z."""
        return self.latent


@register(TextVaeConfig)
class TextVae(TextModel):
    """Sentences to points of a latent space and back."""

    config: SentenceVaeConfig

    def __init__(self, config: SentenceVaeConfig, tokenizer: Vocabulary) -> None:
        super().__init__(tokenizer)
        if not config.entry:
            raise ValueError("z must enter the decoder somewhere: state, input, embedding or memory")
        self.config = config
        self.latent_size = config.point_size
        self.embedding = embedding(config.vocabulary, config.embedding)
        make = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.reader: Recurrence = make(config.embedding, config.encoder, batch_first=True, bidirectional=True)
        inferred = config.inferred_size
        self.to_mean = nn.Linear(2 * config.encoder, inferred) if inferred else None
        self.to_log_var = nn.Linear(2 * config.encoder, inferred) if inferred and config.variational else None
        sizes = {"embedding": config.embedding, "hidden": config.decoder, "layers": config.layers}
        self.entry = LatentEntry(config.entry, latent=config.point_size, slots=config.slots, **sizes)
        self.writer = _writer(config, sizes | {"beside": config.point_size if self.entry.beside else 0})
        self.project = nn.Linear(config.decoder, config.embedding)
        self.softmax = build_output(config.output, self.embedding)
        self.bag = nn.Linear(config.point_size, config.embedding) if config.bag else None
        self.dropout = nn.Dropout(config.dropout)
        self._table: Tensor | None = None

    @property
    def variational(self) -> bool:
        """Whether points have a posterior variance and a prior: false in a plain autoencoder."""
        return self.config.variational

    # --- capability Latent -----------------------------------------------------------------------------------------

    def posterior(self, sentences: Sequence[Sequence[int]]) -> Posterior:
        """q(z|x) of token ids without marks."""
        return self.infer(*self.read(sentences))

    @property
    def prior(self) -> Prior:
        """N(0, I)."""
        return StandardNormal(self.latent_size)

    def read(self, sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids without marks as padded rows with end marks [B, T], and their lengths [B] on the CPU."""
        return pad(sentences, self.tokenizer, end=True).to(self.device), lengths_of(sentences)

    def decoder(self, points: Tensor) -> PointDecoder[Any]:
        """The sentence distribution p(x|z) at each point ([B, D])."""
        return PointDecoder(self, self.writer, points)

    # --- training and scoring --------------------------------------------------------------------------------------

    def infer(self, tokens: Tensor, lengths: Tensor) -> Posterior:
        """The posterior of sentences [B, T] with their end marks; `lengths` [B] on the CPU."""
        kind = GaussianPosterior if self.variational else PointPosterior
        return kind(*self.gaussian_of(self.features(tokens, lengths)))

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What the posterior is read from: the last state of each direction, [B, 2 encoder]."""
        words = self.embedding(tokens)
        last = self.reader(packed(words, lengths))[1]
        h = last if isinstance(self.reader, nn.GRU) else last[0]  # 2, B, encoder: the last state of each direction
        both: Tensor = h.transpose(0, 1).flatten(1)
        return both

    def gaussian_of(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the Gaussian coordinates from the encoder's features."""
        mean = self.to_mean(features) if self.to_mean else features[:, :0]
        return mean, self.to_log_var(features) if self.to_log_var else torch.full_like(mean, NO_VARIANCE)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The weights that only the posterior depends on."""
        parts = (self.reader, self.to_mean, self.to_log_var)
        return [parameter for part in parts if part for parameter in part.parameters()]

    def forward(self, points: Tensor, inputs: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """The loss of each counted token, in nats: mostly -log p(token | what stands before it, z).

        Args:
            points: [B, D].
            inputs: [B, T], what the decoder reads: begin mark first, words perhaps dropped.
            targets: [B, T], what it should write: end mark last, padded.
            lengths: [B] counted targets, on the CPU.

        Returns:
            [sum of lengths] in the order of a packed sequence (`padding.packed_rows` names the rows).
        """
        hidden = self.writer(self.dropout(self.embedding(inputs)), lengths, self.entry(points))
        projected = self.dropout(self.project(self.dropout(hidden)))  # sum of lengths, E
        return self.softmax.loss(projected, packed(targets, lengths).data)

    def bag_log_probs(self, points: Tensor) -> Tensor:
        """Log p(word | z) with no regard to order, [B, V]; raises ValueError in a model without that head."""
        if self.bag is None:
            raise ValueError("this model has no bag-of-words head; its config needs bag = true")
        return self.softmax.bag_log_probs(self.bag(points))

    def train(self, mode: bool = True) -> TextVae:
        """Switch modes; the input table belongs to the weights it was read from."""
        self._table = None
        super().train(mode)
        return self

    def word_gates(self) -> Tensor:
        """Every word's share of the decoder's first gates, [V, G H]; kept while the weights are frozen."""
        if self._table is not None:
            return self._table
        table = self.writer.word_gates(self.embedding.weight)
        if not self.training and not table.requires_grad:
            self._table = table
        return table


S = TypeVar("S", bound=State)


class Writer(Protocol[S]):
    """A decoder of points that reads a word at a time: what recurrent and Transformer ones have in common."""

    def begin(self, condition: Condition, rows: int, like: Tensor) -> S:
        """The state before the first input word."""

    def step(self, state: S, word_gates: Tensor) -> S:
        """One more input word, given its share of what the decoder reads first ([B, G H])."""

    def read(self, state: S) -> Tensor:
        """The vector that predicts the next word, [B, H]."""


def _writer(config: SentenceVaeConfig, sizes: dict[str, int]) -> RecurrentDecoder | TransformerDecoder:
    if config.cell == "transformer":
        memory = "memory" in config.entry
        return TransformerDecoder(heads=config.heads, memory=memory, dropout=config.dropout, **sizes)
    return RecurrentDecoder(config.cell, **sizes)


class PointDecoder(Generic[S]):
    """p(x|z) at given points, as the capability `Scores`: row b belongs to point b."""

    def __init__(self, model: TextVae, writer: Writer[S], points: Tensor) -> None:
        self.tokenizer = model.tokenizer
        self._model, self._writer = model, writer
        self._condition = model.entry(points.to(model.project.weight))
        self._rows = len(points)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._model.device

    def begin(self, batch: int) -> S:
        """The state after the start mark, for as many rows as there are points."""
        if batch != self._rows:
            raise ValueError(f"{self._rows} points give {self._rows} rows, not {batch}")
        like = self._model.project.weight
        state = self._writer.begin(self._condition, batch, like)
        return self.advance(state, torch.full((batch,), self.tokenizer.begin, device=like.device))

    def advance(self, state: S, tokens: Tensor) -> S:
        """One step; `tokens` [B]."""
        return self._writer.step(state, self._model.word_gates()[tokens])

    def features(self, state: S) -> Tensor:
        """The vector the next token is read from, [B, E]; also what contrastive search compares."""
        out: Tensor = self._model.project(self._writer.read(state))
        return out

    def log_probs(self, state: S) -> Tensor:
        """[B, V]."""
        return self._model.softmax.log_probs(self.features(state))

    def likeliest(self, state: S, count: int, without: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """The likeliest tokens and their log-probabilities, each [B, count]."""
        return self._model.softmax.best(self.features(state), count, without)

    def score(self, state: S, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        out = self._model.project.weight.new_zeros(tokens.shape)
        hidden: list[Tensor] = []
        places: list[Tensor] = []
        alive = torch.arange(len(tokens), device=tokens.device)
        for t in range(tokens.shape[1]):
            keep = lengths[alive] > t  # rows whose continuation has ended leave the batch
            if not bool(keep.all()):
                state, alive = state.select(keep.nonzero()[:, 0]), alive[keep]
            if not len(alive):
                break
            hidden.append(self.features(state))
            places.append(alive)
            state = self.advance(state, tokens[alive, t])
        if not hidden:
            return out
        targets = [tokens[rows, t] for t, rows in enumerate(places)]
        scores = self._model.softmax.target_log_probs(torch.cat(hidden), torch.cat(targets))
        for t, part in enumerate(torch.split(scores, [len(rows) for rows in places])):
            out[places[t], t] = part
        return out
