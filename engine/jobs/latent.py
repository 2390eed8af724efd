"""Jobs over latent spaces: encode, decode, walk, find directions and neighbours, and report."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch

from engine.capabilities import Latent, require
from engine.jobs import Context, handles
from engine.latent.decoding import as_points, best_only, others, read_points
from engine.latent.directions import analogy, attribute, neighbours
from engine.latent.paths import Place, changed_words, walk
from engine.latent.posteriors import latent_figures, posteriors
from engine.latent.survey import Survey, encode, survey
from engine.messages import (
    Analogy,
    AttributeReady,
    Decode,
    Decoded,
    DecodedSentence,
    Encode,
    Encoded,
    Event,
    FindAttribute,
    FindNeighbours,
    InspectLatent,
    Interpolate,
    LatentReport,
    Metric,
    ModelInfo,
    NeighboursFound,
    PathStep,
    PriorSample,
    Progress,
    SamplePrior,
    SearchOptions,
)
from engine.messages.core import FloatArray
from engine.metrics.latent import ACTIVE, active, gaussian_densities, latent_metrics, verdict

CHUNK = 256
"""Sentences in one `Encoded`."""
TOGETHER = 64
"""Sentences encoded between two yields."""
DRAWN = 16
"""Prior points decoded between two yields."""

_collections: WeakKeyDictionary[Latent, dict[str, tuple[tuple[str, ...], FloatArray]]] = WeakKeyDictionary()
"""What was encoded under which name, for as long as the model is loaded."""


def latent_model(name: str, context: Context) -> Generator[Event, None, tuple[Latent, ModelInfo]]:
    """Load a model; returns it with its description. Raises ValueError when it has no latent space."""
    yield from context.library.load(name)
    model, info = context.library.get(name)
    return require(model, Latent, info.name), info


@handles(Encode)
def encode_texts(request: Encode, context: Context) -> Iterator[Event]:
    """Encode in small batches of like length; what comes out keeps the order of the request."""
    model, _ = yield from latent_model(request.model, context)
    total = len(request.texts)
    kept: list[FloatArray] = []
    for start in range(0, total, CHUNK):
        texts = request.texts[start : start + CHUNK]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        means, log_vars = (np.empty((len(texts), model.latent_size), dtype=np.float32) for _ in range(2))
        unknown = np.zeros(len(texts), dtype=np.int64)
        for first in range(0, len(texts), TOGETHER):
            rows = order[first : first + TOGETHER]
            means[rows], log_vars[rows], unknown[rows] = encode(model, tuple(texts[i] for i in rows))
            yield Progress(done=start + first + len(rows), total=total, unit="sentences", note="encoding")
        kept.append(means)
        yield Encoded(start=start, total=total, texts=texts, means=means, log_vars=log_vars, unknown=unknown)
    if request.collection:
        points = np.concatenate(kept) if kept else np.empty((0, model.latent_size), dtype=np.float32)
        _collections.setdefault(model, {})[request.collection] = (request.texts, points)


@handles(Decode)
def decode_points(request: Decode, context: Context) -> Iterator[Event]:
    """Decode points, one batch at a time; a single point is answered at once."""
    model, _ = yield from latent_model(request.model, context)
    points = as_points(request.points, model.latent_size, context.device)
    started = time.perf_counter()
    sentences: list[DecodedSentence] = []
    rest: tuple[tuple[str, float], ...] = ()
    options = request.options if len(points) == 1 else best_only(request.options)
    for first in range(0, len(points), DRAWN):
        if first:
            yield Progress(done=first, total=len(points), unit="points", note="decoding")
        found, more = read_points(model, points[first : first + DRAWN], options, preview=request.preview)
        sentences += found
        rest = others(more)
    yield Decoded(
        points=points.cpu().numpy(),
        sentences=tuple(sentences),
        seconds=time.perf_counter() - started,
        preview=request.preview,
        others=rest,
    )


@handles(SamplePrior)
def sample_prior(request: SamplePrior, context: Context) -> Iterator[Event]:
    """Draw from the prior; point n depends on the seed and n alone."""
    model, info = yield from latent_model(request.model, context)
    if not model.variational:
        raise ValueError(f"{info.name} is an autoencoder: it has no prior to draw from")
    options = best_only(request.options)
    for start in range(0, request.count, DRAWN):
        count = min(DRAWN, request.count - start)
        seeds = ((request.seed, start + i) for i in range(count))
        drawn = np.concatenate([model.prior.sample(1, np.random.default_rng(seed)) for seed in seeds])
        points = (request.scale * drawn).astype(np.float32)
        found, _ = read_points(model, torch.from_numpy(points).to(context.device), options)
        yield PriorSample(start=start, points=points, sentences=tuple(found))


@handles(Interpolate)
def interpolate(request: Interpolate, context: Context) -> Iterator[Event]:
    """Walk through the anchors and decode every stop."""
    model, _ = yield from latent_model(request.model, context)
    anchors = anchor_points(model, request.texts, request.points, context)
    places = list(walk(list(anchors), request.steps, request.path))
    yield from _path(model, places, request.options, context)


@handles(Analogy)
def complete_analogy(request: Analogy, context: Context) -> Iterator[Event]:
    """Decode c + strength (b - a) for each strength."""
    model, _ = yield from latent_model(request.model, context)
    a, b, c = anchor_points(model, (request.a, request.b, request.c), (), context)
    places = [Place(strength, 0, analogy(a, b, c, strength)) for strength in request.strengths]
    yield from _path(model, places, request.options, context)


@handles(FindAttribute)
def find_attribute(request: FindAttribute, context: Context) -> Iterator[Event]:
    """The direction from one list of sentences to another."""
    model, _ = yield from latent_model(request.model, context)
    negative, _, _ = encode(model, request.negative)
    yield Progress(done=1, total=2, unit="lists", note="encoding")
    positive, _, _ = encode(model, request.positive)
    found = attribute(negative.astype(np.float64), positive.astype(np.float64))
    yield AttributeReady(name=request.name, **found._asdict())


@handles(FindNeighbours)
def find_neighbours(request: FindNeighbours, context: Context) -> Iterator[Event]:
    """The nearest sentences of a collection."""
    model, info = yield from latent_model(request.model, context)
    point = as_points([request.point], model.latent_size, torch.device("cpu")).numpy()[0]
    collections = _collections.get(model, {})
    if not request.collection:
        known = survey(model, info)
        texts, points = known.texts, known.text_means
    elif request.collection in collections:
        texts, points = collections[request.collection]
    else:
        raise ValueError(f"no sentences were encoded under the name {request.collection!r}")
    indices, distances = neighbours(points, point, request.count)
    yield NeighboursFound(indices=indices, distances=distances, texts=tuple(texts[i] for i in indices))


@handles(InspectLatent)
def inspect_latent(request: InspectLatent, context: Context) -> Iterator[Event]:
    """The figures of a latent space, its cloud of held-out sentences and its examples."""
    model, info = yield from latent_model(request.model, context)
    known = survey(model, info)
    variational = model.variational
    metrics = _measured(model, info, known) if variational else dict(info.card.metrics)
    flags = active(known.means)
    warning = ""
    if variational:
        warning = verdict(metrics["kl"].value, metrics["mutual_information"].value, sum(flags), len(flags))
    yield LatentReport(
        model=info.name,
        latent_size=model.latent_size,
        variational=variational,
        kl=known.kl,
        order=known.order,
        variance=known.means.var(0),
        active=flags,
        threshold=ACTIVE,
        metrics=metrics,
        verdict=warning,
        means=known.means,
        texts=known.texts,
        text_means=known.text_means,
        text_log_vars=known.text_log_vars,
        source=known.source,
    )


def anchor_points(
    model: Latent, texts: Sequence[str], points: Sequence[Sequence[float]], context: Context
) -> FloatArray:
    """The points [N, D] in float64 of anchors given as points or as sentences; raises ValueError for none."""
    if points:
        given = as_points(points, model.latent_size, context.device).cpu().numpy()
        return given.astype(np.float64)
    if not texts:
        raise ValueError("sentences or points to start from are missing")
    means, _, _ = encode(model, tuple(texts))
    return means.astype(np.float64)


def _path(model: Latent, places: Sequence[Place], options: SearchOptions, context: Context) -> Iterator[Event]:
    before: tuple[str, ...] | None = None
    options = best_only(options)
    for index, (t, leg, point) in enumerate(places):
        (found,), _ = read_points(model, torch.from_numpy(point[None].astype(np.float32)).to(context.device), options)
        previous = found.words if before is None else before
        yield PathStep(
            index=index,
            total=len(places),
            t=t,
            leg=leg,
            point=point,
            sentence=found,
            repeated=before == found.words,
            changed=changed_words(previous, found.words),
        )
        before = found.words


def _measured(model: Latent, info: ModelInfo, known: Survey) -> dict[str, Metric]:
    """The card's figures; where it lacks the latent ones, those of the recorded sentences, or else of the examples."""
    metrics = dict(info.card.metrics)
    if {"kl", "mutual_information", "active_units"} <= set(metrics):
        return metrics
    examples = posteriors(model, [model.tokenizer.encode(text) for text in known.texts])
    if not examples.gaussian:  # the recorded means and variances do not say all
        return metrics | latent_figures(model, examples, 0)
    noise = np.random.default_rng(0).standard_normal(known.means.shape)
    points = known.means + np.exp(0.5 * known.log_vars) * noise
    return metrics | latent_metrics(known.kl, known.means, gaussian_densities(known.means, known.log_vars), points)
