"""Contrastive search (Su et al. 2022): likely tokens whose meaning differs from all that was written."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.capabilities import Features, require
from engine.messages import STRATEGIES
from engine.search.decode import Decision, Decoding
from engine.search.node import Candidate, Choice


class ContrastiveDecoding(Decoding):
    """Of the `top_k` likeliest tokens takes the one of largest (1 - alpha) p - alpha max cos(h, earlier h).

    h is the model's own vector after the token, so every candidate is read once; needs a model with `features`. A
    prompt's tokens are among the earlier ones.
    """

    def __iter__(self) -> Iterator[list[Decision]]:
        """Run; each item is what was decided in one step. Raises ValueError for a model without features."""
        model = require(self.model, Features)
        count = self.options.top_k or int(STRATEGIES["contrastive"].starts_with["top_k"])
        active = list(self.frontiers)
        past, known = self._read(model)
        limit = self.options.max_length
        for length in range(limit + 1):
            log_probs = self.model.log_probs(self.state)
            prefixes = [f.live[0] for f in active]
            scores, blocked = self.rules.apply(log_probs, prefixes, self._prompts(active, 1), keep=True)
            best, tokens = scores.softmax(1).topk(min(count, scores.shape[1]), 1)
            rows = torch.arange(len(active), device=tokens.device).repeat_interleave(tokens.shape[1])
            read = self.model.advance(self.state.select(rows), tokens.flatten())
            vectors = functional.normalize(model.features(read), dim=1).view(*tokens.shape, -1)  # inputs, candidates, D
            likeness = (vectors @ past.transpose(1, 2)).masked_fill(~known[:, None], -torch.inf).amax(2)
            alpha = self.options.penalty_alpha
            worth = ((1 - alpha) * best - alpha * likeness).masked_fill(best == 0, -torch.inf)
            order = worth.argsort(1, descending=True)
            choices = []
            for i, frontier in enumerate(active):
                ids, found, total = tokens[i].tolist(), worth[i].tolist(), frontier.live[0].merit
                own = log_probs[i, tokens[i]].tolist()
                ranked = [Candidate(0, ids[j], total + own[j], found[j]) for j in order[i].tolist() if best[i, j] > 0]
                choice = Choice(pruned=[(c, "rank") for c in ranked[1:]])
                for first in ranked[:1]:  # none where everything is blocked
                    (choice.ended if first.token == self.strategy.end else choice.kept).append(first)
                choices.append(choice)
            yield self._decide(active, choices, log_probs, blocked, 1, last=length == limit)
            going = torch.tensor(
                [i for i, f in enumerate(active) if not f.done], device=tokens.device, dtype=torch.long
            )
            if not len(going):
                return
            active = [active[i] for i in going.tolist()]
            taken = order[going, 0]
            past = torch.cat([past[going], vectors[going, taken][:, None]], 1)
            known = torch.cat([known[going], known.new_ones(len(going), 1)], 1)
            self.state = read.select(going * tokens.shape[1] + taken)

    def _read(self, model: Features) -> tuple[Tensor, Tensor]:
        """Unit vectors of what each input has read, [inputs, positions, D], and which positions are no padding."""
        if not any(self.prompts):
            vectors = functional.normalize(model.features(self.state), dim=1)[:, None]
            return vectors, torch.ones(vectors.shape[:2], dtype=torch.bool, device=vectors.device)
        rows = []
        for prompt in self.prompts:
            state = model.begin(1)
            found = [model.features(state)]
            for token in prompt:
                state = model.advance(state, torch.tensor([token], device=model.device))
                found.append(model.features(state))
            rows.append(functional.normalize(torch.cat(found), dim=1))
        known = torch.tensor(
            [[i < len(row) for i in range(max(map(len, rows)))] for row in rows], device=rows[0].device
        )
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), known
