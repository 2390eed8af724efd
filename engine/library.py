"""Which models exist and which are loaded. Only the engine thread touches it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from engine.assets import CHECKPOINTS
from engine.checkpoint import SUFFIX, CheckpointError, load, read_header
from engine.files import stamp_of
from engine.messages import BrokenModel, ModelInfo, ModelLoaded, Progress


def folders() -> tuple[Path, ...]:
    """Where checkpoints are looked for: those named in TEXTSCAPE_MODELS, the working folder's `models`, the bundled."""
    named = os.environ.get("TEXTSCAPE_MODELS", "")
    extra = [Path(p) for p in named.split(os.pathsep) if p]
    return tuple(p for p in (*extra, Path("models"), CHECKPOINTS) if p.is_dir())


class Library:
    """Loaded models by name."""

    def __init__(self, device: torch.device, where: Sequence[Path] | None = None) -> None:
        self.device = device
        self._where = where
        self._loaded: dict[str, tuple[Any, ModelInfo]] = {}
        self._stamps: dict[str, tuple[int, int] | None] = {}  # of the files the models were read from

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where checkpoints are looked for, first found first."""
        return tuple(self._where) if self._where is not None else folders()

    def scan(self) -> tuple[list[ModelInfo], list[BrokenModel]]:
        """Headers of all checkpoints in the folders; of two with one name the first found counts."""
        found: dict[str, ModelInfo] = {}
        broken: list[BrokenModel] = []
        for folder in self.folders:
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                try:
                    info = read_header(path).info
                    found.setdefault(info.name, info)
                except CheckpointError as error:
                    broken.append(BrokenModel(str(path), str(error)))
        return sorted(found.values(), key=lambda info: info.name), broken

    def resolve(self, name: str) -> Path:
        """The file of a model given by name or by path; raises CheckpointError saying what was searched."""
        if name.endswith(SUFFIX) or os.sep in name:
            return Path(name)
        models, _ = self.scan()
        for info in models:
            if info.name == name:
                return Path(info.path)
        known = ", ".join(sorted(i.name for i in models)) or "none"
        raise CheckpointError(f"there is no model named {name!r}; the library has: {known}.")

    def load(self, name: str) -> Iterator[Progress | ModelLoaded]:
        """Load a model by name or path, unless it is loaded; the old one stays until the new one is whole."""
        found = self._find(name)
        if found is not None and not self._changed(found[1]):
            return
        path = Path(found[1].path) if found is not None else self.resolve(name)
        stamp, began = stamp_of(path), time.perf_counter()
        try:
            for step in load(path, self.device):
                if isinstance(step, Progress):
                    yield step
                else:
                    model, info = step
                    self._loaded.pop(info.name, None)  # the newest comes last
                    self._loaded[info.name] = (model, info)
                    self._stamps[info.name] = stamp
                    if found is not None:  # perhaps under another name: then both are kept
                        self._stamps[found[1].name] = stamp
                    yield ModelLoaded(info=info, seconds=time.perf_counter() - began)
        except CheckpointError:
            if found is None:
                raise
            self._stamps[found[1].name] = stamp  # the last good one stays

    def get(self, name: str) -> tuple[Any, ModelInfo]:
        """A model and its description, loaded now if need be; raises CheckpointError."""
        for _ in self.load(name):
            pass
        found = self._find(name)
        assert found is not None
        return found

    def add(self, model: Any, info: ModelInfo) -> None:
        """Keep a model made elsewhere (a test's, an adapter's)."""
        self._loaded[info.name] = (model, info)
        self._stamps.pop(info.name, None)

    def unload(self, name: str) -> None:
        """Forget a model."""
        self._loaded.pop(name, None)

    def loaded(self) -> list[ModelInfo]:
        """What is in memory."""
        return [info for _, info in self._loaded.values()]

    def _changed(self, info: ModelInfo) -> bool:
        """Whether the file of a loaded model holds another one now, as after a second training under its name."""
        now = stamp_of(Path(info.path)) if info.name in self._stamps else None
        return now is not None and now != self._stamps[info.name]

    def _find(self, name: str) -> tuple[Any, ModelInfo] | None:
        if name in self._loaded:
            return self._loaded[name]
        return next((v for v in reversed(self._loaded.values()) if v[1].path == name), None)
