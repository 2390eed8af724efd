"""What can be opened as a model: a kind of file or folder in each module, named here.

What a loader gives goes through the library like any other model; what it can do its capabilities say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.loaders.own import Checkpoints
from engine.loaders.protocol import Loader

LOADERS: tuple[Loader, ...] = (Checkpoints(),)
"""Asked in order; the first says what is wrong with a path that none can open."""


def loader_of(path: Path) -> Loader:
    """What opens a path."""
    return next((loader for loader in LOADERS if loader.can_open(path)), LOADERS[0])


def models_in(folder: Path) -> Iterator[Path]:
    """What can be opened in a folder, by name; nothing in one that is not there or is closed to us."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    yield from (path for path in paths if any(loader.can_open(path) for loader in LOADERS))


__all__ = ["LOADERS", "Loader", "loader_of", "models_in"]
