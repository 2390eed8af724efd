"""One model's clusters as the panel knows them: what was asked of the engine and what it answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from app.panels.asker import Asker
from app.panels.clusters import scene
from app.panels.clusters.choices import LIVE, READ, Choices
from app.panels.clusters.film import Film
from app.panels.clusters.sample import Sample
from app.panels.clusters.scene import Scene
from engine.messages import (
    Cancelled,
    Chart,
    ClusterFigures,
    ClusterMap,
    ClusterPoints,
    Decode,
    Decoded,
    EncodeClusters,
    Event,
    Failed,
    Finished,
    InspectMixture,
    MapClusters,
    Message,
    Metric,
    MixtureReport,
    Point,
    Priority,
    Progress,
    Superseded,
)

Array = npt.NDArray[np.floating]


def as_point(values: Array) -> Point:
    """An array as a request holds it."""
    return tuple(float(v) for v in values)


class Explorer(Asker):
    """A model's report, its film, encoded sentences, layouts, and the point it is read at.

    `side` names it in the engine's latest-wins slots. Answers about an earlier model or choice are dropped.
    """

    report_ready = Signal()
    film_changed = Signal()
    sample_changed = Signal()
    figures_ready = Signal()
    layout_changed = Signal()
    decoded = Signal(object)  # Decoded

    def __init__(self, bridge: Bridge, side: str, parent: QObject | None = None) -> None:
        super().__init__(bridge, parent)
        self._side = side
        self._newest = 0
        self.model = ""
        self._forget()

    def _forget(self) -> None:
        self.report: MixtureReport | None = None
        self.recorded = Sample()  # held-out sentences recorded with the model, without their texts
        self._whole: tuple[Sample, Sample] | None = None  # what the map ends with, and the sample it was made of
        self.film: Film | None = None
        self.sample, self.ghosts = Sample(), Sample()
        self.layouts: dict[int, ClusterMap] = {}
        self.here: Array | None = None  # [D] where it is read
        self.last: Decoded | None = None
        self.asked = self.dropped = 0

    # --- models ------------------------------------------------------------------------------------------------------

    def show_model(self, model: str) -> None:
        """Another model, or none, or the one that trains."""
        dropped = list(self._jobs)
        self.drop_all()
        self.model = model
        self._forget()
        for kind in dropped:
            self.progress.emit(kind, 1, 1)  # over
        if model and model != LIVE:
            self._ask("report", InspectMixture(model=model), self._on_report)
        self.film_changed.emit()
        self.sample_changed.emit()

    def _on_report(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.emit("report", event.done, event.total)
        elif isinstance(event, MixtureReport):
            self.report = event
            self.here = scene.start_of(event)
            self.report_ready.emit()
        elif isinstance(event, ClusterPoints):
            self.recorded.add(event)
        elif isinstance(event, ClusterFigures):
            self.recorded.figures = event
            self.figures_ready.emit()

    def show_film(self, film: Film | None) -> None:
        """The model's training, or what there is of it so far."""
        self.film = film
        self.film_changed.emit()

    # --- sentences ---------------------------------------------------------------------------------------------------

    def encode(self, source: str, texts: Sequence[str], labels: Sequence[str], *, ghosts: bool = False) -> None:
        """Encode sentences; they come in as they are done. Ghosts stand over the others."""
        kind = "ghosts" if ghosts else "sample"
        found = Sample(source)
        setattr(self, kind, found)
        if not ghosts:
            self.drop("layout")
            self.layouts = {}
        self.sample_changed.emit()
        if not texts:
            self.drop(kind)
            return

        def handler(event: Event) -> None:
            match event:
                case ClusterPoints():
                    found.add(event)
                    self.progress.emit(kind, len(found), event.total)
                    self.sample_changed.emit()
                case ClusterFigures():
                    found.figures = event
                    self.figures_ready.emit()
                case Finished():
                    self.over(kind)

        request = EncodeClusters(model=self.model, texts=tuple(texts), labels=tuple(labels))
        self._ask(kind, request, handler, Priority.STREAMING)

    def stop_encoding(self) -> None:
        """Keep what has been encoded so far."""
        for kind in ("sample", "ghosts"):
            self.stop(kind)

    # --- layout ------------------------------------------------------------------------------------------------------

    def lay_out(self, mixture: int, seed: int = 0) -> None:
        """t-SNE of one mixture variable's points and means together; it arrives in stages."""
        if mixture in self.layouts or self.report is None or len(self.sample) < 4:
            return
        perplexity = float(min(30.0, max(2.0, (len(self.sample) - 1) / 3)))
        request = MapClusters(
            model=self.model,
            mixture=mixture,
            points=self.sample.points,
            method="tsne",
            perplexity=perplexity,
            seed=seed,
        )

        def handler(event: Event) -> None:
            match event:
                case ClusterMap():
                    self.layouts[event.mixture] = event
                    self.progress.emit("layout", event.iteration, max(event.iterations, 1))
                    self.layout_changed.emit()
                case Progress():
                    self.progress.emit("layout", event.done, event.total)
                case Finished() | Cancelled():
                    self.over("layout")

        self._ask("layout", request, handler, Priority.STREAMING)

    def stop_layout(self) -> None:
        """Keep the layout as it is."""
        self.stop("layout")

    # --- reading -----------------------------------------------------------------------------------------------------

    def decode(self, point: Array, *, preview: bool) -> None:
        """The sentence at a whole point, through the latest-wins slot: of two that wait only the newer is read."""

        def listener(message: Message) -> None:
            match message.event:
                case Superseded():
                    self.dropped += 1
                case Failed(sentence=sentence, traceback=traceback):
                    self.failed.emit(sentence, traceback)
                case Decoded() as event if message.job >= self._newest:
                    self._newest, self.last = message.job, event
                    self.decoded.emit(event)

        if self.report is None:
            return
        self.here = np.array(point, dtype=float)
        self.asked += 1
        request = Decode(model=self.model, points=(as_point(point),), options=READ, preview=preview)
        self._bridge.submit(request, listener, slot=(f"clusters {self._side}", "decode"), priority=Priority.INTERACTIVE)

    # --- what there is to see ----------------------------------------------------------------------------------------

    @property
    def mixtures(self) -> int:
        """M; 0 before anything is known."""
        return self.report.mixtures if self.report else len(self.film.charts) if self.film else 0

    def variable(self, choices: Choices) -> int:
        """The mixture variable to show: the one chosen, or the last of a model that has fewer."""
        return min(choices.mixture, max(self.mixtures - 1, 0))

    def at_end(self, frame: int) -> bool:
        """Whether a frame is the finished model (also when there is no film)."""
        return self.film is None or frame >= len(self.film) - 1

    def chart(self, mixture: int) -> Chart | None:
        """The axes of one mixture variable: the film's, which are the same for all films on show."""
        charts = self.film.charts if self.film else self.report.charts if self.report else ()
        return charts[min(mixture, len(charts) - 1)] if charts else None

    def settled(self, frame: int) -> bool:
        """Whether to show the finished model itself, not the last frame of its film: as soon as there are points."""
        if self.report is None or not self.at_end(frame):
            return False
        return self.film is None or self.sample.figures is not None or list(self.film.texts) != self.sample.texts != []

    @property
    def held_out(self) -> ClusterFigures | None:
        """Of the sentences recorded with the model."""
        return self.recorded.figures

    @property
    def figures(self) -> ClusterFigures | None:
        """Of the finished model: over one's own sentences, else over all it recorded, else over the few it followed."""
        return self.held_out if self._follows() else self.sample.figures

    @property
    def whole(self) -> Sample:
        """The sentences on the map of the finished model: those its film follows are a part of those it recorded."""
        if self.report is None or self.film is None or self.sample.figures is None or not self._follows():
            return self.sample
        if self._whole is None or self._whole[1] is not self.sample:
            self._whole = self.sample.with_rest(self.recorded, self.film, self.report.offset), self.sample
        return self._whole[0]

    def _follows(self) -> bool:
        """Whether the sentences are the film's, with more of their kind recorded."""
        more = self.held_out is not None and bool(self.recorded.labels) >= bool(self.sample.labels)
        return more and self.film is not None and list(self.film.texts) == self.sample.texts

    def measured(self, frame: int) -> tuple[float, float]:
        """Information and variance of the means at a frame of the film, or of the finished model."""
        figures = self.figures
        if figures is not None and self.settled(frame):
            return figures.metrics["mutual_information"].value, figures.metrics["variance_of_means"].value
        if self.film is None or not len(self.film):
            return float("nan"), float("nan")
        return self.film.information(frame), self.film.variance(frame)

    def codes(self, frame: int) -> npt.NDArray[np.integer]:
        """The likeliest component of every variable for each sentence on show, [N, M]."""
        if self.film is None or self.settled(frame):
            return self.whole.codes
        at = min(frame, len(self.film) - 1)
        return np.stack([self.film.responsibilities(at, m).argmax(-1) for m in range(self.mixtures)], -1)

    def figures_at(self, frame: int) -> dict[str, Metric]:
        """What the film says of a frame, for the time before the end: information, spread, codes in use."""
        if self.film is None or not len(self.film):
            return {}
        at = min(frame, len(self.film) - 1)
        return {
            "mutual_information": Metric(self.film.information(at), "nats", "", len(self.film.texts)),
            "variance_of_means": Metric(self.film.variance(at)),
            "occupied_codes": Metric(len(np.unique(self.codes(at), axis=0)), "", "", len(self.film.texts)),
        }

    def scene(self, choices: Choices, frame: int) -> Scene | None:
        """What to show of one mixture variable at a frame."""
        mixture, end = self.variable(choices), self.at_end(frame)
        layout, chart = self.layouts.get(mixture), self.chart(mixture)
        whole = layout is not None and len(layout.positions) == len(self.sample)
        if choices.layout == "tsne" and end and layout is not None and whole:
            return scene.of_map(self.sample, layout)
        if self.report is not None and chart is not None and self.settled(frame):
            return scene.of_sample(self.whole, self.report, chart, mixture)
        if self.film is not None and len(self.film):
            return scene.of_frame(self.film, min(frame, len(self.film) - 1), mixture)
        return None
