"""The figure of the lecture from our own runs: up to four objectives, early and late, on the same axes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QTextDocument

from app.panels.clusters.choices import OBJECTIVES, family_of, title_of
from app.panels.clusters.film import Film, common_extent
from app.panels.clusters.scene import of_frame
from app.theme import Theme
from app.widgets.cluster_map import ClusterMap
from engine.messages import ModelInfo

LETTERS = "abcdefgh"
PANEL = QSize(440, 380)  # of one map, in pixels
TITLE, GAP = 56, 14


def four(models: Sequence[ModelInfo]) -> list[ModelInfo]:
    """A model of each objective, in the lecture's order, of the family that has the most; the first among equals."""
    families: dict[object, dict[str, ModelInfo]] = {}
    for model in models:
        if (title := title_of(model)) in OBJECTIVES:
            families.setdefault(family_of(model), {}).setdefault(title, model)
    best = max(families.values(), key=len, default={})
    return [best[title] for title in OBJECTIVES if title in best]


def titles(films: Sequence[Film], names: Sequence[str]) -> list[str]:
    """The titles of all maps, an early one and the last one of each film: "(a) GMVAE #2,000"."""
    said = []
    for film, name in zip(films, names, strict=True):
        for frame in (film.early(), len(film) - 1):
            said.append(f"({LETTERS[len(said)]}) {name} #{film.steps[frame]}")
    return said


def size_of(films: Sequence[Film]) -> QSize:
    """How large the figure is, in pixels."""
    return QSize(len(films) * (PANEL.width() + GAP) + GAP, 2 * (PANEL.height() + TITLE + GAP) + GAP)


def draw(films: Sequence[Film], names: Sequence[str], mixture: int, *, theme: Theme) -> QImage:
    """The figure as an image."""
    picture = QImage(size_of(films), QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    paint(painter, films, names, mixture, theme=theme)
    painter.end()
    return picture


def paint(painter: QPainter, films: Sequence[Film], names: Sequence[str], mixture: int, *, theme: Theme) -> None:
    """Two rows, early above late, a column for each film; same axes, same colours."""
    large = Theme(dark=theme.dark)  # the picture is shown small: its words must be large
    large.scale = 1.5
    extent, said = common_extent(films, mixture), titles(films, names)
    painter.fillRect(QRect(QPoint(), size_of(films)), theme.colors.paper)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for column, film in enumerate(films):
        for row, frame in enumerate((film.early(), len(film) - 1)):
            left = GAP + column * (PANEL.width() + GAP)
            top = GAP + row * (PANEL.height() + TITLE + GAP)
            painter.save()
            painter.translate(left, top)
            painter.setClipRect(QRect(QPoint(), PANEL))
            _map(painter, film, frame, mixture, extent, large)
            painter.restore()
            _title(painter, said[2 * column + row], QRectF(left, top + PANEL.height(), PANEL.width(), TITLE), theme)


def _title(painter: QPainter, text: str, room: QRectF, theme: Theme) -> None:
    """In the middle, with L_var and L_mi as the lecture sets them."""
    ink = theme.colors.ink.name()
    rich = text.replace("L_var", "<i>L</i><sub>var</sub>").replace("L_mi", "<i>L</i><sub>mi</sub>")
    document = QTextDocument()
    document.setDefaultFont(theme.sentence_font(28))
    document.setHtml(f"<div align='center' style='color:{ink}'>{rich}</div>")
    document.setTextWidth(room.width())
    painter.save()
    painter.translate(room.topLeft())
    document.drawContents(painter)
    painter.restore()


def _map(
    painter: QPainter,
    film: Film,
    frame: int,
    mixture: int,
    extent: tuple[float, float, float, float] | None,
    theme: Theme,
) -> None:
    scene = of_frame(film, frame, mixture)
    canvas = ClusterMap(theme=theme)
    canvas.set_extent(extent)
    canvas.set_points(scene.positions, scene.codes, scene.confidence, scene.labels)
    canvas.set_components(scene.means, scene.covariances, scene.weights)
    canvas.paint_picture(painter, PANEL, ratio=2.0, legend=False)
    canvas.deleteLater()
