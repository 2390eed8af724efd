"""`train`: make a model from a recipe."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from engine.commands.options import DEVICE, JSON, Asked, add_command
from engine.commands.output import answers, note, print_json, print_metrics, say
from engine.messages import InspectTraining, ModelSaved, Train, TrainingBegan, TrainingKept, TrainingPoint
from engine.training.recipe import find_recipe

INTERRUPTED = 130  # exit code of a command ended by Ctrl+C
MOST_NAME = 80  # characters of a file name made of settings


def model_name(recipe: str, overrides: Mapping[str, Any]) -> str:
    """What a model is called that a recipe makes with fields set: toy, toy-seed2, toy-seed2-passes3."""
    said = (f"-{field.rpartition('.')[2]}{value}" for field, value in overrides.items() if field != "name")
    name = str(overrides.get("name", recipe)) + "".join(said)
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:MOST_NAME]


def train(asked: Asked[Train], device: str = DEVICE, as_json: bool = JSON) -> None:
    """Train a model from a recipe. Stop it at any time; the same command goes on where it was.

    Another seed, setting or text is another training with a state of its own. Without --output the model lies in the
    folder `models` and is named by the recipe and by what --set says; another one there is then kept.
    """
    given = asked.given
    path = find_recipe(given["recipe"])
    named = str(Path("models") / f"{model_name(path.stem, given.get('overrides', {}))}.safetensors")
    request = asked.request(
        recipe=str(path),
        run=given.get("run", "runs"),
        output=given.get("output", named),
        existing=given.get("existing", "refuse" if "output" in given else "keep-both"),
    )
    state = ""
    with interrupts() as interrupted:
        for event in answers(request, device, stopped=interrupted):
            if isinstance(event, TrainingBegan):
                state = event.state
                if event.finished:
                    note(f"was trained before; the model is there, or is made again from {state}")
                elif event.step:
                    note(f"goes on after step {event.step:,} of {event.total:,}, from {state}")
            elif isinstance(event, TrainingPoint) and event.split == "valid":
                figures = "  ".join(f"{k} {v:.4g}" for k, v in event.terms.items())
                note(f"step {event.step:,}/{event.total:,}  valid  {figures}")
            elif isinstance(event, ModelSaved):
                _show_saved(event, as_json=as_json)
                return
    what = "there is nothing to keep"
    for left in answers(InspectTraining(state=state), device) if state else ():
        if isinstance(left, TrainingKept) and left.step:
            what = f"the same command goes on after step {left.step:,} of {left.total:,}; delete {state} to drop it"
    note(f"stopped: {what}")
    raise typer.Exit(INTERRUPTED)


def _show_saved(saved: ModelSaved, *, as_json: bool) -> None:
    if as_json:
        print_json(saved.info)
        return
    say(f"{saved.info.path}  {saved.info.size_mb} MB")
    print_metrics(saved.info.card.metrics)


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl+C was pressed: the step that runs is finished first, so that the work can be put away whole.

    A second Ctrl+C does not wait.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, Train, train, fills=("run", "output"))
