"""The file a stopped training goes on from, named by what was asked for: recipe, text and trace.

Two requests that differ in anything that the weights depend on have two files; the same request finds its own.
Nothing in the file is ever executed.
"""

from __future__ import annotations

import glob
import hashlib
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.files import writing
from engine.messages import brief
from engine.training.data import text_files
from engine.training.recipe import Recipe

SUFFIX = ".state"
LEFT_BEHIND = 600  # seconds after which a half-written file belongs to a writer that was killed
IN_HEADER = 16
"""Digits of a fingerprint that a file name and a checkpoint's header keep."""
LABELS = ("name", "card", "partner", "role")
"""Recipe fields that say what a model is called, not what it is."""


def fingerprint(recipe: Recipe, folder: Path, frames: int = 0) -> str:
    """What tells one training from another: every setting, the content of the text, the length of the trace.

    Returns 64 hexadecimal digits. The number of passes counts: schedule and stopping depend on it, so that a longer
    training is another one. Device and threads do not. Raises OSError or ValueError when the text is not there.
    """
    settings = {k: v for k, v in msgspec.to_builtins(recipe).items() if k not in LABELS}
    digest = hashlib.sha256(msgspec.json.encode([settings, frames], order="deterministic"))
    for path in text_files(recipe.data, folder):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def state_path(run: Path, name: str, request: str) -> Path:
    """Where a request's state is kept in a run folder."""
    return run / f"{name}-{request[:IN_HEADER]}{SUFFIX}"


def write_state(path: Path, request: str, values: Mapping[str, Any]) -> None:
    """Write a state whole or not at all; raises OSError with one sentence when the disk is full or shut."""
    try:
        with writing(path) as file:
            torch.save({"request": request, **values}, file)
    except (RuntimeError, OSError) as error:  # torch says a full disk as a RuntimeError
        raise OSError(f"the training's state cannot be written to {path.parent}: {brief(error)}") from error


def read_state(path: Path, request: str, restore: Callable[[dict[str, Any]], object]) -> None:
    """Hand a state to `restore`; raises ValueError when the file is broken or of another request (empty: of any)."""
    try:
        if not zipfile.is_zipfile(path):  # torch's older formats unpack themselves in other places first
            raise ValueError("no archive")
        values = torch.load(path, weights_only=True, map_location="cpu")
        if values.pop("request") != request and request:
            raise ValueError("another request")
        restore(values)
    except Exception as error:
        raise ValueError(f"{path} is no state of this training; remove it or choose another run folder") from error


def inspect(path: Path) -> tuple[int, int]:
    """The step that a state was saved after and the steps of the whole; (0, 0) where there is none.

    Raises ValueError when the file is no state.
    """
    found = [0, 0]

    def note(values: dict[str, Any]) -> None:
        found[:] = int(values["counters"][2]), int(values["total"])

    if path.exists():
        read_state(path, "", note)
    return found[0], found[1]


def sweep(path: Path) -> None:
    """Remove what killed writers of this state left half-written."""
    for part in path.parent.glob(f".{glob.escape(path.name[:60])}.*.part"):
        if time.time() - part.stat().st_mtime > LEFT_BEHIND:
            part.unlink(missing_ok=True)
