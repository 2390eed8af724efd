"""What the latent panel shows after undo, after answers that nobody waits for any more, and from far-off points."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.panels.latent.choices import EXAMPLE_ANCHORS, EXAMPLE_ATTRIBUTE, FARTHEST, Attribute, Choices, Pin
from app.panels.latent.explain import Explain
from app.widgets.pad_view import View
from engine.messages import (
    Decoded,
    DecodedSentence,
    Encode,
    Failed,
    FindAttribute,
    Interpolate,
    MakePlane,
    PathStep,
)
from tests.app.panels.conftest import LATENT_SIZE, LATENT_TEXTS, settle

LEFT = Qt.MouseButton.LeftButton
ASKING = Attribute("way", ("the dog runs in the park .",), ("are you at home ?",))
LIKING = Attribute("way", ("a cat sleeps on the bed .",), ("Tom likes the small cat .",))


@pytest.fixture
def apart(monkeypatch):
    """No two edits become one step."""
    monkeypatch.setattr("app.undo.PAUSE", -1.0)


def run(panel, name):
    next(c for c in panel.commands() if c.id == f"latent.{name}").run()


def words(panel):
    return panel.stages[0].strip.words


# --- far off ---


@pytest.mark.parametrize("text", ["1e308, 1e308", "[1e308, 0, 0, 0, 0]", "1e38, -1e38", "0, 1000001"])
def test_a_typed_point_beyond_all_use_is_refused_in_words(latent, text):
    before = latent.store.choices.point
    latent.inputs.coordinates_entered.emit(text)
    settle(latent)
    assert "none beyond 1,000,000" in latent.inputs.wrong.text()
    assert latent.store.choices.point == before
    latent.stages[0].pad.grab()


def test_a_typed_point_as_far_as_can_be_is_read_and_drawn(latent):
    latent.inputs.coordinates_entered.emit(f"[{', '.join([str(FARTHEST)] * LATENT_SIZE)}]")
    settle(latent)
    assert latent.inputs.wrong.isHidden()
    assert latent.last.points[0].tolist() == [FARTHEST] * LATENT_SIZE
    latent.stages[0].pad.grab()


def test_stored_points_beyond_all_use_are_left_out(latent):
    far, near = Pin(("far",), (1.0,), (1e308,) * LATENT_SIZE), Pin(("near",), (1.0,), (0.5,) * LATENT_SIZE)
    state = latent.state()
    state["choices"] |= {"point": [1e308] * LATENT_SIZE, "pins": msgspec.to_builtins([far, near])}
    state["path"] = msgspec.to_builtins([far, near])
    latent.restore(state)
    settle(latent)
    assert latent.store.choices.pins == (near,)
    assert latent.keep.recording.steps == [near]
    assert max(np.abs(latent.store.choices.point)) < FARTHEST
    assert Choices.read(state["choices"]).point == ()
    latent.stages[0].pad.grab()


@pytest.mark.parametrize("far", [1e308, -1e308, math.inf])
def test_a_place_beyond_the_screen_has_a_finite_pixel(far):
    view = View().resized(600, 400)
    at = view.to_pixel(far, far)
    assert np.isfinite([at.x(), at.y()]).all()
    with np.errstate(over="ignore"):
        assert np.isfinite(view.to_pixels(np.array([[far, 0.0], [0.0, far]]))).all()


# --- undo ---


def test_undo_of_a_drag_leaves_model_and_sentences_chosen_after_a_stopped_demonstration(latent, qtbot, apart):
    latent.demo()
    latent.bridge.wait_for(lambda: latent.demonstration.gesture.running, 5)
    latent.stop()
    anchors = ("a cat sleeps on the bed .", "are you at home ?")
    latent.inputs.changed.emit("model", "tiny-ae")
    latent.inputs.changed.emit("anchors", anchors)
    settle(latent)
    pad = latent.stages[0].pad
    qtbot.mousePress(pad, LEFT, pos=QPoint(50, 60))
    qtbot.mouseMove(pad, QPoint(90, 90))
    qtbot.mouseRelease(pad, LEFT, pos=QPoint(90, 90))
    settle(latent)
    latent.services.undo.undo()
    assert (latent.store.choices.model, latent.store.choices.anchors) == ("tiny-ae", anchors)


def test_undo_of_a_drag_leaves_a_layer_chosen_right_after_a_notch_of_the_wheel(latent, apart):
    latent.stages[0].pad.nudged.emit(0.1, 0.0, 0.0)
    latent.stop()
    latent.inputs.changed.emit("layer", "none")
    latent.hand.press()
    latent.hand.move(0.1, 0.1)
    latent.hand.release()
    settle(latent)
    latent.services.undo.undo()
    assert latent.store.choices.layer == "none"


def test_undo_of_the_first_point_leaves_one_to_go_on_from(latent, apart):
    latent.demo()
    assert latent.bridge.wait_for(latent.ready, 20)
    settle(latent)
    latent.services.undo.undo()
    settle(latent)
    assert latent.hand.point is not None
    assert all(command.enabled() for command in latent.commands())


# --- attributes ---


def test_an_attribute_removed_before_it_is_found_is_not_found_later(latent, hold):
    asked = hold(latent.bridge, FindAttribute)
    latent.attributes.added.emit(ASKING)
    latent.attributes.removed.emit("way")
    asked.newest.answer()
    assert latent.main.directions == {}


def test_an_attribute_of_other_lists_has_a_direction_of_its_own(latent):
    for attribute in (ASKING, msgspec.structs.replace(LIKING, name="other")):
        latent.attributes.added.emit(attribute)
    settle(latent)
    first, second = (latent.main.directions[name].direction for name in ("way", "other"))
    assert not np.allclose(first, second)
    latent.inputs.changed.emit("attributes", (LIKING,))
    assert latent.attributes._rows["way"].quality.text() == "finding the direction"
    settle(latent)
    np.testing.assert_allclose(latent.main.directions["way"].direction, second)


def test_undo_of_other_lists_is_the_old_direction_again(latent, apart):
    latent.attributes.added.emit(ASKING)
    settle(latent)
    first = np.asarray(latent.main.directions["way"].direction)
    latent.inputs.changed.emit("attributes", (LIKING,))
    settle(latent)
    assert not np.allclose(latent.main.directions["way"].direction, first)
    latent.services.undo.undo()
    settle(latent)
    assert latent.store.choices.attributes == (ASKING,)
    np.testing.assert_allclose(latent.main.directions["way"].direction, first)


def test_a_search_for_a_direction_that_failed_is_asked_again_when_the_attributes_change(latent, hold):
    asked = hold(latent.bridge, FindAttribute)
    latent.attributes.added.emit(ASKING)
    asked.newest.send(Failed(sentence="The direction was not found.", traceback=""))
    latent.inputs.changed.emit("layer", "none")
    assert len(asked.requests) == 1
    latent.attributes.strength_changed.emit("way", 0.5)
    latent.attributes.released.emit()
    assert len(asked.requests) == 2
    asked.newest.answer()
    assert "way" in latent.main.directions


def test_rows_of_attributes_follow_the_size_of_the_text(latent):
    latent.attributes.added.emit(EXAMPLE_ATTRIBUTE)
    row = latent.attributes._rows["question"]
    latent.theme.set(scale=2.0)
    assert row.strength.font() == latent.theme.number_font(13)
    assert row.strength.width() == latent.theme.px(48)


# --- answers that nobody waits for ---


def test_a_walk_ends_with_its_sentences(latent, hold):
    asked = hold(latent.bridge, Interpolate)
    latent.inputs.changed.emit("steps", 200)
    asked.newest.answer(PathStep, 7)
    assert len(latent.main.walk) == 7
    latent.inputs.changed.emit("anchors", ())
    settle(latent)
    asked.newest.answer()
    assert latent.main.walk == []
    assert latent.walk.lists[0].folds == ()


def test_sentences_taken_away_while_they_are_encoded_do_not_come_back(latent, hold):
    asked = hold(latent.bridge, Encode)
    latent.inputs.changed.emit("anchors", tuple(LATENT_TEXTS[2:4]))
    latent.inputs.changed.emit("anchors", ())
    asked.newest.answer()
    settle(latent)
    assert len(latent.main.anchor_points) == 0
    assert latent.main.walk == []


def test_a_plane_that_cannot_be_made_is_asked_for_twice_and_then_said(latent, hold):
    asked = hold(latent.bridge, MakePlane)
    latent.inputs.changed.emit("plane", "principal")
    latent.inputs.changed.emit("plane", "anchors")
    failed = Failed(sentence="The model cannot be read.", traceback="")
    asked.newest.send(failed)
    assert [held.request.kind for held in asked.requests] == ["principal", "through", "principal"]
    asked.newest.send(failed)
    assert len(asked.requests) == 3
    assert latent.services.notices.history[-1].text == "The model cannot be read."


def test_neighbours_come_from_the_examples_once_the_engine_has_let_go_of_the_file(latent, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(LATENT_TEXTS * 3), "utf-8")
    latent.open_file(path)
    settle(latent)
    latent.bridge.unload_model("tiny-vae")
    settle(latent)
    before = len(latent.services.notices.history)
    found = []
    latent.main.neighbours_found.connect(found.append)
    for x in (0.1, 0.2):
        latent.hand.move(x, 0.1)
        latent.hand.release()
        settle(latent)
    assert found
    assert not [n for n in latent.services.notices.history[before:] if n.kind == "error"]


# --- what is on show ---


def test_a_pin_during_a_replay_keeps_the_sentence_on_show(latent):
    latent.keep.record.setChecked(True)
    for x in (-1.0, 0.0, 1.0, 2.0):
        latent.hand.move(x, 0.5)
        settle(latent)
    latent.keep.record.setChecked(False)
    latent.keep.playhead.seek(1)
    latent.pin()
    step = latent.keep.recording.steps[1]
    assert latent.store.choices.pins == (step,)
    assert words(latent) == step.words
    latent.hand.go(np.ones(LATENT_SIZE), final=True)
    settle(latent)
    latent.pin()
    assert latent.store.choices.pins[1].point == (1.0,) * LATENT_SIZE


@pytest.mark.parametrize("goes", ["center", "pin", "typed", "sentence"])
def test_the_hand_of_the_demonstration_lets_go_when_a_person_goes_somewhere(latent, goes):
    latent.pin()
    latent.demo()
    assert latent.bridge.wait_for(lambda: latent.demonstration.gesture.running, 5)
    if goes == "center":
        run(latent, "center")
    elif goes == "pin":
        latent.keep.went.emit(0)
    elif goes == "typed":
        latent.inputs.coordinates_entered.emit("0, 0, 0, 0, 0")
    else:
        latent.sentences.went.emit(0)
    assert not latent.demonstration.gesture.running
    if goes in ("center", "typed"):
        assert latent.hand.point.tolist() == [0.0] * LATENT_SIZE


def test_the_first_and_the_last_sentence_change_places_and_the_others_stay(latent):
    a, b, c, d = LATENT_TEXTS[2:]
    latent.inputs.changed.emit("anchors", (a, b, c, d))
    run(latent, "swap")
    assert latent.store.choices.anchors == (d, b, c, a)
    latent.inputs.changed.emit("anchors", EXAMPLE_ANCHORS)
    run(latent, "swap")
    assert latent.store.choices.anchors == EXAMPLE_ANCHORS[::-1]
    for few in ((a,), ()):
        latent.inputs.changed.emit("anchors", few)
        run(latent, "swap")
        assert latent.store.choices.anchors == few


@pytest.mark.parametrize("finished", [True, False])
def test_the_mean_of_a_word_is_over_what_was_decoded(theme, qtbot, finished):
    explain = Explain(theme=theme)
    qtbot.addWidget(explain)
    sure = np.full(3 if finished else 2, 0.5)
    found = DecodedSentence("a b", ("a", "b"), sure, float(np.log(sure).sum()), finished)
    explain.show_here(
        Decoded(points=np.zeros((1, 2)), sentences=(found,), seconds=0.01, preview=False), np.zeros(2), 0.0, 0
    )
    said = explain.happened.text()
    assert "0.50 a word" in said
    assert ("the end mark: " in said) == finished
    assert ("cut before an end mark" in said) != finished
