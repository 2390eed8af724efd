"""Decoders that write one token after another, as the rest of the program meets them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from engine.capabilities import Model
from engine.messages import Branch, Hypothesis, SearchOptions
from engine.search.capitals import Capitals
from engine.search.contrastive import ContrastiveDecoding
from engine.search.decode import Decoding
from engine.search.demands import demands
from engine.search.generates import Detail
from engine.search.outcome import attended, judged, reference
from engine.search.prepare import Reading, Start
from engine.search.trace import Trace


def decoding(start: Start, options: SearchOptions, *, record: bool = False) -> Decoding:
    """The search the options ask for; raises ValueError with one sentence when they cannot be met."""
    options = options.used()
    asked = demands(options, start.tokenizer, start.prompts)
    kind = ContrastiveDecoding if options.strategy == "contrastive" else Decoding
    return kind(
        start.reader,
        start.state,
        options,
        forced=asked.forced,
        constraints=asked.phrases,
        prompts=start.prompts,
        sizes=start.sizes,
        capitals=Capitals(start.tokenizer),
        record=record,
    )


class Autoregressive:
    """`Generates` over a model's next-token distribution."""

    def __init__(self, model: Model, texts: Sequence[str], options: SearchOptions, detail: Detail) -> None:
        """Raises ValueError with one sentence when the model cannot write, or not this."""
        self._options, self._detail = options, detail
        self._reading = Reading(model, texts, options)
        demands(options, self._reading.tokenizer, self._reading.prompts)
        self._start: Start | None = None
        self._search: Decoding | None = None

    def read(self) -> Iterator[float]:
        """See `Generates.read`."""
        self._start = yield from self._reading.parts()

    def steps(self) -> Iterator[Sequence[Branch]]:
        """See `Generates.steps`; reads first where that was not done."""
        if self._start is None:
            for _ in self.read():
                pass
        start = self.start
        self._search = decoding(start, self._options, record=self._detail != "texts")
        trace = Trace(start.tokenizer, self._options) if self._detail == "steps" else None
        for decisions in self._search:
            yield () if trace is None else trace.branches(decisions)

    @property
    def start(self) -> Start:
        """The model at the inputs."""
        assert self._start is not None, "the inputs were not read"
        return self._start

    def hypotheses(self, index: int) -> Generator[int, None, list[Hypothesis]]:
        """See `Generates.hypotheses`."""
        assert self._search is not None, "no step was taken"
        return (yield from judged(self.start, self._search, index))

    def attended(self, found: Sequence[Hypothesis], index: int) -> list[Hypothesis]:
        """See `Generates.attended`."""
        return attended(self.start, found, index)

    def reference(self, index: int, text: str) -> Hypothesis | None:
        """See `Generates.reference`."""
        return reference(self.start, index, text, self._options)

    def source(self, index: int) -> tuple[str, ...]:
        """See `Generates.source`."""
        return tuple(self._reading.tokenizer.pieces(self._reading.inputs[index]))
