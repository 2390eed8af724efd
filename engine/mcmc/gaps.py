"""What both models say of a gap in a sentence, computed once for all chains that stand before it.

A gap is a left and a right context. Replacing or deleting the word in it, inserting one, and every later proposal
at the same contexts, from any chain, need the same numbers; they are kept until room is needed for newer ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.capabilities import Scores, State
from engine.mcmc.arrays import Array, Ids
from engine.mcmc.cache import Laws, Readings
from engine.mcmc.lexicon import Lexicon
from engine.mcmc.proposals import Contexts, Proposes
from engine.vocabulary import forbid

MEMORY = 64 << 20
"""Bytes for the gaps that are kept, two numbers a word of the vocabulary each."""

NOTHING = -1e9
"""Written for the log of zero where it is subtracted from another one."""

Key = tuple[bytes, bytes]


@dataclass
class Gap:
    """A gap's numbers. J columns: the K words of largest q, then the keywords that are not among them."""

    words: Ids  # [J], -1 in unused columns
    tokens: Array  # [J, T] log-probabilities of the right context's words and the end mark after each word
    empty: Array  # [T] and after none
    forward: npt.NDArray[np.floating[Any]]  # [V] log p(w | left)
    law: npt.NDArray[np.floating[Any]]  # [V] log q(w) up to a constant, -inf for marks
    log_z: float  # log of its sum
    extra: dict[int, Array] = field(default_factory=dict)  # tokens [T] after words outside Q that were drawn

    def draw(self, uniform: float, without: int = -1) -> int:
        """A word of the whole vocabulary by q; `without` only where q gives no chance to any other."""
        shares = np.exp(self.law.astype(np.float64) - self.log_z)
        if without >= 0:
            shares[without] = 0.0
        sums = shares.cumsum()
        if not sums[-1]:
            return without
        return int(min(np.searchsorted(sums, uniform * sums[-1], side="right"), np.flatnonzero(shares)[-1]))

    def log_rest(self, word: int) -> float:
        """Log of what q leaves to all words but one."""
        share = np.exp(float(self.law[word]) - self.log_z)
        if share < 0.5:
            return float(np.log1p(-share))
        others = np.exp(np.delete(self.law, word).astype(np.float64) - self.log_z).sum()
        return float(np.log(others)) if others else NOTHING

    def column(self, word: int) -> int:
        """The word's column, or -1."""
        found = np.flatnonzero(self.words == word)
        return int(found[0]) if len(found) else -1


@dataclass
class Sentences:
    """Where C chains stand."""

    ids: Ids  # [C, longest + 1], zero beyond each length
    lengths: Ids  # [C]


class GapReader:
    """Reads gaps of the chains' sentences, all those not yet known in one batch."""

    def __init__(
        self,
        forward: Scores,
        backward: Scores,
        lexicon: Lexicon,
        sentences: Sentences,
        proposal: Proposes,
        keywords: Ids,
    ) -> None:
        self._forward, self._lexicon, self._proposal = forward, lexicon, proposal
        self._at = sentences
        self._candidates = min(proposal.candidates, lexicon.known - len(lexicon.marks))
        self._keywords = keywords
        chains, width = sentences.ids.shape
        self._prefixes = Readings(forward, chains, width - 1)
        self._suffixes = Readings(backward, chains, width - 1)
        room = max(2 * chains, MEMORY // (8 * lexicon.known))
        self._laws_before = Laws(forward, self._prefixes, room)
        self._laws_after = Laws(backward, self._suffixes, room)
        self._device = forward.device
        self._kept: OrderedDict[Key, Gap] = OrderedDict()
        self._room = max(4 * chains, MEMORY // (8 * lexicon.known))

    def read(self, chains: Ids, left: Ids, right: Ids) -> list[Gap]:
        """The gap between place `left` and place `right` of each chain's sentence."""
        keys = [self._key(*place) for place in zip(chains.tolist(), left.tolist(), right.tolist(), strict=True)]
        fresh = list({key: row for row, key in enumerate(keys) if key not in self._kept}.values())
        if fresh:
            rows = np.asarray(fresh)
            for row, gap in zip(fresh, self._read(chains[rows], left[rows], right[rows]), strict=True):
                self._kept[keys[row]] = gap
        for key in keys:
            self._kept.move_to_end(key)
        gaps = [self._kept[key] for key in keys]
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)
        return gaps

    def add(self, gaps: Sequence[Gap], chains: Ids, left: Ids, right: Ids, words: Ids) -> None:
        """Score one more word in each gap, in a batch."""
        prefix = self._prefixes.at(chains, left, self._word_forward)
        state = self._forward.advance(prefix, self._tensor(words))
        tokens = self._score(state, chains, right, np.arange(len(chains)))
        for gap, word, row in zip(gaps, words.tolist(), tokens, strict=True):
            gap.extra[word] = row[: len(gap.empty)]

    def forget(self, chain: int, left: int, after: int) -> None:
        """Of a chain's sentence only the first `left` and the last `after` words are what they were."""
        self._prefixes.forget(chain, left)
        self._suffixes.forget(chain, after)

    def exchange(self, order: Ids) -> None:
        """Chain c takes over the sentence of chain `order[c]`."""
        self._prefixes.exchange(order)
        self._suffixes.exchange(order)

    def clear(self) -> None:
        """Drop the gaps and laws that are kept."""
        self._kept.clear()
        self._laws_before.clear()
        self._laws_after.clear()

    def tokens(self) -> Array:
        """Log-probabilities of every word and end mark of the present sentences, [C, longest + 1]."""
        chains = np.arange(len(self._at.lengths))
        found = self._score(self._forward.begin(len(chains)), chains, np.zeros_like(chains), chains)
        return np.pad(found, ((0, 0), (0, self._at.ids.shape[1] - found.shape[1])))

    def _key(self, chain: int, left: int, right: int) -> Key:
        sentence = self._at.ids[chain]
        return sentence[:left].tobytes(), sentence[right : self._at.lengths[chain]].tobytes()

    def _read(self, chains: Ids, left: Ids, right: Ids) -> list[Gap]:
        """Gaps not known yet: both laws, Q, and the right context scored after every word of Q and after none."""
        keys = [self._key(*place) for place in zip(chains.tolist(), left.tolist(), right.tolist(), strict=True)]
        after = self._at.lengths[chains] - right
        forward = self._laws_before.of([k[0] for k in keys], chains, left, self._word_forward)
        contexts = Contexts(
            [np.frombuffer(k[0], np.int64) for k in keys],
            [np.frombuffer(k[1], np.int64) for k in keys],
            forward,
            lambda: self._laws_after.of([k[1] for k in keys], chains, after, self._word_backward),
        )
        law = self._proposal.law(contexts).clone()
        forbid(law, self._lexicon.marks)
        log_z = law.logsumexp(1).double().tolist()
        words = self._pre_select(law)
        slot, column = np.nonzero(words >= 0)
        prefix = self._prefixes.at(chains, left, self._word_forward)
        state = prefix
        if len(slot):
            read = self._forward.advance(prefix.select(torch.from_numpy(slot)), self._tensor(words[slot, column]))
            state = type(prefix).concat([read, prefix])
        scores = self._score(state, chains, right, np.concatenate([slot, np.arange(len(chains))]))
        tokens = np.zeros((*words.shape, scores.shape[1]))
        tokens[slot, column] = scores[: len(slot)]
        known, laws = forward.cpu().numpy(), law.cpu().numpy()
        widths = (self._at.lengths[chains] - right + 1).tolist()
        return [
            Gap(words[a], tokens[a, :, :w], scores[len(slot) + a, :w], known[a].copy(), laws[a].copy(), log_z[a])
            for a, w in enumerate(widths)
        ]

    def _pre_select(self, law: Tensor) -> Ids:
        """Q of each gap, [A, J]: a function of the contexts alone."""
        top = law.topk(self._candidates, dim=1).indices.cpu().numpy()
        new = ~(top[:, :, None] == self._keywords).any(1)  # A, keywords
        return np.concatenate([top, np.where(new, self._keywords, -1)], 1)

    def _score(self, state: State, chains: Ids, right: Ids, rows: Ids) -> Array:
        """Log-probabilities of what stands from `right` on, end mark included, after each state: [len(rows), T].

        State r continues with the right context of chain `chains[rows[r]]`.
        """
        end = self._lexicon.vocabulary.end
        lengths = self._at.lengths[chains] - right + 1
        places = right[:, None] + np.arange(int(lengths.max()))
        rest = np.take_along_axis(self._at.ids[chains], np.minimum(places, self._at.ids.shape[1] - 1), 1)
        rest = np.where(places == self._at.lengths[chains, None], end, self._lexicon.for_model(rest))
        scores = self._forward.score(state, self._tensor(rest[rows]), self._tensor(lengths[rows]))
        values: Array = scores.double().cpu().numpy()
        return values

    def _word_forward(self, chains: Ids, places: Ids) -> Tensor:
        return self._tensor(self._lexicon.for_model(self._at.ids[chains, places]))

    def _word_backward(self, chains: Ids, places: Ids) -> Tensor:
        return self._tensor(self._lexicon.for_model(self._at.ids[chains, self._at.lengths[chains] - 1 - places]))

    def _tensor(self, values: Ids) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
