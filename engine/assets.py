"""Where the files that come with the program lie: checkpoints, icons, fonts, example inputs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def _folder() -> Path:
    """An installed package carries the folder inside `engine`; a checkout has it beside."""
    engine = Path(str(files("engine")))
    inside = engine / "assets"
    return inside if inside.is_dir() else engine.parent / "assets"


ASSETS = _folder()
CHECKPOINTS = ASSETS / "checkpoints"
EXAMPLES = ASSETS / "examples"
FONTS = ASSETS / "fonts"
ICONS = ASSETS / "icons"
