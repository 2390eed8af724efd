"""The window in another look is the window as if it had been started in it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QWidget

from app.style import style_sheet
from app.theme import Theme
from app.window import Window


def looks(window: Window) -> list[tuple[str, int, str]]:
    """Type, size of its letters and colour of its ink, of every widget."""
    return [
        (type(w).__name__, w.font().pixelSize(), w.palette().color(w.foregroundRole()).name())
        for w in window.findChildren(QWidget)
    ]


def the_long_way(theme: Theme) -> None:
    """From one sheet to the next without a step between, as Qt means it."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setPalette(theme.palette())
    app.setFont(theme.ui_font(13))
    app.setStyleSheet(style_sheet(theme))


def test_the_short_way_to_a_look_leads_to_the_same(make_panels_window: Callable[[], Window]) -> None:
    window = make_panels_window()
    for key in window.panel_keys():
        window.show_panel(key)
        QApplication.processEvents()
    theme = window.services.theme
    found = []
    for apply in (Theme.apply, the_long_way):
        theme.set(dark=False, scale=1.0)
        theme.apply = lambda way=apply: way(theme)  # type: ignore[method-assign]
        theme.set(dark=True, scale=1.6)
        QApplication.processEvents()
        found.append(looks(window))
        del theme.apply
    assert len({size for _, size, _ in found[0]}) > 5
    assert found[0] == found[1]
