"""Many sentences through one model: a file's as they are encoded, or the examples that come with the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal

from app.panels.asker import Asker
from engine.messages import Encode, Encoded, Event, Failed, Finished, LatentReport, Priority

Array = npt.NDArray[np.floating]


class Encoder(Asker):
    """A file that is being encoded is shown when all of it is done, or at once when it is stopped."""

    cloud_changed = Signal()

    model = ""
    report: LatentReport | None = None

    def _forget_cloud(self) -> None:
        self.cloud_texts: list[str] = []
        self.cloud_name = self._collection = ""
        self._chunks: list[Array] = []
        self._coming: tuple[str, list[str], list[Array]] = ("", [], [])  # of the file being encoded

    def encode_cloud(self, name: str, texts: Sequence[str]) -> None:
        """Encode a file's sentences; they come in as they are done."""
        self._coming = (name, [], [])
        request = Encode(model=self.model, texts=tuple(texts), collection=name)
        self._ask("cloud", request, self._on_cloud, Priority.BACKGROUND)

    def _on_cloud(self, event: Event) -> None:
        match event:
            case Encoded():
                _, texts, chunks = self._coming
                chunks.append(np.asarray(event.means, dtype=np.float32))
                texts.extend(event.texts)
                self.progress.emit("cloud", len(texts), event.total)
            case Finished():
                self._jobs.pop("cloud", None)
                self._show_cloud(self._coming[0])

    def _show_cloud(self, collection: str) -> None:
        """Points and texts change together: places in one are places in the other."""
        self.cloud_name, self.cloud_texts, self._chunks = self._coming
        self._collection = collection
        self.cloud_changed.emit()

    def _on_failed(self, kind: str, event: Failed) -> None:
        super()._on_failed(kind, event)
        if kind == "cloud":
            self._show_cloud("")

    @property
    def coming(self) -> str:
        """The file being encoded."""
        return self._coming[0]

    def stop_cloud(self) -> None:
        """Keep what has been encoded so far."""
        if "cloud" in self._jobs:
            self.drop("cloud")
            self._show_cloud("")

    @property
    def cloud(self) -> Array:
        """Posterior means of the file's sentences so far, or of the model's own examples, [N, D]."""
        if not self._chunks:
            return np.asarray(self.report.text_means) if self.report else np.empty((0, 0))
        if len(self._chunks) > 1:
            self._chunks = [np.concatenate(self._chunks)]
        return self._chunks[0]

    @property
    def texts(self) -> Sequence[str]:
        """The sentences of `cloud`."""
        return self.cloud_texts if self._chunks else self.report.texts if self.report else ()
