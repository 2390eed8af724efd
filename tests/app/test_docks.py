from __future__ import annotations

import time

import pytest
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QLabel, QPushButton

from app.activity import Activity
from app.bridge import JobRecord
from app.library import LibraryView, ModelRow
from app.settings import Settings
from app.undo import edit
from app.widgets.fields import NumberField
from app.widgets.metric import duration
from engine.messages import Failed, Finished, LoadModel, Paused, Progress, Started


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


@pytest.fixture
def library(services, qtbot, tmp_path):
    there = tmp_path / "there.txt"
    there.write_text("x")
    view = LibraryView(services.bridge, Settings(recent=[str(there), "/gone/away.txt"]), theme=services.theme)
    qtbot.addWidget(view)
    view.show()
    return view


def test_the_library_lists_models_broken_files_and_recent_ones(library):
    assert {row.info.name for row in library.findChildren(ModelRow)} == {"tiny", "tiny-back"}
    assert "✗ broken.safetensors" in texts(library)
    recent = {b.text(): b.isEnabled() for b in library.findChildren(QPushButton)}
    assert recent == {"there.txt": True, "away.txt": False}


def test_load_and_unload_from_the_list(library, services):
    bridge = services.bridge
    row = next(r for r in library.findChildren(ModelRow) if r.info.name == "tiny")
    row.toggled.emit("tiny", True)
    assert bridge.wait_for(lambda: "tiny" in bridge.loaded)
    first = library.findChildren(ModelRow)[-2:]
    assert [r.loaded for r in first] == [True, False]  # what is loaded comes first
    first[0].toggled.emit("tiny", False)
    assert bridge.wait_for(lambda: not bridge.loaded)


def test_a_list_out_of_sight_is_made_anew_when_it_is_shown(library, services):
    before = library.findChildren(ModelRow)
    library.hide()
    services.theme.changed.emit()
    services.bridge.models_changed.emit()
    assert library.findChildren(ModelRow) == before
    library.show()
    assert library.findChildren(ModelRow)[-1] not in before


def test_nothing_found_says_what_was_searched(library):
    library._filter.setText("zebra")
    assert any("None of the 2 models has “zebra”" in text for text in texts(library))


def test_a_job_shows_how_far_it_is_and_what_became_of_it(services, qtbot):
    bridge = services.bridge
    activity = Activity(bridge, theme=services.theme)
    qtbot.addWidget(activity)
    record = JobRecord(7, LoadModel(path="/models/big.safetensors"), None)
    record.began = time.monotonic() - 2
    bridge.jobs[7] = record
    for event in (Started(), Progress(done=0, total=10, unit="MB")):
        record.note(event)
    record._marks[0] = (record._marks[0][0] - 1, 0.0)  # a second ago
    record.note(Progress(done=5, total=10, unit="MB"))
    bridge.job_changed.emit(record)
    activity._refresh()
    row = activity.rows()[0]
    said = " ".join(texts(row))
    assert "Loading big.safetensors" in said
    assert "5 of 10 MB" in said
    assert "left" in said
    record.note(Paused())
    row.refresh()
    assert row._hold.toolTip() == "Go on with this job"
    record.note(Failed(sentence="The file is cut off."))
    row.refresh()
    assert "The file is cut off." in texts(row)
    assert row._cancel.isHidden()


def test_short_jobs_and_drags_are_never_listed(services, qtbot):
    bridge = services.bridge
    activity = Activity(bridge, theme=services.theme)
    qtbot.addWidget(activity)
    short, drag = JobRecord(1, LoadModel(path="a"), None), JobRecord(2, LoadModel(path="a"), ("pad", "decode"))
    drag.began -= 10
    bridge.jobs.update({1: short, 2: drag})
    for record in (short, drag):
        bridge.job_changed.emit(record)
    activity._refresh()
    assert activity.rows() == []
    short.note(Finished(seconds=0.1))
    bridge.jobs.clear()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (45, "45 s"), (200, "3 min 20 s"), (120, "2 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_a_drag_is_one_step_back(qapp):
    stack, seen = QUndoStack(), [1.0]
    for new in (2.0, 3.0, 4.0):
        edit(stack, "a.temperature", "Temperature", seen[-1], new, seen.append)
    edit(stack, "a.steps", "Steps", 1, 2, lambda v: None)
    edit(stack, "a.steps", "Steps", 2, 2, lambda v: None)
    assert stack.count() == 2
    stack.undo()
    stack.undo()
    assert seen[-1] == 1.0
    stack.redo()
    assert seen[-1] == 4.0


def test_a_drag_back_to_the_start_leaves_no_step(qapp):
    stack = QUndoStack()
    edit(stack, "a.t", "T", 1, 2, lambda v: None)
    edit(stack, "a.t", "T", 2, 1, lambda v: None)
    assert not stack.canUndo()


@pytest.mark.parametrize("logarithmic", [False, True])
def test_slider_and_number_say_the_same(theme, qtbot, logarithmic):
    field = NumberField(
        "T", 0.1, 10, 1, theme=theme, tip="t", decimals=2, step=0.1, slider=True, logarithmic=logarithmic
    )
    qtbot.addWidget(field)
    heard = []
    field.value_changed.connect(heard.append)
    field.set_value(5)
    assert heard == []
    field.slider.setValue(0)
    assert field.value() == pytest.approx(0.1)
    field.slider.setValue(500)
    assert field.value() == pytest.approx(1.0 if logarithmic else 5.05)
    field.spin.setValue(10)
    assert field.slider.value() == 1000
    assert len(heard) == 3
