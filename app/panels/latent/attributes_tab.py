"""Attribute sliders: directions made from two lists of sentences, each with its strength, stacked on the point."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.panels.latent.choices import EXAMPLE_ATTRIBUTE, Attribute
from app.plain import plain
from app.theme import Theme
from app.widgets.controls import Slider
from app.widgets.numbers import MINUS
from app.widgets.text_fields import LineField, TextField
from engine.messages import AttributeReady
from engine.reading import split_lines

MOST_NAME, MOST_LISTED = 100, 50_000  # characters
MOST = 200  # slider units either way: a strength of 2


class _Row(QWidget):
    """One attribute: name, slider, strength, how well the two lists separate."""

    def __init__(self, attribute: Attribute, *, theme: Theme, remove: Callable[[], None]) -> None:
        super().__init__()
        self.slider = Slider(Qt.Orientation.Horizontal, minimum=-MOST, maximum=MOST, singleStep=5, pageStep=25)
        self.slider.setAccessibleName(f"Strength of {attribute.name}, {MINUS}2 to 2")
        self.slider.setToolTip(
            plain(
                f"Turning it up moves the point from sentences like “{attribute.negative[0]}” towards "
                f"sentences like “{attribute.positive[0]}”; 1 is the way between the two lists' means"
            )
        )
        self.strength, self.quality = QLabel(), QLabel("finding the direction")
        self.quality.setProperty("role", "caption")
        name = self._name = QLabel(attribute.name)
        gone = self._gone = QToolButton(autoRaise=True)
        gone.setToolTip("Remove this attribute")
        gone.setAccessibleName(f"Remove {attribute.name}")
        gone.clicked.connect(remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(name)
        row.addWidget(self.slider, 3)
        row.addWidget(self.strength)
        row.addWidget(self.quality, 2)
        row.addWidget(gone)
        self._theme = theme
        theme.changed.connect(self._restyle)
        self._restyle()

    @Slot()
    def _restyle(self) -> None:
        self.strength.setFont(self._theme.number_font(13))
        self.strength.setFixedWidth(self._theme.px(48))
        self._name.setFixedWidth(self._theme.px(110))
        self._gone.setIcon(icon("close", self._theme))

    def show_strength(self, value: float) -> None:
        """Without saying that it changed."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(value * 100))
        self.strength.setText(f"{value:+.2f}".replace("-", MINUS) if value else "0")


class AttributesTab(QWidget):
    """Rows of attributes at the left, the form for a new one at the right."""

    strength_changed = Signal(str, float)
    released = Signal()
    added = Signal(object)  # Attribute
    removed = Signal(str)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._attributes: tuple[Attribute, ...] = ()
        self._ready: dict[str, AttributeReady] = {}
        self._rows: dict[str, _Row] = {}
        self._holder = QWidget()
        self._list = QVBoxLayout(self._holder)
        self._list.setContentsMargins(0, 0, 8, 0)
        self._hint = QLabel(
            "An attribute is the direction from the mean of one list of sentences to the mean of another.",
            wordWrap=True,
        )
        self._hint.setProperty("role", "muted")
        self.example = QPushButton("Statement to question")
        self.example.setToolTip("Add an example: from statements to questions")
        self.example.clicked.connect(lambda: self.added.emit(EXAMPLE_ATTRIBUTE))
        self._list.addWidget(self._hint)
        self._list.addWidget(self.example, 0, Qt.AlignmentFlag.AlignLeft)
        self._list.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._holder)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(16)
        layout.addWidget(area, 3)
        layout.addLayout(self._form(), 2)

    def _form(self) -> QVBoxLayout:
        self.name = LineField(most=MOST_NAME, placeholderText="Name of a new attribute")
        self.name.setAccessibleName("Name of a new attribute")
        self.negative, self.positive = TextField(most=MOST_LISTED), TextField(most=MOST_LISTED)
        for edit, text, tip in (
            (self.negative, "From: one sentence a line", "Sentences without the attribute: strength 0 is here"),
            (self.positive, "To: one sentence a line", "Sentences with the attribute: strength 1 is here"),
        ):
            edit.setPlaceholderText(text)
            edit.setAccessibleName(text)
            edit.setToolTip(tip)
            edit.setTabChangesFocus(True)
            edit.refused.connect(self._say)
        self.add = QPushButton("Find the direction")
        self.add.setToolTip("Encode both lists; the direction is the difference of their means")
        self.add.clicked.connect(self._on_add)
        self.wrong = QLabel(visible=False, wordWrap=True)
        self.wrong.setProperty("role", "wrong")
        form = QVBoxLayout()
        form.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.add)
        lists = QHBoxLayout()
        lists.addWidget(self.negative)
        lists.addWidget(self.positive)
        form.addLayout(head)
        form.addLayout(lists, 1)
        form.addWidget(self.wrong)
        return form

    def show_attributes(self, attributes: tuple[Attribute, ...]) -> None:
        """A row for each."""
        lists = [(a.name, a.negative, a.positive) for a in attributes]
        before = {a.name: (a.name, a.negative, a.positive) for a in self._attributes}
        if lists != list(before.values()):
            for one in lists:
                if before.get(one[0]) != one:
                    self._ready.pop(one[0], None)  # of other lists
            for row in self._rows.values():
                row.deleteLater()
            self._rows = {}
            for index, attribute in enumerate(attributes):
                self._add_row(index, attribute)
        self._attributes = attributes
        for attribute in attributes:
            self._rows[attribute.name].show_strength(attribute.strength)
        self._hint.setVisible(not attributes)
        self.example.setVisible(EXAMPLE_ATTRIBUTE.name not in self._rows)

    def _add_row(self, index: int, attribute: Attribute) -> None:
        name = attribute.name
        row = _Row(attribute, theme=self._theme, remove=lambda: self.removed.emit(name))
        row.slider.valueChanged.connect(lambda value: self.strength_changed.emit(name, value / 100))
        row.slider.sliderReleased.connect(self.released)
        self._rows[name] = row
        self._list.insertWidget(index, row)
        if name in self._ready:
            self.show_ready(self._ready[name])

    def show_ready(self, ready: AttributeReady) -> None:
        """How well the two lists separate along the direction."""
        self._ready[ready.name] = ready
        row = self._rows.get(ready.name)
        if row is not None:
            row.quality.setText(
                f"Cohen's d {ready.separation:.1f}, {ready.accuracy:.0%} of the sentences on their side"
            )
            row.quality.setToolTip(
                "Distance of the two means over the spread along the direction (Cohen's d), "
                "and how often the nearer mean is the right one, each sentence and its twin left out"
            )

    @Slot(str)
    def _say(self, wrong: str) -> None:
        self.wrong.setText(wrong)
        self.wrong.setVisible(bool(wrong))

    @Slot()
    def _on_add(self) -> None:
        lists = [
            tuple(line.strip() for line in split_lines(edit.toPlainText()) if line.strip())
            for edit in (self.negative, self.positive)
        ]
        name = self.name.text().strip()
        wrong = ""
        if not name:
            wrong = "Give the attribute a name."
        elif name in self._rows:
            wrong = f"There is an attribute named {name!r} already."
        elif not all(lists):
            wrong = "Both lists need at least one sentence, one a line."
        self._say(wrong)
        if not wrong:
            self.added.emit(Attribute(name=name, negative=lists[0], positive=lists[1]))
            self.name.clear()
