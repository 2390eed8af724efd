"""Training as a job: pausable, cancellable and resumable like any other."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import torch

from engine.checkpoint import CheckpointError, read_header
from engine.files import is_there
from engine.jobs import Context, handles
from engine.messages import (
    DropTraining,
    Event,
    Existing,
    InspectTraining,
    ModelSaved,
    Progress,
    Train,
    TrainingBegan,
    TrainingKept,
    brief,
)
from engine.training.recipe import Recipe, find_recipe, read_recipe
from engine.training.state import IN_HEADER, fingerprint, inspect, state_path
from engine.training.tasks import make_recorder, make_task
from engine.training.trainer import Trainer


@handles(Train)
def train_model(request: Train, context: Context) -> Generator[Event]:
    """Train a recipe; the same request goes on from its last saved state, any other begins anew."""
    recipe = read_recipe(find_recipe(request.recipe), request.overrides)
    data, run = Path(request.data), Path(request.run)
    yield Progress(done=0, total=0, unit="steps", note="reading the text")
    asked = fingerprint(recipe, data, request.frames)
    output = place(Path(request.output), asked[:IN_HEADER], request.existing)
    claim(run)
    claim(Path(os.path.realpath(output)).parent)  # a link leads to the file to write
    state = state_path(run, recipe.name, asked)
    if request.existing != "replace" and is_made(recipe, asked[:IN_HEADER], output):
        yield TrainingBegan(state=str(state), output=str(output), step=0, total=0, finished=True)
        yield ModelSaved(info=context.library.describe(output))
        return
    threads = request.threads or max(1, (os.cpu_count() or 2) - 1)
    with torch.inference_mode(False):
        task = make_task(recipe, data)
        recorder = make_recorder(task, request.frames)
        trainer = Trainer(recipe, task, device=context.device, recorder=recorder, request=asked)
    work = trainer.run(state, output)
    try:
        while (event := _advance(work, threads)) is not None:
            saved = isinstance(event, ModelSaved)
            yield ModelSaved(info=context.library.describe(output)) if saved else event
    finally:
        work.close()


@handles(InspectTraining)
def inspect_training(request: InspectTraining, context: Context) -> Iterator[Event]:
    """What a stopped training can go on from."""
    yield kept(Path(request.state))


@handles(DropTraining)
def drop_training(request: DropTraining, context: Context) -> Iterator[Event]:
    """Remove a state, and nothing that is none."""
    path = Path(request.state)
    if kept(path).step:
        path.unlink(missing_ok=True)
    yield kept(path)


def kept(path: Path) -> TrainingKept:
    """What a state file holds; raises ValueError when it is none."""
    step, total = inspect(path)
    size = path.stat().st_size / 1e6 if step else 0.0
    return TrainingKept(state=str(path), step=step, total=total, size_mb=round(size, 2))


def place(output: Path, asked: str, existing: Existing) -> Path:
    """Where a training's checkpoint goes; raises ValueError when it may not replace what lies there.

    What the same request has made is made again in its place.
    """
    try:
        mode = output.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if not stat.S_ISREG(mode):  # what is written there cannot be read again
            raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
        if not os.access(output, os.W_OK):
            raise PermissionError(errno.EACCES, "it may not be written")
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # a name that is too long or can be none
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"the checkpoint cannot be written to {brief(output)}: {why}") from error
    if existing == "replace" or not is_there(output) or requested(output) == asked:
        return output
    if existing == "refuse":
        raise ValueError(
            f"{output} holds another model, of other settings or another text; "
            "name another output, or let it be replaced"
        )
    numbered = (output.with_stem(f"{output.stem}-{n}") for n in itertools.count(2))
    return next(path for path in numbered if not is_there(path) or requested(path) == asked)


def requested(path: Path) -> str:
    """The request that a checkpoint was trained for; empty where it does not say or is none."""
    try:
        return str(read_header(path).document.trained.get("request", ""))
    except CheckpointError:
        return ""


def is_made(recipe: Recipe, asked: str, output: Path) -> bool:
    """Whether the checkpoint is what the request would make, title and all."""
    if not asked or requested(output) != asked:
        return False
    there = read_header(output).document
    labels = [(d.name, d.partner, d.role, d.card.title, d.card.summary, d.card.licence) for d in (there, recipe)]
    return labels[0] == labels[1]


def claim(folder: Path) -> None:
    """Make a folder unless it is there; raises OSError with one sentence when files cannot be written into it."""
    if is_there(folder):
        raise NotADirectoryError(f"nothing can be written into {folder}: it is a file, not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"nothing can be written into {folder}: {error.strerror or error}") from error


def _advance(work: Iterator[Event], threads: int) -> Event | None:
    """One step with gradients on and training's own thread count; both are undone before other jobs run."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode(False):
            return next(work, None)
    finally:
        torch.set_num_threads(before)
