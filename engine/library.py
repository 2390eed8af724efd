"""Which models exist and which are loaded. Only the engine thread touches it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import torch

from engine.assets import CHECKPOINTS
from engine.capabilities import Model
from engine.checkpoint import SUFFIX, CheckpointError
from engine.files import stamp_of
from engine.loaders import loader_of, models_in
from engine.messages import BrokenModel, ModelInfo, ModelLoaded, Progress

Stamp = tuple[int, int] | None


def folders() -> tuple[Path, ...]:
    """Where checkpoints are looked for: those named in TEXTSCAPE_MODELS, the working folder's `models`, the bundled."""
    named = os.environ.get("TEXTSCAPE_MODELS", "")
    extra = [Path(p) for p in named.split(os.pathsep) if p]
    return tuple(p for p in (*extra, Path("models"), CHECKPOINTS) if p.is_dir())


class Library:
    """Models by name, which is their file's; of two files of one name the later one's folder stands behind its name.

    The name and the title that stand in a file are labels: copies and trainings under several seeds share them.
    """

    def __init__(self, device: torch.device, where: Sequence[Path] | None = None) -> None:
        self.device = device
        self._where = where
        self._loaded: dict[str, tuple[Model, ModelInfo]] = {}
        self._stamps: dict[str, Stamp] = {}  # of the files the models were read from, by name
        self._broken: set[str] = set()  # loaded models whose file cannot be read any more
        self._headers: dict[str, tuple[Stamp, ModelInfo | CheckpointError]] = {}  # as read last, by path

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where checkpoints are looked for, first found first."""
        return tuple(self._where) if self._where is not None else folders()

    def scan(self) -> tuple[list[ModelInfo], list[BrokenModel]]:
        """All checkpoints in the folders by their headers, sorted by name, and those that cannot be opened."""
        infos, broken = self._read()
        return sorted((self._with_partner(i, infos) for i in infos), key=lambda info: info.name), broken

    def resolve(self, name: str) -> Path:
        """The file of a model given by name, by path, or by the name inside it where only one file has that.

        Raises CheckpointError saying what was searched.
        """
        infos, _ = self._read()
        for info in infos:
            if info.name == name:
                return Path(info.path)
        if name.endswith(SUFFIX) or os.sep in name:
            return Path(name)
        inside = [info for info in infos if info.inner == name]
        if len(inside) == 1:
            return Path(inside[0].path)
        if inside:
            which = ", ".join(sorted(i.name for i in inside))
            raise CheckpointError(f"several models call themselves {name!r}; name one by its file: {which}.")
        known = ", ".join(sorted(i.name for i in infos)) or "none"
        raise CheckpointError(f"there is no model named {name!r}; the library has: {known}.")

    def describe(self, path: Path) -> ModelInfo:
        """A checkpoint as the library lists it; raises CheckpointError."""
        infos, _ = self._read()
        return self._with_partner(self._named(self._header(path), infos), infos)

    def load(self, name: str, *, strict: bool = False) -> Iterator[Progress | ModelLoaded]:
        """Load a model by name or path, unless it is loaded; the old one stays until the new one is whole.

        A file that broke after it was loaded costs nothing; `strict`: it raises CheckpointError, as a new one does.
        """
        found = self._find(name)
        if found is not None and not self._changed(found[1]) and not (strict and found[1].name in self._broken):
            return
        path = Path(found[1].path) if found is not None else self.resolve(name)
        stamp, began = stamp_of(path), time.perf_counter()
        try:
            for step in loader_of(path).load(path, self.device):
                if isinstance(step, Progress):
                    yield step
                else:
                    info = self.describe(path)
                    self._loaded.pop(info.name, None)  # the newest comes last
                    self._loaded[info.name] = (step[0], info)
                    self._stamps[info.name] = stamp
                    self._broken.discard(info.name)
                    yield ModelLoaded(info=info, seconds=time.perf_counter() - began)
        except CheckpointError:
            if found is not None:
                self._stamps[found[1].name] = stamp  # the last good one stays
                self._broken.add(found[1].name)
            if found is None or strict:
                raise

    def get(self, name: str) -> tuple[Model, ModelInfo]:
        """A model and its description, loaded now if need be; raises CheckpointError."""
        for _ in self.load(name):
            pass
        found = self._find(name)
        assert found is not None
        return found

    def add(self, model: Model, info: ModelInfo) -> None:
        """Keep a model made elsewhere (a test's, an adapter's)."""
        self._loaded[info.name] = (model, info)
        self._stamps.pop(info.name, None)

    def unload(self, name: str) -> None:
        """Forget a model."""
        self._loaded.pop(name, None)

    def loaded(self) -> list[ModelInfo]:
        """What is in memory."""
        return [info for _, info in self._loaded.values()]

    # --- files and names ---------------------------------------------------------------------------------------------

    def _read(self) -> tuple[list[ModelInfo], list[BrokenModel]]:
        """The models of the folders under the names they have here, first found first, and the broken files."""
        infos: list[ModelInfo] = []
        broken: list[BrokenModel] = []
        for folder in dict.fromkeys(f.resolve() for f in self.folders):
            for path in models_in(folder):
                try:
                    infos.append(self._named(self._header(path), infos))
                except CheckpointError as error:
                    broken.append(BrokenModel(str(path), str(error)))
        return infos, broken

    def _header(self, path: Path) -> ModelInfo:
        """What a file says of itself, read again only when it has changed; raises CheckpointError."""
        key, stamp = str(path), stamp_of(path)
        if stamp is None or key not in self._headers or self._headers[key][0] != stamp:
            found: ModelInfo | CheckpointError
            try:
                found = loader_of(path).header(path)
            except CheckpointError as error:
                found = error
            self._headers[key] = stamp, found
        found = self._headers[key][1]
        if isinstance(found, CheckpointError):
            raise CheckpointError(str(found))
        return found

    def _named(self, info: ModelInfo, others: Sequence[ModelInfo]) -> ModelInfo:
        """The same under a name that no other file has: that of its file, if need be with its folder's behind it."""
        path = Path(info.path).resolve()
        taken = {i.name: Path(i.path).resolve() for i in (*others, *self.loaded())}
        folder = Path(info.path).resolve().parent
        names = (info.name, f"{info.name} ({folder.name})", f"{info.name} ({folder})")
        same = next((n for n, place in taken.items() if place == path and n in names), "")
        name = same or next((n for n in names if n not in taken), info.path)
        return msgspec.structs.replace(info, name=name)

    def _with_partner(self, info: ModelInfo, others: Sequence[ModelInfo]) -> ModelInfo:
        """The same with the partner under the name it has here: the file beside it, then any file, then its own name.

        A partner that is not here keeps the name the file gives it.
        """
        if not info.partner:
            return info
        folder = Path(info.path).parent
        here = [i for i in others if Path(i.path).parent == folder]
        ways = (
            (i for i in here if Path(i.path).stem == info.partner),
            (i for i in others if i.name == info.partner),
            (i for i in (*here, *others) if i.inner == info.partner),
        )
        found = next((i for way in ways for i in way if i.path != info.path), None)
        return msgspec.structs.replace(info, partner=found.name) if found else info

    def _changed(self, info: ModelInfo) -> bool:
        """Whether the file of a loaded model holds another one now, as after a second training under its name."""
        now = stamp_of(Path(info.path)) if info.name in self._stamps else None
        return now is not None and now != self._stamps[info.name]

    def _find(self, name: str) -> tuple[Model, ModelInfo] | None:
        """A loaded model by name, by path, or by any other way that `resolve` knows."""
        if name in self._loaded:
            return self._loaded[name]
        try:
            path = self.resolve(name).resolve()
        except CheckpointError:
            return None
        return next((v for v in self._loaded.values() if v[1].path and Path(v[1].path).resolve() == path), None)
