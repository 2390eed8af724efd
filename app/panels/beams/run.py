"""What came of one decoder's search, and what can be read off it without asking the model again."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from app.panels.beams.decoders import Decoder
from app.panels.beams.growth import Growth, ids_of
from engine.messages import (
    Hypothesis,
    Search,
    SearchDone,
    SearchOptions,
    SearchStep,
    decode_event,
    decode_request,
    encode,
)

MOST = 64 << 20  # bytes a packed run may unfold to


@dataclass
class Run:
    """One search: its request, its steps so far, and its hypotheses when it is done."""

    request: Search
    job: int = 0
    growth: Growth = field(default_factory=Growth)
    steps: list[SearchStep] = field(default_factory=list)
    done: SearchDone | None = None
    wrong: str = ""
    note: str = "waiting"
    _lines: list[str] = field(default_factory=list)  # steps as they are packed, each encoded once
    _packed: tuple[tuple[int, bool, str], str] = (-1, False, ""), ""  # what of the run, and its text

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.done is None and not self.wrong

    def add(self, step: SearchStep) -> None:
        """One more step."""
        self.steps.append(step)
        self.growth.add(step)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """What token ids stand for, as far as this search has seen them; empty where one was not seen."""
        known = dict(self.growth.pieces)
        for h in self.done.hypotheses if self.done is not None else ():
            for token in h.tokens:
                known[token.id] = token.piece
                known |= zip(token.alternative_ids, (piece for piece, _ in token.alternatives), strict=False)
        return tuple(known[i] for i in ids) if all(i in known for i in ids) else ()

    @property
    def seconds_a_token(self) -> float:
        """Time of the search over the places it has decided."""
        return sum(s.seconds for s in self.steps) / len(self.steps) if self.steps else float("nan")

    def pack(self) -> str:
        """The run as text, for a session; the same text again while nothing has come in."""
        now = len(self.steps), self.done is not None, self.wrong
        if self._packed[0] == now:
            return self._packed[1]
        self._lines += [encode(s).decode() for s in self.steps[len(self._lines) :]]
        parts = [encode(self.request).decode(), self._lines]
        parts += [encode(self.done).decode() if self.done else "", self.wrong]
        text = base64.b64encode(zlib.compress(msgspec.json.encode(parts), 1)).decode()
        self._packed = now, text
        if not self.running:
            self._lines = []
        return text

    @classmethod
    def unpack(cls, text: str) -> Run:
        """The run that `pack` wrote; one that was on says that it is running. Raises ValueError when it is none."""
        try:
            data = zlib.decompressobj().decompress(base64.b64decode(text), MOST)
            parts = msgspec.json.decode(data, type=list[str | list[str]])
        except (zlib.error, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise ValueError("this is not a search of this version") from error
        match parts:
            case [str(request), list(steps), str(done), *rest] if all(isinstance(r, str) for r in rest):
                wrong = str(rest[0]) if rest else ""
            case _:
                raise ValueError("this is not a search of this version")
        search = decode_request(request)
        if not isinstance(search, Search):
            raise ValueError("this is not a search")
        run = cls(search)
        for line in steps:
            step = decode_event(line)
            if isinstance(step, SearchStep):
                run.add(step)
        end = decode_event(done) if done else None
        run.done = end if isinstance(end, SearchDone) else None
        run.wrong = wrong
        return run


def rescored(hypothesis: Hypothesis, searched: SearchOptions, ranked: SearchOptions) -> float:
    """The score of a hypothesis under another length penalty: log p over the divisor, and the coverage it had."""
    if searched.info.score == "utility":
        return hypothesis.score
    length = len(hypothesis.tokens)
    coverage = 0.0
    if searched.coverage_penalty:
        coverage = hypothesis.score - hypothesis.log_prob / searched.divisor(length)
    return hypothesis.log_prob / ranked.divisor(length) + coverage


def as_searched(run: Run, decoder: Decoder) -> Decoder:
    """The decoder as it was when this was found: what was edited since says nothing about it, but for the penalty."""
    return msgspec.structs.replace(decoder, model=run.request.model, options=run.request.options)


def ranking(run: Run, decoder: Decoder) -> list[tuple[Hypothesis, float]]:
    """The finished set, best first: as found, or ranked anew by the decoder's length penalty."""
    if run.done is None:
        return []
    if decoder.penalty is None or run.request.options.info.score == "utility":
        return [(h, h.score) for h in run.done.hypotheses]
    pairs = [(h, rescored(h, run.request.options, as_searched(run, decoder).ranked_by)) for h in run.done.hypotheses]
    return sorted(pairs, key=lambda pair: (len(pair[0].unmet), not pair[0].finished, -pair[1]))


def same(a: Hypothesis, b: Hypothesis) -> bool:
    """Whether two hypotheses are the same tokens."""
    return ids_of(a) == ids_of(b)
