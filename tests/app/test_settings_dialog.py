"""The settings dialog: what a settings file holds and the lists lack, and whom the choice of seeds reaches."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QComboBox

from app.preferences import DEVICES, SCALES, Preferences
from app.settings import Settings
from tests.app.conftest import NotesPanel


@pytest.fixture
def dialog_of(services, qtbot):
    """The dialog over some settings."""

    def make(settings: Settings) -> Preferences:
        dialog = Preferences(settings, None, theme=services.theme)
        qtbot.addWidget(dialog)
        return dialog

    return make


def entries(box: QComboBox) -> list[str]:
    return [box.itemText(i) for i in range(box.count())]


def test_a_text_size_between_those_offered_is_shown_and_survives_another_edit(dialog_of):
    settings = Settings(type_scale=1.2)
    dialog = dialog_of(settings)
    assert dialog.scale.currentText() == "120 %"
    assert [dialog.scale.itemData(i) for i in range(dialog.scale.count())] == sorted({*SCALES, 1.2})
    dialog.motion.setChecked(True)
    assert (settings.type_scale, settings.reduce_motion) == (1.2, True)


def test_a_device_that_is_not_offered_is_shown_and_survives_another_edit(dialog_of):
    settings = Settings(device="cuda:1")
    dialog = dialog_of(settings)
    assert dialog.device.currentText() == "cuda:1"
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    assert (settings.device, settings.theme) == ("cuda:1", "dark")


def test_another_value_can_be_chosen_over_an_unknown_one(dialog_of):
    settings = Settings(device="cuda:1", type_scale=1.2)
    dialog = dialog_of(settings)
    dialog.device.setCurrentIndex(dialog.device.findData("cpu"))
    dialog.scale.setCurrentIndex(dialog.scale.findData(1.3))
    assert (settings.device, settings.type_scale) == ("cpu", 1.3)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("device", DEVICES)
def test_the_usual_values_are_offered_once_under_their_names(dialog_of, scale, device):
    dialog = dialog_of(Settings(type_scale=scale, device=device))
    assert entries(dialog.scale) == list(SCALES.values())
    assert entries(dialog.device) == list(DEVICES.values())
    assert (dialog.scale.currentText(), dialog.device.currentText()) == (SCALES[scale], DEVICES[device])


def test_the_choice_of_seeds_reaches_every_panel(make_window, monkeypatch):
    window = make_window()
    told = []
    monkeypatch.setattr(NotesPanel, "fix_seed", lambda self, value: told.append((self.key, value)))
    window.show_settings()
    (dialog,) = window.findChildren(Preferences)
    dialog.motion.toggle()
    assert told == []  # only when it is chosen
    for choice in ("new", "fixed"):
        dialog.seeds.setCurrentIndex(dialog.seeds.findData(choice))
        assert window.services.settings.seeds == choice
    assert told == [("notes", False), ("notes", True)]
    dialog.accept()
