"""The input region: the text, the decoders, and the settings of the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.naming import labels
from app.panels.beams.decoders import Setup, title
from app.panels.beams.fields import FIELDS, Field
from app.plain import plain
from app.theme import Theme
from app.widgets.controls import ComboBox
from app.widgets.fields import NumberField
from app.widgets.text_fields import LineField, TextField
from engine.messages import PRESETS, STRATEGIES, ModelInfo


class BeamsForm(QWidget):
    """Fields over a `Setup`. It changes nothing itself: edits are announced and come back through `show_setup`."""

    edited = Signal(str, object)  # "text", "reference", or a field of the chosen decoder
    preset_chosen = Signal(str)
    added = Signal()
    removed = Signal()
    moved = Signal(int)
    run_wanted = Signal()
    stop_wanted = Signal()
    example_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: list[tuple[QToolButton, str]] = []
        self._wrong: dict[str, QLabel] = {}
        self._fields: dict[str, tuple[QWidget, Callable[[Any], None]]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._build_text(layout)
        self._build_run(layout)
        self._build_decoder(layout)
        self._common = self._column(layout)
        self.more = QToolButton(text="More", checkable=True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setToolTip("Lengths, repetition, stopping, coverage and a forced beginning")
        self.more.toggled.connect(self._on_more)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._rare_holder = QWidget()
        self._rare = self._column(None, self._rare_holder)
        layout.addWidget(self._rare_holder)
        for field in FIELDS:
            self._build_field(field, self._rare if field.setting.rare else self._common)
        layout.addStretch(1)
        self._on_more(False)
        theme.changed.connect(self._restyle)
        self._restyle()

    # --- what the panel does with it -------------------------------------------------------------------------------

    def show_setup(self, setup: Setup) -> None:
        """Show the input and the chosen decoder, and under each field what is wrong with it."""
        for box, text in ((self.text, setup.text), (self.reference, setup.reference)):
            now = box.toPlainText() if isinstance(box, TextField) else box.text()
            if now != text:
                with QSignalBlocker(box):
                    box.setPlainText(text) if isinstance(box, TextField) else box.setText(text)
        decoder = setup.decoder
        for widget in (self._decoder_holder, self.more):
            widget.setVisible(decoder is not None)
        for field in FIELDS:
            used = decoder is not None and decoder.options.reads(field.name)
            self._fields[field.name][0].setVisible(used)
        if decoder is not None:
            self._heading.setText(f"Decoder {setup.number(decoder.id) + 1} of {len(setup.decoders)}: {title(decoder)}")
            self._show_choice(self.model, decoder.model)
            self._show_choice(self.strategy, decoder.options.strategy)
            for field in FIELDS:
                self._fields[field.name][1](getattr(decoder.options, field.name))
            forced = len(decoder.options.prefix_ids)
            self.forced.setVisible(bool(forced))
            self.forced.setText(f"{forced} token{'s' if forced != 1 else ''} forced: release")
        errors = setup.errors()
        if not setup.text:
            errors.pop("text", None)  # nothing is wrong before anything was typed
        self.show_errors(errors)

    def show_errors(self, errors: dict[str, str]) -> None:
        """Say under each field what is wrong with it and what would be right."""
        for name, label in self._wrong.items():
            label.setText(errors.get(name, ""))
            label.setVisible(bool(label.text()))
            if label.text() and self._rare_holder.isAncestorOf(label):
                self.more.setChecked(True)  # what keeps a run from starting must be in sight

    def show_models(self, models: Sequence[ModelInfo]) -> None:
        """Fill the list of models."""
        chosen = self.model.currentData()
        with QSignalBlocker(self.model):
            self.model.clear()
            for info, label in zip(models, labels(models), strict=True):
                self.model.addItem(label, info.name)
                self.model.setItemData(self.model.count() - 1, plain(info.card.summary), Qt.ItemDataRole.ToolTipRole)
            if not models:
                self.model.addItem("No model that writes found", "")
            self.model.setCurrentIndex(max(0, self.model.findData(chosen)))

    def show_running(self, running: bool) -> None:
        """Whether searches are on: offer to stop them."""
        self.stop.setVisible(running)

    def show_kind(self, translates: bool) -> None:
        """Whether the chosen model reads a source or a prompt."""
        self.text.setPlaceholderText("Sentence to translate" if translates else "Beginning to continue")
        self._text_label.setText("Source sentence" if translates else "Prompt")

    # --- building --------------------------------------------------------------------------------------------------

    def _column(self, layout: QVBoxLayout | None, holder: QWidget | None = None) -> QVBoxLayout:
        column = QVBoxLayout(holder) if holder else QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        if layout is not None:
            layout.addLayout(column)
        return column

    def _refuse(self, name: str, said: str) -> None:
        """Say under a field why it has not taken a text; what stands there is as good as before."""
        self._wrong[name].setText(said)
        self._wrong[name].show()

    def _error(self, name: str) -> QLabel:
        label = QLabel(wordWrap=True)
        label.setProperty("role", "wrong")
        label.hide()
        self._wrong[name] = label
        return label

    def _build_text(self, layout: QVBoxLayout) -> None:
        head = QHBoxLayout()
        self._text_label = QLabel("Source sentence")
        self.example = QPushButton("Example")
        self.example.setProperty("kind", "quiet")
        self.example.setToolTip("Another example sentence, with its reference where there is one")
        self.example.clicked.connect(lambda: self.example_wanted.emit())
        head.addWidget(self._text_label, 1)
        head.addWidget(self.example)
        layout.addLayout(head)
        self.text = TextField(tabChangesFocus=True)
        self.text.setAccessibleName("Source sentence or prompt")
        self.text.setToolTip("What all decoders read: a sentence to translate, or the beginning of a text to continue")
        self.text.textChanged.connect(lambda: self.edited.emit("text", self.text.toPlainText()))
        self._text_label.setBuddy(self.text)
        layout.addWidget(self.text)
        layout.addWidget(self._error("text"))
        self.text.refused.connect(lambda said: self._refuse("text", said))
        self.reference = LineField(placeholderText="Reference (optional)")
        self.reference.setAccessibleName("Reference")
        self.reference.setToolTip(
            "What a person would write: outputs are compared with it by BLEU and chrF, and the model scores it, which "
            "tells search errors from model errors"
        )
        self.reference.textEdited.connect(lambda text: self.edited.emit("reference", text))
        layout.addWidget(self.reference)
        layout.addWidget(self._error("reference"))
        self.reference.refused.connect(lambda said: self._refuse("reference", said))

    def _build_run(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        self.run = QPushButton("Compare")
        self.run.setProperty("kind", "primary")
        self.run.setToolTip("Run all decoders on this input (Ctrl+Return)")
        self.run.clicked.connect(lambda: self.run_wanted.emit())
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the searches here (Esc)")
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.stop.hide()
        row.addWidget(self.run, 1)
        row.addWidget(self.stop)
        layout.addLayout(row)
        layout.addWidget(self._error("decoders"))

    def _build_decoder(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._heading = QLabel(wordWrap=True)
        self._heading.setProperty("role", "overline")
        row.addWidget(self._heading, 1)
        for name, tip, action in (
            ("plus", "Add a decoder like this one (Ctrl+D)", lambda: self.added.emit()),
            ("minus", "Remove this decoder (Ctrl+Backspace)", lambda: self.removed.emit()),
            (
                "chevron-up",
                "Move it up; the first one is what the others are compared with",
                lambda: self.moved.emit(-1),
            ),
            ("chevron-down", "Move it down", lambda: self.moved.emit(1)),
        ):
            button = QToolButton(autoRaise=True)
            button.setToolTip(tip)
            button.setAccessibleName(tip.partition(" (")[0].partition(";")[0])
            button.clicked.connect(lambda _=False, act=action: act())
            self._icons.append((button, name))
            row.addWidget(button)
        layout.addSpacing(8)
        layout.addLayout(row)
        self._decoder_holder = QWidget()
        column = self._column(None, self._decoder_holder)
        self.model = self._combo("Model", "Which model writes; each decoder may have its own")
        self.model.currentIndexChanged.connect(lambda _: self.edited.emit("model", self.model.currentData() or ""))
        self.strategy = self._combo("Strategy", "How the next token is chosen")
        for info in STRATEGIES.values():
            self.strategy.addItem(info.label, info.name)
            self.strategy.setItemData(self.strategy.count() - 1, info.tip, Qt.ItemDataRole.ToolTipRole)
        self.strategy.currentIndexChanged.connect(lambda _: self.edited.emit("strategy", self.strategy.currentData()))
        self.preset = self._combo(
            "Preset", "Settings under which “length penalty” means what another program means by it"
        )
        self.preset.addItem("Preset…", "")
        for name, preset in PRESETS.items():
            self.preset.addItem(name, name)
            self.preset.setItemData(self.preset.count() - 1, preset.meaning, Qt.ItemDataRole.ToolTipRole)
        self.preset.activated.connect(self._on_preset)
        column.addWidget(self.model)
        column.addWidget(self._error("model"))
        pair = QHBoxLayout()
        pair.addWidget(self.strategy, 3)
        pair.addWidget(self.preset, 2)
        column.addLayout(pair)
        self.meaning = QLabel(wordWrap=True)
        self.meaning.setProperty("role", "caption")
        self.meaning.hide()
        column.addWidget(self.meaning)
        self.forced = QPushButton()
        self.forced.setProperty("kind", "quiet")
        self.forced.setToolTip(
            "The beginning was forced by clicking a token or a node; release it to search freely again"
        )
        self.forced.clicked.connect(lambda: self.edited.emit("prefix", ""))
        column.addWidget(self.forced)
        layout.addWidget(self._decoder_holder)

    def _combo(self, name: str, tip: str) -> ComboBox:
        box = ComboBox()
        box.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(7)
        box.setToolTip(tip)
        box.setAccessibleName(name)
        return box

    def _build_field(self, field: Field, column: QVBoxLayout) -> None:
        holder = QWidget()
        inner = self._column(None, holder)
        inner.setSpacing(2)
        setter: Callable[[Any], None]
        kind, tip = field.setting.kind, field.setting.effect
        if kind in ("count", "number"):
            number = NumberField(
                field.label, field.low, field.high, field.low, theme=self._theme, tip=tip, decimals=field.decimals,
                step=field.step,
            )  # fmt: skip
            cast = int if field.whole else float
            number.value_changed.connect(lambda value, f=field.name, c=cast: self.edited.emit(f, c(round(value, 6))))
            setter = number.set_value
            inner.addWidget(number)
        elif kind == "choice":
            box = self._combo(field.label, tip)
            for value, text in field.setting.choices.items():
                box.addItem(text, value)
            box.currentIndexChanged.connect(lambda _, f=field.name, b=box: self.edited.emit(f, b.currentData()))
            setter = lambda value, b=box: self._show_choice(b, value)  # noqa: E731 - as short as its siblings
            row = QHBoxLayout()
            row.addWidget(QLabel(field.label), 1)
            row.addWidget(box)
            inner.addLayout(row)
        else:
            line = LineField(placeholderText="New York; rain" if kind == "texts" else "")
            line.setToolTip(tip)
            line.setAccessibleName(field.label)
            line.editingFinished.connect(lambda f=field, w=line: self._on_line(f, w))
            line.refused.connect(lambda said, f=field.name: self._refuse(f, said))
            setter = lambda value, w=line: _show_line(w, value)  # noqa: E731
            inner.addWidget(QLabel(f"{field.label}; by semicolon" if kind == "texts" else field.label))
            inner.addWidget(line)
        inner.addWidget(self._error(field.name))
        self._fields[field.name] = (holder, setter)
        column.addWidget(holder)

    @staticmethod
    def _show_choice(box: ComboBox, value: str) -> None:
        with QSignalBlocker(box):
            box.setCurrentIndex(box.findData(value))

    # --- reactions -------------------------------------------------------------------------------------------------

    @Slot(int)
    def _on_preset(self, index: int) -> None:
        name = self.preset.itemData(index)
        self.meaning.setVisible(bool(name))
        if name:
            self.meaning.setText(f"{name}: {PRESETS[name].meaning}.")
            self.preset_chosen.emit(name)

    def _on_line(self, field: Field, line: LineField) -> None:
        if line.isModified():  # a visit is no edit: it would let go of forced tokens
            line.setModified(False)
            self.edited.emit(field.name, _read(field, line.text()))

    @Slot(bool)
    def _on_more(self, on: bool) -> None:
        self._rare_holder.setVisible(on)
        self.more.setIcon(icon("chevron-up" if on else "chevron-down", self._theme))

    @Slot()
    def _restyle(self) -> None:
        self.text.setFixedHeight(self._theme.px(62))
        for button, name in self._icons:
            button.setIcon(icon(name, self._theme))
        self._on_more(self.more.isChecked())


def _show_line(line: LineField, value: str | tuple[str, ...]) -> None:
    if not (line.hasFocus() and line.isModified()):  # not over what is being typed
        line.setText(value if isinstance(value, str) else "; ".join(value))


def _read(field: Field, text: str) -> str | tuple[str, ...]:
    if field.setting.kind == "texts":
        return tuple(phrase.strip() for phrase in text.split(";") if phrase.strip())
    return text
