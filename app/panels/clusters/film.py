"""A training as a film: the components and a fixed sample of sentences at every recorded step.

S frames, M mixture variables of K components in d dimensions, N sentences.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from engine.messages import TrainingTrace

Array = npt.NDArray[np.floating]
INFORMATION, VARIANCE = "I(x; c)", "variance of the means"
"""Beside the loss terms over a training: of the whole sample, not of a batch."""


class Film:
    """What was recorded of one training, all of it or, while it runs, what there is so far."""

    def __init__(self, trace: TrainingTrace) -> None:
        self.model, self.texts, self.labels = trace.model, trace.texts, trace.labels
        self.charts, self.total = trace.charts, trace.total
        self._traces = [trace]
        self._places = [(0, s) for s in range(len(trace.steps))]
        self.steps: list[int] = [int(s) for s in trace.steps]

    def extend(self, trace: TrainingTrace) -> None:
        """Newer frames of the same training; the newest axes, which lie as the ones before them, hold for all."""
        at = len(self._traces)
        self._traces.append(trace)
        self._places += [(at, s) for s in range(len(trace.steps))]
        self.steps += [int(s) for s in trace.steps]
        self.charts = trace.charts
        self.total = max(trace.total, self.total)

    def __len__(self) -> int:
        """The number of frames, S."""
        return len(self.steps)

    def _of(self, name: str, frame: int) -> Array:
        trace, place = self._places[frame]
        return np.asarray(getattr(self._traces[trace], name))[place]

    def means(self, frame: int, mixture: int) -> Array:
        """[K, d]."""
        return self._of("means", frame)[mixture]

    def log_vars(self, frame: int, mixture: int) -> Array:
        """[K, d]."""
        return self._of("log_vars", frame)[mixture]

    def weights(self, frame: int, mixture: int) -> Array:
        """[K]: how much of the sample each component has."""
        return self._of("weights", frame)[mixture]

    def points(self, frame: int, mixture: int) -> Array:
        """[N, d]."""
        return self._of("points", frame)[:, mixture]

    def responsibilities(self, frame: int, mixture: int) -> Array:
        """[N, K]."""
        return self._of("responsibilities", frame)[:, mixture]

    def information(self, frame: int) -> float:
        """I(x; c) of the sample, nats."""
        return float(self._of("information", frame))

    def variance(self, frame: int) -> float:
        """Variance of the component means."""
        return float(self._of("variance", frame))

    def terms(self, frame: int) -> dict[str, float]:
        """The loss terms at a frame."""
        trace, place = self._places[frame]
        return {name: float(values[place]) for name, values in self._traces[trace].terms.items()}

    def loss(self) -> dict[str, list[float]]:
        """Each loss term over all frames."""
        names = dict.fromkeys(name for trace in self._traces for name in trace.terms if name != "information")
        return {name: [self.terms(f).get(name, float("nan")) for f in range(len(self))] for name in names}

    def outcome(self) -> dict[str, list[float]]:
        """What came of it over all frames: information and variance of the means."""
        frames = range(len(self))
        return {
            INFORMATION: [self.information(f) for f in frames],
            VARIANCE: [self.variance(f) for f in frames],
        }

    def nearest(self, step: float) -> int:
        """The frame recorded nearest to a step."""
        return int(np.argmin(np.abs(np.asarray(self.steps) - step)))

    def early(self) -> int:
        """The frame the figure shows beside the last: nearest to a fifth of the training, as 2,000 of 10,000."""
        return self.nearest(self.steps[-1] / 5)

    def extent(self, mixture: int) -> Array:
        """Least and greatest x, y, [2, 2], of all frames: components to one sigma, all but the outermost sentences."""
        chart = self.charts[mixture]
        corners = []
        for frame in range(len(self)):
            points = chart.project(self.points(frame, mixture))
            corners.append(np.quantile(points, (0.01, 0.99), axis=0))
            means = chart.project(self.means(frame, mixture))
            spread = chart.spread(self.log_vars(frame, mixture))
            sigma = np.sqrt(np.diagonal(spread, axis1=-2, axis2=-1))
            corners += [means - sigma, means + sigma]
        around = np.concatenate(corners)
        return np.stack([around.min(0), around.max(0)])


def common_extent(films: Iterable[Film], mixture: int) -> tuple[float, float, float, float] | None:
    """One window (left, right, bottom, top) for all frames of some films, so that they can be compared."""
    corners = [f.extent(mixture) for f in films if len(f)]
    if not corners:
        return None
    low, high = np.min([c[0] for c in corners], 0), np.max([c[1] for c in corners], 0)
    room = 0.08 * float((high - low).max()) or 1.0
    return float(low[0] - room), float(high[0] + room), float(low[1] - room), float(high[1] + room)
