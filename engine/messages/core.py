"""The base of all requests and events, and the ones every part of the program shares.

A request is a frozen value that says everything about a piece of work; events answer it. Both are made of numbers,
strings, tuples and numpy arrays, never of tensors or widgets, and go to JSON and back.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from engine.messages.settings import Settings, setting

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]


class Priority(IntEnum):
    """Who goes first between two yields of a job."""

    INTERACTIVE = 0  # a drag, a click, loading a model: someone is waiting
    STREAMING = 1  # a run being watched
    BACKGROUND = 2  # training, batch evaluation


class Request(Settings, frozen=True, kw_only=True, tag_field="request", tag=True, forbid_unknown_fields=True):
    """A piece of work. Subclasses are the kinds of work; `engine.jobs` says how each is done."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """One part of the answer to a request."""


class Message(msgspec.Struct, frozen=True):
    """An event and the id of the job it answers (0: about the engine itself)."""

    job: int
    event: Event


# --- requests about models -----------------------------------------------------------------------------------------


class LoadModel(Request, frozen=True):
    """Open a checkpoint and keep it; answers `Progress` and `ModelLoaded`."""

    path: Annotated[str, setting("Model", effect="Name or path of a checkpoint", path=True)]


class UnloadModel(Request, frozen=True):
    """Forget a loaded model; answers `ModelUnloaded`."""

    name: Annotated[str, setting("Model", path=True)]


class ListModels(Request, frozen=True):
    """Read the headers of all checkpoints in the library folders; answers `ModelList`."""


Existing = Literal["refuse", "keep-both", "replace"]
"""What becomes of another model that lies where a new one should go. What the same request made stays as it is."""
EXISTING_TIPS = {
    "refuse": "Nothing is trained, and it is said",
    "keep-both": "The new one's name gets a number",
    "replace": "The new one takes its place",
}


class Train(Request, frozen=True):
    """Train a model from a recipe; answers `Progress`, `TrainingPoint` and `ModelSaved`.

    A mixture model that is asked to record also answers a `TrainingTrace` of one frame every so many steps.
    """

    recipe: Annotated[
        str, setting("Recipe", effect="A TOML file, or the name of a bundled recipe", argument=True, path=True)
    ]
    data: Annotated[str, setting("Data", effect="Folder with the text the recipe names", path=True)]
    run: Annotated[
        str, setting("Run folder", effect="Folder for the state that a stopped training goes on from", path=True)
    ]
    output: Annotated[str, setting("Output", effect="Checkpoint to write", path=True)]
    existing: Annotated[
        Existing,
        setting("Existing model", effect="What becomes of another model that lies there", tips=EXISTING_TIPS),
    ] = "refuse"
    threads: Annotated[
        int,
        setting("Threads", ge=0, le=1024, unit="threads", effect="Torch threads; 0 is all cores but one", rare=True),
    ] = 0
    frames: Annotated[
        int,
        setting(
            "Frames",
            ge=0,
            le=500,
            unit="frames",
            effect="Frames of a mixture model's training to record; 0 is none",
            option="trace",
            rare=True,
        ),
    ] = 0
    overrides: Annotated[
        dict[str, Any],
        setting("Recipe fields", effect='By dotted name: "training.passes"', option="set", rare=True),
    ] = {}


# --- events --------------------------------------------------------------------------------------------------------


class Queued(Event, frozen=True):
    """The request is accepted and waits."""

    request: str


class Started(Event, frozen=True):
    """The job runs."""


class Progress(Event, frozen=True):
    """How far a job is."""

    done: float
    total: float  # 0: unknown
    unit: str
    note: str = ""


class Paused(Event, frozen=True):
    """The job is held between two yields."""


class Resumed(Event, frozen=True):
    """The job goes on."""


class Finished(Event, frozen=True):
    """The job's generator has ended."""

    seconds: float


class Cancelled(Event, frozen=True):
    """The job was stopped by request, before or while it ran."""


class Superseded(Event, frozen=True):
    """A newer request took this one's latest-wins slot before it was done."""


class Failed(Event, frozen=True):
    """The job raised; the engine lives on."""

    sentence: str  # for a person
    traceback: str = ""  # for a bug report


class Status(Event, frozen=True):
    """How the engine is doing."""

    device: str
    dtype: str
    queue: int  # jobs waiting or running
    step_ms: float  # mean time of a job step lately
    memory_mb: float  # resident on the CPU, allocated on a GPU


class Metric(msgspec.Struct, frozen=True):
    """A measured figure with what it takes to compare it."""

    value: float
    unit: str = ""
    estimator: str = ""  # how it was obtained
    count: int = 0  # over how many
    of: str = ""  # of what: "words, end marks included"
    chance: float | None = None  # what the same estimator gives where there is nothing to find
    most: float | None = None  # what it can be at most


class ModelCard(msgspec.Struct, frozen=True):
    """What a person should know of a model."""

    title: str = ""
    summary: str = ""
    data: str = ""
    licence: str = ""
    metrics: dict[str, Metric] = {}


class ModelInfo(msgspec.Struct, frozen=True):
    """A checkpoint as its header and its file describe it."""

    name: str  # the file's, with its folder behind it where two files share one
    path: str
    kind: str
    capabilities: tuple[str, ...]
    parameters: int
    size_mb: float
    vocabulary: int
    config: dict[str, Any]
    card: ModelCard
    partner: str = ""  # the model that reads the other way, where one is needed
    role: str = ""  # what it was trained as: "forward", "backward", "German to English"
    inner: str = ""  # the name that stands in the file, a label: copies of it share it
    trained: dict[str, Any] = {}


class ModelLoaded(Event, frozen=True):
    """A model is ready under its name."""

    info: ModelInfo
    seconds: float


class ModelUnloaded(Event, frozen=True):
    """A model was forgotten."""

    name: str


class BrokenModel(msgspec.Struct, frozen=True):
    """A file in the library that cannot be opened, and why."""

    path: str
    sentence: str


class ModelList(Event, frozen=True):
    """What the library folders hold."""

    models: tuple[ModelInfo, ...]
    broken: tuple[BrokenModel, ...] = ()


class TrainingPoint(Event, frozen=True):
    """Loss terms at a training step, or metrics of a validation pass."""

    step: int
    total: int
    terms: dict[str, float]
    split: str = "train"


class ModelSaved(Event, frozen=True):
    """Training wrote a checkpoint."""

    info: ModelInfo
