"""One model on show: its title and verdict, the sentence read from it, the map, and what the pointer is on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.panels.clusters.choices import LIVE, Choices, shown_words
from app.panels.clusters.cinema import Cinema
from app.panels.clusters.explorer import Explorer
from app.panels.clusters.scene import Scene, block_of, names_of
from app.plain import plain
from app.theme import Theme
from app.widgets.banner import Banner
from app.widgets.cluster_map import ClusterMap
from app.widgets.confidence_strip import ConfidenceStrip
from app.widgets.pad_view import Window
from engine.messages import Decoded

Array = npt.NDArray[np.floating]
UNREAD = "held-out sentence, text not recorded; click to decode here"
QUIET = "Click: read that place. Drag a mean. Shift + drag: lasso."
REFRESH_MS = 30  # between two refreshes while frames or sentences stream in
MANY, SLOW_MS = 5000, 500  # of so many sentences, less often


class Stage(QObject):
    """Shows an explorer's results at the cinema's frame. The panel decides what is read, `Maps` where `parts` stand."""

    def __init__(self, explorer: Explorer, cinema: Cinema, parent: QObject | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self.explorer, self._cinema = theme, explorer, cinema
        self._choices = Choices()
        self._extent: Window | None = None
        self._home: Window | None = None
        self._shown = True
        self.scene: Scene | None = None
        self._refresh = QTimer(self, singleShot=True)
        self._refresh.timeout.connect(self.show_scene)
        self.title, self.caption = QLabel(), QLabel()
        self.title.setProperty("role", "heading")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.caption.setProperty("role", "muted")
        self.caption.setToolTip(
            "#: the training step. I(x; c): what the components tell of the sentence, nats. "
            "Var: how far apart the component means are. "
            "Both near 0: the mixture has collapsed."
        )
        self.banner = Banner(theme=theme)
        self.strip = ConfidenceStrip(theme=theme)
        self.strip.show_hint("Click anywhere on the map to read what the model says there.")
        self.map = ClusterMap(theme=theme)
        self.line = QLabel()
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.line.setAccessibleName("Under the pointer")
        self._build()
        for signal, slot in (
            (explorer.report_ready, self._on_model),
            (explorer.film_changed, self._on_model),
            (explorer.sample_changed, self.refresh),
            (explorer.layout_changed, self.refresh),
            (explorer.decoded, self._on_decoded),
            (cinema.playhead.moved, self._on_frame),
            (self.map.hovered, self._on_hovered),
            (self.map.ghost_hovered, self._on_ghost),
            (theme.changed, self._restyle),
        ):
            signal.connect(slot)
        self._restyle()

    def _build(self) -> None:
        self._head, self._foot = QWidget(), QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(16, 10, 16, 2)
        head.setSpacing(12)
        head.addWidget(self.title, 1)
        head.addWidget(self.caption)
        below = QHBoxLayout(self._foot)
        below.setContentsMargins(16, 4, 16, 6)
        below.addWidget(self.line)

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """From top to bottom: head, warning, sentence, map, line."""
        return self._head, self.banner, self.strip, self.map, self._foot

    def set_visible(self, on: bool) -> None:
        """Whether the model is on show."""
        self._shown = on
        for part in self.parts:
            part.setVisible(on and (part is not self.banner or bool(self.banner.text)))

    def fit(self, height: int) -> None:
        """In a low window the map gets the room of the second line of the sentence."""
        self.strip.setFixedHeight(self._theme.px(96 if height > self._theme.px(440) else 60))

    # --- what is chosen ----------------------------------------------------------------------------------------------

    def follow(self, choices: Choices) -> None:
        """Variable, layout, colours, names."""
        self._choices = choices
        self.map.set_colour_by(choices.colour_by)
        self._on_model()

    def set_window(self, extent: Window | None) -> None:
        """The part of the axes to show: one for all frames and both models."""
        self._extent = extent
        self.refresh()

    def _go_to_window(self, extent: Window | None) -> None:
        """Only when it is another one: where a person has gone by hand stays otherwise."""
        if extent != self._home:
            self._home = extent
            self.map.set_extent(extent)

    # --- results -----------------------------------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        """The frame on show."""
        return self._cinema.frame_of(self.explorer)

    @Slot()
    def refresh(self) -> None:
        """Show what is new soon, together with what else comes in meanwhile."""
        if not self._refresh.isActive():
            self._refresh.start(REFRESH_MS if len(self.explorer.sample) < MANY else SLOW_MS)

    @Slot()
    def _on_model(self) -> None:
        model = self.explorer.model
        self._show_verdict()
        if model == LIVE:
            self.strip.show_sentence((), ())
            self.strip.show_hint("Sentences can be read from the model once it is saved.")
        self.refresh()

    def _show_verdict(self) -> None:
        """The warning, about the end also before it; beside another map its first sentence only, to leave room."""
        report = self.explorer.report
        full = report.verdict if report and self._shown else ""
        said = f"{full.partition('. ')[0].rstrip('.')}." if full and self._choices.beside else full
        if said and not self.explorer.at_end(self.frame):
            said = f"In the end {said[:1].lower()}{said[1:]}"
        if said != self.banner.text:
            self.banner.show_text(said)
            self.banner.setToolTip(plain(full))

    @Slot()
    def _on_frame(self) -> None:
        self._show_verdict()
        self.show_scene()

    @Slot()
    def show_scene(self) -> None:
        """Bring the map to the frame and layout on show."""
        self._refresh.stop()
        scene = self.scene = self.explorer.scene(self._choices, self.frame)
        self._show_caption()
        if scene is None:
            self.map.set_points(np.empty((0, 2)), (), ())
            self.map.set_components(np.empty((0, 2)), np.empty((0, 2, 2)), (), ())
            self.map.set_note("")
            return
        names = names_of(self._choices, self.explorer.model, self.explorer.variable(self._choices), len(scene.means))
        self._go_to_window(self._extent if scene.chart is not None else None)
        self.map.set_axes(_axes(scene))
        self.map.set_points(scene.positions, scene.codes, scene.confidence, scene.labels, scene.texts, animate=True)
        self.map.set_components(scene.means, scene.covariances, scene.weights, names, animate=True)
        self.map.set_movable(scene.chart is not None and self.explorer.report is not None)
        self.map.set_note(scene.note)
        self._show_ghosts(scene)
        self.show_here()

    def _show_ghosts(self, scene: Scene) -> None:
        ghosts, report = self.explorer.ghosts, self.explorer.report
        if not len(ghosts) or report is None or scene.chart is None or not self.explorer.at_end(self.frame):
            self.map.set_ghosts(np.empty((0, 2)), ())
            return
        blocks = block_of(ghosts.points, report, self.explorer.variable(self._choices))
        self.map.set_ghosts(scene.chart.project(blocks), tuple(ghosts.texts))

    def _show_caption(self) -> None:
        film, frame = self.explorer.film, self.frame
        self.title.setText("Training here" if self.explorer.model == LIVE else self.explorer.model)
        if film is None or not len(film):
            self.caption.setText("")
            return
        frame = min(frame, len(film) - 1)
        information, variance = self.explorer.measured(frame)
        self.caption.setText(f"#{film.steps[frame]:,}   ·   I(x; c) {information:.2f}   ·   Var {variance:.2f}")

    def show_here(self) -> None:
        """Where the sentence above is read."""
        scene, report, here = self.scene, self.explorer.report, self.explorer.here
        if scene is None or scene.chart is None or report is None or here is None:
            self.map.set_cross(None)
            return
        x, y = scene.chart.project(block_of(here, report, self.explorer.variable(self._choices)))
        self.map.set_cross((float(x), float(y)))

    @Slot(object)
    def _on_decoded(self, event: Decoded) -> None:
        (sentence,) = event.sentences
        self.strip.show_sentence(shown_words(sentence), sentence.probabilities)

    # --- under the pointer -------------------------------------------------------------------------------------------

    @Slot(int)
    def _on_hovered(self, index: int) -> None:
        scene = self.scene
        if scene is None or not 0 <= index < len(scene.texts):
            self._say("")
            return
        label = f"{scene.labels[index]}:  ".replace("_", " ") if len(scene.labels) else ""
        sure = f"   component {int(scene.codes[index]) + 1}, {float(scene.confidence[index]):.0%}"
        self._say(f"{label}{scene.texts[index] or UNREAD}{sure}")

    @Slot(int)
    def _on_ghost(self, index: int) -> None:
        texts = self.explorer.ghosts.texts
        self._say(texts[index] if 0 <= index < len(texts) else "")

    def _say(self, text: str) -> None:
        self.line.setText(text or QUIET)
        self.line.setProperty("role", "" if text else "caption")
        self.line.setFont(self._theme.sentence_font(15) if text else self._theme.ui_font(11))

    @Slot()
    def _restyle(self) -> None:
        self.caption.setFont(self._theme.number_font(12))
        self.line.setFixedHeight(self._theme.px(24))
        self._say("")
        self.refresh()


def _axes(scene: Scene) -> tuple[str, str] | None:
    chart = scene.chart
    return None if chart is None else chart.names
