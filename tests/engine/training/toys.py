"""Tiny texts and trainings that tests of this folder share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engine.jobs import Context
from engine.jobs.training import train_model
from engine.library import Library
from engine.messages import Event, Train

CPU = torch.device("cpu")
TOML = """
name = "toy"
task = "language-model"
[model]
kind = "lstm-lm"
embedding = 8
hidden = 12
output = { kind = "adaptive-softmax", head = 8, clusters = 1 }
dropout = 0.1
[tokenizer]
size = 40
[[data]]
path = "toy/{split}.txt"
[training]
passes = 6
batch_tokens = 60
learning_rate = 0.02
warmup_steps = 2
"""


def sentences() -> list[str]:
    """Twenty-seven of them, the last three for the test, the three before them for validation."""
    people, verbs, things = ("Tom", "Mary", "the dog"), ("likes", "sees", "wants"), ("tea", "a ball", "the sun")
    return [f"{p} {v} {t} ." for p in people for v in verbs for t in things]


def write_text(folder: Path, lines: list[str] | None = None) -> Path:
    """A data folder and the recipe `toy.toml` in it."""
    lines = lines or sentences()
    (folder / "toy").mkdir(parents=True, exist_ok=True)
    for split, part in (("train", lines[:-6]), ("valid", lines[-6:-3]), ("test", lines[-3:])):
        (folder / "toy" / f"{split}.txt").write_text("\n".join(part))
    (folder / "toy.toml").write_text(TOML)
    return folder


def asked(folder: Path, run: str = "run", output: str = "toy", **changes: Any) -> Train:
    """A request to train the recipe of a folder; `changes` are fields of the request."""
    places = {"data": str(folder), "run": str(folder / run), "output": str(folder / f"{output}.safetensors")}
    return Train(recipe=str(folder / "toy.toml"), threads=1, **{**places, **changes})


def trained(request: Train) -> list[Event]:
    """All events of a request."""
    return list(train_model(request, Context(Library(CPU, []), CPU)))
