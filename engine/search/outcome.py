"""From a finished search to hypotheses a person can read."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec
import torch

from engine.capabilities import Attention, Coverage, require
from engine.messages import Hypothesis, SearchOptions, Token
from engine.search.decode import Decoding
from engine.search.demands import missing
from engine.search.generates import at_once
from engine.search.node import Node
from engine.search.prepare import Start
from engine.search.ranking import coverage_penalty, normalised, order
from engine.vocabulary import Vocabulary


def hypotheses(start: Start, search: Decoding, index: int) -> list[Hypothesis]:
    """The finished sentences of one input, best first; at most `n_best`, and what was drawn for samplers."""
    return at_once(judged(start, search, index))


def judged(start: Start, search: Decoding, index: int) -> Generator[int, None, list[Hypothesis]]:
    """The same in parts: yields how many sentences have been weighed, where weighing them takes long."""
    ranked = order(search.options, [f for f in search.frontiers if f.input == index])
    found = [_hypothesis(start, search, index, *entry) for entry in search.strategy.returned(ranked)]
    found = yield from search.strategy.judged(found)
    return sorted(found, key=lambda h: len(h.unmet))[: search.options.n_best]


def reference(start: Start, index: int, text: str, options: SearchOptions) -> Hypothesis:
    """A given sentence as the model scores it, end mark included: below the best found, the search is not to blame.

    A sentence that begins with the prompt is what the prompt was continued to; any other is the continuation itself.
    """
    prompt = start.prompts[index] if start.prompts else ()
    ids = [*start.tokenizer.encode(text), start.tokenizer.end]
    ids = ids[len(prompt) :] if tuple(ids[: len(prompt)]) == prompt else ids
    state = start.state.select(torch.tensor([index]))
    pieces = start.tokenizer.pieces(ids)
    reader, tokens, total = start.reader, [], 0.0
    before = state
    for piece, token in zip(pieces, ids, strict=True):
        log_probs, before = reader.log_probs(state)[0], state
        value = float(log_probs[token])
        total += value
        values, places = log_probs.topk(min(5, len(log_probs)))
        ids_there = tuple(places.tolist())
        likeliest = zip(start.tokenizer.pieces(ids_there), values.tolist(), strict=True)
        tokens.append(Token(piece, token, value, int((log_probs > value).sum()) + 1, tuple(likeliest), ids_there))
        state = reader.advance(state, torch.tensor([token], device=log_probs.device))
    text = start.tokenizer.decode([*prompt, *ids])
    coverage = 0.0
    if options.coverage_penalty:  # of all but the end mark, as for what is found
        covered = require(reader, Coverage).coverage(before)
        size = torch.tensor([start.sizes[index]], device=covered.device)
        coverage = float(coverage_penalty(options.coverage_penalty, covered, size)[0])
    return Hypothesis(text, tuple(tokens), total, normalised(options, total, len(ids), coverage))


def attended(start: Start, found: Sequence[Hypothesis], index: int = 0) -> list[Hypothesis]:
    """The hypotheses of one input with their attention, [target tokens, source tokens + 1], where there is any."""
    reader = start.reader
    if not found or not isinstance(reader, Attention):
        return list(found)
    targets = [[t.id for t in h.tokens if t.id != start.tokenizer.end] for h in found]
    weights = reader.attention(targets, [index] * len(targets))
    kept = len(start.inputs[index]) + 1
    return [
        msgspec.structs.replace(h, attention=w[: len(h.tokens), :kept].cpu().numpy())
        for h, w in zip(found, weights, strict=True)
    ]


def _hypothesis(start: Start, search: Decoding, index: int, node: Node, score: float, weight: float) -> Hypothesis:
    path = node.path()
    ids = [n.token for n in path]
    names = _names(start.tokenizer, path)
    tokens = tuple(
        Token(
            names[n.token],
            n.token,
            n.log_prob,
            n.rank,
            tuple((names[i], v) for i, v in n.alternatives),
            tuple(i for i, _ in n.alternatives),
        )
        for n in path
    )
    whole = [*(start.prompts[index] if start.prompts else ()), *ids]
    text = start.tokenizer.decode(whole)
    finished = bool(ids) and ids[-1] == start.tokenizer.end
    unmet = missing(search.options, search.constraints, whole)
    return Hypothesis(text, tokens, node.total, score, finished, weight, unmet=unmet)


def _names(tokenizer: Vocabulary, path: Sequence[Node]) -> dict[int, str]:
    ids = sorted({n.token for n in path} | {i for n in path for i, _ in n.alternatives})
    return dict(zip(ids, tokenizer.pieces(ids), strict=True))
