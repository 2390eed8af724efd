"""A search's decisions as events: who was kept, who was pruned, why, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

from engine.messages import Branch, SearchOptions
from engine.search.decode import Decision
from engine.search.node import Candidate, Node
from engine.search.ranking import normalised
from engine.vocabulary import Vocabulary

PRUNED = 12
"""Losers shown at each step, of each diverse group."""


class Trace:
    """Turns decisions into the branches of `SearchStep` events; of the losers of each frontier it shows the best."""

    def __init__(self, tokenizer: Vocabulary, options: SearchOptions, pruned: int = 0) -> None:
        """`pruned`: losers shown at each step; as many as the beam, and at least `PRUNED`, where it is 0."""
        self._tokenizer = tokenizer
        self._options = options
        self._most = pruned or max(PRUNED, options.beam)
        self._pieces: dict[int, str] = {}

    def branches(self, decisions: Sequence[Decision]) -> tuple[Branch, ...]:
        """What one step decided."""
        return tuple(branch for decision in decisions for branch in self._branches(decision))

    def _branches(self, decision: Decision) -> list[Branch]:
        out = [self._alive(n, "kept") for n in decision.kept] + [self._alive(n, "finished") for n in decision.ended]
        rivals = [n.score for n in decision.kept]
        rivals += [c.score for c, reason in decision.pruned if reason in ("patience", "length")]
        least = min(rivals, default=float("nan"))
        for candidate, reason in decision.pruned[: self._most]:
            parent = decision.parents[candidate.row]
            margin = least - candidate.score
            if reason == "patience":
                margin = self._behind(decision, candidate, parent)
            out.append(
                Branch(
                    parent.id,
                    -1,
                    self._piece(candidate.token),
                    candidate.token,
                    candidate.log_prob,
                    parent.total + candidate.log_prob,
                    candidate.score,
                    reason,
                    margin if margin > 0 else 0.0,
                    decision.frontier.group,
                )
            )
        for node in decision.evicted:
            above = least - node.score
            out.append(self._alive(node, "rank", above if above > 0 else 0.0))
        return out

    def _alive(self, node: Node, reason: str, margin: float = 0.0) -> Branch:
        parent = -1 if node.parent is None else node.parent.id
        piece = self._piece(node.token)
        return Branch(
            parent,
            node.id,
            piece,
            node.token,
            node.log_prob,
            node.total,
            node.score,
            reason,  # type: ignore[arg-type]
            margin,
            node.group,
        )

    def _behind(self, decision: Decision, candidate: Candidate, parent: Node) -> float:
        """How far a prefix stood below the worst finished hypothesis when the search stopped, both normalised."""
        finished = decision.frontier.finished
        worst = min((normalised(self._options, n.merit, n.length) for n in finished), default=0.0)
        return worst - normalised(self._options, candidate.merit, parent.length + 1)

    def _piece(self, token: int) -> str:
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._tokenizer.pieces([token])[0]
        return piece
