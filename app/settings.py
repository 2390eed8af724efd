"""What a person chose for the whole program, kept in the user's configuration folder."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from platformdirs import user_config_path, user_log_path

from engine.files import write_whole

log = logging.getLogger(__name__)


class Settings(msgspec.Struct):
    """Choices that outlive a session. Unknown fields of newer versions are ignored, wrong values fall back."""

    theme: Literal["system", "light", "dark"] = "system"
    device: str = "auto"
    reduce_motion: bool = False
    type_scale: Annotated[float, msgspec.Meta(ge=0.8, le=2.0)] = 1.0
    seeds: Literal["fixed", "new"] = "fixed"  # a run's seed: as typed, or a new one each time
    folder: str = ""  # where a file was last opened or saved
    recent: list[str] = []  # files opened lately, newest first
    used: dict[str, int] = {}  # how often each command was run from the palette


def folder() -> Path:
    """The configuration folder."""
    return user_config_path("textscape", appauthor=False)


def log_file() -> Path:
    """Where the log is written."""
    return user_log_path("textscape", appauthor=False) / "textscape.log"


def load(path: Path | None = None) -> Settings:
    """The saved settings; defaults when there are none or they cannot be read."""
    path = path or folder() / "settings.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, msgspec.MsgspecError) as error:
        log.info("settings in %s cannot be read, defaults are used: %s", path, error)
        return Settings()


def save(settings: Settings, path: Path | None = None) -> None:
    """Keep the settings; a folder that cannot be written to only costs the settings."""
    with suppress(OSError):
        write_whole(path or folder() / "settings.json", msgspec.json.format(msgspec.json.encode(settings)))
