"""The session file: everything needed to find the window as it was left, in one versioned JSON."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import msgspec
from platformdirs import user_data_path
from PySide6.QtCore import QLockFile, QObject, QTimer

from engine.files import write_whole
from engine.messages import brief
from engine.reading import without_mark

log = logging.getLogger(__name__)
VERSION = 3
MAX_BYTES = 64 << 20  # of a session file; ours are a few hundred thousand
AUTOSAVE_MS = 30_000
DEBOUNCE_MS = 1_500
MOST_WINDOWS = 20  # open at a time on one session file and those beside it


class SessionError(ValueError):
    """A session file that cannot be used, with one sentence why."""


class ModelRef(msgspec.Struct, frozen=True):
    """A model by where it was, seen from the session file, and by what it was."""

    name: str
    path: str  # relative to the session file's folder where that is possible
    hash: str = ""  # of the file's first mebibyte and size

    def find(self, base: Path) -> Path:
        """Where it should be now."""
        return (base / self.path).resolve()


class Scene(msgspec.Struct, frozen=True):
    """A saved panel state with a sentence to say about it."""

    panel: str
    sentence: str
    state: dict[str, Any]


class Session(msgspec.Struct):
    """What is kept."""

    version: int = VERSION
    geometry: str = ""  # Qt's, base64
    docks: str = ""  # Qt's, base64
    panel: str = ""  # key of the panel in front
    panels: dict[str, dict[str, Any]] = {}
    models: list[ModelRef] = []
    scenes: list[Scene] = []


def default_path() -> Path:
    """Where the session is kept when none is named."""
    return user_data_path("textscape", appauthor=False) / "session.json"


def fingerprint(path: Path) -> str:
    """A short hash that tells two checkpoints apart without reading all of either; empty when it is not there."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
        return hashlib.sha256(head + str(path.stat().st_size).encode()).hexdigest()[:16]
    except OSError:
        return ""


def model_ref(name: str, path: Path, base: Path) -> ModelRef:
    """The reference of a model for a session file in `base`."""
    try:
        place = os.path.relpath(path.resolve(), base.resolve())
    except ValueError:  # another drive on Windows
        place = str(path.resolve())
    return ModelRef(name=name, path=place, hash=fingerprint(path))


def _from_1(values: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew the panel in front as `active`, and no scenes."""
    values["panel"] = values.pop("active", "")
    return {**values, "version": 2}


def _from_2(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 knew a model by the name inside its file; since then it is the file's own."""
    models = values.get("models")
    refs = [r for r in models if isinstance(r, dict)] if isinstance(models, list) else []
    renamed = {}
    for ref in refs:
        old, stem = ref.get("name"), PurePath(str(ref.get("path", "")).replace("\\", "/")).stem
        if isinstance(old, str) and stem and stem != old:
            renamed[old] = ref["name"] = stem
    parts: list[Any] = [values.get("panels"), values.get("scenes")] if renamed else []
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            for field in MODEL_FIELDS & part.keys():
                value = part[field]
                part[field] = renamed.get(value, value) if isinstance(value, str) else value
            if isinstance(part.get("names"), dict):  # names that a person gave, by model
                part["names"] = {renamed.get(model, model): names for model, names in part["names"].items()}
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return {**values, "version": 3}


MODEL_FIELDS = {"model", "beside", "backward"}
"""Fields of panels' states that name a model."""
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2}


def decode(data: bytes) -> Session:
    """The session in a file's bytes, of this or an older version; raises SessionError."""
    try:
        values = msgspec.json.decode(without_mark(data))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SessionError("it is not JSON, perhaps cut off") from error
    version = values.get("version") if isinstance(values, dict) else None
    if not isinstance(version, int):
        raise SessionError("it is not a Textscape session")
    if version > VERSION:
        raise SessionError(f"it was written by a newer Textscape (session version {version}, this one reads {VERSION})")
    while version < VERSION:
        if version not in MIGRATIONS:
            raise SessionError(f"session version {version} is not known")
        values = MIGRATIONS[version](values)
        version = values["version"]
    try:
        return msgspec.convert(values, Session)
    except msgspec.ValidationError as error:
        raise SessionError(f"one of its fields is wrong: {brief(error)}") from error


def load(path: Path) -> Session | None:
    """The session in a file; None when there is no file. Raises SessionError when it cannot be used."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SessionError("it is far larger than any session")
        return decode(data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SessionError(f"it cannot be read: {error.strerror or error}") from error


def save(session: Session, path: Path) -> None:
    """Write a session whole or not at all. Raises OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(session)))


class Claim:
    """The right to write a session file, held while a window lives: two windows never write over each other.

    Attributes:
        path: the file this window may write: the wanted one, or a numbered one beside it where that is taken.
        taken: whether another window holds the wanted file.
    """

    def __init__(self, wanted: Path) -> None:
        """Raises SessionError when every numbered file is taken as well."""
        with suppress(OSError):  # a folder that cannot be made is said when the session is saved
            wanted.parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, MOST_WINDOWS + 1):
            self.path = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
            self._lock = QLockFile(f"{self.path}.lock")
            self._lock.setStaleLockTime(0)  # only a process that is gone lets go of it
            if self._lock.tryLock(0) or self._lock.error() != QLockFile.LockError.LockFailedError:
                self.taken = number > 1
                return
        raise SessionError(f"{MOST_WINDOWS} windows are open already")

    def release(self) -> None:
        """Let another window have the file."""
        self._lock.unlock()


def put_aside(path: Path) -> Path:
    """Keep a broken session file beside its place, so that nothing is lost; returns where."""
    aside = path.with_name(f"{path.stem}.broken-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    path.replace(aside)
    return aside


class Autosave(QObject):
    """Saves soon after something has changed, and every half minute if anything differs from what was saved."""

    def __init__(self, collect: Callable[[], Session], path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self._collect = collect
        self._saved = b""
        self._soon = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._always = QTimer(self, interval=AUTOSAVE_MS)
        self._soon.timeout.connect(self.save_now)
        self._always.timeout.connect(self.save_now)

    def start(self) -> None:
        """Begin."""
        self._always.start()

    def touch(self) -> None:
        """Something has changed: save when it has been quiet for a moment."""
        self._soon.start()

    def save_now(self) -> bool:
        """Save if anything differs; False when the file could not be written."""
        session = self._collect()
        data = msgspec.json.encode(session)
        if data == self._saved and self.path.exists():
            return True
        try:
            save(session, self.path)
        except OSError as error:
            log.warning("the session could not be saved: %s", error)
            return False
        self._saved = data
        return True

    def stop(self) -> None:
        """Save no more."""
        self._soon.stop()
        self._always.stop()
