"""Jobs that draw the map of a latent space: choose a plane, decode a grid over it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from engine.capabilities import Latent
from engine.jobs import Context, handles
from engine.jobs.latent import anchor_points, latent_model
from engine.latent.decoding import read_points
from engine.latent.grid import change_field, middle_out
from engine.latent.planes import (
    CELLS,
    centers,
    density,
    explained,
    foot,
    plane_of_dimensions,
    plane_through,
    principal_plane,
    window,
)
from engine.latent.survey import Survey, survey
from engine.messages import DecodedSentence, Event, GridReady, GridRows, MakeGrid, MakePlane, Plane, PlaneReady
from engine.messages.core import FloatArray
from engine.messages.latent import GREEDY

BATCH = 24
"""Cells decoded between two yields."""


@handles(MakePlane)
def make_plane(request: MakePlane, context: Context) -> Iterator[Event]:
    """Choose the plane and describe what lies in it."""
    model, info = yield from latent_model(request.model, context)
    known = survey(model, info)
    points = known.means.astype(np.float64)
    plane, anchors = _plane(request, model, known, points, context)
    cloud, marks = plane.project(points), plane.project(anchors)
    extent = window(plane, np.concatenate([cloud, marks]), model.prior.scale)
    (x, y), distance = foot(plane)
    lifted = plane.lift(centers(extent, CELLS, CELLS).reshape(-1, 2))
    log_prior = model.prior.log_prob(torch.from_numpy(lifted)).cpu().numpy().reshape(CELLS, CELLS)
    yield PlaneReady(
        plane=plane,
        explained=explained(plane, points),
        anchors=marks,
        cloud=cloud,
        window=extent,
        prior_center=(x, y),
        prior_sigma=model.prior.scale,
        prior_distance=distance,
        log_prior=log_prior,
        aggregate=density(cloud, extent),
    )


@handles(MakeGrid)
def make_grid(request: MakeGrid, context: Context) -> Iterator[Event]:
    """Decode the cells greedily, rows from the middle outwards."""
    model, _ = yield from latent_model(request.model, context)
    if len(request.plane.origin) != model.latent_size:
        raise ValueError(f"the plane lies in {len(request.plane.origin)} dimensions, the model has {model.latent_size}")
    started = time.perf_counter()
    cells = centers(request.window, request.rows, request.columns)
    words: list[list[tuple[str, ...]]] = [[] for _ in range(request.rows)]
    texts: list[tuple[str, ...]] = [()] * request.rows
    confidence = np.zeros((request.rows, request.columns))
    for row in middle_out(request.rows):
        third = np.full((request.columns, 1), request.third)
        points = request.plane.lift(np.concatenate([cells[row], third], axis=1)).astype(np.float32)
        found: list[DecodedSentence] = []
        for first in range(0, request.columns, BATCH):
            part = torch.from_numpy(points[first : first + BATCH]).to(context.device)
            found += read_points(model, part, GREEDY)[0]
        words[row] = [s.words for s in found]
        texts[row] = tuple(s.text for s in found)
        confidence[row] = [float(s.probabilities.mean()) for s in found]
        yield GridRows(rows=(row,), texts=(texts[row],), confidence=confidence[row : row + 1].copy())
    yield GridReady(
        texts=tuple(texts),
        change=change_field(words),
        confidence=confidence,
        distinct=len({text for row in texts for text in row}),
        seconds=time.perf_counter() - started,
    )


def _plane(
    request: MakePlane, model: Latent, known: Survey, points: FloatArray, context: Context
) -> tuple[Plane, FloatArray]:
    """The plane asked for and its anchors [0 or 3, D]."""
    none = np.empty((0, points.shape[1]))
    if request.kind == "principal":
        return principal_plane(points), none
    if request.kind == "dimensions":
        return plane_of_dimensions(*request.dimensions, known.order, points), none
    anchors = anchor_points(model, request.texts, request.points, context)
    if len(anchors) != 3:
        raise ValueError(f"a plane goes through three sentences, not {len(anchors)}")
    return plane_through(list(anchors), points), anchors
