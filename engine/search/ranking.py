"""How finished hypotheses are compared, and when a search may stop."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search.node import Frontier, Node


def normalised(options: SearchOptions, merit: float, length: int, coverage: float = 0.0) -> float:
    """The score hypotheses are ranked by: log p over the length's divisor, plus the coverage penalty."""
    return merit / options.divisor(length) + coverage


def coverage_penalty(beta: float, coverage: Tensor, sizes: Tensor | None = None) -> Tensor:
    """Beta times the sum over source positions of log min(attention received, 1): [B, S] -> [B] (Wu et al. 2016).

    `sizes` [B] says how many positions of each row are its source; what follows is padding, which nobody attends to.
    """
    lacking = coverage.clamp(1e-9, 1.0).log()
    if sizes is not None:
        padding = torch.arange(coverage.shape[1], device=coverage.device) >= sizes[:, None]
        lacking = lacking.masked_fill(padding, 0.0)
    return beta * lacking.sum(1)


def order(options: SearchOptions, frontiers: Sequence[Frontier]) -> list[tuple[Node, float]]:
    """Finished hypotheses of one input and their scores, best first; those cut at the maximum length come last."""

    def ranked(nodes: list[tuple[Frontier, Node]]) -> list[tuple[Node, float]]:
        scored = [(n, normalised(options, n.merit, n.length, f.coverage.get(n.id, 0.0))) for f, n in nodes]
        return sorted(scored, key=lambda pair: -pair[1])

    finished = ranked([(f, n) for f in frontiers for n in f.finished])
    return finished + ranked([(f, n) for f in frontiers for n in f.cut])


def may_stop(options: SearchOptions, frontier: Frontier, beam: int) -> bool:
    """Whether the search for one input is over.

    patience: beam x patience hypotheses are finished (Kasai et al. 2022; 1 is fairseq's rule).
    heuristic: the best live prefix, were it to end now, would not enter the best `beam` finished (transformers).
    bound: no live prefix can enter them, however it goes on within the maximum length: exact, and independent of
    how many hypotheses are asked for.
    exhaust: never before the maximum length.
    """
    if not frontier.live:
        return True
    finished = len(frontier.finished)
    if options.stop == "patience" or beam == 1:  # one beam is greedy search: it ends with its sentence
        return finished >= beam * options.patience
    if options.stop == "exhaust" or finished < beam:
        return False
    scores = sorted(
        (normalised(options, n.merit, n.length, frontier.coverage.get(n.id, 0.0)) for n in frontier.finished),
        reverse=True,
    )
    best = max(n.merit for n in frontier.live)
    length = frontier.live[0].length
    if options.stop == "heuristic":
        return normalised(options, best, length) <= scores[beam - 1]
    # the divisor is monotone in the length, so the best case lies at one of its ends
    hope = max(normalised(options, best, length + 1), normalised(options, best, options.max_length + 1))
    return hope <= scores[beam - 1]


_BLOCK = 64
_WIDE = 16_000


def top(scores: Tensor, count: int, offsets: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The best `count` of each row, [A, N] -> values and indices [A, count], best first.

    With `offsets` [A, W] each row is W parts of equal length, and a part's offset is added to its scores. Wide rows
    take two rounds: the best of each of many strided blocks, then the best inside the best blocks. The winners lie
    in at most `count` blocks, so the result is exact, at the price of one pass over the scores.
    """
    rows, width = scores.shape
    parts = 1 if offsets is None else offsets.shape[1]
    blocks = width // parts // _BLOCK  # of each part
    if width < _WIDE or blocks * parts < 4 * count:
        if offsets is not None:
            scores = (scores.view(rows, parts, -1) + offsets[:, :, None]).view(rows, width)
        values, places = scores.topk(min(count, width), 1)
        return values, places
    length = width // parts
    split = scores.view(rows, parts, length)
    best = split[:, :, : blocks * _BLOCK].view(rows, parts, _BLOCK, blocks).amax(2)
    best = best if offsets is None else best + offsets[:, :, None]
    chosen = best.view(rows, -1).topk(count, 1, sorted=False).indices  # rows, count
    part = chosen // blocks
    first = part * length + chosen % blocks
    inside = first[:, None] + torch.arange(0, blocks * _BLOCK, blocks, device=scores.device)[:, None]
    places = inside.flatten(1)  # rows, _BLOCK * count
    if length % _BLOCK:  # the end of each part, shorter than a row of blocks
        rest = torch.arange(width, device=scores.device).view(parts, length)[:, blocks * _BLOCK :]
        places = torch.cat([places, rest.reshape(1, -1).expand(rows, -1)], 1)
    values = scores.gather(1, places)
    if offsets is not None:
        values = values + offsets.gather(1, places // length)
    values, which = values.topk(count, 1)
    return values, places.gather(1, which)
