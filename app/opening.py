"""Opening and saving: checkpoints, sessions and texts, by dialog, path or drop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog

from app import session as sessions
from app.library import SUFFIX
from app.pictures import png
from app.session import ModelRef, Session, SessionError
from engine.files import is_there, stamp_of, write_whole
from engine.messages import Failed, Message, ModelInfo, ModelLoaded
from engine.reading import SUFFIXES

if TYPE_CHECKING:
    from app.window import Window

REMEMBERED = 12


class Files:
    """What the window reads from and writes to disk."""

    def __init__(self, window: Window) -> None:
        self._window = window
        # with the file's time and size: hashing a checkpoint once is enough
        self._refs: dict[tuple[str, Path], tuple[tuple[int, int] | None, ModelRef]] = {}

    def open_all(self, paths: list[Path]) -> None:
        """Open several files, as dropped."""
        for path in paths:
            self.open_path(path)

    def open_path(self, path: Path) -> bool:
        """Open a checkpoint, a session or a text; a notice says what is wrong with it when it cannot be."""
        notices = self._window.services.notices
        if not is_there(path):
            notices.error(f"{path} is not {'a file' if os.path.exists(path) else 'there, or may not be read'}.")
            return False
        suffix = path.suffix.lower()
        if suffix == SUFFIX:
            self._window.services.bridge.load_model(str(path), self._on_load)
            opened = True
        elif suffix == ".json" and self._open_session(path):
            opened = True
        else:
            opened = self._offer(path)
        if opened:
            self._remember(path)
        elif suffix != ".json":
            notices.warn(
                f"No panel can use {path.name}. Drop a checkpoint ({SUFFIX}), a session (.json) or a text "
                f"({', '.join(SUFFIXES)})."
            )
        return opened

    def open_by_path(self) -> None:
        """Ask for a path."""
        text, chosen = QInputDialog.getText(self._window, "Open", "Path of a checkpoint, a session or a text:")
        if chosen and text.strip():
            self.open_path(Path(text.strip()).expanduser())

    def _on_load(self, message: Message) -> None:
        notices, event = self._window.services.notices, message.event
        if isinstance(event, Failed):
            notices.error(event.sentence, event.traceback)
        elif isinstance(event, ModelLoaded):
            notices.info(f"{event.info.name} is loaded.")

    def _open_session(self, path: Path) -> bool:
        try:
            session = sessions.load(path)
        except SessionError as error:
            if not self._offer(path):
                self._window.services.notices.error(f"{path.name} cannot be opened: {error}.")
            return False
        if session is not None:
            self.apply(session)
            self.load_models(session, path.parent)
        return session is not None

    def _offer(self, path: Path) -> bool:
        """Ask the panel in front, then the others."""
        front = self._window.current()
        others = [p for p in self._window.panels() if p is not front]
        for panel in [*([front] if front else []), *others]:
            if panel.open_file(path):
                self._window.show_panel(panel.key)
                return True
        return False

    def _remember(self, path: Path) -> None:
        try:
            str(path.resolve()).encode()
        except UnicodeEncodeError:  # a name that no JSON can hold
            return
        settings = self._window.services.settings
        settings.recent[:] = list(dict.fromkeys([str(path.resolve()), *settings.recent]))[:REMEMBERED]
        self._window.save_settings()
        self._window.library.refresh()

    # --- sessions ---

    def collect(self) -> Session:
        """The session as it is now."""
        w, bridge = self._window, self._window.services.bridge
        states = {p.key: {"panel": p.state(), "anatomy": p.anatomy.state()} for p in w.panels()}
        states.update(w.saved)  # what no panel has taken yet is as it was
        base, front = w.autosave.path.parent, w.current()
        return Session(
            geometry=bytes(w.saveGeometry().toBase64().data()).decode(),
            docks=bytes(w.saveState(w.DOCK_VERSION).toBase64().data()).decode(),
            panel=front.key if front else "",
            panels=states,
            models=[self._reference(m, base) for m in bridge.models if m.name in bridge.loaded],
            scenes=list(w.presenter.scenes),
        )

    def apply(self, session: Session) -> None:
        """Put a session back into a window that is already open: the panel in front now, the others one by one."""
        w, front = self._window, self._window.current()
        w.saved = dict(session.panels)
        w.presenter.scenes, w.presenter.place = list(session.scenes), -1
        if session.panel in w.panel_keys():
            w.show_panel(session.panel)
        elif front:
            w.panel(front.key)
        w.make_ready()

    def load_models(self, session: Session, base: Path) -> None:
        """Load what was loaded; a file that is gone or another one now is said so."""
        services = self._window.services
        for ref in session.models:
            path = ref.find(base)
            if not is_there(path) or path.suffix.lower() != SUFFIX:
                services.notices.warn(f"{ref.name} was at {path}, but is not there any more.")
                continue
            if ref.hash and sessions.fingerprint(path) != ref.hash:
                services.notices.warn(f"{path.name} is another model than when the session was saved.")
            services.bridge.load_model(str(path))

    def _reference(self, info: ModelInfo, base: Path) -> ModelRef:
        key, now = (info.path, base), stamp_of(Path(info.path))
        if key not in self._refs or self._refs[key][0] != now:
            self._refs[key] = now, sessions.model_ref(info.name, Path(info.path), base)
        return self._refs[key][1]

    def save_session(self) -> None:
        """Save now and say so."""
        if self._window.autosave.save_now():
            self._window.services.notices.info("The session is saved.")
        else:
            self._window.services.notices.error(f"The session could not be written to {self._window.autosave.path}.")

    def save_session_as(self) -> None:
        """Save a copy elsewhere, to share or to keep."""
        dialogs, notices = self._window.services.dialogs, self._window.services.notices
        path = dialogs.save_file(self._window, "Save the session", "textscape.json", "Session (*.json)")
        if path is None:
            return
        session, bridge = self.collect(), self._window.services.bridge
        loaded = [m for m in bridge.models if m.name in bridge.loaded]
        session.models = [sessions.model_ref(m.name, Path(m.path), path.parent) for m in loaded]
        try:
            sessions.save(session, path)
        except OSError as error:
            notices.error(f"{path.name} could not be written: {error.strerror or error}.")
        else:
            notices.info(f"Saved as {path.name}.")

    def save_picture(self) -> None:
        """The whole window as PNG."""
        picture = self._window.grab()
        path = self._window.services.dialogs.save_file(self._window, "Save a picture", "textscape.png", "PNG (*.png)")
        if path is None:
            return
        try:
            write_whole(path, png(picture))
        except OSError as error:
            self._window.services.notices.error(f"{path.name} could not be written: {error.strerror or error}.")
