"""One model's latent space as the panel knows it: what was asked of the engine and what it answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from app.bridge import Bridge
from app.panels.latent.choices import Attribute, Choices, PlaneKind
from app.panels.latent.encoder import Encoder
from engine.messages import (
    AttributeReady,
    Decode,
    Decoded,
    DecodedSentence,
    Encode,
    Encoded,
    Event,
    Failed,
    FindAttribute,
    FindNeighbours,
    Finished,
    GridReady,
    GridRows,
    InspectLatent,
    Interpolate,
    LatentReport,
    MakeGrid,
    MakePlane,
    Message,
    NeighboursFound,
    PathStep,
    PlaneReady,
    Point,
    Priority,
    PriorSample,
    Progress,
    SamplePrior,
    Superseded,
)

Array = npt.NDArray[np.floating]
GRID = 24  # cells a side
ATTRIBUTE = "attribute "  # and its name: the kind of a search for a direction


def as_point(values: Array) -> Point:
    """An array as a request holds it."""
    return tuple(float(v) for v in values)


def _walk(choices: Choices) -> tuple[object, ...]:
    """What the walk depends on beside the sentences."""
    return choices.path, choices.steps, choices.search


class Explorer(Encoder):
    """Asks for everything in the order it depends on each other: report, anchors, plane, walk.

    `side` names it in the engine's latest-wins slots. Results of an earlier model or choice are dropped.
    """

    report_ready = Signal()
    anchors_ready = Signal()
    anchors_read = Signal()  # what each comes back as
    plane_ready = Signal()
    decoded = Signal(object)  # Decoded
    walk_changed = Signal()
    grid_changed = Signal()
    neighbours_found = Signal(object)  # NeighboursFound
    attribute_ready = Signal(str)
    prior_drawn = Signal(object)  # the point, [D]

    def __init__(self, bridge: Bridge, side: str, parent: QObject | None = None) -> None:
        super().__init__(bridge, parent)
        self._side = side
        self._choices = Choices()
        self._forget_results()

    def _forget_results(self) -> None:
        self.report = None
        self.anchor_points: Array = np.empty((0, 0))
        self.unknown: tuple[int, ...] = ()
        self.reconstructions: tuple[DecodedSentence, ...] = ()
        self.plane: PlaneReady | None = None
        self._through = False  # whether the plane asked for last goes through the sentences
        self.walk: list[PathStep] = []
        self._stacked: Array = np.empty((0, 0))
        self.grid: GridReady | None = None
        self.grid_rows = 0
        self.directions: dict[str, AttributeReady] = {}
        self._lists: dict[str, tuple[tuple[str, ...], ...]] = {}  # what each direction was asked for
        self._forget_cloud()
        self.asked = self.answered = self.dropped = 0
        self.seconds = 0.0

    def _on_failed(self, kind: str, event: Failed) -> None:
        if kind == "plane" and self._through:
            self._make_plane("principal")  # sentences that fall together span no plane
            return
        if kind == "neighbours" and self._collection:
            self._collection = ""  # the engine kept it no longer than the model: the examples are there again
            return
        if kind.startswith(ATTRIBUTE):
            self._lists.pop(kind.removeprefix(ATTRIBUTE), None)  # the next change of the attributes asks again
        super()._on_failed(kind, event)

    def close(self) -> None:
        """Show no model."""
        self.drop_all()
        self.model = ""
        self._forget_results()
        self.walk_changed.emit()

    # --- model, anchors, plane, walk ---------------------------------------------------------------------------------

    def follow(self, choices: Choices, model: str) -> None:
        """Ask for what these choices call for and the last ones did not."""
        old, self._choices = self._choices, choices
        if model != self.model:
            self.close()
            self.model = model
            if model:
                self._ask("report", InspectLatent(model=model), self._on_report)
            return
        if self.report is None:
            return
        if choices.anchors != old.anchors:
            self._encode_anchors()
        elif (choices.plane, choices.dimensions) != (old.plane, old.dimensions):
            self._make_plane(choices.plane)
        if choices.anchors == old.anchors and _walk(choices) != _walk(old):
            self._make_walk()
        if choices.anchors == old.anchors and choices.search != old.search:
            self._read_anchors()
        if choices.layer != old.layer:
            self.want_grid()
        if choices.attributes != old.attributes:
            self._find_attributes()

    def _on_report(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.emit(event.unit, event.done, event.total)
        elif isinstance(event, LatentReport):
            self.report = event
            self.report_ready.emit()
            self._encode_anchors()
            self._find_attributes()

    def _encode_anchors(self) -> None:
        texts = self._choices.anchors
        self.drop("anchors")
        self.drop("walk")
        self.walk, self._stacked = [], np.empty((0, 0))
        self.walk_changed.emit()
        if texts:
            request = Encode(model=self.model, texts=texts, collection="anchors")
            self._ask("anchors", request, self._on_anchors)
        else:
            self.anchor_points, self.unknown, self.reconstructions = np.empty((0, 0)), (), ()
            self.anchors_ready.emit()
            self._make_plane(self._choices.plane)

    def _on_anchors(self, event: Event) -> None:
        if isinstance(event, Encoded):
            self.anchor_points = np.asarray(event.means)
            self.unknown = tuple(int(n) for n in event.unknown)
            self.anchors_ready.emit()
            self._make_plane(self._choices.plane)
            self._read_anchors()
            self._make_walk()

    def _read_anchors(self) -> None:
        """The sentence at each anchor's own point: what it comes back as."""
        self.reconstructions = ()
        if not len(self.anchor_points):
            return
        points = tuple(as_point(p) for p in self.anchor_points)
        self._ask("reconstructions", Decode(model=self.model, points=points, options=self._choices.options()),
                  self._on_reconstructed)  # fmt: skip

    def _on_reconstructed(self, event: Event) -> None:
        if isinstance(event, Decoded):
            self.reconstructions = event.sentences
            self.anchors_read.emit()

    @property
    def center(self) -> Array:
        """The mean of the aggregate posterior, [D]."""
        assert self.report is not None
        return np.asarray(self.report.means).mean(0)

    def _make_plane(self, kind: PlaneKind) -> None:
        assert self.report is not None
        if kind == "anchors" and len(self.anchor_points) >= 2:
            three = [*self.anchor_points[:3], self.center][:3]
            request = MakePlane(model=self.model, kind="through", points=tuple(as_point(p) for p in three))
        elif kind == "dimensions":
            order = [int(d) for d in self.report.order]
            first, second = (order[min(d, len(order) - 1)] for d in self._choices.dimensions)
            request = MakePlane(model=self.model, kind="dimensions", dimensions=(first, second))
        else:
            request = MakePlane(model=self.model, kind="principal")
        self._through = request.kind == "through"
        self.drop("grid")
        self.grid, self.grid_rows = None, 0
        self._ask("plane", request, self._on_plane)

    def _on_plane(self, event: Event) -> None:
        if isinstance(event, PlaneReady):
            self.plane = event
            self.plane_ready.emit()
            self.want_grid()

    def _make_walk(self) -> None:
        self.drop("walk")
        self.walk, self._stacked = [], np.empty((0, 0))
        self.walk_changed.emit()
        if len(self.anchor_points) >= 2:
            request = Interpolate(
                model=self.model,
                points=tuple(as_point(p) for p in self.anchor_points),
                steps=self._choices.steps,
                path=self._choices.path,
                options=self._choices.options(),
            )
            self._ask("walk", request, self._on_walk, Priority.STREAMING)

    def _on_walk(self, event: Event) -> None:
        if isinstance(event, PathStep):
            self.walk.append(event)
            self.walk_changed.emit()

    @property
    def decoder(self) -> str:
        """What writes the walk's sentences."""
        return self._choices.decoder

    def _walk_points(self) -> Array:
        """The walk's points, [steps, D]."""
        if len(self._stacked) != len(self.walk):
            self._stacked = np.stack([np.asarray(s.point, dtype=float) for s in self.walk])
        return self._stacked

    def along(self, t: float) -> Array | None:
        """The point of the walk at t in 0..1, between its steps; None when there is no walk."""
        if len(self.walk) < 2:
            return None
        ts, points = [s.t for s in self.walk], self._walk_points()
        return np.array([np.interp(t, ts, points[:, d]) for d in range(points.shape[1])])

    def place_of(self, point: Array) -> tuple[float | None, bool]:
        """The t of the walk's step nearest to a point (None when far off), and whether the point is on the walk."""
        if len(self.walk) < 2:
            return None, False
        points = self._walk_points()
        far = np.linalg.norm(points - point, axis=1)
        near = int(far.argmin())
        ways = np.linalg.norm(np.diff(points, axis=0), axis=1)
        t = self.walk[near].t if far[near] < 0.5 * float(ways.sum()) else None
        return t, bool(far[near] <= 0.6 * float(ways.max()))

    # --- points ------------------------------------------------------------------------------------------------------

    def decode(self, point: Array, *, preview: bool) -> None:
        """The sentence at a point, through the latest-wins slot: of two requests that wait only the newer is done."""

        def listener(message: Message) -> None:
            match message.event:
                case Superseded():
                    self.dropped += 1
                case Failed(sentence=sentence, traceback=traceback):
                    self.failed.emit(sentence, traceback)
                case Decoded() as event if message.job >= self._newest:
                    self._newest = message.job
                    self.answered += 1
                    self.seconds = event.seconds
                    self.decoded.emit(event)

        if not self.model:
            return
        self.asked += 1
        request = Decode(model=self.model, points=(as_point(point),), options=self._choices.options(), preview=preview)
        slot = (f"latent {self._side}", "decode")
        self._bridge.submit(request, listener, slot=slot, priority=Priority.INTERACTIVE)

    _newest = 0

    def find_neighbours(self, point: Array, count: int = 4) -> None:
        """The encoded sentences nearest to a point."""
        request = FindNeighbours(model=self.model, point=as_point(point), collection=self._collection, count=count)

        def handler(event: Event) -> None:
            if isinstance(event, NeighboursFound):
                self.neighbours_found.emit(event)

        self._ask("neighbours", request, handler)

    def draw_prior(self, seed: int) -> None:
        """A point of the prior."""

        def handler(event: Event) -> None:
            if isinstance(event, PriorSample):
                self.prior_drawn.emit(event.points[0])

        self._ask("prior", SamplePrior(model=self.model, count=1, seed=seed), handler)

    # --- attributes --------------------------------------------------------------------------------------------------

    def _find_attributes(self) -> None:
        wanted = {a.name: (a.negative, a.positive) for a in self._choices.attributes}
        for name in [n for n, lists in self._lists.items() if wanted.get(n) != lists]:
            self.drop(ATTRIBUTE + name)
            del self._lists[name]
            self.directions.pop(name, None)
        for attribute in self._choices.attributes:
            if attribute.name not in self._lists:
                self._lists[attribute.name] = (attribute.negative, attribute.positive)
                self._find_attribute(attribute)

    def _find_attribute(self, attribute: Attribute) -> None:
        kind = ATTRIBUTE + attribute.name
        request = FindAttribute(
            model=self.model, name=attribute.name, negative=attribute.negative, positive=attribute.positive
        )

        def handler(event: Event) -> None:
            if isinstance(event, AttributeReady):
                self.directions[attribute.name] = event
                self.attribute_ready.emit(attribute.name)
            elif isinstance(event, Finished):
                self._jobs.pop(kind, None)

        self._ask(kind, request, handler)

    def shift(self, attributes: Sequence[Attribute]) -> Array | float:
        """What the attributes add to a point: the sum of strength times direction, [D]."""
        known = [a for a in attributes if a.name in self.directions]
        return sum((a.strength * np.asarray(self.directions[a.name].direction) for a in known), 0.0)

    # --- the map -----------------------------------------------------------------------------------------------------

    def want_grid(self, third: float | None = None) -> None:
        """Decode a grid over the plane when a layer needs it; it gives way to everything else the engine does."""
        needed = self._choices.layer in ("change", "confidence")
        if not needed or self.plane is None or (self.grid is not None and third is None):
            self.grid_changed.emit()
            return
        self.grid, self.grid_rows = None, 0
        request = MakeGrid(
            model=self.model,
            plane=self.plane.plane,
            window=self.plane.window,
            columns=GRID,
            rows=GRID,
            third=third or 0.0,
        )
        self._ask("grid", request, self._on_grid, Priority.BACKGROUND)
        self.grid_changed.emit()

    def _on_grid(self, event: Event) -> None:
        match event:
            case GridRows(rows=rows):
                self.grid_rows += len(rows)
                self.grid_changed.emit()
            case GridReady():
                self.grid = event
                self.grid_changed.emit()
