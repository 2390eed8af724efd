"""The same gesture in two latent spaces: a place on one plane, and where it is on another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.messages import PlaneReady

Array = npt.NDArray[np.floating]


def carry(point: Array, here: PlaneReady, there: PlaneReady) -> Array:
    """The point [D'] of the plane `there` that lies as `point` [D] lies on the plane `here`.

    Planes through the same three sentences: the same barycentric coordinates, so that an anchor goes to itself.
    Otherwise: the same distance from the middle of the encoded sentences in their standard deviations.
    """
    x = np.asarray(here.plane.project(point[None]))[0]
    ours, theirs = np.asarray(here.anchors, dtype=float), np.asarray(there.anchors, dtype=float)
    here_spread, there_spread = np.asarray(here.cloud).std(0), np.asarray(there.cloud).std(0)
    third = x[2] / max(float(here_spread[2]), 1e-9) * float(there_spread[2])
    if len(ours) == 3 and len(theirs) == 3:
        corners = np.vstack([ours[:, :2].T, np.ones(3)])  # [3, 3]
        if abs(float(np.linalg.det(corners))) > 1e-9:
            weights = np.linalg.solve(corners, np.array([x[0], x[1], 1.0]))
            place = weights @ theirs[:, :2]
            return there.plane.lift(np.array([[place[0], place[1], third]]))[0]
    middle, target = np.asarray(here.cloud).mean(0), np.asarray(there.cloud).mean(0)
    place = target + (x - middle) / np.maximum(here_spread, 1e-9) * there_spread
    return there.plane.lift(place[None])[0]
