"""Jobs over mixture latent spaces: report, encode into clusters, lay out in two dimensions, and replay the training."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from engine.capabilities import Mixture, require
from engine.jobs import Context, handles
from engine.latent.charts import chart_of
from engine.latent.recording import HeldOut, held_out, recorded
from engine.latent.survey import encode
from engine.latent.tsne import lay_out
from engine.messages import (
    ClusterFigures,
    ClusterMap,
    ClusterPoints,
    EncodeClusters,
    Event,
    InspectMixture,
    MapClusters,
    MixtureReport,
    ModelInfo,
    Progress,
)
from engine.messages.core import FloatArray
from engine.metrics.agreement import neighbour_metric
from engine.metrics.clusters import cluster_metrics, codes_of, cross, verdict

CHUNK = 256
"""Sentences in one `ClusterPoints`."""
TOGETHER = 64
"""Sentences encoded between two yields."""
DRAWN = 1000
"""Prior points that stand for held-out sentences in a model that recorded none."""


def mixture_model(name: str, context: Context) -> Generator[Event, None, tuple[Mixture, ModelInfo]]:
    """Load a model; returns it with its description. Raises ValueError when its prior is no mixture."""
    yield from context.library.load(name)
    model, info = context.library.get(name)
    return require(model, Mixture, info.name), info


def components_of(model: Mixture) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means [M, K, d], log-variances [M, K, d] and weights [M, K] of a model's prior."""
    means, log_vars, weights = (part.detach().float().cpu().numpy() for part in model.components())
    return means, log_vars, weights


def blocks_of(model: Mixture, points: FloatArray) -> FloatArray:
    """The mixture variables' blocks [N, M, d] of points [N, D]; raises ValueError for points of another size."""
    shape, count = model.shape, len(points)
    given = np.asarray(points, dtype=np.float32)
    if not count:
        given = np.empty((0, model.latent_size), dtype=np.float32)
    if given.shape != (count, model.latent_size):
        numbers = given.shape[1] if given.ndim == 2 else 1
        raise ValueError(f"a point of this model has {model.latent_size} numbers, not {numbers}")
    if not np.isfinite(given).all():
        raise ValueError("a point is not finite")
    mixed = given[:, shape.offset : shape.offset + shape.mixtures * shape.width]
    return mixed.reshape(count, shape.mixtures, shape.width)


@handles(InspectMixture)
def inspect_mixture(request: InspectMixture, context: Context) -> Iterator[Event]:
    """Components and figures; what the file did not record is drawn from the prior or left out."""
    model, info = yield from mixture_model(request.model, context)
    means, log_vars, weights = components_of(model)
    mixtures, components, width = means.shape
    arrays = recorded(info)
    known = held_out(arrays, mixtures, components)
    metrics, warning, usage = dict(info.card.metrics), "", weights
    figures = _figures(known.responsibilities, known.means, known.labels, means) if known is not None else None
    if known is not None and figures is not None:
        usage = known.responsibilities.mean(0)
        metrics = figures.metrics | metrics
        warning = figures.verdict
    blocks = blocks_of(model, known.means) if known is not None else _drawn(means, log_vars, weights)
    yield MixtureReport(
        model=info.name,
        latent_size=model.latent_size,
        mixtures=mixtures,
        components=components,
        dimension=width,
        offset=model.shape.offset,
        discrete=model.shape.discrete,
        means=means,
        log_vars=log_vars,
        weights=weights,
        usage=usage,
        metrics=metrics,
        verdict=warning,
        charts=tuple(chart_of(blocks[:, m], means[m]) for m in range(mixtures)),
        frames=len(arrays.get("steps", ())),
    )
    if known is not None and figures is not None:
        yield _without_texts(known)
        yield figures


@handles(EncodeClusters)
def encode_clusters(request: EncodeClusters, context: Context) -> Iterator[Event]:
    """Encode in small batches of like length; what comes out keeps the order of the request."""
    model, _ = yield from mixture_model(request.model, context)
    texts, labels = request.texts, request.labels
    if not texts:
        raise ValueError("there are no sentences to encode")
    if labels and len(labels) != len(texts):
        raise ValueError(f"{len(labels)} labels do not match {len(texts)} sentences")
    kept: list[FloatArray] = []
    points: list[FloatArray] = []
    for start in range(0, len(texts), CHUNK):
        chunk = slice(start, start + CHUNK)
        found = yield from _encoded(model, texts[chunk], labels[chunk], start, len(texts))
        kept.append(found.responsibilities)
        points.append(found.means)
        yield found
    yield _figures(np.concatenate(kept), np.concatenate(points), labels, components_of(model)[0])


@handles(MapClusters)
def map_clusters(request: MapClusters, context: Context) -> Iterator[Event]:
    """Points and component means of one mixture variable, laid out together."""
    model, _ = yield from mixture_model(request.model, context)
    means, log_vars, _ = components_of(model)
    if request.mixture >= len(means):
        raise ValueError(f"there is no mixture variable {request.mixture}: the model has {len(means)}")
    blocks = blocks_of(model, request.points)[:, request.mixture]  # N, d
    mean, log_var = means[request.mixture], log_vars[request.mixture]
    if request.method == "plane":
        chart = chart_of(blocks, mean)
        yield ClusterMap(
            mixture=request.mixture,
            method=request.method,
            positions=chart.project(blocks),
            means=chart.project(mean),
            covariances=chart.spread(log_var),
            chart=chart,
            note="" if blocks.shape[1] <= 2 else f"{chart.explained:.0%} of the variance is in this plane",
        )
        return
    yield Progress(done=0, total=0, unit="iterations", note="finding neighbours")
    both = np.concatenate([blocks, mean])
    for layout in lay_out(both, perplexity=request.perplexity, seed=request.seed):
        yield ClusterMap(
            mixture=request.mixture,
            method=request.method,
            positions=layout.positions[: len(blocks)],
            means=layout.positions[len(blocks) :],
            covariances=np.zeros((0, 2, 2)),
            chart=None,
            iteration=layout.iteration,
            iterations=layout.iterations,
            note="distances between far groups mean little in t-SNE",
        )


def _encoded(
    model: Mixture, texts: tuple[str, ...], labels: tuple[str, ...], start: int, total: int
) -> Generator[Event, None, ClusterPoints]:
    shape = model.shape
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    means, log_vars = (np.empty((len(texts), model.latent_size), dtype=np.float32) for _ in range(2))
    q = np.empty((len(texts), shape.mixtures, shape.components), dtype=np.float32)
    unknown = np.zeros(len(texts), dtype=np.int64)
    for first in range(0, len(texts), TOGETHER):
        rows = order[first : first + TOGETHER]
        some = tuple(texts[i] for i in rows)
        means[rows], log_vars[rows], unknown[rows] = encode(model, some)
        q[rows] = model.responsibilities([model.tokenizer.encode(text) for text in some]).cpu().numpy()
        yield Progress(done=start + first + len(rows), total=total, unit="sentences", note="encoding")
    return ClusterPoints(
        start=start,
        total=total,
        texts=texts,
        labels=labels,
        means=means,
        log_vars=log_vars,
        responsibilities=q,
        codes=codes_of(q),
        unknown=unknown,
    )


def _without_texts(known: HeldOut) -> ClusterPoints:
    """What was recorded of held-out sentences: everything but the sentences."""
    count = len(known.means)
    return ClusterPoints(
        start=0,
        total=count,
        texts=("",) * count,
        labels=known.labels,
        means=known.means,
        log_vars=known.log_vars,
        responsibilities=known.responsibilities,
        codes=codes_of(known.responsibilities),
        unknown=np.zeros(count, dtype=np.int64),
    )


def _figures(q: FloatArray, points: FloatArray, labels: tuple[str, ...], means: FloatArray) -> ClusterFigures:
    """What N sentences with responsibilities [N, M, K] at points [N, D] say together."""
    codes = cross(codes_of(q), q.shape[2], labels)
    metrics = cluster_metrics(q, means, codes)
    if labels:
        metrics |= neighbour_metric(points, labels)
    return ClusterFigures(
        count=len(q),
        codes=codes.codes,
        sizes=codes.sizes,
        label_names=codes.labels,
        table=codes.table,
        by_variable=codes.by_variable,
        metrics=metrics,
        verdict=verdict(metrics["mutual_information"].value, metrics["variance_of_means"].value, *q.shape),
    )


def _drawn(means: FloatArray, log_vars: FloatArray, weights: FloatArray) -> FloatArray:
    """Blocks [DRAWN, M, d] drawn from the prior, the same ones each time."""
    random = np.random.default_rng(0)
    mixtures, components, width = means.shape
    share = weights.astype(np.float64) / weights.sum(1, keepdims=True, dtype=np.float64)
    codes = np.stack([random.choice(components, size=DRAWN, p=share[m]) for m in range(mixtures)], axis=1)
    chosen = np.arange(mixtures), codes
    noise = random.standard_normal((DRAWN, mixtures, width))
    drawn: FloatArray = means[chosen] + np.exp(0.5 * log_vars[chosen]) * noise
    return drawn
