"""Decoding one input: the steps of the search as they are taken, then its hypotheses; and how good texts are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from engine.jobs import Context, handles
from engine.messages import (
    Event,
    Hypothesis,
    Metric,
    Progress,
    ScoreTexts,
    Search,
    SearchDone,
    SearchStep,
    TextScores,
)
from engine.metrics.bleu import corpus_bleu, corpus_chrf, sentence_bleu, sentence_chrf
from engine.reading import normalise
from engine.search.decoders import generate
from engine.search.generates import Generates
from engine.search.sources import require_learnt


@handles(Search)
def search(request: Search, context: Context) -> Iterator[Event]:
    """Run a search; yields while it reads and after every step, so that it can be watched, held and stopped."""
    yield from context.library.load(request.model)
    model, info = context.library.get(request.model)
    options, clock = request.options, Clock()
    if request.reference.strip() and not normalise(request.reference):
        raise ValueError("the reference holds no words")
    decoder = generate(model, [normalise(request.text)], options, "steps" if request.trace else "tokens")
    if "Seq2Seq" in info.capabilities:
        require_learnt(len(decoder.source(0)), info)
    for share in decoder.read():
        with clock.held():
            yield Progress(done=share, total=1, unit="of the input", note="reading")
    steps = 0
    for branches in decoder.steps():
        with clock.held() as spent:
            if request.trace:
                yield SearchStep(step=steps, branches=tuple(branches), seconds=spent)
            else:
                yield Progress(done=steps + 1, total=options.max_length, unit="tokens", note="searching")
        steps += 1
    work, found = decoder.hypotheses(0), None
    while found is None:
        try:
            weighed = next(work)
        except StopIteration as done:
            found = done.value
        else:
            with clock.held():
                note = "weighing the sentences drawn"
                yield Progress(done=weighed, total=options.samples, unit="sentences", note=note)
    with clock.held():
        yield Progress(done=steps, total=steps, unit="tokens", note="reading the attention")
    known = _known(decoder, request)
    both = decoder.attended([*found, *([known] if known else [])], 0)
    found = [_judged(h, request.reference) for h in both[: len(found)]]
    yield SearchDone(
        hypotheses=tuple(found),
        source=decoder.source(0),
        steps=steps,
        seconds=clock.total,
        reference=both[-1] if known else None,
    )


class Clock:
    """Seconds of this search alone: other jobs may work while it waits at a yield."""

    def __init__(self) -> None:
        self._before = 0.0
        self._began = time.perf_counter()

    @property
    def total(self) -> float:
        """Seconds so far."""
        return self._before + time.perf_counter() - self._began

    @contextmanager
    def held(self) -> Iterator[float]:
        """Stand still inside; gives the seconds since it last stood still."""
        spent = time.perf_counter() - self._began
        self._before += spent
        try:
            yield spent
        finally:
            self._began = time.perf_counter()


def _known(decoder: Generates, request: Search) -> Hypothesis | None:
    if not request.reference.strip():
        return None
    scored = decoder.reference(0, request.reference)
    return None if scored is None else msgspec.structs.replace(scored, text=normalise(request.reference))


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
