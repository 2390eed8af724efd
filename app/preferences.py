"""The settings dialog: five choices, each in effect at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import Settings, log_file
from app.theme import Theme, system_is_dark
from app.widgets.controls import ComboBox

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
SCALES = {0.9: "Small (90 %)", 1.0: "Normal (100 %)", 1.15: "Large (115 %)", 1.3: "Larger (130 %)", 1.6: "Room (160 %)"}
SEEDS = {"fixed": "The seed that stands in the field", "new": "A new seed for each run"}
DEVICES = {"auto": "The fastest there is", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Apple)"}


def apply_settings(settings: Settings, theme: Theme, enlarge: float = 1.0) -> None:
    """Give the theme what the settings say; `enlarge` multiplies the text size (present mode)."""
    dark = system_is_dark() if settings.theme == "system" else settings.theme == "dark"
    theme.set(dark=dark, motion=not settings.reduce_motion, scale=settings.type_scale * enlarge)


class Preferences(QDialog):
    """Edits the settings in place; `changed` after each edit."""

    changed = Signal()
    seeds_chosen = Signal(bool)  # fixed?

    def __init__(self, settings: Settings, parent: QWidget, *, theme: Theme) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        self.setMinimumWidth(theme.px(460))
        title = QLabel("Settings")
        title.setProperty("role", "title")
        sizes = {settings.type_scale: f"{settings.type_scale:.0%}".replace("%", " %"), **SCALES}
        devices = {**DEVICES, settings.device: DEVICES.get(settings.device, settings.device)}  # perhaps "cuda:1"
        self.theme = _choice(THEMES, settings.theme, "Light or dark window")
        tip = "Size of all text and of what is sized by it"
        self.scale = _choice(dict(sorted(sizes.items())), settings.type_scale, tip)
        self.device = _choice(devices, settings.device, "Where models compute; takes effect at the next start")
        self.seeds = _choice(SEEDS, settings.seeds, "What a run begins with: the same seed repeats a run exactly")
        self.motion = QCheckBox("Reduce motion")
        self.motion.setChecked(settings.reduce_motion)
        self.motion.setToolTip("Changes appear at once instead of moving into place")
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Theme", self.theme)
        form.addRow("Text size", self.scale)
        form.addRow("", self.motion)
        form.addRow("Compute on", self.device)
        form.addRow("Seed of a run", self.seeds)
        note = QLabel(f"“Compute on” takes effect at the next start. The log is kept in {log_file()}.", wordWrap=True)
        note.setProperty("role", "caption")
        note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        done = QPushButton("Done")
        done.setProperty("kind", "primary")
        done.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(done)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(16)
        layout.addWidget(title)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addLayout(buttons)
        for box in (self.theme, self.scale, self.device, self.seeds):
            box.currentIndexChanged.connect(self._on_edit)
        self.motion.toggled.connect(self._on_edit)
        self.seeds.currentIndexChanged.connect(lambda: self.seeds_chosen.emit(self.seeds.currentData() == "fixed"))

    def _on_edit(self) -> None:
        s = self._settings
        s.theme, s.type_scale = self.theme.currentData(), self.scale.currentData()
        s.device, s.seeds = self.device.currentData(), self.seeds.currentData()
        s.reduce_motion = self.motion.isChecked()
        self.changed.emit()


def _choice(options: dict, value: object, tip: str) -> ComboBox:  # type: ignore[type-arg]
    box = ComboBox()
    for data, label in options.items():
        box.addItem(label, data)
    box.setCurrentIndex(max(box.findData(value), 0))
    box.setToolTip(tip)
    box.setAccessibleDescription(tip)
    return box
