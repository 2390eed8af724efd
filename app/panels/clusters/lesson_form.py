"""Train a small model in the window: which objective, how long, on what."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.clusters.choices import Lesson
from app.panels.clusters.trainer import Trainer
from app.plain import plain
from app.theme import Theme
from app.widgets.controls import ComboBox
from app.widgets.fields import NumberField

RECIPES = (
    ("DGMVAE, small", "live-dgmvae", "Keeps the components apart: dispersion at \N{GREEK SMALL LETTER BETA} < 1"),
    ("GMVAE, small", "live-gmvae", "The plain bound: watch the components fall together"),
)
PRESETS = {"live-dgmvae": {"beta": 0.2, "information": False}, "live-gmvae": {"beta": 1.0, "information": True}}


class LessonForm(QWidget):
    """Signals tell what was chosen or pressed; `show_*` bring it up to date."""

    changed = Signal(object)  # Lesson
    start_wanted = Signal()
    data_wanted = Signal()

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._lesson = Lesson()
        self.recipe = ComboBox()
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setToolTip("Sizes and schedule of a small model that trains in minutes")
        for text, value, tip in RECIPES:
            self.recipe.addItem(text, value)
            self.recipe.setItemData(self.recipe.count() - 1, plain(tip), Qt.ItemDataRole.ToolTipRole)
        self.beta = NumberField(
            "Dispersion weight \N{GREEK SMALL LETTER BETA}",
            0.0,
            1.0,
            0.2,
            theme=theme,
            decimals=2,
            step=0.05,
            slider=True,
            tip="Turned up, the term that pulls the component means together counts more; at 1 it is the plain "
            "bound, and the components fall together",
        )
        self.information = QCheckBox("Penalise I(x; c)")
        self.information.setToolTip(
            "On: the plain bound, which also asks that the component tells nothing of the sentence. "
            "Off: + L_mi, only the mean of q(c|x) has to be even"
        )
        self.passes = NumberField(
            "Passes over the text", 1, 200, 40, theme=theme, tip="Turned up, it trains longer and fits better"
        )
        self.seed = NumberField("Seed", 0, 9999, 1, theme=theme, tip="Another seed begins from other weights")
        self.data = QPushButton("Text: the example errands")
        self.data.setToolTip("Choose another folder; it must hold the files that the recipe names")
        self.start = QPushButton("Train")
        self.start.setProperty("kind", "primary")
        self.start.setToolTip("Train in the background; the map follows (Ctrl+T). The same choices go on where left")
        self._build()
        self._connect()
        self.show_lesson(self._lesson)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._fields = QWidget()
        fields = QVBoxLayout(self._fields)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(8)
        for part in (self.recipe, self.beta, self.information, self.passes, self.seed, self.data, self.start):
            fields.addWidget(part)
        layout.addWidget(self._fields)

    def _connect(self) -> None:
        self.recipe.activated.connect(self._on_recipe)
        self.beta.value_changed.connect(lambda v: self._change(beta=round(v, 2)))
        self.information.toggled.connect(lambda on: self._change(information=on))
        self.passes.value_changed.connect(lambda v: self._change(passes=int(v)))
        self.seed.value_changed.connect(lambda v: self._change(seed=int(v)))
        for button, signal in (
            (self.data, self.data_wanted),
            (self.start, self.start_wanted),
        ):
            button.clicked.connect(signal)

    def _change(self, **fields: Any) -> None:
        self.changed.emit(self._lesson.with_fields(**fields))

    @Slot()
    def _on_recipe(self) -> None:
        recipe = self.recipe.currentData()
        self._change(recipe=recipe, **PRESETS[recipe])

    def show_lesson(self, lesson: Lesson) -> None:
        """What is chosen."""
        self._lesson = lesson
        with QSignalBlocker(self.recipe), QSignalBlocker(self.information):
            self.recipe.setCurrentIndex(self.recipe.findData(lesson.recipe))
            self.information.setChecked(lesson.information)
        self.beta.set_value(lesson.beta)
        self.passes.set_value(lesson.passes)
        self.seed.set_value(lesson.seed)
        self.data.setText(f"Text: {lesson.text}" if lesson.data else "Text: the example errands")
        self.start.setText(f"Train {lesson.title}")

    def show_run(self, trainer: Trainer) -> None:
        """One training at a time."""
        self._fields.setEnabled(not trainer.running)
        if trainer.running:
            self.start.setText("Training …")
        else:
            self.show_lesson(self._lesson)
