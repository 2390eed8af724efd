"""From nothing to a window with a session: used by the program, by the pictures and by the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from app import session as sessions
from app.bridge import Bridge
from app.panels.base import Panel
from app.preferences import apply_settings
from app.session import Session, SessionError
from app.settings import Settings
from app.theme import Theme
from app.window import Window
from engine.messages import ModelInfo
from engine.worker import Engine


class FirstModels(QObject):
    """Loads models as soon as the library is known: those of the session, else the default pair."""

    def __init__(self, window: Window, session: Session | None, base: Path) -> None:
        super().__init__(window)
        self._window, self._session, self._base = window, session, base
        self._done = False
        window.services.bridge.models_changed.connect(self._on_models)
        window.services.bridge.refresh_models()

    def _on_models(self) -> None:
        if self._done:
            return
        self._done = True
        if self._session is not None and self._session.models:
            self._window.files.load_models(self._session, self._base)
            return
        for name in default_pair(self._window.services.bridge.models):
            self._window.services.bridge.load_model(name)


def default_pair(models: Sequence[ModelInfo]) -> list[str]:
    """The first forward language model that has a backward partner in the library, and the partner."""
    names = {m.name for m in models}
    for model in models:
        if "Scores" in model.capabilities and model.role == "forward" and model.partner in names:
            return [model.name, model.partner]
    return []


def read_session(path: Path) -> tuple[Session | None, str]:
    """The session in a file, or none and a sentence; a broken file is kept beside its place."""
    try:
        return sessions.load(path), ""
    except SessionError as error:
        try:
            aside = sessions.put_aside(path)
        except OSError:
            return None, f"The last session cannot be used: {error}."
        return None, f"The last session cannot be used: {error}. It is kept as {aside.name}; this is a fresh start."


def open_window(
    engine: Engine,
    settings: Settings,
    panels: Sequence[type[Panel]],
    *,
    theme: Theme,
    session_path: Path,
    fresh: bool = False,
) -> Window:
    """Build and show the window, then begin the session and read the library."""
    apply_settings(settings, theme)  # before any widget is made, so that each begins with the right fonts
    window = Window(Bridge(engine), settings, panels, theme=theme, session_path=session_path)
    window.services.bridge.setParent(window)
    session, sentence = (None, "") if fresh else read_session(session_path)
    window.show()
    window.begin(session)
    if sentence:
        window.services.notices.warn(sentence)
    FirstModels(window, session, session_path.parent)
    return window
