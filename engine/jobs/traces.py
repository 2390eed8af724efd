"""The job that replays recorded trainings, several models on shared axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.capabilities import Mixture
from engine.jobs import Context, handles
from engine.jobs.clusters import mixture_model
from engine.latent.charts import align, chart_of
from engine.latent.recording import Frames, frames, recorded
from engine.messages import Chart, Event, ModelInfo, ReadTraces, TrainingTrace
from engine.metrics.clusters import mutual_information, variance_of_means


@dataclass(frozen=True)
class Replay:
    """One model's recorded training and its sentences."""

    info: ModelInfo
    frames: Frames
    texts: tuple[str, ...]


@handles(ReadTraces)
def read_traces(request: ReadTraces, context: Context) -> Iterator[Event]:
    """Read all traces first: what the axes are depends on every one of them."""
    replays: list[Replay] = []
    for name in request.models:
        model, info = yield from mixture_model(name, context)
        shape = model.shape
        found = frames(recorded(info), shape.mixtures, shape.components, shape.width)
        if found is None:
            raise ValueError(
                f"{info.name} has no recorded training: train it with `train --trace` to watch its clusters form"
            )
        replays.append(Replay(info, found, _texts(model, found)))
    for replay, charts in zip(replays, shared_charts(replays), strict=True):
        yield _trace(replay, charts)


def shared_charts(replays: Sequence[Replay]) -> list[tuple[Chart, ...]]:
    """Charts [M] for each replay, alike enough to be looked at side by side.

    Trainings that began with equal component means live in one space: they share their charts, made of all their
    frames together. Any other is laid on the first as well as rigid motion can, by its last frame, when both have
    the same sample of sentences and as many mixture variables; else it keeps axes of its own.
    """
    first = replays[0]
    kin = [_same_start(first.frames, r.frames) for r in replays]
    family = [r.frames for r, together in zip(replays, kin, strict=True) if together]
    mixtures = first.frames.means.shape[1]
    charts = tuple(_chart(family, m) for m in range(mixtures))
    out: list[tuple[Chart, ...]] = []
    for replay, together in zip(replays, kin, strict=True):
        if together:
            out.append(charts)
            continue
        own = tuple(_chart([replay.frames], m) for m in range(replay.frames.means.shape[1]))
        if replay.texts == first.texts and len(own) == mixtures:
            last, reference = replay.frames.points[-1], first.frames.points[-1]
            own = tuple(align(own[m], last[:, m], charts[m], reference[:, m]) for m in range(mixtures))
        out.append(own)
    return out


def _same_start(a: Frames, b: Frames) -> bool:
    return a.means.shape[1:] == b.means.shape[1:] and bool(np.allclose(a.means[0], b.means[0], atol=1e-2))


def _chart(family: Sequence[Frames], mixture: int) -> Chart:
    width = family[0].means.shape[-1]
    points = np.concatenate([f.points[:, :, mixture].reshape(-1, width) for f in family])
    means = np.concatenate([f.means[:, mixture].reshape(-1, width) for f in family])
    return chart_of(points, means)


def _texts(model: Mixture, found: Frames) -> tuple[str, ...]:
    size = model.tokenizer.size
    if bool(((found.tokens < 0) | (found.tokens >= size)).any()):
        raise ValueError("the recorded sentences hold words that the vocabulary of this model does not have")
    return tuple(model.tokenizer.decode([int(i) for i in row if i != model.tokenizer.pad]) for row in found.tokens)


def _trace(replay: Replay, charts: tuple[Chart, ...]) -> TrainingTrace:
    found = replay.frames
    trained = replay.info.trained.get("steps", 0)
    last = int(found.steps[-1])
    return TrainingTrace(
        model=replay.info.name,
        steps=found.steps,
        means=found.means,
        log_vars=found.log_vars,
        weights=found.responsibilities.mean(1),
        points=found.points,
        responsibilities=found.responsibilities,
        texts=replay.texts,
        labels=found.labels,
        terms=found.terms,
        information=np.array([mutual_information(q) for q in found.responsibilities]),
        variance=np.array([variance_of_means(m) for m in found.means]),
        charts=charts,
        total=max(last, trained) if isinstance(trained, int) else last,
    )
