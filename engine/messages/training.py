"""What a stopped training leaves: its state, to go on from or to drop."""

from __future__ import annotations

from engine.messages.core import Event, Request


class TrainingBegan(Event, frozen=True):
    """A `Train` begins or goes on; where it keeps its state and where its model will lie."""

    state: str  # path
    output: str  # path
    step: int  # 0: from the beginning
    total: int
    finished: bool = False  # it was done before: its model is only made again


class InspectTraining(Request, frozen=True):
    """What the state of a training holds; answers `TrainingKept`."""

    state: str  # path, as `TrainingBegan` named it


class DropTraining(Request, frozen=True):
    """Remove the state of a training that will not be gone on with; answers `TrainingKept` of nothing."""

    state: str


class TrainingKept(Event, frozen=True):
    """A training's state on disk: the same `Train` goes on from it."""

    state: str
    step: int  # 0: there is none
    total: int
    size_mb: float
