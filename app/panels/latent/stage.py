"""One model on show: the sentence at the hand, the pad below it, and what the pointer is on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.panels.latent.choices import LETTERS, Choices, shown_words
from app.panels.latent.explorer import Explorer
from app.theme import Theme
from app.widgets.banner import Banner
from app.widgets.confidence_strip import ConfidenceStrip, joined
from app.widgets.dimension_sliders import Dimension
from app.widgets.numbers import number
from app.widgets.pad import Group, Pad
from app.widgets.pad_marks import Anchor, Contours
from app.widgets.pad_view import Window
from engine.messages import Decoded, LatentReport, PlaneReady

Array = npt.NDArray[np.floating]
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
CLOUD_DOTS = 6000  # of the model's own posterior means, shown faintly under the density
CAPTIONS = {
    "change": "share of words that change to the next cell",
    "confidence": "mean probability of a word",
}


class Stage(QWidget):
    """Shows an explorer's results. The panel decides where the hand goes."""

    hovered = Signal(int)  # place in the explorer's cloud, -1 for none

    def __init__(self, explorer: Explorer, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self.explorer = theme, explorer
        self._choices = Choices()
        self._searching = ""
        self._chosen: Sequence[int] = ()  # places in the cloud
        self.title, self.timing = QLabel(), QLabel()
        self.title.setProperty("role", "heading")
        self.timing.setProperty("role", "caption")
        self.timing.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.timing.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # figures move no other widget
        self.timing.setToolTip(
            "Time to decode the last point. Dropped: points that were overtaken by a newer one before their turn, "
            "as they must be when the hand is faster than the decoder."
        )
        self.banner = Banner(theme=theme)
        self.strip = ConfidenceStrip(theme=theme)
        self.pad = Pad(theme=theme)
        self.line = QLabel(textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.line.setAccessibleName("Under the pointer")
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 0)
        head.addWidget(self.title)
        head.addWidget(self.timing, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        layout.addWidget(self.strip, 2)
        layout.addWidget(self.pad, 7)
        below = QHBoxLayout()
        below.setContentsMargins(16, 4, 16, 6)
        below.addWidget(self.line)
        layout.addLayout(below)
        for signal, slot in (
            (explorer.report_ready, self._on_report),
            (explorer.anchors_ready, self._place_anchors),
            (explorer.plane_ready, self._on_plane),
            (explorer.decoded, self._on_decoded),
            (explorer.walk_changed, self._on_walk),
            (explorer.grid_changed, self._on_grid),
            (explorer.cloud_changed, self._place_points),
            (self.pad.hovered, self._on_hovered),
            (theme.changed, self._restyle),
        ):
            signal.connect(slot)
        self._say("")

    # --- where the hand is -------------------------------------------------------------------------------------------

    def show_hand(self, base: Array, asked: Array, *, trail: bool = True) -> None:
        """The hand at a point of the latent space [D], and what is asked for from there."""
        if self.explorer.plane is None:
            return
        plane = self.explorer.plane.plane
        (x, y, third), (ax, ay, _) = plane.project(np.stack([base, asked]))
        self.pad.set_hand((float(x), float(y), float(third)), (float(ax), float(ay)), trail=trail)

    def follow(self, choices: Choices) -> None:
        """Layers and pins as chosen."""
        old, self._choices = self._choices, choices
        if old.show_points != choices.show_points:
            self._place_points()
        if old.pins != choices.pins:
            self._place_pins()
        if old.layer != choices.layer:
            self._on_grid()

    def coordinates(self, points: Array) -> Array:
        """Where points [N, D] stand on the pad, [N, 3]."""
        assert self.explorer.plane is not None
        return self.explorer.plane.plane.project(points)

    # --- results -----------------------------------------------------------------------------------------------------

    @Slot()
    def _on_report(self) -> None:
        report = self.explorer.report
        assert report is not None
        self.title.setText(report.model)
        self.banner.show_text(report.verdict)

    @Slot()
    def _on_plane(self) -> None:
        ready, report = self.explorer.plane, self.explorer.report
        assert ready is not None
        assert report is not None
        plane = ready.plane
        names = plane.names
        if len(ready.anchors):
            names = ("A to B", "towards C" if len(self.explorer.anchor_points) > 2 else "towards the mean", names[2])
        shares = [f"{name} · {share:.0%} of variance" for name, share in zip(names, ready.explained, strict=True)]
        contours = Contours(ready.prior_center, ready.prior_sigma) if report.variational else None
        self.pad.set_plane(_sight(ready), contours, (shares[0], shares[1], names[2]), self._plane_caption())
        self._place_points()
        self._place_anchors()
        self._place_pins()
        self._on_walk()
        self._on_grid()

    def _plane_caption(self) -> str:
        ready, report = self.explorer.plane, self.explorer.report
        assert ready is not None
        assert report is not None
        count = len(self.explorer.anchor_points)
        if not len(ready.anchors):
            text = "the plane of " + " and ".join(ready.plane.names[:2])
        else:
            text = "the plane through A, B and " + ("C" if count > 2 else "the mean of all sentences")
        if not report.variational:
            return f"{text}; no prior: nothing asks the space between to be filled"
        if ready.prior_distance > 0.05:
            text += f", {ready.prior_distance:.1f} {SIGMA} from the prior's mean"
        return text

    @Slot()
    def _place_anchors(self) -> None:
        points = self.explorer.anchor_points
        if self.explorer.plane is None or not len(points):
            self.pad.set_anchors(())
            return
        places = self.coordinates(points)
        self.pad.set_anchors([Anchor(LETTERS[i], float(p[0]), float(p[1])) for i, p in enumerate(places)])

    def _place_pins(self) -> None:
        report = self.explorer.report
        pins = [p.point for p in self._choices.pins if report and len(p.point) == report.latent_size]
        if self.explorer.plane is None or not pins or self.explorer.model != self._choices.model:
            self.pad.set_pins(())
            return
        self.pad.set_pins([(float(x), float(y)) for x, y, _ in self.coordinates(np.array(pins))])

    @Slot()
    def _place_points(self) -> None:
        ready, theme = self.explorer.plane, self._theme
        if ready is None:
            return
        cloud = self.explorer.cloud
        shown = self._choices.show_points
        own = np.asarray(ready.cloud)[:CLOUD_DOTS]
        heat = self._choices.layer in CAPTIONS and self.explorer.grid is not None
        faint = Group(own, theme.text(theme.colors.muted), alpha=0.22, radius=1)
        self.pad.set_group(
            "means", faint if shown and len(own) and not heat and not self.explorer.cloud_texts else None
        )
        color = QColor("white") if heat else theme.category(0)
        points = Group(self.coordinates(cloud), color, alpha=0.75, radius=2) if len(cloud) else None
        self.pad.set_group("sentences", points if shown else None)
        self._place_chosen()

    def show_selection(self, indices: Sequence[int]) -> None:
        """Colour some of the cloud's points as chosen by a search or a lasso."""
        self._chosen = indices
        self._place_chosen()

    def _place_chosen(self) -> None:
        if self.explorer.plane is None or not len(self._chosen):
            self.pad.set_group("chosen", None)
            return
        indices = np.asarray(self._chosen, dtype=np.intp)
        points = self.coordinates(self.explorer.cloud[indices[indices < len(self.explorer.cloud)]])
        self.pad.set_group("chosen", Group(points, self._theme.category(1), alpha=0.95, radius=3))

    @Slot()
    def _on_walk(self) -> None:
        walk = self.explorer.walk
        if self.explorer.plane is None or len(walk) < 2:
            self.pad.set_walk(np.empty((0, 2)), ())
            return
        places = self.coordinates(np.stack([s.point for s in walk]))
        self.pad.set_walk(places[:, :2], [not s.repeated for s in walk])

    @Slot()
    def _on_grid(self) -> None:
        ready, grid, layer = self.explorer.plane, self.explorer.grid, self._choices.layer
        if ready is None:
            return
        self.pad.set_scale_caption(CAPTIONS.get(layer, "") if grid is not None else "")
        self._place_points()
        if layer == "none":
            self.pad.set_field(None)
        elif layer == "density" or grid is None:
            density = np.sqrt(ready.aggregate / max(float(np.max(ready.aggregate)), 1e-300))
            self.pad.set_field(density, ready.window)
        else:
            values = grid.change if layer == "change" else grid.confidence
            self.pad.set_field(np.asarray(values, dtype=float), ready.window, "heat")
        if layer in CAPTIONS and grid is None:
            rows = len(ready.aggregate) and self.explorer.grid_rows
            self._say(f"Decoding the map for the layer, {rows} of 24 rows. It waits while you drag.")
        elif layer in CAPTIONS and grid is not None:
            self._say(f"{grid.distinct} different sentences in {np.size(grid.change)} cells.")

    @Slot(object)
    def _on_decoded(self, event: Decoded) -> None:
        (sentence,) = event.sentences
        self.strip.show_sentence(shown_words(sentence), sentence.probabilities)
        if self.explorer.plane is not None:
            x, y, _ = self.coordinates(np.asarray(event.points))[0]
            self.pad.set_decoded((float(x), float(y)))
        explorer = self.explorer
        how = "preview, greedy" if event.preview else self._choices.decoder
        text = f"{number(event.seconds * 1e3)} ms, {how}   ·   {explorer.dropped:,} of {explorer.asked:,} dropped"
        metrics, width = self.timing.fontMetrics(), self.timing.width()
        self.timing.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, width))

    def show_kept(self, point: Array, words: Sequence[str], probabilities: Sequence[float]) -> None:
        """A recorded point and its sentence."""
        self.show_hand(point, point)
        self.strip.show_sentence(words, probabilities)
        if self.explorer.plane is not None:
            x, y, _ = self.coordinates(point[None])[0]
            self.pad.set_decoded((float(x), float(y)))

    # --- under the pointer -------------------------------------------------------------------------------------------

    @Slot(str, int)
    def _on_hovered(self, group: str, index: int) -> None:
        self.hovered.emit(index if group == "sentences" else -1)
        explorer = self.explorer
        if group == "sentences" and index < len(explorer.texts):
            x, y, _ = self.coordinates(explorer.cloud[index : index + 1])[0]
            self.pad.light((float(x), float(y)))
            self._say(explorer.texts[index])
            return
        self.pad.light(None)
        if group == "anchor":
            self._say(f"{LETTERS[index]}:  {self._choices.anchors[index]}")
        elif group == "pin":
            self._say(f"{index + 1}:  {joined(self._choices.pins[index].words)}")
        else:
            self._say("")

    def light(self, index: int) -> None:
        """Ring one of the cloud's points."""
        if self.explorer.plane is None or not 0 <= index < len(self.explorer.cloud):
            self.pad.light(None)
            return
        x, y, _ = self.coordinates(self.explorer.cloud[index : index + 1])[0]
        self.pad.light((float(x), float(y)))

    def _say(self, text: str) -> None:
        quiet = "Drag. Shift: fine. Wheel: third axis. Double click: prior sample."
        self.line.setText(text or quiet)
        self.line.setProperty("role", "" if text else "caption")
        self.line.setFont(self._theme.sentence_font(15) if text else self._theme.ui_font(11))

    @Slot()
    def _restyle(self) -> None:
        self._place_points()


def dimensions_of(report: LatentReport) -> list[Dimension]:
    """The dimensions in the order of their KL, as the sliders show them."""
    spread = np.sqrt(np.asarray(report.variance))
    return [
        Dimension(
            index=int(d),
            kl=float(report.kl[d]),
            variance=float(report.variance[d]),
            active=bool(report.active[d]),
            sigma=1.0 if report.variational else max(float(spread[d]), 1e-6),
        )
        for d in report.order
    ]


def _sight(ready: PlaneReady) -> Window:
    """What to see of a plane at first: all but the outermost sentences, the anchors, and three sigma of a prior."""
    cloud, anchors = np.asarray(ready.cloud)[:, :2], np.asarray(ready.anchors)[:, :2].reshape(-1, 2)
    corners = [anchors, np.quantile(cloud, (0.02, 0.98), axis=0)]
    if ready.prior_sigma > 0:
        corners.append(np.asarray(ready.prior_center) + 3 * ready.prior_sigma * np.array([[-1, -1], [1, 1]]))
    around = np.concatenate(corners)
    (left, bottom), (right, top) = around.min(0), around.max(0)
    room = 0.06 * max(right - left, top - bottom)
    return (float(left - room), float(right + room), float(bottom - room), float(top + room))
