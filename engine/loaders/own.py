"""Textscape's own checkpoints: see `engine.checkpoint`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from engine.capabilities import Model
from engine.checkpoint import SUFFIX, load, read_header
from engine.messages import ModelInfo, Progress


class Checkpoints:
    """One `.safetensors` file, one model."""

    def can_open(self, path: Path) -> bool:
        """By its suffix; what is inside `header` judges."""
        return path.name.endswith(SUFFIX)

    def header(self, path: Path) -> ModelInfo:
        """See `Loader.header`."""
        return read_header(path).info

    def load(self, path: Path, device: torch.device) -> Iterator[Progress | tuple[Model, ModelInfo]]:
        """See `Loader.load`."""
        yield from load(path, device)
