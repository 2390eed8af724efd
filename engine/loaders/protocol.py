"""A way to open something on disk as a model, as a protocol, so that another one is one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import torch

from engine.capabilities import Model
from engine.messages import ModelInfo, Progress


class Loader(Protocol):
    """Opens one kind of file or folder."""

    def can_open(self, path: Path) -> bool:
        """Whether a path looks like one of this kind, from its name and what lies in it, without reading it."""

    def header(self, path: Path) -> ModelInfo:
        """What it says of itself, weights unread; raises CheckpointError with one sentence."""

    def load(self, path: Path, device: torch.device) -> Iterator[Progress | tuple[Model, ModelInfo]]:
        """Read it in steps, so that loading can be watched and cancelled; the last value is the model.

        Raises CheckpointError with one sentence. Nothing in it is executed.
        """
