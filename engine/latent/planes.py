"""Planes through a latent space, and the densities seen in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.messages.core import FloatArray, IntArray
from engine.messages.latent import Plane

Window = tuple[float, float, float, float]
SIGMAS = 3.2
"""Standard deviations of the prior that a window holds."""
CELLS = 64
"""Rows and columns of a density."""


def principal_axes(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Orthonormal axes [D, D] by falling variance of the points [N, D], and those variances [D].

    The sign of an axis is chosen so that its largest entry is positive: the same points give the same picture.
    """
    values, vectors = np.linalg.eigh(np.cov(points, rowvar=False, bias=True).reshape(points.shape[1], -1))
    axes = vectors.T[::-1]
    largest = np.abs(axes).argmax(1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None], np.maximum(values[::-1], 0.0)


def orthonormal(candidates: Iterable[FloatArray], count: int) -> FloatArray:
    """The first `count` independent directions among the candidates, made orthonormal in their order (Gram-Schmidt)."""
    axes: list[FloatArray] = []
    for candidate in candidates:
        size = np.linalg.norm(candidate)
        rest = np.array(candidate, dtype=np.float64)
        for _ in range(2):  # a second pass removes what rounding left of nearly dependent directions
            for axis in axes:
                rest = rest - (rest @ axis) * axis
        if np.linalg.norm(rest) > 1e-6 * size > 0.0:
            axes.append(rest / np.linalg.norm(rest))
        if len(axes) == count:
            break
    return np.stack(axes)


def principal_plane(points: FloatArray) -> Plane:
    """The plane of the largest variance of the points [N, D], through their mean."""
    axes, _ = principal_axes(points)
    names = ("1st principal axis", "2nd principal axis", "3rd principal axis")
    return Plane(points.mean(0), _three(axes), names)


def plane_through(anchors: Sequence[FloatArray], points: FloatArray) -> Plane:
    """The plane of three anchors [D], through their middle, the first two lying level.

    Its third direction is the principal axis of `points` [N, D] that the plane shows least of. Anchors on a line, or
    equal ones, leave directions free: the first principal axes take their place.
    """
    a, b, c = anchors
    axes, _ = principal_axes(points)
    plane = orthonormal([b - a, c - a, *axes], 2)
    shown = np.linalg.norm(axes @ plane.T, axis=1)
    # among the first few only: the least shown of all would be one along which nothing varies
    order = [*sorted(range(min(4, len(axes))), key=lambda i: shown[i]), *range(len(axes))]
    return Plane(
        (a + b + c) / 3, _three([*plane, *axes[order]]), ("first to second", "towards the third", "off the plane")
    )


def plane_of_dimensions(first: int, second: int, order: IntArray, points: FloatArray) -> Plane:
    """The plane of two latent dimensions through the mean of the points; the wheel is the next by KL.

    Raises ValueError when the dimensions are equal or do not exist.
    """
    size = points.shape[1]
    if first == second or not (0 <= first < size and 0 <= second < size):
        raise ValueError(f"a plane needs two different dimensions between 0 and {size - 1}")
    third = next((int(d) for d in order if d not in (first, second)), first)
    unit = np.eye(size)
    names = (f"dimension {first}", f"dimension {second}", f"dimension {third}")
    return Plane(points.mean(0), _three(unit[[first, second, *order]]), names)


def explained(plane: Plane, points: FloatArray) -> tuple[float, float, float]:
    """Share of the points' whole variance along each axis of a plane."""
    total = float(points.var(0).sum())
    along = (points @ plane.axes.T).var(0) / total if total else np.zeros(3)
    return float(along[0]), float(along[1]), float(along[2])


def foot(plane: Plane) -> tuple[tuple[float, float], float]:
    """Where a plane is nearest to the zero of the space: its coordinates there, and how far off the zero is."""
    coordinates = plane.project(np.zeros((1, len(plane.origin))))[0, :2]
    nearest = plane.lift(coordinates)[0]
    return (float(coordinates[0]), float(coordinates[1])), float(np.linalg.norm(nearest))


def window(plane: Plane, shown: FloatArray, sigma: float = 1.0) -> Window:
    """A square that holds the prior's circle of `SIGMAS` and the given plane coordinates [N, 2 or 3]."""
    (x, y), _ = foot(plane)
    reach = SIGMAS * sigma
    corners = np.array([[x - reach, y - reach], [x + reach, y + reach]])
    if len(shown):
        corners = np.concatenate([corners, shown[:, :2]])
    low, high = corners.min(0), corners.max(0)
    middle, half = (low + high) / 2, float((high - low).max()) / 2
    return float(middle[0] - half), float(middle[0] + half), float(middle[1] - half), float(middle[1] + half)


def centers(extent: Window, rows: int, columns: int) -> FloatArray:
    """Coordinates of the middles of the cells of a window, [rows, columns, 2]; row 0 is the bottom."""
    left, right, bottom, top = extent
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return np.stack(np.meshgrid(x, y), axis=-1)


def density(shown: FloatArray, extent: Window, *, cells: int = CELLS) -> FloatArray:
    """Gaussian kernel density of plane coordinates [N, 2 or 3] over a window, [cells, cells], summing to 1.

    The bandwidth is Scott's (1992) for two dimensions, along each axis.
    """
    if not len(shown):
        return np.full((cells, cells), 1.0 / cells**2)
    grid = centers(extent, cells, cells)
    kernels = []
    for axis, ticks in ((0, grid[0, :, 0]), (1, grid[:, 0, 1])):
        step = ticks[1] - ticks[0]
        width = max(float(shown[:, axis].std()) * len(shown) ** (-1 / 6), step / 2)
        kernels.append(np.exp(-0.5 * ((ticks[:, None] - shown[None, :, axis]) / width) ** 2))  # cells, N
    field: FloatArray = kernels[1] @ kernels[0].T
    total = field.sum()
    return field / total if total else np.full((cells, cells), 1.0 / cells**2)


def _three(candidates: Iterable[FloatArray]) -> FloatArray:
    """Three orthonormal axes; in a space of one or two dimensions the missing ones are zero."""
    axes = orthonormal(candidates, 3)
    return np.concatenate([axes, np.zeros((3 - len(axes), axes.shape[1]))])
