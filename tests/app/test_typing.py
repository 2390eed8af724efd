"""What is being typed counts for a shortcut, an edit that goes wrong is reported, and numbers follow the text size."""

from __future__ import annotations

import sys

import msgspec
import pytest
import torch
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QSpinBox

from app.panels.beams import BeamsPanel
from app.panels.sampler import SamplerPanel
from app.panels.toy import ToyPanel
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from app.undo import edit
from app.widgets.fields import NumberField
from app.widgets.score_curve import ScoreCurve, Scored
from engine.library import Library
from engine.messages import ExactToy
from engine.worker import Engine
from tests.app.conftest import flush, shut

KINDS = (SamplerPanel, BeamsPanel, ToyPanel)


@pytest.fixture
def window(qapp, tiny_library, tmp_path):
    """The real window with three panels, in front, on an inline engine."""
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tiny_library]))
    settings = Settings(theme="light", reduce_motion=True)
    window = open_window(engine, settings, KINDS, theme=Theme(), session_path=tmp_path / "session.json")
    window.keep_settings = False
    bridge = window.services.bridge
    assert bridge.wait_for(lambda: len(window.panels()) == len(KINDS) and len(bridge.loaded) == 2 and not bridge.jobs)
    assert QTest.qWaitForWindowActive(window)
    yield window
    shut(window)


@pytest.fixture
def sampler(window):
    """The sampler in front, ready to run."""
    window.show_panel("sampler")
    panel = window.panel("sampler")
    for field, value in (("keywords", "dog cat"), ("steps", 3), ("candidates", 8)):
        panel.edit(field, value)
    panel.form.more.setChecked(True)
    return panel


def type_over(field, text):
    """Type in place of what stands in a field, and do not leave it."""
    field.setFocus()
    field.selectAll()
    assert field.hasFocus()
    QTest.keyClicks(field, text)


def ctrl_return(field):
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def named(panel, kind, name):
    (found,) = [w for w in panel.form.findChildren(kind) if w.accessibleName() == name]
    return found


# --- shortcuts ---


def test_a_run_by_its_shortcut_has_the_number_that_is_being_typed(sampler):
    steps = named(sampler, QSpinBox, "Steps")
    type_over(steps, "7")
    assert sampler.parameters.sample.steps == 3
    ctrl_return(steps)
    assert sampler.parameters.sample.steps == 7
    assert sampler.bridge.wait_for(lambda: sampler.job is None and sampler.run is not None)
    assert (sampler.run.request.steps, len(sampler.run), steps.value()) == (7, 7, 7)
    sampler.services.undo.undo()
    assert steps.value() == 3


def test_a_run_by_its_shortcut_has_the_ladder_that_is_being_typed(sampler):
    type_over(sampler.form.ladder, "1, 2")
    ctrl_return(sampler.form.ladder)
    assert sampler.bridge.wait_for(lambda: sampler.job is None and sampler.run is not None)
    assert sampler.run.request.ladder == (1.0, 2.0)


def test_nothing_runs_while_a_ladder_stands_there_that_cannot_be_read(sampler):
    type_over(sampler.form.ladder, "1, two")
    ctrl_return(sampler.form.ladder)
    assert (sampler.job, sampler.run) == (None, None)
    assert "such as: 1, 1.5" in sampler.form._wrong["ladder"].text()
    type_over(sampler.form.ladder, " ")
    ctrl_return(sampler.form.ladder)
    assert sampler.bridge.wait_for(lambda: sampler.job is None and sampler.run is not None)
    assert sampler.run.request.ladder == ()


def test_the_toy_counts_as_many_steps_as_are_being_typed(window):
    window.show_panel("toy")
    toy = window.panel("toy")
    toy.restore({"request": msgspec.to_builtins(ExactToy(vocabulary=2, max_length=2, steps=200, every=200, chains=2))})
    steps = named(toy, QSpinBox, "Steps")
    type_over(steps, "400")
    ctrl_return(steps)
    assert toy.request.steps == 400
    assert toy.bridge.wait_for(lambda: toy.job is None and bool(toy.steps))
    assert toy.steps[-1].step == 400


def test_a_search_by_its_shortcut_has_the_number_and_the_text_that_are_being_typed(window):
    window.show_panel("beams")
    beams = window.panel("beams")
    beams.asking.edit("text", "the dog")
    beams.asking.choose(beams.setup.decoders[-1].id)
    beams.asking.edit("max_length", 4)
    beams.form.more.setChecked(True)
    spin = beams.form._fields["beam"][0].findChild(QAbstractSpinBox)
    type_over(spin, "7")
    ctrl_return(spin)
    assert beams.bridge.wait_for(lambda: beams.run is not None and not beams.searches.running)
    assert beams.run.request.options.beam == 7
    line = named(beams, QLineEdit, "Forced beginning")
    type_over(line, "runs")
    assert beams.setup.decoder.options.prefix == ""
    ctrl_return(line)
    assert beams.bridge.wait_for(lambda: not beams.searches.running)
    assert beams.run.request.options.prefix == "runs"


# --- edits that go wrong ---


def test_an_edit_that_goes_wrong_is_reported_and_does_not_end_the_process(qapp, monkeypatch):
    told, state = [], [0]
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: told.append((kind, f"{error}", trace)))

    def put(value):
        state[0] = value
        if value % 2:
            raise OverflowError(f"{value} is odd")

    stack = QUndoStack()
    edit(stack, "panel.x", "change x", 0, 1, put)
    edit(stack, "panel.x", "change x", 1, 3, put)  # goes on in the same step
    stack.undo()
    stack.redo()
    assert [(kind, said) for kind, said, _ in told] == [
        (OverflowError, "1 is odd"),
        (OverflowError, "3 is odd"),
        (OverflowError, "3 is odd"),
    ]
    assert all(trace is not None for _, _, trace in told)
    edit(stack, "panel.y", "change y", 3, 4, put)
    assert (state, stack.count(), len(told)) == ([4], 2, 3)
    stack.clear()
    stack.deleteLater()
    flush()


# --- the text size ---


def test_a_number_field_follows_the_text_size(theme, qtbot):
    field = NumberField("Beam", 0, 10_000, 1, theme=theme, tip="How many")
    qtbot.addWidget(field)
    field.show()
    for scale in (1.0, 1.6, 1.3, 1.0):
        theme.set(scale=scale)
        sizes = {part.font().pixelSize() for part in (field.spin, field.spin.lineEdit())}
        assert sizes == {theme.px(13)}
        assert field.spin.width() == theme.px(84)


@pytest.mark.parametrize("scale", [1.0, 1.3, 1.6])
def test_the_score_curves_numbers_fit_their_places_at_every_text_size(theme, qtbot, monkeypatch, scale):
    drawn = {}

    class Noting(QPainter):
        def drawText(self, *given):
            if isinstance(given[0], QRectF):
                box, align, text = given
                drawn[text] = box, self.boundingRect(box, int(align), text), QFontMetricsF(self.font()).height()
            super().drawText(*given)

    monkeypatch.setattr("app.widgets.score_curve.QPainter", Noting)
    theme.set(scale=scale)
    curve = ScoreCurve(theme=theme)
    qtbot.addWidget(curve)
    curve.resize(curve.sizeHint())
    scored = [Scored("a", 13, -0.0353), Scored("b", 1500, -0.0754), Scored("c", 3170, -0.0816)]
    curve.show_scores(scored, [(-1, 13), (1.25, 1500), (3, 3170)], 1.0)
    curve.grab()
    numbers = {text: places for text, places in drawn.items() if text[-1].isdigit()}
    assert len([text for text in numbers if text.startswith("−0.0")]) == 3
    assert {"13", "3170", "-1", "1", "3"} <= set(numbers)
    for text, (box, place, height) in numbers.items():
        assert box.contains(place), text
        assert height <= box.height(), text
        assert QRectF(curve.rect()).contains(place), text
