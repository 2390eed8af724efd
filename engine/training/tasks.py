"""Which task trains which kind of recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.training.language_model import LanguageModelTask
from engine.training.mixture import MixtureTask
from engine.training.recipe import Recipe
from engine.training.recorder import Recorder
from engine.training.task import Task
from engine.training.translation import TranslationTask
from engine.training.vae import VaeTask

TASKS: dict[str, Callable[[Recipe, Path], Task]] = {
    "language-model": LanguageModelTask,
    "translation": TranslationTask,
    "vae": VaeTask,
    "mixture-vae": MixtureTask,
}


def make_task(recipe: Recipe, folder: Path) -> Task:
    """The task of a recipe over a data folder; raises ValueError for an unknown one."""
    if recipe.task not in TASKS:
        raise ValueError(f"the recipe's task {recipe.task!r} is unknown; known tasks are {', '.join(sorted(TASKS))}")
    return TASKS[recipe.task](recipe, folder)


def make_recorder(task: Task, frames: int) -> Recorder | None:
    """What records a training trace of so many frames; None for none. Raises ValueError without a mixture to follow."""
    if not frames:
        return None
    if not isinstance(task, MixtureTask):
        raise ValueError("only mixture models have components to trace in training; train this one without a trace")
    return Recorder(task, frames)
