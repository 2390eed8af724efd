"""Where the nodes of a search tree stand at a step, and which of them are folded away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Fold = Literal["folded", "step", "all"]
GAP = 34.0  # px between two columns, room for an edge
ROW = 23.0  # px from one leaf to the next
ROOT = -1


@dataclass(slots=True)
class TreeNode:
    """A prefix of the search (its last token), or a candidate that was pruned."""

    id: int
    parent: int  # ROOT for the first tokens
    born: int  # step, from 1; also its depth
    label: str
    token: int
    log_prob: float  # of the token, nats
    total: float  # of the prefix, nats
    score: float  # what was compared
    reason: str  # "kept", "finished", or why it was pruned
    margin: float = 0.0  # by how much it missed
    group: int = 0
    last: int = 0  # the last step at which a continuation of it lived
    finished: int = 0  # the first step at which a sentence with this prefix was finished; 0: never
    evicted: int = 0  # the step at which a finished sentence was pushed out again; 0: never
    count: int = 1  # chains that stand here (samplers draw one prefix twice)
    children: list[int] = field(default_factory=list)

    @property
    def pruned(self) -> bool:
        """Whether it never lived."""
        return self.reason not in ("kept", "finished")

    def status(self, step: int) -> str:
        """What it is at a step: "live", "finished" (or leading there), "dead" or "pruned"."""
        if self.pruned:
            return "pruned"
        if self.last >= step:
            return "live"
        if self.finished and self.finished <= step and not (self.evicted and self.evicted <= step):
            return "finished"
        return "dead"


@dataclass(frozen=True, slots=True)
class Place:
    """A node on the sheet."""

    node: TreeNode
    x: float  # left edge of its label
    y: float  # middle
    width: float  # of its label
    hidden: int  # children folded away


@dataclass(frozen=True)
class Sheet:
    """The whole tree as it is drawn at a step."""

    places: dict[int, Place]
    columns: tuple[float, ...]  # left edge of each depth's labels
    width: float
    height: float


def arrange(
    nodes: Mapping[int, TreeNode],
    step: int,
    measure: Callable[[TreeNode], float],
    *,
    fold: Fold = "step",
    unfolded: Collection[int] = (),
    final: Collection[int] = (),
    row: float = ROW,
    gap: float = GAP,
) -> Sheet:
    """Lay the tree out at a step: depth to the right, the first child level with its parent, a row a leaf.

    Args:
        nodes: by id, the root under `ROOT`.
        step: later nodes do not exist yet.
        measure: width of a node's label, px.
        fold: what to show of what did not live: nothing, what fell in this step, everything.
        unfolded: nodes all of whose children are shown.
        final: nodes of the path to put on top.
        row: height of a row, px.
        gap: room between columns, px.
    """
    shown: dict[int, list[int]] = {}
    hidden: dict[int, int] = {}
    stack = [ROOT]
    opened = set(unfolded)
    while stack:
        name = stack.pop()
        born = [c for c in nodes[name].children if nodes[c].born <= step]
        every = fold == "all" or name in opened
        chosen = [c for c in born if every or c in final or _stands(nodes[c], step, fold)]
        if name in opened and name != ROOT:
            opened.update(c for c in chosen if nodes[c].status(step) == "dead")
        chosen.sort(key=lambda c: (c not in final, nodes[c].pruned, -nodes[c].total, c))
        shown[name], hidden[name] = chosen, len(born) - len(chosen)
        stack += chosen
    widths: dict[int, float] = {name: measure(nodes[name]) for name in shown}
    deepest = max((nodes[n].born for n in shown), default=0)
    columns = [0.0] * (deepest + 1)
    widest = [0.0] * (deepest + 1)
    for name in shown:
        depth = nodes[name].born
        widest[depth] = max(widest[depth], widths[name])
    for depth in range(1, deepest + 1):
        columns[depth] = columns[depth - 1] + widest[depth - 1] + gap
    places: dict[int, Place] = {}
    height = row * _rows(nodes, shown, hidden, places, columns, widths, row)
    return Sheet(places, tuple(columns), columns[-1] + widest[-1], height)


def _rows(
    nodes: Mapping[int, TreeNode],
    shown: Mapping[int, list[int]],
    hidden: Mapping[int, int],
    places: dict[int, Place],
    columns: list[float],
    widths: Mapping[int, float],
    row: float,
) -> int:
    """Give each node its place, first children level with their parents; returns the number of rows."""
    rows = 0
    stack: list[tuple[int, int | None]] = [(ROOT, 0)]
    while stack:
        name, level = stack.pop()
        if level is None:
            level = rows
        rows = max(rows, level + 1)
        node = nodes[name]
        places[name] = Place(node, columns[node.born], (level + 0.5) * row, widths[name], hidden[name])
        kids = shown[name]
        stack += [(kid, None) for kid in reversed(kids[1:])]
        if kids:
            stack.append((kids[0], level))
    return rows


def _stands(node: TreeNode, step: int, fold: Fold) -> bool:
    """Whether a node is shown of itself: it lives, it led to a sentence, or it fell in this very step."""
    match node.status(step):
        case "live" | "finished":
            return True
        case "dead":
            return fold == "step" and max(node.last, node.born) >= step - 1
        case _:
            return fold == "step" and node.born == step
