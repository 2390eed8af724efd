"""Hand-made runs of the sampler, and a bridge that notes what it is asked."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.messages import (
    Candidate,
    Event,
    Message,
    ModelCard,
    ModelInfo,
    Proposal,
    Request,
    Sample,
    SampleStarted,
    SampleStep,
    Swap,
)

START = ("juice", "natural", "brand")
WORDS = ("the", "fresh", "is", "a", "very", "Frobnic", "good")


class NotedBridge(QObject):
    """Takes requests, does nothing with them, and lets a test send the events."""

    models_changed = Signal()
    status_changed = Signal(object)
    job_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        info = {"path": "", "kind": "lstm-lm", "parameters": 1, "size_mb": 1.0, "vocabulary": 9, "config": {}}
        self.models = [
            ModelInfo(name="tiny", capabilities=("NextToken", "Scores"), card=ModelCard(), role="forward", **info),
            ModelInfo(
                name="tiny-back", capabilities=("NextToken", "Scores"), card=ModelCard(), role="backward", **info
            ),
        ]
        self.asked: list[tuple[str, Any]] = []
        self.requests: list[Request] = []
        self._listeners: dict[int, Callable[[Message], None]] = {}

    def models_with(self, *capabilities: str) -> list[ModelInfo]:
        return [m for m in self.models if set(capabilities) <= set(m.capabilities)]

    def submit(self, request: Request, listener: Callable[[Message], None], **_: Any) -> int:
        self.requests.append(request)
        self._listeners[len(self.requests)] = listener
        return len(self.requests)

    def send(self, job: int, *events: Event) -> None:
        for event in events:
            self._listeners[job](Message(job, event))

    def __getattr__(self, name: str) -> Callable[[int], None]:
        if name not in ("cancel", "pause", "resume", "step", "forget"):
            raise AttributeError(name)
        return lambda job: self.asked.append((name, job))


def started(request: Sample) -> SampleStarted:
    """The chains at their keywords."""
    return SampleStarted(
        request=request,
        words=START,
        locked=(True, True, True),
        sentence="Juice natural brand",
        terms={"fluency": -40.0, "support": 0.0},
        unknown=("Frobnic",),
    )


def steps(request: Sample, count: int, *, swaps: bool = False) -> list[SampleStep]:
    """So many steps: insertions and replacements that are accepted or not, deletions that are not."""
    rng = random.Random(request.seed)
    chains = len(request.ladder) or request.chains
    states = [list(START) for _ in range(chains)]
    totals = [-40.0] * chains
    out = []
    for step in range(1, count + 1):
        proposals = tuple(_proposal(rng, c, step, states, totals) for c in range(chains))
        traded = ()
        if swaps and chains > 1:
            traded = (Swap(0, 1, 0.0, True),)
            states[0], states[1] = states[1], states[0]
            totals[0], totals[1] = totals[1], totals[0]
        out.append(SampleStep(step=step, proposals=proposals, swaps=traded))
    return out


def _proposal(rng: random.Random, chain: int, step: int, states: list[list[str]], totals: list[float]) -> Proposal:
    words, before = states[chain], totals[chain]
    free = [i for i, w in enumerate(words) if w not in START]
    move = rng.choice(("insert", "replace", "delete")) if free else "insert"
    if len(words) > 12 and move == "insert":
        move = "replace"
    position = rng.choice(free) if move != "insert" else rng.randrange(len(words) + 1)
    old = words[position] if move != "insert" else ""
    new = rng.choice(WORDS) if move != "delete" else ""
    after = before + rng.uniform(-3, 2)
    log_alpha = min(0.0, (after - before) - 3.0 + 2.5)
    log_u = math.log(1 - rng.random())
    accepted = log_u < log_alpha
    if accepted:
        words[position : position + (move != "insert")] = [new] if new else []
        totals[chain] = after
    sentence = " ".join(words)
    return Proposal(
        chain=chain,
        step=step,
        move=move,  # type: ignore[arg-type]
        position=position,
        old=old,
        new=new,
        terms={"fluency": (before, after), "support": (0.0, 0.0)},
        log_g_forward=-2.5,
        log_g_backward=-3.0,
        log_alpha=log_alpha,
        log_u=log_u,
        accepted=accepted,
        words=tuple(words),
        locked=tuple(w in START for w in words),
        sentence=sentence[:1].upper() + sentence[1:],
        log_slot=0.7 if move != "replace" else math.nan,
        candidates=_candidates(old, new),
    )


def _candidates(old: str, new: str) -> tuple[Candidate, ...]:
    found = [
        Candidate(
            word=w, probability=0.5 / 2**i, log_forward=-1.0 - i, log_backward=-2.0, log_target=-30.0 - i,
            current=w == old, drawn=w == new,
        )
        for i, w in enumerate(WORDS)
    ]  # fmt: skip
    return tuple(found)
