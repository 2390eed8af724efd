"""Decoding one input: the steps of the search as they are taken, then its hypotheses; and how good texts are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.jobs import Context, handles
from engine.messages import Event, Hypothesis, Metric, Progress, ScoreTexts, Search, SearchDone, TextScores
from engine.metrics.bleu import corpus_bleu, corpus_chrf, sentence_bleu, sentence_chrf
from engine.reading import normalise
from engine.search.outcome import attended, judged, reference
from engine.search.prepare import decoding, prepare
from engine.search.sources import require_learnt
from engine.search.trace import Trace

PRUNED = 12
"""Losers shown at each step, of each diverse group."""


@handles(Search)
def search(request: Search, context: Context) -> Iterator[Event]:
    """Run a search; yields after every step, so that it can be watched, held and stopped."""
    yield from context.library.load(request.model)
    model, info = context.library.get(request.model)
    options = request.options
    clock = time.perf_counter()
    start = prepare(model, [normalise(request.text)], options)
    if start.translates:
        require_learnt(len(start.inputs[0]), info)
    run = decoding(start, options, record=True)
    trace = Trace(start.tokenizer, options, max(PRUNED, options.beam))
    steps, own = 0, 0.0  # seconds of this search alone: other jobs may work while it waits at a yield
    for decisions in run:
        spent = time.perf_counter() - clock
        if request.trace:
            yield trace.step(steps, decisions, spent)
        else:
            yield Progress(done=steps + 1, total=options.max_length, unit="tokens", note="searching")
        steps, own, clock = steps + 1, own + spent, time.perf_counter()
    work, found = judged(start, run, 0), None
    while found is None:
        try:
            weighed = next(work)
        except StopIteration as done:
            found = done.value
        else:
            own += time.perf_counter() - clock
            yield Progress(done=weighed, total=options.samples, unit="sentences", note="weighing the sentences drawn")
            clock = time.perf_counter()
    own += time.perf_counter() - clock
    yield Progress(done=steps, total=steps, unit="tokens", note="reading the attention")
    clock = time.perf_counter()
    known = _known(start, request)
    both = attended(start, [*found, *([known] if known else [])])
    found = [_judged(h, request.reference) for h in both[: len(found)]]
    yield SearchDone(
        hypotheses=tuple(found),
        source=tuple(start.tokenizer.pieces(start.inputs[0])),
        steps=steps,
        seconds=own + time.perf_counter() - clock,
        reference=both[-1] if known else None,
    )


def _known(start: Any, request: Search) -> Hypothesis | None:
    if not request.reference.strip():
        return None
    scored = reference(start, 0, request.reference, request.options)
    return msgspec.structs.replace(scored, text=normalise(request.reference))


def _judged(found: Hypothesis, reference: str) -> Hypothesis:
    if not reference.strip():
        return found
    quality = {"bleu": sentence_bleu(found.text, reference), "chrf": sentence_chrf(found.text, reference)}
    return msgspec.structs.replace(found, quality=quality)


@handles(ScoreTexts)
def score_texts(request: ScoreTexts, context: Context) -> Iterator[Event]:
    """Corpus BLEU and chrF of outputs; raises ValueError when there is not one reference for each."""
    count = len(request.outputs)
    bleu = corpus_bleu(request.outputs, request.references)
    yield Progress(done=1, total=2, unit="figures", note="comparing with the references")
    chrf = corpus_chrf(request.outputs, request.references)
    yield TextScores(
        bleu=Metric(bleu.score, "%", bleu.signature, count, "sentences"),
        chrf=Metric(chrf.score, "%", chrf.signature, count, "sentences"),
    )
