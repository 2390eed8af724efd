"""Any number of coloured points as a picture: little shapes while they can be told apart, a density beyond that.

Both blend without an order, as thin layers of coloured glass: what a pixel absorbs is summed over the points on it,
its colour is their mean. So no cluster hides another because it was drawn last, and everything is array arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPen, QPolygonF

from app.widgets.pad_layers import image_of
from app.widgets.pad_view import Array, View

Indices = npt.NDArray[np.intp]
PHASES = 4  # places within a pixel, in each direction, that a shape is drawn for
RIM, SOFT_RIM = 0.42, 0.12  # how much darker a shape's edge is than its inside, on light ground and on dark
CELL = 3  # px, side of a cell of the density
SHAPES = 8
_CORNERS: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)),  # square
    2: ((0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)),  # triangle
    3: ((0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)),  # diamond
    4: ((0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)),  # triangle on its tip
    7: ((-1.3, -0.6), (1.3, -0.6), (1.3, 0.6), (-1.3, 0.6)),  # bar
}
_PLUS = ((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4))


@dataclass(frozen=True)
class Dots:
    """What is known of each point to be drawn."""

    positions: Array  # [N, 2] in the plane
    categories: npt.NDArray[np.integer]  # [N] row of `colors`, and the shape
    opacity: Array  # [N] 0..1
    colors: Array  # [C, 3] red, green, blue, 0..255

    def of(self, chosen: npt.NDArray[np.bool_] | Indices) -> Dots:
        """Some of them."""
        return Dots(self.positions[chosen], self.categories[chosen], self.opacity[chosen], self.colors)


def glyph_path(shape: int, radius: float, at: QPointF | None = None) -> QPainterPath:
    """The outline of a category's shape (there are SHAPES, then they come again), all of about the same area."""
    path = QPainterPath()
    kind = shape % SHAPES
    if kind == 0:
        path.addEllipse(QPointF(), radius, radius)
    elif kind in (5, 6):  # plus, and the plus turned
        quarter = [(x, y) for x, y in _PLUS]
        corners = quarter + [(-x, -y) for x, y in quarter]
        turn = math.pi / 4 if kind == 6 else 0.0
        cos, sin = math.cos(turn) * radius, math.sin(turn) * radius
        path.addPolygon(QPolygonF([QPointF(cos * x - sin * y, sin * x + cos * y) for x, y in corners]))
        path.closeSubpath()
    else:
        path.addPolygon(QPolygonF([QPointF(x * radius, y * radius) for x, y in _CORNERS[kind]]))
        path.closeSubpath()
    return path.translated(at) if at is not None else path


@lru_cache(maxsize=16)
def sprites(radius: float, rim: float = RIM) -> tuple[Array, Array, Indices, Indices]:
    """Coverage and light of every shape at every place within a pixel, [SHAPES * PHASES^2, P], and P offsets y, x."""
    reach = math.ceil(radius * 1.3) + 1
    side = 2 * reach + 1
    cover = np.empty((SHAPES * PHASES**2, side, side), np.float32)
    light = np.empty_like(cover)
    for index in range(len(cover)):
        shape, phase = divmod(index, PHASES**2)
        down, right = divmod(phase, PHASES)
        middle = QPointF(reach + (right + 0.5) / PHASES, reach + (down + 0.5) / PHASES)
        path = glyph_path(shape, radius, middle)
        cover[index] = _alpha(path, side, 0.0)
        edge = np.minimum(_alpha(path, side, max(1.0, radius * 0.45)), cover[index])
        light[index] = cover[index] - rim * edge
    used = cover.max(0) > 0
    y, x = np.nonzero(used)
    return cover[:, used], light[:, used], y - reach, x - reach


def _alpha(path: QPainterPath, side: int, stroke: float) -> Array:
    image = QImage(side, side, QImage.Format.Format_Alpha8)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if stroke:
        painter.strokePath(path, QPen(Qt.GlobalColor.black, stroke))
    else:
        painter.fillPath(path, Qt.GlobalColor.black)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(side, image.bytesPerLine())
    return rows[:, :side].astype(np.float32) / 255


def in_sight(positions: Array, view: View) -> npt.NDArray[np.bool_]:
    """Which positions [N, 2] are within the window."""
    left, right, bottom, top = view.window
    x, y = positions[:, 0], positions[:, 1]
    return np.asarray((x >= left) & (x < right) & (y > bottom) & (y <= top))


def glyphs_image(dots: Dots, view: View, radius: float, rim: float = RIM) -> QImage:
    """The points as shapes of a radius in pixels, the surer the more opaque; also what reaches in from outside."""
    cover, light, down, right = sprites(radius, rim)
    reach = int(max(abs(down).max(), abs(right).max()))
    edge = 2 * reach + 1
    width, height = view.width + 2 * edge, view.height + 2 * edge
    place = view.to_pixels(dots.positions) + edge
    inside = ((place >= reach) & (place < (width - reach, height - reach))).all(1)
    place, dots = place[inside], dots.of(inside)
    corner = np.floor(place).astype(np.intp)
    phase = ((place - corner) * PHASES).astype(np.intp)
    key = (dots.categories % SHAPES) * PHASES**2 + phase[:, 1] * PHASES + phase[:, 0]
    depth = -np.log1p(-np.minimum(dots.opacity, 0.985)).astype(np.float32)[:, None]
    index = ((corner[:, 1] * width + corner[:, 0])[:, None] + (down * width + right)).ravel()
    weights = cover[key] * depth
    shade = light[key] * depth
    colors = dots.colors.astype(np.float32)[dots.categories]
    pixels = np.zeros(width * height, np.uint32)
    count, where = width * height, slice(None)
    if index.size * 12 < count:  # few points: sort the pixels they cover instead of going through all there are
        where, index = np.unique(index, return_inverse=True)
        count = len(where)
    thickness = np.bincount(index, weights.ravel(), count)
    sums = [np.bincount(index, (shade * colors[:, i, None]).ravel(), count) for i in range(3)]
    pixels[where] = _glass(thickness, sums)
    inner = pixels[edge * width + edge :]  # the picture within its margin
    return QImage(inner.data, view.width, view.height, width * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()


def _glass(thickness: Array, sums: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.uint32]:
    """Premultiplied pixels [P] of what is absorbed [P] and of the colours' sums, weighted by that."""
    pixels = np.zeros(len(thickness), np.uint32)
    (there,) = np.nonzero(thickness)
    depth = thickness[there]
    alpha = -np.expm1(-depth)
    share = alpha / depth
    packed = (alpha * 255 + 0.5).astype(np.uint32) << 24
    for total, shift in zip(sums, (16, 8, 0), strict=True):
        packed |= np.minimum(total[there] * share + 0.5, alpha * 255).astype(np.uint32) << shift
    pixels[there] = packed
    return pixels


def reference_density(positions: Array) -> float:
    """Points in a unit of area where they lie rather thick: what a density is drawn in proportion to."""
    low, high = np.percentile(positions, [1, 99], axis=0)
    span = np.maximum(high - low, 1e-6)
    counts, *_ = np.histogram2d(positions[:, 0], positions[:, 1], 48, [(low[0], high[0]), (low[1], high[1])])
    thick = float(np.percentile(counts[counts > 0], 80)) if counts.any() else 1.0
    return float(thick * 48**2 / span.prod())


def draw_density(painter: QPainter, dots: Dots, view: View, reference: float) -> None:
    """All points counted into small cells that stay where they are in the plane when it is pulled along."""
    cell = CELL / view.scale
    left, right, bottom, top = view.window
    first = (math.floor(left / cell) - 2, math.floor(bottom / cell) - 2)
    columns = math.ceil((right - left) / cell) + 5
    rows = math.ceil((top - bottom) / cell) + 5
    x = np.floor(dots.positions[:, 0] / cell).astype(np.int32) - first[0]
    y = np.floor(dots.positions[:, 1] / cell).astype(np.int32) - first[1]
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    kinds = len(dots.colors)
    index = ((y[inside] * columns + x[inside]) * kinds) + dots.categories[inside]
    counts = np.bincount(index, dots.opacity[inside], rows * columns * kinds).reshape(rows, columns, kinds)
    counts = _blurred(counts.astype(np.float32)) * np.float32(1.1 / max(reference * cell**2, 1e-9))
    sums = (counts.reshape(-1, kinds) @ dots.colors.astype(np.float32)).astype(np.float64)
    pixels = _glass(counts.sum(2, dtype=np.float64).ravel(), [sums[:, i] for i in range(3)])
    corner = view.to_pixel(first[0] * cell, (first[1] + rows) * cell)
    painter.drawImage(
        QRectF(corner.x(), corner.y(), columns * CELL, rows * CELL), image_of(pixels.reshape(rows, columns)[::-1])
    )


def _blurred(counts: Array) -> Array:
    """Each cell with a share of its neighbours (1 2 1 in both directions); [R, C, K]."""
    out = counts * 0.5
    out[1:] += counts[:-1] * 0.25
    out[:-1] += counts[1:] * 0.25
    both = out * 0.5
    both[:, 1:] += out[:, :-1] * 0.25
    both[:, :-1] += out[:, 1:] * 0.25
    return both


def stratified(codes: npt.NDArray[np.integer], most: int, seed: int = 0) -> Indices:
    """At most about `most` indices in rising order, each code with its share and none left out."""
    order = np.random.default_rng(seed).permutation(len(codes))
    if len(codes) <= most:
        return np.sort(order)
    kept = []
    for code in np.unique(codes):
        own = order[codes[order] == code]
        kept.append(own[: max(1, int(most * len(own) / len(codes)))])
    return np.sort(np.concatenate(kept))
