"""Two axes through the block of one mixture variable, and how to lay the charts of two models alike."""

from __future__ import annotations

import numpy as np

from engine.latent.planes import principal_axes
from engine.messages.clusters import Chart
from engine.messages.core import FloatArray


def chart_of(points: FloatArray, means: FloatArray) -> Chart:
    """The chart of a block: its own axes when it has two dimensions, else the principal ones.

    The principal axes are those of points [N, d] and component means [K, d] together, one counting as much as the
    other, so that means that points avoid are seen as well. A block of one dimension lies on the horizontal axis;
    its vertical axis is zero, and lifting a position forgets how high it was.
    """
    both = np.concatenate([points, means]).astype(np.float64)
    size = both.shape[1]
    if size == 1:
        return Chart(np.zeros(1), np.array([[1.0], [0.0]]), ("dimension 0", ""))
    if size == 2:
        return Chart(np.zeros(2), np.eye(2), ("dimension 0", "dimension 1"))
    axes, variances = principal_axes(both)
    total = float(variances.sum())
    share = float(variances[:2].sum()) / total if total else 1.0
    return Chart(both.mean(0), axes[:2], ("1st principal axis", "2nd principal axis"), share)


def align(chart: Chart, points: FloatArray, reference: Chart, reference_points: FloatArray) -> Chart:
    """The same chart turned, mirrored and shifted so that points [N, d] fall as near as can be to the reference's.

    Row n of both is the same sentence in two models. Orthogonal Procrustes (Schönemann 1966) in the plane of the
    chart: what the chart shows stays the same, and distances keep their size, as a scale would hide a collapse.
    Raises ValueError when the two have different numbers of points, or none.
    """
    if len(points) != len(reference_points) or not len(points):
        raise ValueError(f"{len(points)} points cannot be laid on {len(reference_points)}")
    here = chart.project(points).astype(np.float64)
    there = reference.project(reference_points).astype(np.float64)
    middle, target = here.mean(0), there.mean(0)
    left, _, right = np.linalg.svd((here - middle).T @ (there - target))
    turn = (left @ right).T  # 2, 2: a position p becomes turn p
    axes = turn @ chart.axes
    # the middle of the points falls on the middle of the reference's: project(lift(middle)) = target
    origin = chart.lift(middle) - target @ axes
    moved = bool(np.abs(turn - np.eye(2)).max() > 1e-9)
    return Chart(origin, axes, ("turned axis 1", "turned axis 2") if moved else chart.names, chart.explained)
