"""The one loop of all searches: ask the model, block what is forbidden, let the strategy choose, read on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.capabilities import Coverage, NextToken, State, require
from engine.messages import SearchOptions
from engine.messages.search import Reason
from engine.search.capitals import Capitals
from engine.search.node import Candidate, Choice, Frontier, Node
from engine.search.ranking import coverage_penalty, may_stop, top
from engine.search.rules import VOCABULARY, Rules
from engine.search.strategies import strategy_of

ALTERNATIVES = 5
"""Likeliest tokens recorded at each place."""


@dataclass(frozen=True)
class Decision:
    """What happened to one frontier in one step, for the trace."""

    frontier: Frontier
    parents: list[Node]  # the live prefixes before
    kept: list[Node]
    ended: list[Node]
    pruned: list[tuple[Candidate, Reason]]
    evicted: list[Node]


class Decoding:
    """A search over several inputs at once. Iterating runs it, one step at a time; then `frontiers` holds the end.

    The searches of different inputs share the model's batches and nothing else.
    """

    def __init__(
        self,
        model: NextToken,
        state: State,
        options: SearchOptions,
        *,
        forced: Sequence[int] = (),
        constraints: Sequence[Sequence[int]] = (),
        prompts: Sequence[Sequence[int]] = (),
        sizes: Sequence[int] = (),
        capitals: Capitals | None = None,
        record: bool = False,
    ) -> None:
        """Every output of every input begins with `forced`; its prompt and it hold the `constraints`.

        Args:
            model: what writes.
            state: one row an input.
            options: the decoder's.
            forced: token ids.
            constraints: token ids of each phrase.
            prompts: token ids that each input's state has read, part of the text; none where there is a source.
            sizes: positions of each input's source, the rest of its row being padding; none: all count.
            capitals: which tokens are one word, for rules about repeating.
            record: note what the trace needs.
        """
        self.model, self.state, self.options, self.record = model, state, options, record
        self.prompts, self.sizes, self.constraints = prompts, sizes, constraints
        vocabulary = model.tokenizer
        self.strategy = strategy_of(options, vocabulary.end, constraints)
        self.rules = Rules(options, vocabulary, forced, capitals)
        self._covered = require(model, Coverage) if options.coverage_penalty else None
        starts = [self.strategy.begin(prompts[i] if prompts else ()) for i in range(len(state))]
        groups = range(self.strategy.groups)
        self.frontiers = [Frontier(i, g, options.seed, start) for i, start in enumerate(starts) for g in groups]
        self._nodes = 0

    def __iter__(self) -> Iterator[list[Decision]]:
        """Run; each item is what was decided in one step."""
        limit = self.options.max_length
        active = list(self.frontiers)
        # rows of the state, by frontier: at first all groups of an input read the same row
        rows = [[f.input] for f in active]
        if self.strategy.groups > 1:
            self.state = self.state.select(torch.tensor([f.input for f in active]))
        for length in range(limit + 1):
            if length == limit and not self.strategy.reads_on_at_end:
                self._cut(active)
                return
            width = max(len(f.live) for f in active)
            log_probs = self.model.log_probs(self.state)  # active * width, V
            prefixes = [n for f in active for n in (*f.live, *[None] * (width - len(f.live)))]
            scores, blocked = self.rules.apply(log_probs, prefixes, self._prompts(active, width), keep=self.record)
            choices = self.strategy.step(scores.view(len(active), width, -1), active)
            decisions = self._decide(active, choices, log_probs, blocked, width, last=length == limit)
            yield decisions
            going = [i for i, f in enumerate(active) if not f.done]
            if not going:
                return
            widest = max(len(active[i].live) for i in going)
            rows = []
            tokens: list[int] = []
            for i in going:
                chosen = decisions[i].kept
                parents = [i * width + self._row_of[n.id] for n in chosen]
                spare = widest - len(chosen)  # fewer prefixes than elsewhere: fill up, the scores are masked
                rows.append(parents + parents[-1:] * spare)
                tokens += [n.token for n in chosen] + [chosen[-1].token] * spare
            active = [active[i] for i in going]
            index = torch.tensor([r for part in rows for r in part], device=log_probs.device)
            self.state = self.model.advance(self.state.select(index), torch.tensor(tokens, device=log_probs.device))

    def _decide(
        self,
        active: Sequence[Frontier],
        choices: Sequence[Choice],
        log_probs: Tensor,
        blocked: Sequence[dict[int, Reason]],
        width: int,
        *,
        last: bool,
    ) -> list[Decision]:
        """Turn choices into nodes, and each frontier into its next self."""
        coverage = self._coverage(active, width)
        self._row_of: dict[int, int] = {}
        for choice in choices:
            if last:
                choice.pruned = [(c, "length") for c in choice.kept] + choice.pruned
        self._fill(choices, log_probs, width)
        decisions = []
        made: list[tuple[Node, int]] = []
        for i, (frontier, choice) in enumerate(zip(active, choices, strict=True)):
            parents = frontier.live
            kept = [] if last else [self._node(frontier, c) for c in choice.kept]
            ended = [self._node(frontier, c) for c in choice.ended]
            if self.record:
                made += [(n, i * width + self._row_of[n.id]) for n in (*kept, *ended)]
                choice.pruned += self._forbidden(choice, frontier, log_probs, blocked, i * width)
            if coverage is not None:
                penalties = coverage[i * width :]
                frontier.coverage.update((n.id, penalties[self._row_of[n.id]]) for n in ended)
            gone = {n.id for n in choice.evicted}
            frontier.finished = [n for n in frontier.finished if n.id not in gone] + ended
            pruned = choice.pruned
            if last:
                self._cut([frontier])
            else:
                frontier.cut += self._stuck(frontier, choice)
                frontier.live = kept
                asked = self.strategy.beam if self.strategy.stops_early else 1 << 30
                frontier.done = may_stop(self.options, frontier, asked)
                if frontier.done and kept and self.record:
                    pruned = [(c, "patience") for c in choice.kept] + pruned
            dropped = bool(frontier.done and not last)
            decisions.append(Decision(frontier, parents, [] if dropped else kept, ended, pruned, choice.evicted))
        _describe(made, log_probs)
        return decisions

    def _node(self, frontier: Frontier, candidate: Candidate) -> Node:
        parent = frontier.live[candidate.row]
        self._nodes += 1
        self._row_of[self._nodes - 1] = candidate.row
        return Node(
            self._nodes - 1,
            parent,
            candidate.token,
            candidate.log_prob,
            parent.total + candidate.log_prob,
            candidate.merit,
            parent.length + 1,
            frontier.group,
            candidate.score,
            candidate.extra,
        )

    def _fill(self, choices: Sequence[Choice], log_probs: Tensor, width: int) -> None:
        """The model's own log-probability of every candidate, in one look-up."""
        found: list[Candidate] = []
        rows: list[int] = []
        for i, choice in enumerate(choices):
            here = [*choice.kept, *choice.ended]
            if self.record:
                here += [c for c, _ in choice.pruned]
            found += here
            rows += [i * width + c.row for c in here]
        values = log_probs.view(-1)[
            torch.tensor([r * log_probs.shape[1] + c.token for r, c in zip(rows, found, strict=True)], dtype=torch.long)
        ].tolist()
        for candidate, value in zip(found, values, strict=True):
            candidate.log_prob = value

    def _forbidden(
        self, choice: Choice, frontier: Frontier, log_probs: Tensor, blocked: Sequence[dict[int, Reason]], first: int
    ) -> list[tuple[Candidate, Reason]]:
        """Blocked tokens that would have lived, had they been allowed."""
        least = min((c.merit for c in choice.kept), default=math.inf)
        out: list[tuple[Candidate, Reason]] = []
        for row, node in enumerate(frontier.live):
            own = log_probs[first + row]
            reasons: dict[int, Reason] = {**dict.fromkeys(self.rules.marks, VOCABULARY), **blocked[first + row]}
            if node.length < len(self.rules.forced):  # all but one are forbidden: show the likeliest
                likeliest = own.topk(min(4, len(own))).indices.tolist()
                reasons = {t: "constraint" for t in likeliest if t != self.rules.forced[node.length]}
            for token, value in zip(reasons, own[list(reasons)].tolist(), strict=True):
                merit = node.merit + value
                if merit >= least:
                    out.append((Candidate(row, token, merit, merit, value), reasons[token]))
        return sorted(out, key=lambda pair: -pair[0].merit)

    def _prompts(self, active: Sequence[Frontier], width: int) -> list[Sequence[int]] | None:
        """What each row's text begins with."""
        return [self.prompts[f.input] for f in active for _ in range(width)] if self.prompts else None

    def _coverage(self, active: Sequence[Frontier], width: int) -> list[float] | None:
        """The coverage penalty of each row, were its sentence to end here."""
        if self._covered is None:
            return None
        covered = self._covered.coverage(self.state)
        sizes = None
        if self.sizes:
            sizes = torch.tensor([self.sizes[f.input] for f in active for _ in range(width)], device=covered.device)
        penalties: list[float] = coverage_penalty(self.options.coverage_penalty, covered, sizes).tolist()
        return penalties

    def _stuck(self, frontier: Frontier, choice: Choice) -> list[Node]:
        """Prefixes after which nothing may be written: chains that end there, or a whole search that found nothing."""
        if not self.strategy.chains and (choice.kept or frontier.finished):
            return []
        gone_on = {c.row for c in (*choice.kept, *choice.ended)}
        return [n for row, n in enumerate(frontier.live) if row not in gone_on and n.parent is not None]

    def _cut(self, frontiers: Sequence[Frontier]) -> None:
        """End searches at the maximum length."""
        for frontier in frontiers:
            ended = {n.parent.id for n in frontier.finished if n.parent is not None}
            frontier.cut += [n for n in frontier.live if not (self.strategy.chains and n.id in ended)]
            frontier.live = []
            frontier.done = True


def _describe(made: Sequence[tuple[Node, int]], log_probs: Tensor) -> None:
    """Note the rank of each new node's token in its row of `log_probs`, and what else could have stood there."""
    if not made:
        return
    rows = torch.tensor([row for _, row in made], device=log_probs.device)
    values, ids = top(log_probs, min(ALTERNATIVES, log_probs.shape[1]))
    alternatives = [tuple(zip(i, v, strict=True)) for i, v in zip(ids.tolist(), values.tolist(), strict=True)]
    own = torch.tensor([[n.log_prob] for n, _ in made], dtype=log_probs.dtype, device=log_probs.device)
    ranks = (log_probs[rows] > own).sum(1).tolist()
    for (node, row), above in zip(made, ranks, strict=True):
        node.rank, node.alternatives = above + 1, alternatives[row]
