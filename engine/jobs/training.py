"""Training as a job: pausable, cancellable and resumable like any other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from engine.jobs import Context, handles
from engine.messages import Event, Progress, Train
from engine.training.loop import train
from engine.training.recipe import find_recipe, read_recipe
from engine.training.tasks import make_recorder, make_task


@handles(Train)
def train_model(request: Train, context: Context) -> Iterator[Event]:
    """Train a recipe; a cancelled or killed run goes on from its last saved state next time."""
    recipe = read_recipe(find_recipe(request.recipe), request.overrides)
    yield Progress(done=0, total=0, unit="steps", note="reading the text")
    threads = request.threads or max(1, (os.cpu_count() or 2) - 1)
    with torch.inference_mode(False):
        task = make_task(recipe, Path(request.data))
        recorder = make_recorder(task, request.frames)
        work = train(recipe, task, Path(request.run), Path(request.output), recorder)
    while (event := _advance(work, threads)) is not None:
        yield event


def _advance(work: Iterator[Event], threads: int) -> Event | None:
    """One step with gradients on and training's own thread count; both are undone before other jobs run."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode(False):
            return next(work, None)
    finally:
        torch.set_num_threads(before)
