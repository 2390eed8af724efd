"""The text VAE (Bowman et al. 2016): a bidirectional encoder, a Gaussian point, a recurrent or Transformer decoder.

With `variational` off it is the plain autoencoder: the same encoder and decoder around a point without noise. What
keeps the posterior from collapsing (annealing, free bits, word dropout) belongs to training, not to the model.

Shapes: B rows, T positions, D latent dimensions, V vocabulary entries, E embedding, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.decoders import LatentEntry, Place, RecurrentDecoder
from engine.models.latent_transformer import TransformerDecoder
from engine.models.registry import register
from engine.models.softmax import AdaptiveSoftmax
from engine.text import BOS, EOS, Tokenizer

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Depth = Annotated[int, msgspec.Meta(ge=1, le=16)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]

NO_VARIANCE = -87.0
"""Log-variance given for an autoencoder: about the smallest whose exponential is a normal float32."""


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
    head: Positive = 1500  # words in the adaptive softmax's head; the vocabulary size makes it a plain softmax
    clusters: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3

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
class TextVae(nn.Module):
    """Sentences to points of a latent space and back."""

    def __init__(self, config: SentenceVaeConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        if not config.entry:
            raise ValueError("z must enter the decoder somewhere: state, input, embedding or memory")
        self.config = config
        self.tokenizer = tokenizer
        self.latent_size = config.point_size
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)
        make = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.reader: nn.GRU | nn.LSTM = make(config.embedding, config.encoder, batch_first=True, bidirectional=True)
        inferred = config.inferred_size
        self.to_mean = nn.Linear(2 * config.encoder, inferred) if inferred else None
        self.to_log_var = nn.Linear(2 * config.encoder, inferred) if inferred and config.variational else None
        sizes = {"embedding": config.embedding, "hidden": config.decoder, "layers": config.layers}
        self.entry = LatentEntry(config.entry, latent=config.point_size, slots=config.slots, **sizes)
        self.writer = _writer(config, sizes | {"beside": config.point_size if self.entry.beside else 0})
        self.project = nn.Linear(config.decoder, config.embedding)
        self.softmax = AdaptiveSoftmax(self.embedding, head=config.head, clusters=config.clusters)
        self.bag = nn.Linear(config.point_size, config.embedding) if config.bag else None
        self.dropout = nn.Dropout(config.dropout)
        self._tables: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def variational(self) -> bool:
        """Whether points have a posterior variance and a prior: false in a plain autoencoder."""
        return self.config.variational

    # --- capability Latent -----------------------------------------------------------------------------------------

    def posterior(self, sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), each [B, D], for token ids without marks."""
        mean, log_var = self.infer(*self.read(sentences))
        return mean, log_var

    def read(self, sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids without marks as padded rows with end marks [B, T], and their lengths [B] on the CPU."""
        lengths = torch.tensor([len(s) + 1 for s in sentences])
        tokens = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
        for row, sentence in enumerate(sentences):
            tokens[row, : len(sentence) + 1] = torch.tensor([*sentence, EOS])
        return tokens.to(self.project.weight.device), lengths

    def decoder(self, points: Tensor) -> PointDecoder:
        """The sentence distribution p(x|z) at each point ([B, D])."""
        return PointDecoder(self, points)

    # --- training and scoring --------------------------------------------------------------------------------------

    def infer(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Mean and log-variance [B, D] of sentences [B, T] with their end marks; `lengths` [B] on the CPU."""
        return self.gaussian_of(self.features(tokens, lengths))

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What the posterior is read from: the last state of each direction, [B, 2 encoder]."""
        words = self.embedding(tokens)
        packed = nn.utils.rnn.pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
        last = self.reader(packed)[1]
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
        """Log p(token | what stands before it, z) of all counted tokens in one vector.

        Args:
            points: [B, D].
            inputs: [B, T], what the decoder reads: begin mark first, words perhaps dropped.
            targets: [B, T], what it should write: end mark last, padded.
            lengths: [B] counted targets, on the CPU.

        Returns:
            [sum of lengths] in the order of a packed sequence (`decoders.packed_rows` names the rows).
        """
        hidden = self.writer(self.dropout(self.embedding(inputs)), lengths, self.entry(points))
        packed = nn.utils.rnn.pack_padded_sequence(targets, lengths, batch_first=True, enforce_sorted=False)
        projected = self.dropout(self.project(self.dropout(hidden)))
        return self.softmax.target_log_probs(self.embedding.weight, projected, packed.data)

    def bag_log_probs(self, points: Tensor) -> Tensor:
        """Log p(word | z) with no regard to order, [B, V]; raises ValueError in a model without that head."""
        if self.bag is None:
            raise ValueError("this model has no bag-of-words head; its config needs bag = true")
        return functional.linear(self.bag(points), self.embedding.weight, self.softmax.bias).log_softmax(1)

    def train(self, mode: bool = True) -> TextVae:
        """Switch modes; the decoding tables belong to the weights they were read from."""
        self._tables = None
        super().train(mode)
        return self

    def tables(self) -> tuple[Tensor, Tensor, Tensor]:
        """What decoding reads again and again, kept while the weights are frozen.

        Every word's share of the decoder's first gates [V, G H], and the weight [W, E] and bias [W] that give the
        logits of the softmax's head (W words and clusters) from the projected hidden vector.
        """
        if self._tables is not None:
            return self._tables
        softmax, words = self.softmax, self.embedding.weight
        weight = torch.cat([words[: softmax.head], softmax.cluster_vectors])
        bias = torch.cat([softmax.bias[: softmax.head], softmax.cluster_bias])
        tables = (self.writer.word_gates(words), weight, bias)
        if not self.training and not words.requires_grad:
            self._tables = tables
        return tables


def _writer(config: SentenceVaeConfig, sizes: dict[str, int]) -> RecurrentDecoder | TransformerDecoder:
    if config.cell == "transformer":
        memory = "memory" in config.entry
        return TransformerDecoder(heads=config.heads, memory=memory, dropout=config.dropout, **sizes)
    return RecurrentDecoder(config.cell, **sizes)


class PointDecoder:
    """p(x|z) at given points, as the capability `Scores`: row b belongs to point b."""

    def __init__(self, model: TextVae, points: Tensor) -> None:
        self.tokenizer = model.tokenizer
        self._model = model
        self._writer: Any = model.writer  # with states of its own kind
        self._condition = model.entry(points.to(model.project.weight))
        self._rows = len(points)

    def begin(self, batch: int) -> Any:
        """The state after the start mark, for as many rows as there are points."""
        if batch != self._rows:
            raise ValueError(f"{self._rows} points give {self._rows} rows, not {batch}")
        state: Any = self._writer.begin(self._condition, batch, self._model.project.weight)
        return self.advance(state, torch.full((batch,), BOS, device=self._model.project.weight.device))

    def advance(self, state: Any, tokens: Tensor) -> Any:
        """One step; `tokens` [B]."""
        return self._writer.step(state, self._model.tables()[0][tokens])

    def features(self, state: Any) -> Tensor:
        """The vector the next token is read from, [B, E]; also what contrastive search compares."""
        out: Tensor = self._model.project(self._writer.read(state))
        return out

    def log_probs(self, state: Any) -> Tensor:
        """[B, V]."""
        return self._model.softmax.log_probs(self._model.embedding.weight, self.features(state))

    def best(self, state: Any) -> tuple[Tensor, Tensor]:
        """The likeliest next word or end mark and its log-probability, each [B], without the whole distribution.

        Exact: no word of a cluster can be likelier than the cluster's own entry in the head, so a cluster is looked
        into only where its entry beats the best word found so far. Pad, unknown and begin marks are never chosen.
        """
        softmax, words = self._model.softmax, self._model.embedding.weight
        _, weight, bias = self._model.tables()
        hidden = self.features(state)
        logits = functional.linear(hidden, weight, bias)
        whole = logits.logsumexp(1)
        logits[:, :EOS] = -torch.inf
        top, token = logits[:, : softmax.head].max(1)
        for i, (low, high) in enumerate(softmax.bounds):
            entry = logits[:, softmax.head + i]
            rows = (entry > top).nonzero()[:, 0]
            if len(rows):
                inside = functional.linear(hidden[rows], words[low:high], softmax.bias[low:high])
                value, place = inside.log_softmax(1).max(1)
                value = value + entry[rows]
                better = value > top[rows]
                top[rows[better]] = value[better]
                token[rows[better]] = place[better] + low
        return token, top - whole

    def score(self, state: Any, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]; see `capabilities.Scores`."""
        out = tokens.new_zeros(tokens.shape, dtype=self._model.softmax.bias.dtype)
        hidden, places = [], []
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
        for t, part in enumerate(self._scores(hidden, [tokens[rows, t] for t, rows in enumerate(places)])):
            out[places[t], t] = part
        return out

    def _scores(self, hidden: list[Tensor], targets: list[Tensor]) -> tuple[Tensor, ...]:
        if not hidden:
            return ()
        softmax, words = self._model.softmax, self._model.embedding.weight
        scores = softmax.target_log_probs(words, torch.cat(hidden), torch.cat(targets))
        return torch.split(scores, [len(t) for t in targets])
