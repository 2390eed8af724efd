"""How finished hypotheses are compared, when a search may stop, and what other programs mean by the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor

from engine.messages import SearchOptions
from engine.search.node import Frontier, Node


def divisor(options: SearchOptions, length: int) -> float:
    """What log p is divided by; `length` counts the end mark, as transformers and fairseq count.

    power: length^a. gnmt: ((5 + length) / 6)^a (Wu et al. 2016, equation 14).
    """
    if options.normalisation == "off" or options.length_penalty == 0.0:
        return 1.0
    base = float(max(1, length)) if options.normalisation == "power" else (5.0 + length) / 6.0
    return float(base**options.length_penalty)


def normalised(options: SearchOptions, merit: float, length: int, coverage: float = 0.0) -> float:
    """The score hypotheses are ranked by: log p over the length's divisor, plus the coverage penalty."""
    return merit / divisor(options, length) + coverage


def coverage_penalty(beta: float, coverage: Tensor) -> Tensor:
    """Beta times the sum over source positions of log min(attention received, 1): [B, S] -> [B] (Wu et al. 2016)."""
    return beta * coverage.clamp(1e-9, 1.0).log().sum(1)


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


class Preset(NamedTuple):
    """Settings under which a name means what another program means by it."""

    settings: dict[str, Any]
    meaning: str


PRESETS = {
    "as transformers": Preset(
        {"strategy": "beam", "normalisation": "power", "length_penalty": 1.0, "stop": "heuristic"},
        "score = log p / length^a with the end mark counted, a = 1 by default; stops when the best live beam, "
        "normalised at its present length, is below the worst of the finished ones (early_stopping=False)",
    ),
    "as fairseq": Preset(
        {"strategy": "beam", "normalisation": "power", "length_penalty": 1.0, "stop": "patience", "patience": 1.0},
        "score = log p / length^a with the end mark counted, a = 1 by default; stops as soon as beam hypotheses "
        "are finished",
    ),
    "as GNMT": Preset(
        {
            "strategy": "beam",
            "normalisation": "gnmt",
            "length_penalty": 0.2,
            "coverage_penalty": 0.2,
            "stop": "bound",
        },
        "score = log p / ((5 + length) / 6)^a + coverage, a = 0.2 and beta = 0.2 (Wu et al. 2016, section 7); "
        "goes on until nothing can win",
    ),
}


def with_preset(options: SearchOptions, name: str) -> SearchOptions:
    """The options with a preset's settings; raises ValueError naming the presets when there is none of that name."""
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; the presets are {', '.join(PRESETS)}")
    return msgspec.structs.replace(options, **PRESETS[name].settings)


_BLOCK = 64


def top(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The best `count` of each row, [A, N] -> values and indices [A, count], best first.

    Two rounds: the best of each of many strided blocks, then the best inside the best blocks. The winners lie in at
    most `count` blocks, so the result is exact, at the price of one pass over the scores.
    """
    rows, width = scores.shape
    blocks = width // _BLOCK
    if blocks < 4 * count:
        values, places = scores.topk(min(count, width), 1)
        return values, places
    body = scores[:, : blocks * _BLOCK].view(rows, _BLOCK, blocks)
    _, chosen = body.amax(1).topk(count, 1, sorted=False)  # rows, count
    inside = chosen[:, None] + blocks * torch.arange(_BLOCK, device=scores.device)[:, None]  # rows, _BLOCK, count
    rest = torch.arange(blocks * _BLOCK, width, device=scores.device).expand(rows, -1)
    places = torch.cat([inside.flatten(1), rest], 1)
    values, which = scores.gather(1, places).topk(count, 1)
    return values, places.gather(1, which)
