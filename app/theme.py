"""Colours, type and motion of the whole window: one object that every widget paints with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import pyqtgraph as pg
from cmap import Colormap
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.style import style_sheet
from engine.assets import FONTS

SENTENCE_FAMILIES = ("Noto Serif", "Inter", "Noto Sans Math", "Charter", "Georgia", "DejaVu Serif", "serif")
UI_FAMILIES = (
    "Inter",
    "Noto Sans Math",
    "Noto Serif",
    "Segoe UI",
    "SF Pro Text",
    "Noto Sans",
    "DejaVu Sans",
    "sans-serif",
)
CATEGORIES = (
    "#4477AA", "#EE6677", "#228833", "#CCBB44", "#AA3377", "#66CCEE", "#EE8866", "#44AA99", "#7A6BC4", "#999933",
)  # fmt: skip


@dataclass(frozen=True)
class Colors:
    """The roles of colour. Meanings (accepted … replaced) always come with a sign or a shape as well."""

    paper: QColor  # the window
    surface: QColor  # what lies on it: fields, cards, plots
    ink: QColor
    muted: QColor
    hairline: QColor
    accent: QColor  # selection, primary button, focus ring
    on_accent: QColor  # text on the accent
    accepted: QColor
    rejected: QColor
    inserted: QColor
    deleted: QColor
    replaced: QColor


_MEANING = {
    "accepted": "#009E73",
    "rejected": "#D55E00",
    "inserted": "#0072B2",
    "deleted": "#CC79A7",
    "replaced": "#E69F00",
}
_LIGHT = {
    "paper": "#FBFAF8",
    "surface": "#FFFFFF",
    "ink": "#1D1F24",
    "muted": "#6B7078",
    "hairline": "#E4E2DD",
    "accent": "#5458D6",
    "on_accent": "#FFFFFF",
}
_DARK = {
    "paper": "#15171C",
    "surface": "#1C1F26",
    "ink": "#ECEDEF",
    "muted": "#9AA0AA",
    "hairline": "#2C3038",
    "accent": "#8B8FF5",
    "on_accent": "#15171C",
}
_DARK_MEANING = {"inserted": "#4BA3DB"}  # the light theme's blue is too dark to see on dark paper


def colors(dark: bool) -> Colors:
    """The colours of one theme."""
    values = {**_MEANING, **(_DARK | _DARK_MEANING if dark else _LIGHT)}
    return Colors(**{f.name: QColor(values[f.name]) for f in fields(Colors)})


def contrast(a: QColor, b: QColor) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""

    def luminance(color: QColor) -> float:
        channels = (color.redF(), color.greenF(), color.blueF())
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def mix(a: QColor, b: QColor, share: float) -> QColor:
    """`a` with a share (0 to 1) of `b` in it."""
    pairs = zip((a.redF(), a.greenF(), a.blueF()), (b.redF(), b.greenF(), b.blueF()), strict=True)
    return QColor.fromRgbF(*(x + (y - x) * share for x, y in pairs))


class Theme(QObject):
    """What everything is painted with. `changed` says that colours, scale or motion are new: repaint, set fonts."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None, *, dark: bool = False, motion: bool = False) -> None:
        super().__init__(parent)
        self.dark = dark
        self.motion = motion
        self.scale = 1.0
        self.colors = colors(dark)

    def set(self, *, dark: bool | None = None, motion: bool | None = None, scale: float | None = None) -> None:
        """Change what is given, then tell everyone once."""
        self.dark = self.dark if dark is None else dark
        self.motion = self.motion if motion is None else motion
        self.scale = self.scale if scale is None else scale
        self.colors = colors(self.dark)
        self.apply()
        self.changed.emit()

    def apply(self) -> None:
        """Give the application this theme's palette, font and style sheet."""
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            return
        load_fonts()
        sheet = style_sheet(self)
        if not app.styleSheet():
            app.setStyle("Fusion")
        if sheet != app.styleSheet():
            app.setPalette(self.palette())
            app.setFont(self.ui_font(13))  # with a sheet in force: without one, some fonts would stay as they were
            app.setStyleSheet("")  # from one sheet to the next Qt visits each widget once for each of its ancestors
            app.setStyleSheet(sheet)
        pg.setConfigOptions(background=self.colors.surface, foreground=self.colors.muted, antialias=True)

    def px(self, value: float) -> int:
        """A length at the present scale, in pixels."""
        return round(value * self.scale)

    # --- type ---

    def ui_font(self, px: float = 13, weight: int = 400) -> QFont:
        """The interface font at a size in pixels (before the scale); weights 400 and 600."""
        return self._font(UI_FAMILIES, px, weight)

    def sentence_font(self, px: float = 28) -> QFont:
        """The serif that sentences stand in."""
        return self._font(SENTENCE_FAMILIES, px, 400)

    def number_font(self, px: float = 13, weight: int = 400) -> QFont:
        """The interface font with figures of one width, for columns of numbers."""
        return self._font(UI_FAMILIES, px, weight, figures=True)

    def _font(self, families: tuple[str, ...], px: float, weight: int, *, figures: bool = False) -> QFont:
        load_fonts()
        return QFont(_font(families, max(1, self.px(px)), weight, figures))

    # --- colour ---

    def category(self, index: int) -> QColor:
        """The colour of chain, cluster or series `index`, the same in every panel; lighter or darker after ten."""
        return QColor(_category(index, self.dark))

    def sequential(self, value: float) -> QColor:
        """The colour of a probability or share in [0, 1] (viridis)."""
        return QColor(_map_name("viridis", round(min(max(float(value), 0.0), 1.0), 3)))

    def diverging(self, value: float) -> QColor:
        """The colour of a signed change in [-1, 1]: blue below zero, neutral at zero, red above."""
        return QColor(_map_name("berlin" if self.dark else "vik", round(0.5 + 0.5 * min(max(value, -1.0), 1.0), 3)))

    def text(self, color: QColor) -> QColor:
        """A colour of meaning, as dark or light as text in it must be to be read on paper and surface (4.5 : 1)."""
        c = self.colors
        return QColor(_readable(color.name(), c.ink.name(), c.paper.name(), c.surface.name()))

    def tint(self, color: QColor, share: float = 0.12) -> QColor:
        """A faint wash of a colour on the surface, for backgrounds."""
        return mix(self.colors.surface, color, share)

    def palette(self) -> QPalette:
        """Qt's palette in these colours."""
        c, p = self.colors, QPalette()
        role, off = QPalette.ColorRole, QPalette.ColorGroup.Disabled
        for roles, color in (
            ((role.Window, role.AlternateBase), c.paper),
            ((role.Base, role.Button, role.ToolTipBase), c.surface),
            ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), c.ink),
            ((role.PlaceholderText,), c.muted),
            ((role.Highlight, role.Accent, role.Link), c.accent),
            ((role.LinkVisited,), c.accent),
            ((role.HighlightedText,), c.on_accent),
            ((role.Mid, role.Midlight, role.Light), c.hairline),
            ((role.Dark, role.Shadow), mix(c.hairline, c.ink, 0.2)),
        ):
            for r in roles:
                p.setColor(r, color)
        for r in (role.WindowText, role.Text, role.ButtonText):
            p.setColor(off, r, mix(c.muted, c.paper, 0.4))
        return p

    def color_plot(self, plot: pg.PlotWidget | pg.PlotItem) -> None:
        """Give a plot this theme's colours, fonts and thin axes; call again on `changed`."""
        item = plot.getPlotItem() if isinstance(plot, pg.PlotWidget) else plot
        if isinstance(plot, pg.PlotWidget):
            plot.setBackground(self.colors.surface)
        for name in ("left", "bottom", "right", "top"):
            axis = item.getAxis(name)
            axis.setPen(pg.mkPen(self.colors.hairline))
            axis.setTextPen(pg.mkPen(self.colors.muted))
            axis.setTickFont(self.number_font(11))
            axis.label.setFont(self.ui_font(11))
        item.hideButtons()


def load_fonts() -> None:
    """Make the bundled fonts known to Qt, once for each application."""
    app = QGuiApplication.instance()
    if app is None or app.property("textscape_fonts"):
        return
    app.setProperty("textscape_fonts", True)
    for path in sorted(FONTS.glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(path))


@lru_cache(maxsize=256)
def _font(families: tuple[str, ...], pixels: int, weight: int, figures: bool) -> QFont:
    """A font, made once: tables and canvases ask for a few of them thousands of times a second."""
    font = QFont(list(families))
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight(weight))
    if figures:
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def system_is_dark() -> bool:
    """Whether the desktop asks for dark windows."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


@lru_cache(maxsize=256)
def _readable(color: str, ink: str, *grounds: str) -> str:
    """The colour, with as much ink in it as 4.5 : 1 on every ground takes."""
    for step in range(0, 101, 2):
        candidate = mix(QColor(color), QColor(ink), step / 100).name()
        if min(contrast(QColor(candidate), QColor(g)) for g in grounds) >= 4.5:
            return candidate
    return ink


@lru_cache(maxsize=1024)
def _category(index: int, dark: bool) -> str:
    here, base = colors(dark), QColor(CATEGORIES[index % len(CATEGORIES)])
    if dark:
        base = mix(base, QColor("white"), 0.15)
    lap = index // len(CATEGORIES)
    return mix(base, here.ink if lap % 2 else here.surface, min(0.35 * ((lap + 1) // 2), 0.7)).name()


@lru_cache(maxsize=8192)
def _map_name(name: str, value: float) -> str:
    return Colormap(name)(value).hex
