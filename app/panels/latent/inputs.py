"""The input region: models, sentences, plane, walk, layer, search, and exact coordinates."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, NamedTuple

from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import (
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
from app.panels.latent.choices import LETTERS, Choices, is_variational
from app.plain import plain
from app.theme import Theme
from app.widgets.alignment import split
from app.widgets.controls import ComboBox, SpinBox
from app.widgets.pad_marks import paint_badge
from app.widgets.text_fields import LineField
from engine.messages import ModelInfo
from engine.reading import split_words

PLANES = (
    ("Through the sentences", "anchors", "A, B and C span it; with two sentences, A, B and the mean of all"),
    ("Principal plane", "principal", "The two directions in which encoded sentences differ most"),
    ("Two axes by KL", "dimensions", "Two latent dimensions, numbered by how much they carry"),
)
LAYERS = (
    ("Density of sentences", "density", "Where encoded sentences lie: the aggregate posterior"),
    ("Where the sentence changes", "change", "Bright: a small step changes many words"),
    ("How sure the decoder is", "confidence", "Bright: the decoder gives its words high probabilities"),
    ("Nothing", "none", "Points and contours only"),
)
PATHS = (
    ("Straight line", "linear", "z = (1 \N{MINUS SIGN} t) A + t B"),
    ("On the sphere", "spherical", "Keeps the distance from the prior's mean, where most samples lie"),
)
MOST_COORDINATES = 20_000  # characters
SEARCHES = (
    ("Beam search, 5", "beam", "Keeps five hypotheses: the likeliest sentence, often a little shorter"),
    ("Greedy", "greedy", "The likeliest word each time, as while dragging"),
    ("Sampling", "sample", "Draws words: other sentences from the same point"),
)


class AnchorRow(NamedTuple):
    """What there is to one sentence."""

    holder: QWidget
    letter: QLabel
    field: LineField
    unknown: QLabel
    reconstruction: QLabel


def _differing(typed: str, words: Sequence[str]) -> str:
    """Words in one line of rich text, those that stand elsewhere or not at all in what was typed underlined."""
    before = [word.text.lower() for word in split(split_words(typed))]
    now = split(words)
    same = {
        block.b + i
        for block in SequenceMatcher(None, before, [word.text.lower() for word in now], False).get_matching_blocks()
        for i in range(block.size)
    }
    parts = [("" if word.glued or not i else " ", html.escape(word.text), i in same) for i, word in enumerate(now)]
    return "".join(space + (text if known else f"<u>{text}</u>") for space, text, known in parts)


class AnchorFields(QWidget):
    """Two to six sentences, each with its letter."""

    entered = Signal(object)  # tuple of sentences

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QVBoxLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        self._rows: list[AnchorRow] = []
        self.place = QPushButton("Place on the pad")
        self.place.setProperty("kind", "primary")
        self.place.setToolTip("Encode the sentences; they appear on the pad with the walk between them (Return)")
        self.add = QToolButton(autoRaise=True, toolTip="One more sentence; a walk goes through all of them in order")
        self.add.setAccessibleName("Add a sentence")
        foot = QHBoxLayout()
        foot.addWidget(self.place, 1)
        foot.addWidget(self.add)
        self._grid.addLayout(foot)
        self.place.clicked.connect(self._enter)
        self.add.clicked.connect(self._on_add)
        theme.changed.connect(self._restyle)
        self.set_texts(("", ""))

    @property
    def fields(self) -> list[LineField]:
        """The text fields in order."""
        return [row.field for row in self._rows]

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands in them, empty ones left out."""
        return tuple(t for f in self.fields if (t := f.text().strip()))

    def set_texts(self, texts: Sequence[str]) -> None:
        """Fill the fields, at least two."""
        texts = [*texts, "", ""][: max(len(texts), 2)]
        while len(self._rows) > len(texts):
            self._rows.pop().holder.deleteLater()
        while len(self._rows) < len(texts):
            self._add_row()
        for field, text in zip(self.fields, texts, strict=True):
            if field.text() != text:
                field.setText(text)
                field.setCursorPosition(0)
        row = [*self.fields, self.place, self.add]
        for before, after in pairwise(row):
            self.setTabOrder(before, after)
        self._restyle()

    def show_unknown(self, counts: Sequence[int]) -> None:
        """Say under each sentence how many of its words the model does not know."""
        for index, row in enumerate(self._rows):
            count = counts[index] if index < len(counts) else 0
            row.unknown.setVisible(bool(count))
            row.unknown.setText(f"{count} word{'s' if count > 1 else ''} unknown to the model: read as blanks")

    def show_reconstructions(self, sentences: Sequence[Sequence[str]]) -> None:
        """Say under each placed sentence as what its point comes back, with the words that are others marked."""
        for index, row in enumerate(self._rows):
            words = sentences[index] if index < len(sentences) else ()
            row.reconstruction.setVisible(bool(words))
            row.reconstruction.setText(f"\u2192 {_differing(row.field.text(), words)}" if words else "")

    def _add_row(self) -> None:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        letter, field = QLabel(), LineField()
        note = QLabel(visible=False)
        note.setProperty("role", "wrong")
        name = LETTERS[len(self._rows)]
        field.setPlaceholderText("A sentence of your own")
        field.setAccessibleName(f"Sentence {name}")
        field.setToolTip("A short everyday sentence, up to 20 words")
        field.returnPressed.connect(self._enter)
        grid.addWidget(letter, 0, 0)
        grid.addWidget(field, 0, 1)
        back = QLabel(visible=False, wordWrap=True, minimumWidth=1, textFormat=Qt.TextFormat.RichText)
        back.setProperty("role", "caption")
        back.setAccessibleName(f"What sentence {name} comes back as")
        back.setToolTip("What the decoder writes at the sentence's own point; words that are others are underlined")
        grid.addWidget(note, 1, 1)
        grid.addWidget(back, 2, 1)
        field.refused.connect(lambda said: (note.setText(said), note.show()))
        self._rows.append(AnchorRow(holder, letter, field, note, back))
        self._grid.insertWidget(len(self._rows) - 1, holder)

    @Slot()
    def _on_add(self) -> None:
        texts = [f.text() for f in self.fields]
        self.set_texts([*texts, ""])
        self.fields[-1].setFocus()

    @Slot()
    def _enter(self) -> None:
        self.entered.emit(self.texts)

    @Slot()
    def _restyle(self) -> None:
        self.add.setIcon(icon("plus", self._theme))
        self.add.setEnabled(len(self._rows) < len(LETTERS))
        side = self._theme.px(24)
        for index, row in enumerate(self._rows):
            picture = QPixmap(side * 2, side * 2)
            picture.setDevicePixelRatio(2)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_badge(painter, self._theme, QPointF(side / 2, side / 2), LETTERS[index], self._theme.category(index))
            painter.end()
            row.letter.setPixmap(picture)


class Inputs(QWidget):
    """Everything that is chosen. `changed` names a field of `Choices` and its new value."""

    changed = Signal(str, object)
    coordinates_entered = Signal(str)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._combos: dict[str, ComboBox] = {}
        self._placed: tuple[str, ...] = ()
        self.anchors = AnchorFields(theme=theme)
        self.anchors.entered.connect(lambda texts: self.changed.emit("anchors", texts))
        self._combo("model", "Model", (), "The model whose latent space is shown")
        self._combos["model"].setPlaceholderText("Choose a model")
        self._combo("beside", "Beside it", (), "A second model on the same sentences and the same gesture")
        self._heading("Sentences")
        self._layout.addWidget(self.anchors)
        self._combo("plane", "Plane", PLANES, "Which plane of the latent space the pad shows")
        self._axes = self._axes_row()
        self._combo("layer", "Layer", LAYERS, "What is painted under the points")
        self.points = QCheckBox("Points")
        self.points.setToolTip("Show the encoded sentences as points; hover one to read it")
        self.points.toggled.connect(lambda on: self.changed.emit("show_points", on))
        self._layout.addWidget(self.points)
        self._heading("Walk between the sentences")
        self._combo("path", "", PATHS, "The way from one sentence to the next")
        self._steps = self._spin_row(
            "Steps of each leg, 2 to 200", 2, 200, "More steps find more of the places where the text changes"
        )
        self._steps.valueChanged.connect(lambda n: self.changed.emit("steps", n))
        self._combo(
            "search",
            "Decoder",
            SEARCHES,
            "Writes the walk and, when you let go, the point; a drag is previewed greedily",
        )
        self._heading("Exact point")
        self.coordinates = LineField(most=MOST_COORDINATES)
        self.coordinates.refused.connect(self.show_wrong)
        self.coordinates.setAccessibleName("Coordinates as JSON")
        self.coordinates.setToolTip(
            "All latent coordinates as a JSON list, or two or three coordinates on the plane; Return goes there"
        )
        self.coordinates.returnPressed.connect(lambda: self.coordinates_entered.emit(self.coordinates.text()))
        self.wrong = QLabel(wordWrap=True, visible=False)
        self.wrong.setProperty("role", "wrong")
        self._layout.addWidget(self.coordinates)
        self._layout.addWidget(self.wrong)
        self._layout.addStretch(1)

    # --- building ----------------------------------------------------------------------------------------------------

    def _heading(self, text: str) -> None:
        label = QLabel(text)
        label.setProperty("role", "overline")
        label.setContentsMargins(0, 10, 0, 0)
        self._layout.addWidget(label)

    def _combo(self, field: str, label: str, items: Sequence[tuple[str, str, str]], tip: str) -> None:
        if label:
            self._heading(label)
        combo = ComboBox()
        combo.setAccessibleName(label or field)
        combo.setToolTip(tip)
        combo.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        for text, value, explained in items:
            combo.addItem(text, value)
            combo.setItemData(combo.count() - 1, plain(explained), Qt.ItemDataRole.ToolTipRole)
        combo.activated.connect(lambda _i: self.changed.emit(field, combo.currentData()))
        self._combos[field] = combo
        self._layout.addWidget(combo)

    def _spin(self, low: int, high: int, tip: str, name: str) -> SpinBox:
        spin = SpinBox(minimum=low, maximum=high)
        spin.setToolTip(tip)
        spin.setAccessibleName(name)
        spin.setKeyboardTracking(False)
        return spin

    def _spin_row(self, name: str, low: int, high: int, tip: str) -> SpinBox:
        spin = self._spin(low, high, tip, name)
        row = QHBoxLayout()
        row.addWidget(QLabel(name), 1)
        row.addWidget(spin)
        self._layout.addLayout(row)
        return spin

    def _axes_row(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        self._right = self._spin(1, 32, "Which dimension goes right, 1 being the one with the highest KL", "Right")
        self._up = self._spin(1, 32, "Which dimension goes up", "Up")
        for text, spin in (("right", self._right), ("up", self._up)):
            row.addWidget(QLabel(text))
            row.addWidget(spin, 1)
            spin.valueChanged.connect(self._on_axes)
        self._layout.addWidget(holder)
        return holder

    @Slot()
    def _on_axes(self) -> None:
        self.changed.emit("dimensions", (self._right.value() - 1, self._up.value() - 1))

    # --- showing -----------------------------------------------------------------------------------------------------

    def show_models(self, models: Sequence[ModelInfo]) -> None:
        """What can be chosen."""
        self._fill("model", [(m.name, m.name, m.card.summary or m.kind) for m in models])
        others = [
            (f"{m.name}" + ("" if is_variational(m) else " (no prior)"), m.name, m.card.summary or m.kind)
            for m in models
        ]
        self._fill("beside", [("Nothing", "", "One model over the whole width"), *others])

    def _fill(self, field: str, items: Sequence[tuple[str, str, str]]) -> None:
        combo = self._combos[field]
        with QSignalBlocker(combo):
            chosen = combo.currentData()
            combo.clear()
            for text, value, explained in items:
                combo.addItem(text, value)
                combo.setItemData(combo.count() - 1, plain(explained), Qt.ItemDataRole.ToolTipRole)
            combo.setCurrentIndex(combo.findData(chosen))

    def show_choices(self, choices: Choices) -> None:
        """Put every field to what was chosen, without saying that it changed."""
        for field, combo in self._combos.items():
            with QSignalBlocker(combo):
                combo.setCurrentIndex(combo.findData(getattr(choices, field)))
        setters: tuple[tuple[QWidget, Callable[[Any], None], Any], ...] = (
            (self.points, self.points.setChecked, choices.show_points),
            (self._steps, self._steps.setValue, choices.steps),
            (self._right, self._right.setValue, choices.dimensions[0] + 1),
            (self._up, self._up.setValue, choices.dimensions[1] + 1),
        )
        for widget, setter, value in setters:
            with QSignalBlocker(widget):
                setter(value)
        if choices.anchors != self._placed:  # what is typed but not placed yet stays
            self._placed = choices.anchors
            self.anchors.set_texts(choices.anchors)
        self._axes.setVisible(choices.plane == "dimensions")

    def set_latent_size(self, size: int) -> None:
        """How many dimensions there are to choose from."""
        for spin in (self._right, self._up):
            with QSignalBlocker(spin):
                spin.setMaximum(size)

    def show_point(self, point: Sequence[float]) -> None:
        """The coordinates as JSON, unless they are being typed."""
        self.show_wrong("")
        if not self.coordinates.hasFocus():
            self.coordinates.setText("[" + ", ".join(f"{v:.3f}" for v in point) + "]")
            self.coordinates.setCursorPosition(0)

    def show_wrong(self, text: str) -> None:
        """What is wrong with the coordinates typed; empty when nothing is."""
        if text == self.wrong.text():
            return
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))
        self.coordinates.setProperty("wrong", bool(text))
        self.coordinates.style().polish(self.coordinates)
