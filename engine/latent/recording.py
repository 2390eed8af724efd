"""What a mixture model's checkpoint recorded: held-out sentences as arrays, and how training brought them about.

S frames of the trace, N sentences (held-out ones or the trace's own sample), M mixture variables of K components, d
coordinates of a block, D of a point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import read_trace
from engine.messages import ModelInfo
from engine.messages.core import FloatArray, IntArray

Arrays = Mapping[str, np.ndarray[Any, Any]]
TERM = "term."
"""What the names of recorded loss terms begin with."""


@dataclass(frozen=True)
class HeldOut:
    """Posteriors of held-out sentences, without the sentences."""

    means: FloatArray  # [N, D]
    log_vars: FloatArray  # [N, D]
    responsibilities: FloatArray  # [N, M, K]
    labels: tuple[str, ...]  # [N], or none


@dataclass(frozen=True)
class Frames:
    """A fixed sample of sentences and the components at S steps of a training."""

    steps: IntArray  # [S]
    means: FloatArray  # [S, M, K, d]
    log_vars: FloatArray  # [S, M, K, d]
    points: FloatArray  # [S, N, M, d]
    responsibilities: FloatArray  # [S, N, M, K]
    tokens: IntArray  # [N, T], padded with 0
    labels: tuple[str, ...]  # [N], or none
    terms: dict[str, FloatArray]  # [S] each


def recorded(info: ModelInfo) -> Arrays:
    """The arrays in a model's file; none for a model that was not read from one."""
    return read_trace(Path(info.path)) if info.path and Path(info.path).is_file() else {}


def held_out(arrays: Arrays, mixtures: int, components: int) -> HeldOut | None:
    """The held-out sentences, or None when there are none; raises ValueError when the arrays do not fit."""
    if not {"means", "log_vars", "responsibilities"} <= set(arrays):
        return None
    count, size = arrays["means"].shape if arrays["means"].ndim == 2 else (-1, -1)
    if not count:
        return None
    shapes = {"means": (count, size), "log_vars": (count, size), "responsibilities": (count, mixtures, components)}
    means, log_vars, q = _floats(arrays, shapes)
    return HeldOut(means, log_vars, _normalised(q), _labels(arrays, "labels", count))


def frames(arrays: Arrays, mixtures: int, components: int, width: int) -> Frames | None:
    """The training trace, or None when none was recorded; raises ValueError when its arrays do not fit."""
    names = ("trace_means", "trace_log_vars", "trace_points", "trace_responsibilities")
    if not {"steps", "sample_tokens", *names} <= set(arrays):
        return None
    steps, tokens = arrays["steps"], arrays["sample_tokens"]
    if steps.ndim != 1 or tokens.ndim != 2 or not (len(steps) and len(tokens)):
        raise ValueError("the recorded training of this model is broken: it has no frames or no sentences")
    s, n = len(steps), len(tokens)
    of_components = (s, mixtures, components, width)
    all_shapes = (of_components, of_components, (s, n, mixtures, width), (s, n, mixtures, components))
    means, log_vars, points, q = _floats(arrays, dict(zip(names, all_shapes, strict=True)))
    terms = sorted(name for name in arrays if name.startswith(TERM))
    values = _floats(arrays, dict.fromkeys(terms, (s,)))
    return Frames(
        steps.astype(np.int64),
        means,
        log_vars,
        points,
        _normalised(q),
        tokens.astype(np.int64),
        _labels(arrays, "sample_labels", n),
        {name.removeprefix(TERM): value for name, value in zip(terms, values, strict=True)},
    )


def _floats(arrays: Arrays, shapes: Mapping[str, tuple[int, ...]]) -> list[FloatArray]:
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            found = arrays[name].shape
            raise ValueError(f"the recorded array {name} has shape {found}, the model calls for {shape}")
        if not bool(np.isfinite(arrays[name]).all()):
            raise ValueError(f"the recorded array {name} holds values that are not numbers")
    return [arrays[name].astype(np.float32) for name in shapes]


def _normalised(responsibilities: FloatArray) -> FloatArray:
    """Undo what storing them in half precision did to their sums."""
    whole = responsibilities.sum(-1, keepdims=True)
    if bool((responsibilities < 0).any() or (whole <= 0).any()):
        raise ValueError("the recorded responsibilities are not probabilities")
    q: FloatArray = responsibilities / whole
    return q


def _labels(arrays: Arrays, name: str, count: int) -> tuple[str, ...]:
    """The label of each sentence by name; none when they were not recorded."""
    if not {name, "label_names"} <= set(arrays):
        return ()
    names = arrays["label_names"].astype(np.uint8).tobytes().decode("utf-8", errors="replace").split("\n")
    numbers = arrays[name]
    if numbers.shape != (count,) or not bool(((numbers >= 0) & (numbers < len(names))).all()):
        raise ValueError(f"the recorded array {name} does not give one of {len(names)} labels to {count} sentences")
    return tuple(names[int(i)] for i in numbers)
