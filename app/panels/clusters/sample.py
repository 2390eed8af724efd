"""Sentences with where a model puts them: the points of the map, filled as the encoder goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.messages import ClusterFigures, ClusterPoints

Array = npt.NDArray[np.floating]
MOST_LINES = 200_000


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


def read_lines(path: Path) -> tuple[list[str], list[str], str]:
    """Sentences, their labels (or none), and what there is to say; one a line, `label<TAB>text` or text alone.

    Labels count only when every line has one. Of more than 200,000 lines an even sample is taken.
    """
    try:
        lines = [t for line in path.read_text("utf-8", errors="replace").splitlines() if (t := line.strip())]
    except OSError as error:
        return [], [], f"{path.name} cannot be read: {error.strerror or error}."
    if not lines:
        return [], [], f"{path.name} holds no sentences."
    said = ""
    if len(lines) > MOST_LINES:
        said = f"{path.name} has {len(lines):,} lines; an even sample of {MOST_LINES:,} is encoded."
        lines = [lines[i * len(lines) // MOST_LINES] for i in range(MOST_LINES)]
    parts = [line.partition("\t") for line in lines]
    bare = sum(not tab for _, tab, _ in parts)
    if not bare:
        return [text.strip() for _, _, text in parts], [label.strip() for label, _, _ in parts], said
    if bare < len(lines):
        said = f"{bare:,} of {len(lines):,} lines of {path.name} have no label before a tab: no label is used. {said}"
    return [(text if tab else label).strip() for label, tab, text in parts], [], said.strip()
