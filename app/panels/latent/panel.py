"""The panel: puts hand, stages, tabs and explanation together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.commands import Command
from app.panels.base import Panel
from app.panels.latent.actions import commands
from app.panels.latent.attributes_tab import AttributesTab
from app.panels.latent.choices import MOST_PINS, Choices, Pin, latent_models, shown_words, within
from app.panels.latent.cloud import Cloud
from app.panels.latent.demonstration import Demonstration
from app.panels.latent.explain import Explain
from app.panels.latent.explorer import Explorer, as_point
from app.panels.latent.hand import Hand
from app.panels.latent.help import HELP
from app.panels.latent.inputs import Inputs
from app.panels.latent.keep_tab import KeepTab
from app.panels.latent.sentences_tab import SentencesTab
from app.panels.latent.stage import Stage, dimensions_of
from app.panels.latent.store import Store
from app.panels.latent.walk_tab import WalkTab
from app.services import Services
from app.widgets.dimension_sliders import DimensionSliders
from engine.messages import Decoded, DecodedSentence
from engine.reading import is_text, patterns

Array = npt.NDArray[np.floating]
SLOW_MS = 80


class LatentPanel(Panel):
    """Drag through a latent space. `store` holds everything chosen; results live in the explorers."""

    key = "latent"
    title = "Latent space"
    icon = "latent"
    capability = "Latent"
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.last: Decoded | None = None
        self._on_show: Pin | None = None  # the sentence above the pad: decoded last, or replayed
        self._seen: tuple[Array, float | None, bool] = (np.empty(0), None, False)
        self._slow = QTimer(self, singleShot=True, interval=SLOW_MS)
        self._slow.timeout.connect(self._follow_hand)
        self._seed = 0
        self.store = Store(services.undo, self)
        self.main, self.beside = Explorer(self.bridge, "main", self), Explorer(self.bridge, "beside", self)
        self.stages = (Stage(self.main, theme=self.theme), Stage(self.beside, theme=self.theme))
        self.inputs, self.explain = Inputs(theme=self.theme), Explain(theme=self.theme)
        self.walk = WalkTab((self.main, self.beside), theme=self.theme)
        self.dimensions = DimensionSliders(theme=self.theme)
        self.attributes = AttributesTab(theme=self.theme)
        self.sentences = SentencesTab(theme=self.theme)
        self.keep = KeepTab(theme=self.theme)
        self.hand = Hand(self.store, self.stages, self)
        self.cloud = Cloud(self.sentences, self.stages, self.hand, services.notices, self)
        self.demonstration = Demonstration(self)
        self._build()
        self._connect()
        self._show_models()
        self._on_choices(self.store.choices, self.store.choices)

    # --- building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.hero = QStackedWidget()
        shows = QWidget()
        row = QHBoxLayout(shows)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for stage in self.stages:
            row.addWidget(stage, 1)
        self.hero.addWidget(self._empty_page())
        self.hero.addWidget(shows)
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.tabBar().setAccessibleName("Ways through the space")
        for page, title in (
            (self.walk, "Walk"),
            (self.dimensions, "Dimensions"),
            (self.attributes, "Attributes"),
            (self.sentences, "Sentences"),
            (self.keep, "Pins and path"),
        ):
            self.tabs.addTab(page, title)
        self.anatomy.set_input(self.inputs)
        self.anatomy.set_hero(self.hero)
        self.anatomy.set_explain(self.explain)
        self.anatomy.set_history(self.tabs, 250)

    def _empty_page(self) -> QWidget:
        page = QWidget()
        self.empty_text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.start = QPushButton("Drag between two sentences")
        self.start.setProperty("kind", "primary")
        self.start.setToolTip("Place two example sentences and walk from one to the other")
        self.start.clicked.connect(self.demo)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(48, 0, 48, 0)
        layout.addStretch(2)
        layout.addWidget(self.empty_text)
        layout.addSpacing(16)
        layout.addWidget(self.start, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        return page

    def _connect(self) -> None:
        main, hand, keep = self.main, self.hand, self.keep
        for signal, slot in (
            (self.store.changed, self._on_choices),
            (self.bridge.models_changed, self._show_models),
            (self.theme.changed, self._restyle),
            (self.inputs.changed, self._on_chosen),
            (self.inputs.coordinates_entered, self._on_coordinates),
            (hand.shown, self._on_hand),
            (main.report_ready, self._on_report),
            (main.anchors_ready, self._on_anchors),
            (main.anchors_read, self._on_anchors_read),
            (main.walk_changed, self._on_walk),
            (self.beside.walk_changed, self._on_walk),
            (main.decoded, self._on_decoded),
            (main.neighbours_found, self.explain.show_neighbours),
            (main.attribute_ready, self._on_attribute),
            (main.progress, self._on_progress),
            (self.walk.moved, hand.go_along),
            (self.walk.released, hand.release),
            (self.dimensions.edited, hand.set_dimension),
            (self.dimensions.released, hand.release),
            (self.attributes.strength_changed, hand.set_strength),
            (self.attributes.released, hand.release),
            (self.attributes.added, self._on_attribute_added),
            (self.attributes.removed, self._on_attribute_removed),
            (self.sentences.open_wanted, self.ask_file),
            (keep.pin_wanted, self.pin),
            (keep.unpin_wanted, self._on_unpin),
            (keep.went, self._go_to_pin),
            (keep.shown, self._on_replayed),
        ):
            signal.connect(slot)
        for explorer, place in zip((self.main, self.beside), self.stages, strict=True):
            explorer.failed.connect(self.services.notices.error)
            place.pad.prior_wanted.connect(self.draw_prior)
            place.pad.lassoed.connect(self._on_lasso)
        self._restyle()

    # --- choices ------------------------------------------------------------------------------------------------------

    @Slot(object, object)
    def _on_choices(self, old: Choices, new: Choices) -> None:
        """Show the choices and ask the engine for what they call for."""
        self.inputs.show_choices(new)
        self.hero.setCurrentIndex(1 if new.model else 0)
        self.stages[1].setVisible(bool(new.beside))
        for stage in self.stages:
            stage.follow(new)
        if new.model != old.model:
            self.last = self._on_show = None
            self.dimensions.show_dimensions((), 0.01)
        self.main.follow(new, new.model)
        self.beside.follow(new, new.beside)
        self.attributes.show_attributes(new.attributes)
        if new.pins != old.pins:
            self.keep.show_pins(new.pins)
        if all(getattr(new, f) == getattr(old, f) for f in ("model", "anchors", "plane", "dimensions")):
            self.hand.begin()  # undone to before there was a point; else the plane that comes brings one
        if new.point != old.point or new.attributes != old.attributes:
            self.hand.decode_fully()

    @Slot(str, object)
    def _on_chosen(self, field: str, value: Any) -> None:
        models = latent_models(self.bridge)
        if field == "anchors" and not self.store.choices.model and models:
            self.store.choose("model", models[0].name)
        if value != getattr(self.store.choices, field):
            self.store.choose(field, value)

    @Slot()
    def _show_models(self) -> None:
        models = latent_models(self.bridge)
        self.inputs.show_models(models)
        self.inputs.show_choices(self.store.choices)
        self.start.setEnabled(bool(models))
        self.empty_text.setText(
            "Every point of a latent space is a sentence. Drag, and read it change."
            if models
            else "No model with a latent space was found in the library folders."
        )

    @Slot(str)
    def _on_coordinates(self, text: str) -> None:
        wrong = ""
        try:
            self.hand.go_to_typed(text)
        except ValueError as error:
            wrong = str(error)
        self.inputs.show_wrong(wrong)

    @Slot()
    def _restyle(self) -> None:
        self.empty_text.setFont(self.theme.sentence_font(22))

    # --- results ------------------------------------------------------------------------------------------------------

    @Slot(object, object, bool)
    def _on_hand(self, point: Array, t: float | None, on: bool) -> None:
        self._seen = (point, t, on)
        if not self._slow.isActive():
            self._slow.start()

    @Slot()
    def _follow_hand(self) -> None:
        """Everything that says where the hand is, but the pad: a few times a second, so that the pad has the time."""
        point, t, on = self._seen
        self.dimensions.show_point([float(v) for v in point])
        self.walk.show_t(t, on=on)
        self.attributes.show_attributes(self.store.choices.attributes)
        self.inputs.show_point(point)
        if self.last is not None:
            asked = np.asarray(self.last.points[0], dtype=float)
            shift = float(np.linalg.norm(self.main.shift(self.store.choices.attributes)))
            self.explain.show_here(self.last, asked, shift, sum(self.stages[0].strip.changed))

    @Slot()
    def _on_report(self) -> None:
        report = self.main.report
        assert report is not None
        self.explain.show_report(report)
        self.inputs.set_latent_size(report.latent_size)
        self.dimensions.show_dimensions(dimensions_of(report), report.threshold)

    @Slot()
    def _on_anchors(self) -> None:
        self.inputs.anchors.show_unknown(self.main.unknown)
        self.inputs.anchors.show_reconstructions([])

    @Slot()
    def _on_anchors_read(self) -> None:
        self.inputs.anchors.show_reconstructions([shown_words(s) for s in self.main.reconstructions])

    @Slot()
    def _on_walk(self) -> None:
        if all(not e.walk or len(e.walk) == e.walk[0].total for e in (self.main, self.beside)):
            self.hand.show()  # marks the place on the walk

    @Slot(object)
    def _on_decoded(self, event: Decoded) -> None:
        self.last = event
        self._on_show = _pin(event.sentences[0], event.points[0])
        self.keep.note(self._on_show)
        if not self._slow.isActive():
            self._slow.start()

    # --- attributes ---------------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_attribute(self, name: str) -> None:
        self.attributes.show_ready(self.main.directions[name])

    @Slot(object)
    def _on_attribute_added(self, attribute: Any) -> None:
        self.store.choose("attributes", (*self.store.choices.attributes, attribute))

    @Slot(str)
    def _on_attribute_removed(self, name: str) -> None:
        self.store.choose("attributes", tuple(a for a in self.store.choices.attributes if a.name != name))

    # --- sentences ----------------------------------------------------------------------------------------------------

    @Slot(str, float, float)
    def _on_progress(self, what: str, done: float, total: float) -> None:
        if what != "cloud":
            self.stages[0].strip.show_hint(f"Opening {self.store.choices.model}: {done:,.0f} of {total:,.0f} {what}")

    @Slot(str, object)
    def _on_lasso(self, group: str, _indices: object) -> None:
        if group == "sentences":
            self.tabs.setCurrentWidget(self.sentences)

    @Slot()
    def ask_file(self) -> None:
        """Choose a text file to encode."""
        kinds = f"A sentence a line, or columns ({patterns()})"
        if path := self.services.dialogs.open_file(self, "Sentences to encode", kinds):
            self.open_file(path)

    def open_file(self, path: Path) -> bool:
        """Encode a text file's lines as points."""
        models = latent_models(self.bridge)
        if not is_text(path) or not path.is_file() or not models:
            return False
        if not self.store.choices.model:
            self.store.choose("model", models[0].name)
        self.cloud.encode(path)
        self.tabs.setCurrentWidget(self.sentences)
        return True

    # --- keeping ------------------------------------------------------------------------------------------------------

    @Slot()
    def draw_prior(self) -> None:
        """Go to a sample of the prior."""
        report = self.main.report
        if report is not None and not report.variational:
            self.services.notices.info(f"{report.model} is an autoencoder: it has no prior to draw from.")
        elif report is not None:
            self._seed += 1
            self.demonstration.stop()
            self.main.draw_prior(self._seed)

    @Slot()
    def pin(self) -> None:
        """Keep the sentence on show and its point."""
        pins, new = self.store.choices.pins, self._on_show
        if new is not None and len(pins) < MOST_PINS and new.point not in [p.point for p in pins]:
            self.store.choose("pins", (*pins, new))

    @Slot(int)
    def _on_unpin(self, index: int) -> None:
        self.store.choose("pins", tuple(p for i, p in enumerate(self.store.choices.pins) if i != index))

    @Slot(int)
    def _go_to_pin(self, index: int) -> None:
        pin = self.store.choices.pins[index]
        if self.main.report is not None and len(pin.point) == self.main.report.latent_size:
            self.hand.go_to(np.array(pin.point))

    @Slot(object)
    def _on_replayed(self, step: Pin) -> None:
        """A recorded step: shown from the record, the model is not asked."""
        if self.main.report is not None and len(step.point) == self.main.report.latent_size:
            self.demonstration.stop()
            self._on_show = step
            self.stages[0].show_kept(np.array(step.point), step.words, step.probabilities)

    # --- what every panel answers -------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Everything the panel can be told."""
        return commands(self)

    def state(self) -> dict[str, Any]:
        """Choices, recorded path, layout."""
        return {
            "choices": msgspec.to_builtins(self.store.choices),
            "path": msgspec.to_builtins(self.keep.recording.steps),
            "tab": self.tabs.currentIndex(),
            "anatomy": self.anatomy.state(),
            "file": self.cloud.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put it back."""
        self.demonstration.stop()
        self.store.set(Choices.read(state.get("choices", {})))
        try:
            steps = msgspec.convert(state.get("path", []), list[Pin], strict=False)
            self.keep.set_steps([s for s in steps if within(s.point)])
        except msgspec.ValidationError:
            self.keep.set_steps(())
        self.cloud.restore(state.get("file", {}))
        self.tabs.setCurrentIndex(int(state.get("tab", 0)))
        if isinstance(state.get("anatomy"), dict):
            self.anatomy.restore(state["anatomy"])

    def stop(self) -> None:
        """Let go of a lasso; without one, stop gesture, replay and encoding."""
        if self.cloud.clear_lasso():
            return
        self.hand.rest()
        self.demonstration.stop()
        self.keep.playhead.pause()
        for explorer in (self.main, self.beside):
            explorer.stop_cloud()

    def demo(self) -> None:
        """Two sentences, and a hand that goes most of the way from one to the other."""
        self.demonstration.start()

    def ready(self) -> bool:
        """Whether the demonstration has come to rest."""
        return self.demonstration.ready() and not self._slow.isActive()

    def shots(self) -> Iterator[str]:
        """The states worth a picture."""
        yield from self.demonstration.shots()


def _pin(sentence: DecodedSentence, point: Array) -> Pin:
    sure = tuple(round(float(p), 4) for p in sentence.probabilities)
    return Pin(shown_words(sentence), sure, as_point(point))
