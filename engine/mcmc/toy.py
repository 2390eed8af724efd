"""The exact toy: a vocabulary so small that every sentence can be listed, and a random bigram model over it.

The kernel that runs on it is the one that runs on real models; `engine.mcmc.exact` says what its law is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.mcmc.arrays import Array, Ids
from engine.mcmc.kernel import Kernel
from engine.mcmc.lexicon import Lexicon
from engine.mcmc.proposals import PROPOSALS
from engine.mcmc.released import ReleasedKernel
from engine.mcmc.support import Requirement, Support
from engine.mcmc.target import Target
from engine.mcmc.terms import Fluency, Similarity, Term
from engine.messages import ExactToy

MOST = 800  # sentences; the matrix has their square, and larger ones are no toy
WORDS = ("ant", "bee", "cat", "dog", "elk", "fox")


FIRST_WORD = 4
"""The toy's marks have the ids below."""


class ToyVocabulary:
    """A few words behind the usual marks."""

    pad, unknown, begin, end = marks = 0, 1, 2, 3

    def __init__(self, size: int) -> None:
        self._pieces = ["<pad>", "<unk>", "<s>", "</s>", *WORDS[:size]]
        self.size = len(self._pieces)

    def words(self, text: str) -> list[str]:
        """Words at the spaces."""
        return text.split()

    def ids(self, words: Sequence[str]) -> list[int]:
        """Ids of words, unknown ones as the unknown mark."""
        return [self._pieces.index(w) if w in self._pieces else self.unknown for w in words]

    def encode(self, text: str) -> list[int]:
        """Ids of the words of a text."""
        return self.ids(self.words(text))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The words."""
        return [self._pieces[i] for i in ids]

    def join(self, pieces: Sequence[str]) -> str:
        """Words with spaces between."""
        return " ".join(pieces)

    def decode(self, ids: Iterable[int]) -> str:
        """A sentence from ids, marks left out."""
        return self.join(self.pieces(i for i in ids if i not in (self.pad, self.begin, self.end)))


@dataclass(frozen=True)
class LastWord:
    """A bigram model's state: the last word read, [B]."""

    word: Tensor

    def select(self, rows: Tensor) -> LastWord:
        """The states of the given rows."""
        return LastWord(self.word[rows])

    @classmethod
    def concat(cls, states: Sequence[LastWord]) -> LastWord:
        """One state of all rows."""
        return LastWord(torch.cat([s.word for s in states]))

    def __len__(self) -> int:
        return len(self.word)


class Bigram:
    """A bigram language model from a table of log-probabilities [V, V] (row: the word before), in float64."""

    def __init__(self, table: Array, vocabulary: ToyVocabulary) -> None:
        self.table = torch.from_numpy(table)
        self.tokenizer = vocabulary
        self.device = self.table.device

    def begin(self, batch: int) -> LastWord:
        """After the begin mark."""
        return LastWord(torch.full((batch,), self.tokenizer.begin))

    def advance(self, state: LastWord, tokens: Tensor) -> LastWord:
        """After one more word."""
        return LastWord(tokens)

    def log_probs(self, state: LastWord) -> Tensor:
        """[B, V]."""
        return self.table[state.word]

    def score(self, state: LastWord, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each token of a continuation, [B, T]."""
        before = torch.cat([state.word[:, None], tokens[:, :-1]], 1)
        counted = torch.arange(tokens.shape[1]) < lengths[:, None]
        return torch.where(counted, self.table[before, tokens], 0.0)


def random_bigrams(vocabulary: ToyVocabulary, generator: np.random.Generator) -> tuple[Bigram, Bigram]:
    """A random forward model and one that reads it backwards (Bayes' rule with all words as likely before)."""
    v, size = vocabulary, vocabulary.size
    weights = generator.gamma(0.7, size=(size, size)) + 0.05
    weights[:, [v.pad, v.unknown, v.begin]] = 0.0
    weights /= weights.sum(1, keepdims=True)
    reverse = weights.T.copy()
    reverse[:, [v.end, v.begin]] = reverse[
        :, [v.begin, v.end]
    ]  # what followed the begin mark comes before the end, read backwards
    reverse[[v.end, v.begin]] = reverse[[v.begin, v.end]]
    reverse[:, [v.pad, v.unknown, v.begin]] = 0.0
    reverse /= np.maximum(reverse.sum(1, keepdims=True), 1e-300)
    with np.errstate(divide="ignore"):
        return Bigram(np.log(weights), vocabulary), Bigram(np.log(reverse), vocabulary)


class Toy:
    """The enumerated space of a request, its kernel, and both laws."""

    def __init__(self, request: ExactToy, more: Sequence[tuple[float, Term]] = ()) -> None:
        """`more`: further terms of the target with weights. Raises ValueError when the space is too large to list."""
        words, longest = request.vocabulary, request.max_length
        count = sum(words**n for n in range(1, longest + 1))
        if count > MOST:
            raise ValueError(f"{words} words up to length {longest} make {count:,} sentences; the most is {MOST:,}.")
        self.request = request
        self._generator = np.random.default_rng(np.random.SeedSequence((request.seed, 1 << 21)))
        self._vocabulary = ToyVocabulary(words)
        self.models = random_bigrams(self._vocabulary, self._generator)
        self.lexicon = Lexicon(self._vocabulary)
        self.target = self._target(tuple(more))
        ids = range(FIRST_WORD, FIRST_WORD + words)
        every = [s for n in range(1, longest + 1) for s in itertools.product(ids, repeat=n)]
        self.sentences = [s for s in every if self.target.support.holds(s)]
        self.lengths: Ids = np.asarray([len(s) for s in self.sentences])
        self._base = self._vocabulary.size
        self._index = np.full(self._base ** (longest + 1), -1)
        self._index[self._codes(self._rows(self.sentences))] = np.arange(len(self.sentences))
        log_pi = self.kernel(self.sentences).log_target
        pi = np.exp(log_pi - log_pi.max())
        self.exact: Array = pi / pi.sum()

    def kernel(self, first: Sequence[Sequence[int]]) -> Kernel:
        """The request's kernel, exact or with its defects, with chains at these sentences."""
        request = self.request
        required = self.target.support.requirements
        every = request.places == "every"
        make = ReleasedKernel.with_defects(request.defects) if request.defects else partial(Kernel, every_place=every)
        return make(
            *self.models,
            self.target,
            self.lexicon,
            first,
            proposal=PROPOSALS[request.proposal](request.candidates, request.full_share),
            keywords=required[0].words if required else (),
        )

    def index(self, ids: Ids) -> Ids:
        """Numbers of sentences given as padded rows of ids, [B, longest + 1] -> [B]."""
        return self._index[self._codes(ids)]

    def _target(self, more: tuple[tuple[float, Term], ...]) -> Target:
        request, size = self.request, self._vocabulary.size
        requirements = (Requirement((FIRST_WORD,), True),) if request.keyword else ()
        source = list(range(FIRST_WORD, FIRST_WORD + min(2, request.vocabulary)))
        vectors = self._generator.normal(size=(size, 3))
        terms: list[tuple[float, Term]] = [(1.0, Fluency())]
        if request.similarity > 0:
            terms.append((request.similarity, Similarity(source, vectors, size)))
        return Target(Support(1, request.max_length, requirements, size), (*terms, *more))

    def _rows(self, sentences: Sequence[Sequence[int]]) -> Ids:
        rows = np.zeros((len(sentences), self.request.max_length + 1), np.int64)
        for row, sentence in zip(rows, sentences, strict=True):
            row[: len(sentence)] = sentence
        return rows

    def _codes(self, ids: Ids) -> Ids:
        codes: Ids = ids @ self._base ** np.arange(ids.shape[1])
        return codes
