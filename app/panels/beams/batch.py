"""A file of sentences through every decoder, one sentence of one decoder at a time in the background."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from app.panels.beams.decoders import Decoder, Setup, released
from engine.messages import Cancelled, Failed, Finished, Message, Metric, Priority, ScoreTexts, SearchDone, TextScores
from engine.reading import guess_pair, read_lines, table_of

LIMIT = 2000  # sentences
MOST_LINES = 5 * LIMIT  # that are looked at


@dataclass(frozen=True)
class Pair:
    """A line of the file."""

    source: str
    reference: str = ""


@dataclass
class Series:
    """What a decoder has done so far."""

    decoder: Decoder
    outputs: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tokens: int = 0
    log_prob: float = 0.0
    unfinished: int = 0  # outputs that are cut, or lack what was asked for
    bleu: Metric | None = None
    chrf: Metric | None = None
    wrong: str = ""

    @property
    def speed(self) -> float:
        """Sentences a second."""
        return len(self.outputs) / self.seconds if self.seconds else 0.0

    @property
    def mean_log_prob(self) -> float:
        """Log p of a token, nats."""
        return self.log_prob / self.tokens if self.tokens else float("nan")


def read_pairs(path: Path) -> tuple[list[Pair], str]:
    """Sentences of a text file with their references, where it has any, and what was taken; raises ValueError."""
    table = table_of(path.name, list(islice(read_lines(path), MOST_LINES)))
    source, target = guess_pair(table)
    pairs = [Pair(row[source], row[target] if target is not None else "") for row in table.rows if row[source]]
    if not pairs:
        raise ValueError(f"{path.name} holds no sentences; write one a line, with its reference after a tab")
    said = []
    if table.width > 1:
        references = f"references from {table.title(target)}" if target is not None else "no references"
        said.append(f"{path.name}: sentences from {table.title(source)}, {references}")
    if len(pairs) > LIMIT:
        said.append(f"{path.name} has more sentences; the first {LIMIT:,} are taken")
    return pairs[:LIMIT], "".join(f"{s}. " for s in said).strip()


class Batch(QObject):
    """Runs the decoders in turn, sentence by sentence, so that all have seen the same ones at any time."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._setup = Setup()
        self.pairs: list[Pair] = []
        self.series: list[Series] = []
        self.name = ""
        self.left_out: list[int] = []  # numbers of the decoders whose forced tokens belong to one sentence only
        self._job = 0
        self._turn = 0  # counts sentence x decoder
        self._began = 0.0
        self._scoring: list[Series] = []

    @property
    def running(self) -> bool:
        """Whether there is more to do."""
        return bool(self._job)

    @property
    def progress(self) -> tuple[int, int]:
        """Searches done, and how many there will be."""
        return self._turn, len(self.pairs) * len(self.series)

    @property
    def remaining(self) -> float:
        """Seconds still to go at the present rate."""
        done, total = self.progress
        return (total - done) * (time.monotonic() - self._began) / done if done else float("nan")

    @property
    def applied(self) -> str:
        """What every output is asked to begin with and to hold, and what was left out of that, in words."""
        parts = []
        for number, series in enumerate(self.series, 1):
            o = series.decoder.options
            asked = [f"begins with “{o.prefix}”"] if o.prefix else []
            if o.strategy == "constrained":
                asked += [f"holds “{phrase}”" for phrase in o.constraints]
            if asked:
                parts.append(f"decoder {number} {' and '.join(asked)}")
        if self.left_out:
            numbers = ", ".join(map(str, self.left_out))
            parts.append(f"without the tokens forced on one sentence (decoder {numbers})")
        return "; ".join(parts)

    @property
    def has_references(self) -> bool:
        """Whether quality can be measured."""
        return bool(self.pairs) and all(p.reference for p in self.pairs)

    def start(self, setup: Setup, pairs: list[Pair], name: str) -> None:
        """Begin; an earlier batch is dropped."""
        self.stop()
        self._setup, self.pairs, self.name = setup, pairs, name
        self.series = [Series(released(d)) for d in setup.decoders]
        self.left_out = [i + 1 for i, d in enumerate(setup.decoders) if d.options.prefix_ids]
        self._turn, self._began, self._scoring = 0, time.monotonic(), []
        self._next()

    def stop(self) -> None:
        """End here; what there is stays and is scored no further."""
        if self._job:
            self._bridge.forget(self._job)
            self._job = 0
            self.changed.emit()

    def _next(self) -> None:
        self._job = 0
        done, total = self.progress
        while done < total and self.series[done % len(self.series)].wrong:
            done += 1
        self._turn = done
        if done >= total:
            self._score()
            return
        pair, series = self.pairs[done // len(self.series)], self.series[done % len(self.series)]
        request = self._setup.request(series.decoder, text=pair.source, trace=False, reference="")
        self._job = self._bridge.submit(request, self._on_message, priority=Priority.BACKGROUND)
        self.changed.emit()

    def _on_message(self, message: Message) -> None:
        if message.job != self._job:
            return
        series = self.series[self._turn % len(self.series)]
        match message.event:
            case SearchDone() as found:
                best = found.hypotheses[0] if found.hypotheses else None
                series.outputs.append(best.text if best else "")
                series.tokens += len(best.tokens) if best else 0
                series.log_prob += best.log_prob if best else 0.0
                series.unfinished += best is None or bool(best.lacks)
                series.seconds += found.seconds
                self._turn += 1
                self._next()
            case Failed() as failed:
                series.wrong = failed.sentence
                self._next()
            case Cancelled() | Finished():  # by another hand, without a result
                self.stop()

    def _score(self) -> None:
        """Figures over all outputs, where there are references."""
        self._scoring = [s for s in self.series if not s.wrong] if self.has_references else []
        self._score_next()

    def _score_next(self) -> None:
        self._job = 0
        if self._scoring:
            request = ScoreTexts(
                outputs=tuple(self._scoring[0].outputs), references=tuple(p.reference for p in self.pairs)
            )
            self._job = self._bridge.submit(request, self._on_scored, priority=Priority.BACKGROUND)
        self.changed.emit()

    def _on_scored(self, message: Message) -> None:
        if message.job != self._job:
            return
        match message.event:
            case TextScores() as scores:
                series = self._scoring.pop(0)
                series.bleu, series.chrf = scores.bleu, scores.chrf
                self._score_next()
            case Failed() as failed:
                self._scoring.pop(0).wrong = failed.sentence
                self._score_next()
            case Cancelled() | Finished():
                self.stop()
