"""The input region: what goes into the sampler, the common settings in sight and the rare ones behind More."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.naming import labels
from app.panels.sampler.parameters import TEXT_FIELD, Mode, Parameters, parse_ladder
from app.theme import Theme
from app.widgets.controls import ComboBox, DoubleSpinBox, SpinBox, within
from app.widgets.text_fields import LineField, TextField
from engine.messages import ModelInfo, Sample, setting_of

MODES: tuple[tuple[Mode, str, str, str], ...] = (
    ("keywords", "Keywords", "Words that every sentence must hold", "juice natural brand"),
    ("paraphrase", "Paraphrase", "Sentence to say in other words", "the movie is a great success"),
    ("sentence", "Sentence", "Sentence to start from", "a man is riding a horse"),
)
ROOM = 10  # letters of a choice that stand beside its title


class SamplerForm(QWidget):
    """Fields over `Parameters`. It changes nothing itself: edits are announced and come back by `show_values`."""

    edited = Signal(str, object)  # field, value
    run_wanted = Signal()
    stop_wanted = Signal()
    new_seed_wanted = Signal()
    ladder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values = Parameters()
        self._setters: dict[str, Callable[[Any], None]] = {}
        self._wrong: dict[str, QLabel] = {}
        self._fields: dict[str, QWidget] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._build_model(layout)
        self._build_text(layout)
        self._common = self._grid(layout)
        self._build_common(self._common)
        self._build_run(layout)
        self.more = QToolButton(text="More", checkable=True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setToolTip("Target weights, lengths, tempering and the share of free draws")
        self.more.toggled.connect(self._on_more)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._rare = QWidget()
        rare = QVBoxLayout(self._rare)
        rare.setContentsMargins(0, 0, 0, 0)
        self._build_rare(self._grid(rare))
        layout.addWidget(self._rare)
        layout.addStretch(1)
        self._on_more(False)
        theme.changed.connect(self._restyle)
        self._restyle()

    # --- what the panel does with it -------------------------------------------------------------------------------

    def show_values(self, values: Parameters, errors: dict[str, str]) -> None:
        """Show parameters, and under each field what is wrong with it."""
        self._values = values
        for field, setter in self._setters.items():
            setter(values.field(field))
        for index, (mode, _, hint, example) in enumerate(MODES):
            if mode == values.mode:
                self._modes.button(index).setChecked(True)
                self._hint.setText(hint)
                self.text.setPlaceholderText(example)
        if self.text.toPlainText() != values.text:
            self._quietly(self.text, lambda: self.text.setPlainText(values.text))
        if parse_or_none(self.ladder.text()) != values.sample.ladder:
            self._quietly(self.ladder, lambda: self.ladder.setText(", ".join(f"{t:g}" for t in values.sample.ladder)))
        ladder = bool(values.sample.ladder)
        self._fields["chains"].setEnabled(not ladder)
        self._fields["temperature"].setEnabled(not ladder)
        self._fields["order"].setEnabled(values.mode == "keywords")
        self._fields["first"].setEnabled(values.mode != "sentence")
        for field in ("terms.similarity.weight", "terms.similarity.keep"):
            self._fields[field].setEnabled(values.mode == "paraphrase")
        self.show_errors(errors)

    def show_errors(self, errors: dict[str, str]) -> None:
        """Say under each field what is wrong with it and what would be right."""
        for field, label in self._wrong.items():
            label.setText(errors.get(field, ""))
            label.setVisible(bool(label.text()))
            if label.text() and self._rare.isAncestorOf(label):
                self.more.setChecked(True)  # what keeps a run from starting must be in sight
        self.run.setEnabled(not errors)

    def unread(self) -> dict[str, str]:
        """What stands in a field and cannot be read, in words, by field."""
        try:
            parse_ladder(self.ladder.text())
        except ValueError as error:
            return {"ladder": str(error)}
        return {}

    def show_models(self, models: list[ModelInfo]) -> None:
        """Fill the list of models."""

        def fill() -> None:
            chosen = self._values.sample.model
            self.model.clear()
            for info, label in zip(models, labels(models), strict=True):
                self.model.addItem(label, info.name)
            if not models:
                self.model.addItem("No forward language model found", "")
            self.model.setCurrentIndex(max(0, self.model.findData(chosen)))

        self._quietly(self.model, fill)

    def show_running(self, running: bool) -> None:
        """Whether a run is on: offer to stop it."""
        self.stop.setVisible(running)
        self.run.setText("Run anew" if running else "Run")

    def show_suggesting(self, on: bool) -> None:
        """Whether pilot runs are looking for a ladder."""
        self._suggest.setEnabled(not on)
        self._suggest.setText("Trying…" if on else "Suggest")

    # --- building --------------------------------------------------------------------------------------------------

    def _build_model(self, layout: QVBoxLayout) -> None:
        self.model = ComboBox()
        self.model.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.model.setMinimumContentsLength(12)
        self.model.setToolTip("The forward language model: its probability of a sentence is the target's fluency term")
        self.model.setAccessibleName("Language model")
        self.model.currentIndexChanged.connect(lambda _: self.edited.emit("model", self.model.currentData() or ""))
        self._setters["model"] = lambda v: self._quietly(
            self.model,
            lambda: self.model.setCurrentIndex(self.model.findData(v)),  # none, where the library lacks it
        )
        layout.addWidget(self.model)
        layout.addWidget(self._error("model"))

    def _build_text(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._modes = QButtonGroup(self)
        for index, (mode, title, hint, _) in enumerate(MODES):
            button = QToolButton(text=title, checkable=True)
            button.setToolTip(hint)
            button.clicked.connect(lambda _=False, m=mode: self.edited.emit("mode", m))
            self._modes.addButton(button, index)
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        self._hint = QLabel()
        self._hint.setProperty("role", "caption")
        layout.addWidget(self._hint)
        self.text = TextField(tabChangesFocus=True)
        self.text.setAccessibleName("Words or sentence")
        self.text.setToolTip("What the chain starts from; click words in the large sentence to lock them")
        self.text.textChanged.connect(self._on_text)
        layout.addWidget(self.text)
        layout.addWidget(self._error("text"))
        self.text.refused.connect(lambda said: self._refuse("text", said))

    def _build_common(self, grid: QGridLayout) -> None:
        for field in ("chains", "candidates", "temperature", "steps"):
            self._setting(grid, field)
        self._moves(grid)
        self._seed(grid)

    def _build_rare(self, grid: QGridLayout) -> None:
        for field in ("full_share", "proposal", "places", "order"):
            self._setting(grid, field)
        for field in ("terms.fluency.weight", "terms.similarity.weight", "terms.similarity.keep"):
            self._setting(grid, field)
        for field in ("terms.length.weight", "terms.length.goal"):
            self._setting(grid, field)
        for field in ("min_length", "max_length"):
            self._setting(grid, field)
        self.ladder = LineField(placeholderText="off; e.g. 1, 1.2, 1.4")
        self.ladder.setToolTip("Parallel tempering: one chain a temperature, neighbours exchange sentences. Hotter "
                               "chains explore, the first one collects")  # fmt: skip
        self.ladder.editingFinished.connect(self._on_ladder)
        self._suggest = QPushButton("Suggest")
        self._suggest.setToolTip("Find temperatures whose chains exchange sentences often enough, by short pilot runs")
        self._suggest.clicked.connect(lambda: self.ladder_wanted.emit())
        self.ladder.setAccessibleName("Tempering ladder")
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.ladder, 1)
        row.addWidget(self._suggest)
        self._row(grid, "ladder", "Tempering ladder", holder, wide=True)
        start = LineField(placeholderText="the keywords, or the source")
        start.setToolTip("Where the chains start; it must hold the keywords")
        start.textEdited.connect(lambda text: self.edited.emit("first", text))
        self._setters["first"] = lambda v: self._quietly(start, lambda: start.text() == v or start.setText(v))
        self._row(grid, "first", "First sentence", start)
        start.refused.connect(lambda said: self._refuse("first", said))

    def _build_run(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        self.run = QPushButton("Run")
        self.run.setProperty("kind", "primary")
        self.run.setToolTip("Start the chains (R: again with the same seed, N: with a new one)")
        self.run.clicked.connect(lambda: self.run_wanted.emit())
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the run here; what there is stays (Esc)")
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.stop.hide()
        row.addWidget(self.run, 1)
        row.addWidget(self.stop)
        layout.addLayout(row)

    def _moves(self, grid: QGridLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        for move, sign in (("replace", "⇄"), ("insert", "+"), ("delete", "\u2212")):
            box = DoubleSpinBox(minimum=0, maximum=99, singleStep=0.1, decimals=1, prefix=f"{sign} ")
            box.setToolTip(f"How often {move} is proposed, beside the other two; they are normalised to one")
            box.setAccessibleName(f"Weight of {move}")
            box.setMinimumWidth(40)
            self._wire(box, f"moves.{move}")
            row.addWidget(box)
        holder = QWidget()
        row.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(row)
        self._row(grid, "moves", "Moves", holder, wide=True)

    def _seed(self, grid: QGridLayout) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        box = SpinBox(minimum=0, maximum=2**31 - 1)
        box.setToolTip("The same seed and settings give the same run, proposal for proposal")
        box.setAccessibleName("Seed")
        box.setMinimumWidth(60)
        self._wire(box, "seed")
        self._lock = QToolButton(checkable=True, autoRaise=True)
        self._lock.setToolTip("Locked: every run uses this seed. Open: each run draws a new one")
        self._lock.setAccessibleName("Keep the seed")
        self._lock.clicked.connect(lambda on: self.edited.emit("seed_fixed", on))
        self._setters["seed_fixed"] = self._show_lock
        self._dice = QToolButton(autoRaise=True)
        self._dice.setToolTip("Draw a new seed and run (N)")
        self._dice.setAccessibleName("New seed")
        self._dice.clicked.connect(lambda: self.new_seed_wanted.emit())
        for widget in (box, self._lock, self._dice):
            row.addWidget(widget, 1 if widget is box else 0)
        holder = QWidget()
        holder.setLayout(row)
        self._row(grid, "seed", "Seed", holder)

    @staticmethod
    def _grid(layout: QVBoxLayout) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        layout.addLayout(grid)
        return grid

    def _row(self, grid: QGridLayout, field: str, title: str, widget: QWidget, *, wide: bool = False) -> None:
        row = grid.rowCount()
        label = QLabel(title)
        label.setBuddy(widget)
        label.setToolTip(widget.toolTip())
        if not widget.accessibleName():
            widget.setAccessibleName(title)
        grid.addWidget(label, row, 0, 1, 2 if wide else 1)
        grid.addWidget(widget, row + wide, 0 if wide else 1, 1, 2 if wide else 1)
        grid.addWidget(self._error(field), row + wide + 1, 0, 1, 2)
        self._fields[field] = widget

    def _setting(self, grid: QGridLayout, field: str) -> None:
        """A row for a setting as its request declares it."""
        known = setting_of(Sample, field)
        title = f"{known.title}, {known.unit}" if known.unit else known.title
        box: QWidget
        match known.kind:
            case "choice":
                box = self._choice(field, known.choices)
            case "switch":
                box = self._switch(field)
            case "count":
                box = SpinBox(minimum=int(known.low or 0), maximum=int(known.high or 0))
                box.setSpecialValueText("endless" if field == "steps" else "")
                self._wire(box, field)
            case _:
                box = DoubleSpinBox(minimum=known.low, maximum=known.high, singleStep=known.step, decimals=2)
                self._wire(box, field)
        box.setToolTip(known.effect)
        box.setMinimumWidth(60)  # whatever the largest value would take
        self._row(grid, field, title, box, wide=any(len(text) > ROOM for text in known.choices.values()))

    def _switch(self, field: str) -> QCheckBox:
        box = QCheckBox()
        box.toggled.connect(lambda on: self.edited.emit(field, on))
        self._setters[field] = lambda on: self._quietly(box, lambda: box.setChecked(on))
        return box

    def _choice(self, field: str, items: Mapping[str, str]) -> ComboBox:
        box = ComboBox()
        box.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(5)
        for value, text in items.items():
            box.addItem(text, value)
        box.currentIndexChanged.connect(lambda _: self.edited.emit(field, box.currentData()))
        self._setters[field] = lambda v: self._quietly(box, lambda: box.setCurrentIndex(box.findData(v)))
        return box

    def _wire(self, box: SpinBox | DoubleSpinBox, field: str) -> None:
        box.setKeyboardTracking(False)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.valueChanged.connect(lambda value: self.edited.emit(field, value))
        self._setters[field] = lambda v: self._quietly(box, lambda: box.setValue(within(box, v)))

    def _refuse(self, field: str, said: str) -> None:
        """Say under a field why it has not taken a text; what stands there is as good as before."""
        self._wrong[field].setText(said)
        self._wrong[field].show()

    def _error(self, field: str) -> QLabel:
        label = QLabel(wordWrap=True)
        label.setProperty("role", "wrong")
        label.hide()
        self._wrong[field] = label
        return label

    # --- inside ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _quietly(widget: QWidget, change: Callable[[], object]) -> None:
        was = widget.blockSignals(True)
        change()
        widget.blockSignals(was)

    @Slot()
    def _on_text(self) -> None:
        self.edited.emit(TEXT_FIELD[self._values.mode], self.text.toPlainText())

    @Slot()
    def _on_ladder(self) -> None:
        if self.unread():
            self.show_errors(self.unread())
        elif (value := parse_ladder(self.ladder.text())) != self._values.sample.ladder:
            self.edited.emit("ladder", value)
        else:
            self.show_errors(self._values.errors())

    @Slot(bool)
    def _on_more(self, on: bool) -> None:
        self._rare.setVisible(on)
        self.more.setIcon(icon("chevron-up" if on else "chevron-down", self._theme))

    def _show_lock(self, on: bool) -> None:
        self._lock.setChecked(on)
        self._lock.setIcon(icon("lock" if on else "unlock", self._theme))

    @Slot()
    def _restyle(self) -> None:
        self.text.setFixedHeight(self._theme.px(58))
        self._dice.setIcon(icon("dice", self._theme))
        self._show_lock(self._lock.isChecked())
        self._on_more(self.more.isChecked())


def parse_or_none(text: str) -> tuple[float, ...] | None:
    """The ladder in a text; None where there is none that can be read."""
    try:
        return parse_ladder(text)
    except ValueError:
        return None
