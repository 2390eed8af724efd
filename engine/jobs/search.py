"""Decoding one input: the steps of the search as they are taken, then its hypotheses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.jobs import Context, handles
from engine.messages import Event, Hypothesis, Progress, Search, SearchDone
from engine.search.outcome import attended, hypotheses, reference
from engine.search.prepare import decoding, prepare
from engine.search.trace import Trace
from engine.text import normalise

PRUNED = 12
"""Losers shown at each step, of each diverse group."""


@handles(Search)
def search(request: Search, context: Context) -> Iterator[Event]:
    """Run a search; yields after every step, so that it can be watched, held and stopped."""
    yield from context.library.load(request.model)
    model, _ = context.library.get(request.model)
    options = request.options
    started = time.perf_counter()
    start = prepare(model, [normalise(request.text)], options)
    run = decoding(start, options, record=True)
    trace = Trace(start.tokenizer, options, max(PRUNED, options.beam))
    steps, clock = 0, time.perf_counter()
    for decisions in run:
        now = time.perf_counter()
        if request.trace:
            yield trace.step(steps, decisions, now - clock)
        else:
            yield Progress(done=steps + 1, total=options.max_length, unit="tokens", note="searching")
        steps, clock = steps + 1, time.perf_counter()
    found = hypotheses(start, run, 0)
    yield Progress(done=steps, total=steps, unit="tokens", note="reading the attention")
    known = _known(start, request)
    both = attended(start, [*found, *([known] if known else [])])
    found = both[: len(found)]
    yield SearchDone(
        hypotheses=tuple(found),
        source=tuple(start.tokenizer.pieces(start.inputs[0])),
        steps=steps,
        seconds=time.perf_counter() - started,
        reference=both[-1] if known else None,
    )


def _known(start: Any, request: Search) -> Hypothesis | None:
    if not request.reference.strip():
        return None
    scored = reference(start, 0, request.reference, request.options)
    return msgspec.structs.replace(scored, text=normalise(request.reference))
