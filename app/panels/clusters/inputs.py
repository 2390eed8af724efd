"""The input region: models, mixture variable, layout, colours, sentences, and a training in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.clusters.choices import LIVE, Choices, title_of
from app.panels.clusters.lesson_form import LessonForm
from app.plain import plain
from app.theme import Theme
from app.widgets.column_chooser import ColumnChooser
from app.widgets.controls import ComboBox
from app.widgets.section import Section
from engine.messages import ModelInfo


class Strip(QWidget):
    """A few choices side by side, one of them made."""

    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._name = name
        self._group = QButtonGroup(self, exclusive=True)
        self._values: list[object] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._group.idClicked.connect(lambda place: self.chosen.emit(self._values[place]))

    def set_items(self, items: Sequence[tuple[str, object, str]]) -> None:
        """Text, value and tooltip of each; the same items again change nothing."""
        if [value for _, value, _ in items] == self._values:
            return
        for button in self._group.buttons():
            self._group.removeButton(button)
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._values = [value for _, value, _ in items]
        for place, (text, _, tip) in enumerate(items):
            button = QToolButton(text=text, checkable=True, toolTip=tip)
            button.setAccessibleName(f"{self._name}: {text}")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, place)
            self._row.addWidget(button)

    def show_value(self, value: object) -> None:
        """Mark the choice."""
        if value in self._values:
            self._group.button(self._values.index(value)).setChecked(True)


class Inputs(QWidget):
    """Everything that is chosen. `changed` names a field of `Choices` and its new value."""

    changed = Signal(str, object)
    open_wanted = Signal()
    figure_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.model = self._combo("Model", "model", "The model whose clusters are shown")
        self.model.setPlaceholderText("Choose a model")
        self.beside = self._combo("Beside it", "beside", "A second model on the same axes and in the same colours")
        self.variable = self._heading("Mixture variable")
        self.mixture = self._strip("", "mixture")
        self.layout_ = self._strip("Layout", "layout")
        self.layout_.set_items(
            (
                ("Plane", "plane", "Two dimensions as they are; of more, the two that hold most of the variance"),
                ("t-SNE", "tsne", "Points and means together, neighbours near each other; distances mean little"),
            )
        )
        self.colour = self._strip("Colour by", "colour_by")
        self.colour.set_items(
            (
                ("Component", "component", "The likeliest component of each sentence; faint where it is unsure"),
                ("Label", "label", "What a person has said the sentence is about"),
            )
        )
        self._heading("Sentences")
        self.source = QLabel(wordWrap=True, minimumWidth=1)
        self.source.setProperty("role", "caption")
        self.open = QPushButton("Open a text file…")
        self.open.setToolTip(
            "See where its sentences fall: one a line, or columns by tabs or CSV, one of them labels (or drop the file)"
        )
        self.columns = ColumnChooser(labels=True)
        self.back = QPushButton("Back to the model's own", visible=False)
        self.back.setToolTip("Show the held-out sentences of the training again")
        for part in (self.source, self.columns, self.open, self.back):
            self._layout.addWidget(part)
        self._layout.addWidget(self._busy())
        self._layout.addSpacing(12)
        self.figure = QPushButton("Eight-panel figure")
        self.figure.setToolTip(
            "GMVAE, + L_var, + L_mi and DGMVAE, as far as the library has them, early and at the end, as one picture"
        )
        self._layout.addWidget(self.figure)
        self._layout.addSpacing(8)
        self.section = Section("Train one here", theme=theme)
        self.lesson = LessonForm(theme=theme)
        self.section.content.addWidget(self.lesson)
        self._layout.addWidget(self.section)
        self._layout.addStretch(1)
        self.open.clicked.connect(self.open_wanted)
        self.figure.clicked.connect(self.figure_wanted)
        self.back.clicked.connect(lambda: self.changed.emit("file", ""))
        self.lesson.changed.connect(lambda lesson: self.changed.emit("lesson", lesson))

    # --- building ----------------------------------------------------------------------------------------------------

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "overline")
        label.setContentsMargins(0, 10, 0, 0)
        self._layout.addWidget(label)
        return label

    def _combo(self, label: str, field: str, tip: str) -> ComboBox:
        self._heading(label)
        combo = ComboBox(toolTip=tip)
        combo.setAccessibleName(label)
        combo.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        combo.activated.connect(lambda _i: self.changed.emit(field, combo.currentData()))
        self._layout.addWidget(combo)
        return combo

    def _strip(self, label: str, field: str) -> Strip:
        if label:
            self._heading(label)
        strip = Strip(label or field)
        strip.chosen.connect(lambda value: self.changed.emit(field, value))
        self._layout.addWidget(strip)
        return strip

    def _busy(self) -> QWidget:
        """What is being computed, with a stop."""
        self.busy = QWidget(visible=False)
        self.bar = QProgressBar(textVisible=False, maximum=1000)
        self.doing = QLabel(wordWrap=True, minimumWidth=1)
        self.doing.setProperty("role", "caption")
        self.stop = QToolButton(text="Stop")
        self.stop.setToolTip("Stop here and keep what there is (Esc)")
        self.stop.clicked.connect(self.stop_wanted)
        row = QHBoxLayout()
        row.addWidget(self.doing, 1)
        row.addWidget(self.stop)
        layout = QVBoxLayout(self.busy)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.bar)
        layout.addLayout(row)
        return self.busy

    # --- showing -----------------------------------------------------------------------------------------------------

    def show_models(self, models: Sequence[ModelInfo], training: str = "") -> None:
        """What can be chosen; `training`: the name of a run that can be watched."""
        named = [(f"{m.name}  ({title_of(m)})" if title_of(m) != m.name else m.name, m.name) for m in models]
        tips = [m.card.summary or m.kind for m in models]
        live = [(f"{training} (training)", LIVE)] if training else []
        self._fill(self.model, [*live, *named], [*(["The run that trains here"] if live else []), *tips])
        self._fill(self.beside, [("Nothing", ""), *named], ["One model over the whole width", *tips])

    def _fill(self, combo: ComboBox, items: Sequence[tuple[str, str]], tips: Sequence[str]) -> None:
        with QSignalBlocker(combo):
            chosen = combo.currentData()
            combo.clear()
            for place, ((text, value), tip) in enumerate(zip(items, tips, strict=True)):
                combo.addItem(text, value)
                combo.setItemData(place, plain(tip), Qt.ItemDataRole.ToolTipRole)
            combo.setCurrentIndex(combo.findData(chosen))

    def show_choices(self, choices: Choices, mixtures: int) -> None:
        """Put every field to what was chosen, without saying that it changed."""
        for combo, value in ((self.model, choices.model), (self.beside, choices.beside)):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(combo.findData(value))
        count = max(mixtures, 1)
        self.mixture.set_items([(str(m + 1), m, f"Mixture variable {m + 1} of {count}") for m in range(count)])
        for part in (self.variable, self.mixture):
            part.setVisible(count > 1)
        self.mixture.show_value(min(choices.mixture, count - 1))
        self.layout_.show_value(choices.layout)
        self.colour.show_value(choices.colour_by)
        self.back.setVisible(bool(choices.file))
        self.lesson.show_lesson(choices.lesson)

    @Slot(bool)
    def show_lesson_form(self, opened: bool) -> None:
        """Scroll so that the form can be seen, when it has just been opened."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and opened:
            QTimer.singleShot(0, self, lambda: area.ensureWidgetVisible(self.lesson, 0, 12))

    def show_source(self, text: str) -> None:
        """Where the points come from."""
        self.source.setText(text)

    def show_busy(self, text: str, done: float, total: float) -> None:
        """What is being computed; done = total: nothing."""
        self.busy.setVisible(done < total)
        self.bar.setValue(round(1000 * done / total) if total else 0)
        self.doing.setText(text)
