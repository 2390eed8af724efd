"""Sentences with where a model puts them: the points of the map, filled as the encoder goes on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.panels.clusters.film import Film
from engine.messages import ClusterFigures, ClusterPoints

Array = npt.NDArray[np.floating]
SAME = 0.05  # distance of a point from itself at most: it was recorded twice, in half precision


class Sample:
    """Encoded sentences. `figures` comes when the last one is done."""

    def __init__(self, source: str = "") -> None:
        self.source = source
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.figures: ClusterFigures | None = None
        self.unknown = 0
        self._points: list[Array] = []
        self._responsibilities: list[Array] = []
        self._codes: list[npt.NDArray[np.integer]] = []
        self._ids: npt.NDArray[np.intp] | None = None

    def add(self, chunk: ClusterPoints) -> None:
        """More sentences."""
        self.texts.extend(chunk.texts)
        self.labels.extend(chunk.labels)
        self.unknown += int(np.asarray(chunk.unknown).sum())
        self._points.append(np.asarray(chunk.means))
        self._responsibilities.append(np.asarray(chunk.responsibilities))
        self._codes.append(np.asarray(chunk.codes))

    def __len__(self) -> int:
        """How many sentences are encoded."""
        return len(self.texts)

    @property
    def ids(self) -> npt.NDArray[np.intp]:
        """[N], rising: which sentence each point is, the same for another model of the same sentences."""
        return np.arange(len(self)) if self._ids is None else self._ids

    def with_rest(self, recorded: Sample, film: Film, offset: int) -> Sample:
        """These sentences, which a film follows, and after them the recorded ones that are not among them.

        What the film followed was recorded with the others, but not which ones: a recorded point of the same label
        where the film ends, in the blocks from `offset` on, is taken for the followed sentence and left out.
        """
        rest = np.setdiff1d(np.arange(len(recorded)), _twice(film, recorded, offset))
        whole = Sample(self.source)
        whole.unknown, whole.figures = self.unknown, recorded.figures
        whole.texts = self.texts + [recorded.texts[r] for r in rest]
        whole.labels = self.labels + [recorded.labels[r] for r in rest] if self.labels and recorded.labels else []
        whole._points = [self.points, recorded.points[rest]]
        whole._responsibilities = [self.responsibilities, recorded.responsibilities[rest]]
        whole._codes = [self.codes, recorded.codes[rest]]
        whole._ids = np.concatenate([np.arange(len(self)), len(self) + rest])
        return whole

    @property
    def points(self) -> Array:
        """Posterior means, [N, D]."""
        return _whole(self._points, (0, 0))

    @property
    def responsibilities(self) -> Array:
        """q(c|x), [N, M, K]."""
        return _whole(self._responsibilities, (0, 0, 0))

    @property
    def codes(self) -> npt.NDArray[np.integer]:
        """The likeliest component of each variable, [N, M]."""
        return _whole(self._codes, (0, 0))


def _whole(parts: list[npt.NDArray], empty: tuple[int, ...]) -> npt.NDArray:  # type: ignore[type-arg]
    """All parts as one array, joined once."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0] if parts else np.empty(empty)


def _twice(film: Film, recorded: Sample, offset: int) -> npt.NDArray[np.intp]:
    """The recorded sentences that a film follows, each counted once, the nearest first."""
    last = len(film) - 1
    followed = np.concatenate([film.points(last, m) for m in range(len(film.charts))], 1)  # F, M d
    blocks = recorded.points[:, offset : offset + followed.shape[1]]
    far = np.sqrt(((followed[:, None] - blocks[None]) ** 2).sum(2))  # F, N
    if len(film.labels) and recorded.labels:
        far[np.asarray(film.labels)[:, None] != np.asarray(recorded.labels)[None]] = np.inf
    found = []
    for f in np.argsort(far.min(1), kind="stable"):
        row = int(far[f].argmin())
        if far[f, row] <= SAME:
            found.append(row)
            far[:, row] = np.inf
    return np.array(found, dtype=np.intp)
