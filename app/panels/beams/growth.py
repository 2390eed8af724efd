"""A search's tree, grown step by step from its events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.widgets.tree_layout import ROOT, TreeNode
from engine.messages import Branch, Hypothesis, SearchStep
from engine.reading import END_MARK, SPACE_MARK


def display(piece: str) -> str:
    """A piece as a person reads it: the space mark gone, the end mark as a sign."""
    if piece == END_MARK:
        return "■"
    return piece.replace(SPACE_MARK, "") or "␣"


@dataclass(frozen=True)
class Call:
    """How near a sentence came to being lost at a step."""

    step: int  # from 1
    margin: float  # what was compared: of its prefix, less that of the best candidate pruned for its rank
    rank: int  # of its prefix among those kept, from 1
    kept: int


class Growth:
    """The nodes of a search by id. Samplers' equal prefixes are merged; step k of the trace is depth k + 1."""

    def __init__(self) -> None:
        self.nodes: dict[int, TreeNode] = {ROOT: TreeNode(ROOT, ROOT, 0, "", -1, 0.0, 0.0, 0.0, "kept")}
        self.steps = 0
        self.pieces: dict[int, str] = {}  # as the model writes them, by token id
        self._merged: dict[int, int] = {ROOT: ROOT}
        self._by_token: dict[tuple[int, int], int] = {}
        self._fallen = ROOT - 1

    def add(self, step: SearchStep) -> None:
        """One more step."""
        self.steps = step.step + 1
        for branch in step.branches:
            if branch.node in self._merged and branch.node != ROOT:
                self.nodes[self._merged[branch.node]].evicted = self.steps
            elif branch.node >= 0:
                self._add_alive(branch)
            else:
                self._add_node(branch, self._fallen, self._merged.get(branch.parent, ROOT))
                self._fallen -= 1

    def _add_alive(self, branch: Branch) -> None:
        parent = self._merged.get(branch.parent, ROOT)
        key = (parent, branch.id)
        name = self._by_token.get(key)
        if name is None:
            name = self._by_token[key] = branch.node
            self._add_node(branch, name, parent)
        else:
            self.nodes[name].count += 1
        self._merged[branch.node] = name
        walk = name
        while walk != ROOT:
            node = self.nodes[walk]
            if branch.reason == "finished":
                node.finished = node.finished or self.steps
            else:
                node.last = self.steps
            walk = node.parent
        if branch.reason != "finished":
            self.nodes[ROOT].last = self.steps
        else:
            self.nodes[ROOT].finished = self.nodes[ROOT].finished or self.steps

    def _add_node(self, branch: Branch, name: int, parent: int) -> None:
        self.pieces[branch.id] = branch.piece
        self.nodes[name] = TreeNode(
            name,
            parent,
            self.steps,
            display(branch.piece),
            branch.id,
            branch.log_prob,
            branch.total,
            branch.score,
            branch.reason,
            branch.margin,
            branch.group,
        )
        self.nodes[parent].children.append(name)

    # --- reading ---------------------------------------------------------------------------------------------------

    def path(self, node: int) -> tuple[TreeNode, ...]:
        """A node and what leads to it, root left out."""
        out = []
        while node != ROOT:
            out.append(self.nodes[node])
            node = self.nodes[node].parent
        return tuple(reversed(out))

    def follow(self, ids: Sequence[int]) -> tuple[TreeNode, ...]:
        """The nodes of a sentence, as far as the tree goes; the last one may be where it was pruned."""
        out: list[TreeNode] = []
        name = ROOT
        for token in ids:
            kids = [self.nodes[c] for c in self.nodes[name].children if self.nodes[c].token == token]
            if not kids:
                break
            node = next((k for k in kids if not k.pruned), kids[0])
            out.append(node)
            name = node.id
            if node.pruned:
                break
        return tuple(out)

    def calls(self, ids: Sequence[int]) -> list[Call]:
        """At each step that pruned for rank, how far a sentence's prefix stood above the best that fell."""
        out = []
        for node in self.follow(ids):
            if node.reason != "kept":
                break
            here = [n for n in self.nodes.values() if n.born == node.born and n.group == node.group]
            fallen = [n.score for n in here if n.reason == "rank" and not math.isnan(n.score)]
            kept = sorted((n.score for n in here if n.reason == "kept"), reverse=True)
            if fallen:
                out.append(Call(node.born, node.score - max(fallen), kept.index(node.score) + 1, len(kept)))
        return out

    def closest_call(self, ids: Sequence[int]) -> Call | None:
        """The step at which a sentence came nearest to being pruned, the first one left out."""
        calls = [c for c in self.calls(ids) if c.step > 1]
        return min(calls, key=lambda c: (c.margin, c.step), default=None)


def ids_of(hypothesis: Hypothesis) -> tuple[int, ...]:
    """The token ids of a hypothesis."""
    return tuple(t.id for t in hypothesis.tokens)
