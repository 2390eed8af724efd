"""What a map shows at one moment, as plain values: from a frame of a training or from encoded sentences.

N sentences, K components of one mixture variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.panels.clusters.choices import Choices, component_key
from app.panels.clusters.film import Film
from app.panels.clusters.sample import Sample
from engine.messages import Chart, ClusterMap, MixtureReport

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Scene:
    """Points and components in two dimensions."""

    positions: Array  # [N, 2]
    codes: npt.NDArray[np.integer]  # [N] the likeliest component
    confidence: Array  # [N] its responsibility
    texts: Sequence[str]
    labels: Sequence[str]  # N, or none
    means: Array  # [K, 2]
    covariances: Array  # [K, 2, 2], or none
    weights: Array  # [K]
    chart: Chart | None  # none: a position is no point of the space
    note: str = ""


def of_frame(film: Film, frame: int, mixture: int) -> Scene:
    """A frame of a training."""
    chart = film.charts[mixture]
    shares = film.responsibilities(frame, mixture)
    return Scene(
        positions=chart.project(film.points(frame, mixture)),
        codes=shares.argmax(-1),
        confidence=shares.max(-1),
        texts=film.texts,
        labels=film.labels,
        means=chart.project(film.means(frame, mixture)),
        covariances=chart.spread(film.log_vars(frame, mixture)),
        weights=film.weights(frame, mixture),
        chart=chart,
        note=chart_note(chart),
    )


def of_sample(sample: Sample, report: MixtureReport, chart: Chart, mixture: int) -> Scene:
    """Encoded sentences among a model's components."""
    blocks = block_of(sample.points, report, mixture) if len(sample) else np.empty((0, len(chart.origin)))
    shares = sample.responsibilities[:, mixture] if len(sample) else np.empty((0, report.components))
    weights = shares.mean(0) if len(sample) else np.asarray(report.usage)[mixture]
    return Scene(
        positions=chart.project(blocks),
        codes=shares.argmax(-1) if len(sample) else np.empty(0, dtype=int),
        confidence=shares.max(-1) if len(sample) else np.empty(0),
        texts=sample.texts,
        labels=sample.labels,
        means=chart.project(np.asarray(report.means)[mixture]),
        covariances=chart.spread(np.asarray(report.log_vars)[mixture]),
        weights=weights,
        chart=chart,
        note=chart_note(chart),
    )


def of_map(sample: Sample, layout: ClusterMap) -> Scene:
    """Encoded sentences as t-SNE has laid them out so far."""
    shares = sample.responsibilities[:, layout.mixture]
    done = layout.iteration >= layout.iterations
    how = "t-SNE" if done else f"t-SNE, {layout.iteration:,} of {layout.iterations:,}"
    return Scene(
        positions=np.asarray(layout.positions),
        codes=shares.argmax(-1),
        confidence=shares.max(-1),
        texts=sample.texts,
        labels=sample.labels,
        means=np.asarray(layout.means),
        covariances=np.asarray(layout.covariances),
        weights=shares.mean(0),
        chart=None,
        note=f"{how}: near means alike, far means little",
    )


def chart_note(chart: Chart) -> str:
    """How much of the space the two axes show."""
    if len(chart.origin) <= 2:
        return ""
    return f"principal plane of {len(chart.origin)} dimensions, {chart.explained:.0%} of the variance"


def block_of(points: Array, report: MixtureReport, mixture: int) -> Array:
    """The coordinates [..., d] that mixture variable m owns of whole points [..., D]."""
    wide = np.asarray(report.means).shape[-1]
    start = report.offset + mixture * wide
    return np.asarray(points)[..., start : start + wide]


def with_block(point: Array, report: MixtureReport, mixture: int, block: Array) -> Array:
    """A whole point [D] with another block [d] for mixture variable m; the others stay."""
    wide = np.asarray(report.means).shape[-1]
    start = report.offset + mixture * wide
    changed = np.array(point, dtype=float)
    changed[start : start + wide] = block
    return changed


def start_of(report: MixtureReport) -> Array:
    """Where reading begins, [D]: the mean of the likeliest component of each variable, the Gaussian part at 0."""
    point = np.zeros(report.latent_size)
    for mixture, usage in enumerate(np.asarray(report.usage)):
        point = with_block(point, report, mixture, np.asarray(report.means)[mixture, int(usage.argmax())])
    return point


def names_of(choices: Choices, model: str, mixture: int, count: int) -> list[str]:
    """The names given to the components; the map shows their numbers by itself."""
    return [choices.name_of(model, component_key(mixture, k)) for k in range(count)]
