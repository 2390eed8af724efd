from __future__ import annotations

import csv
import io
import json
import shlex

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from typer.testing import CliRunner

from app.panels.latent import LatentPanel
from app.panels.latent.actions import walk_table
from app.panels.latent.choices import (
    EXAMPLE_ANCHORS,
    Attribute,
    Choices,
    asked_decode,
    asked_walk,
    read_point,
    shown_words,
)
from app.panels.latent.explain import Explain
from app.panels.latent.explorer import Explorer
from app.panels.latent.frame import carry
from app.panels.latent.gesture import curve
from app.panels.latent.walk_tab import letters_of
from app.theme import Theme
from engine.messages import (
    Decoded,
    DecodedSentence,
    Finished,
    LatentReport,
    Message,
    Metric,
    Plane,
    PlaneReady,
    Started,
    Superseded,
    command_line,
)
from tests.app.panels.conftest import LATENT_SIZE as SIZE
from tests.app.panels.conftest import LATENT_TEXTS as TEXTS
from tests.app.panels.conftest import settle

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # of the offscreen platform


@pytest.fixture
def panel(latent_panel):
    return latent_panel


@pytest.fixture
def shown(latent):
    return latent


def sentence(panel):
    return panel.stages[0].strip.words


# --- the panel with a model ---


def test_it_begins_with_one_sentence_and_one_button(panel):
    assert panel.hero.currentIndex() == 0
    assert panel.start.isVisible()
    assert panel.start.isEnabled()


def test_the_demonstration_places_two_sentences_and_walks_between_them(shown):
    main = shown.main
    assert shown.store.choices.anchors == EXAMPLE_ANCHORS
    assert main.model == "tiny-vae"
    assert len(main.walk) == shown.store.choices.steps
    np.testing.assert_allclose(main.walk[0].point, main.anchor_points[0], atol=1e-5)
    np.testing.assert_allclose(main.walk[-1].point, main.anchor_points[1], atol=1e-5)
    assert sentence(shown) == shown_words(shown.last.sentences[0])
    assert not shown.last.preview
    assert len(shown.stages[0].pad.trail) > 5


def test_the_planes_anchors_are_drawn_where_the_sentences_are_encoded(shown):
    plane = shown.main.plane.plane
    points = shown.main.anchor_points[:2]
    np.testing.assert_allclose(plane.lift(plane.project(points)), points, atol=1e-4)


def test_dragging_decodes_the_point_under_the_pointer(shown, qtbot):
    pad = shown.stages[0].pad
    at = QPoint(pad.width() // 3, pad.height() // 2)
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=at)
    settle(shown)
    assert shown.last.preview
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=at)
    settle(shown)
    assert not shown.last.preview
    x, y = pad.view.to_plane(at)
    place = shown.main.plane.plane.project(np.asarray(shown.last.points))[0]
    assert place[:2] == pytest.approx([x, y], abs=1e-3)
    assert pad._decoded == pytest.approx((x, y), abs=1e-3)


def test_a_drag_is_one_step_to_undo(shown, qtbot):
    pad, stack = shown.stages[0].pad, shown.services.undo
    before, count = shown.store.choices.point, stack.count()
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(50, 60))
    for x in range(60, 140, 10):
        qtbot.mouseMove(pad, QPoint(x, 70))
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(130, 70))
    after = shown.store.choices.point
    assert stack.count() == count + 1 or stack.text(stack.index() - 1) == "move the point"
    stack.undo()
    assert shown.store.choices.point != after
    stack.redo()
    assert shown.store.choices.point == after
    while stack.canUndo():
        stack.undo()
    assert shown.store.choices.point != before or before == ()


def test_keys_and_wheel_move_on_and_keep_what_lies_off_the_plane(shown, qtbot):
    plane = shown.main.plane.plane
    shown.hand.go(np.linspace(-1, 1, SIZE), final=True)
    before = shown.hand.point
    qtbot.keyClick(shown.stages[0].pad, Qt.Key.Key_Right)
    moved = shown.hand.point - before
    np.testing.assert_allclose(moved, 0.1 * np.asarray(plane.axes)[0], atol=1e-6)
    qtbot.keyClick(shown.stages[0].pad, Qt.Key.Key_PageUp)
    np.testing.assert_allclose(shown.hand.point - before - moved, 0.25 * np.asarray(plane.axes)[2], atol=1e-6)


def test_double_click_goes_to_a_prior_sample(shown, qtbot):
    before = shown.store.choices.point
    shown.stages[0].pad.prior_wanted.emit()
    settle(shown)
    assert shown.store.choices.point != before
    assert not shown.last.preview


def test_typed_coordinates_go_there_or_say_what_is_wrong(shown):
    shown.inputs.coordinates_entered.emit("[0.5, -0.25]")
    place = shown.main.plane.plane.project(shown.hand.point[None])[0]
    assert place == pytest.approx([0.5, -0.25, 0.0], abs=1e-6)
    before = shown.hand.point
    shown.inputs.coordinates_entered.emit("[1, 2, 3, 4]")
    assert "5 numbers" in shown.inputs.wrong.text()
    assert not shown.inputs.wrong.isHidden()
    np.testing.assert_array_equal(shown.hand.point, before)
    shown.inputs.coordinates_entered.emit("0, 0, 0, 0, 1")
    assert shown.hand.point.tolist() == [0, 0, 0, 0, 1]
    assert shown.inputs.wrong.isHidden()


def test_an_anchor_pressed_is_the_sentence_itself(shown):
    shown.stages[0].pad.anchor_chosen.emit(1)
    np.testing.assert_allclose(shown.hand.asked, shown.main.anchor_points[1], atol=1e-6)
    settle(shown)
    assert shown.bridge.wait_for(lambda: shown.walk.slider.t == pytest.approx(1.0))


def test_the_slider_goes_along_the_walk(shown):
    shown.walk.moved.emit(0.25)
    expected = shown.main.anchor_points[0] * 0.75 + shown.main.anchor_points[1] * 0.25
    np.testing.assert_allclose(shown.hand.point, expected, atol=1e-4)
    assert letters_of(shown.main) == {0: ("A", 0), shown.store.choices.steps - 1: ("B", 1)}


def test_a_row_of_the_walk_the_place_it_leads_to_and_the_anchors_have_one_decoder(shown):
    for search in ("beam", "greedy"):
        shown.store.choose("search", search)
        settle(shown)
        walk = shown.main.walk
        for row in (0, len(walk) // 2, len(walk) - 1):
            shown.walk.lists[0].chosen.emit(row)
            settle(shown)
            assert shown.last.sentences[0].text == walk[row].sentence.text
        ends = [walk[0].sentence.text, walk[-1].sentence.text]
        assert [s.text for s in shown.main.reconstructions] == ends
        assert shown.store.choices.decoder in shown.walk._titles[0].text()


def test_what_a_sentence_comes_back_as_stands_under_it_with_its_differences(shown):
    row = shown.inputs.anchors._rows[0]
    shown.inputs.anchors.show_reconstructions([("the", "dog", "sleeps", "."), ()])
    row.field.setText("The cat sleeps.")
    shown.inputs.anchors.show_reconstructions([("the", "dog", "sleeps", "."), ()])
    assert row.reconstruction.text() == "\u2192 the <u>dog</u> sleeps."
    assert shown.inputs.anchors._rows[1].reconstruction.isHidden()


def test_the_walk_is_exported_step_by_step(shown):
    rows = list(csv.DictReader(io.StringIO(walk_table((shown.main, shown.beside)).decode())))
    assert [row["sentence"] for row in rows] == [s.sentence.text for s in shown.main.walk]
    assert [row["finished"] for row in rows] == [str(s.sentence.finished) for s in shown.main.walk]
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    np.testing.assert_allclose(json.loads(rows[-1]["z"]), shown.main.walk[-1].point, atol=1e-6)
    assert {row["decoder"] for row in rows} == {shown.store.choices.decoder}


def test_a_third_sentence_takes_part_in_plane_and_walk(shown):
    shown.inputs.changed.emit("anchors", (*EXAMPLE_ANCHORS, "the dog runs in the park ."))
    settle(shown)
    assert len(shown.main.plane.anchors) == 3
    np.testing.assert_allclose(
        shown.main.plane.plane.lift(shown.main.plane.anchors), shown.main.anchor_points, atol=1e-4
    )
    assert sorted(letter for letter, _ in letters_of(shown.main).values()) == ["A", "B", "C"]
    shown.services.undo.undo()
    assert shown.inputs.anchors.texts == EXAMPLE_ANCHORS


def test_a_dimension_slider_moves_that_dimension_only(shown):
    before = shown.hand.point
    shown.dimensions.edited.emit(3, 1.5)
    after = shown.hand.point
    assert after[3] == 1.5
    np.testing.assert_array_equal(np.delete(after, 3), np.delete(before, 3))
    assert [d.kl for d in shown.dimensions.rows.dimensions] == sorted(shown.main.report.kl, reverse=True)


def test_attributes_shift_what_is_decoded_by_strength_times_direction(shown):
    attribute = Attribute("question", ("the dog runs in the park .",), ("are you at home ?",))
    shown.attributes.added.emit(attribute)
    settle(shown)
    direction = shown.main.directions["question"].direction
    shown.attributes.strength_changed.emit("question", 0.5)
    np.testing.assert_allclose(shown.hand.asked - shown.hand.point, 0.5 * direction, atol=1e-6)
    settle(shown)
    np.testing.assert_allclose(shown.last.points[0], shown.hand.asked, atol=1e-5)
    shown.attributes.released.emit()
    shown.attributes.removed.emit("question")
    np.testing.assert_array_equal(shown.hand.asked, shown.hand.point)


def test_pins_are_kept_found_again_and_taken_off(shown):
    shown.pin()
    pinned = shown.store.choices.pins[0]
    assert pinned.words == sentence(shown)
    shown.pin()
    assert len(shown.store.choices.pins) == 1
    shown.hand.go(np.ones(SIZE), final=True)
    shown.keep.went.emit(0)
    np.testing.assert_allclose(shown.hand.point, pinned.point)
    shown.keep.unpin_wanted.emit(0)
    assert shown.store.choices.pins == ()


def test_a_recorded_path_plays_again_without_the_model(shown):
    shown.keep.record.setChecked(True)
    words = []
    for x in (-1.0, 0.0, 1.0, 2.0):
        shown.hand.move(x, 0.5)
        settle(shown)
        words.append(sentence(shown))
    shown.keep.record.setChecked(False)
    asked = shown.main.asked
    steps = shown.keep.recording.steps
    assert [s.words for s in steps] == words
    for position in (2, 0, 3, 1):
        shown.keep.playhead.seek(position)
        assert sentence(shown) == steps[position].words
    assert shown.main.asked == asked


def test_a_text_file_becomes_points_to_search_and_lasso(shown, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(TEXTS * 60), encoding="utf-8")
    assert shown.open_file(path)
    settle(shown)
    assert len(shown.main.cloud) == len(TEXTS) * 60
    shown.sentences.search.setText("cat")
    assert shown.sentences.table.rows.rowCount() == 120
    assert len(shown.stages[0].pad._groups["chosen"].points) == 120
    shown.sentences.went.emit(3)
    np.testing.assert_allclose(shown.hand.point, shown.main.cloud[3], atol=1e-6)
    shown.stages[0].pad.lassoed.emit("sentences", np.array([1, 4, 9_999]))  # one that was there a moment ago
    assert shown.sentences.table.rows.rowCount() == 2
    assert not shown.open_file(tmp_path / "picture.png")


def test_the_model_beside_gets_the_same_sentences_and_the_same_gesture(shown):
    shown.inputs.changed.emit("beside", "tiny-ae")
    settle(shown)
    assert shown.stages[1].isVisible()
    assert len(shown.beside.walk) == len(shown.main.walk)
    for index in (0, 1):
        shown.hand.go_to_anchor(index)
        other, _ = shown.hand._beside()
        np.testing.assert_allclose(other, shown.beside.anchor_points[index], atol=1e-3)
    settle(shown)
    answered = shown.beside.answered
    shown.hand.move(0.3, 0.3)
    settle(shown)
    assert shown.beside.answered == answered + 1
    shown.inputs.changed.emit("beside", "")
    assert not shown.stages[1].isVisible()
    assert shown.walk.lists[1].folds == ()


def test_an_autoencoder_has_no_contours_and_no_prior(shown):
    shown.inputs.changed.emit("model", "tiny-ae")
    settle(shown)
    assert shown.stages[0].pad._contours is None
    before = shown.store.choices.point
    shown.draw_prior()
    settle(shown)
    assert shown.store.choices.point == before
    assert "no prior" in shown.services.notices.history[-1].text


def test_the_map_of_changes_comes_when_its_layer_is_chosen(shown):
    assert shown.main.grid is None
    shown.inputs.changed.emit("layer", "change")
    settle(shown)
    values, window, kind = shown.stages[0].pad._field
    assert kind == "heat"
    assert window == shown.main.plane.window
    np.testing.assert_array_equal(values, shown.main.grid.change)


def test_planes_of_other_kinds(shown):
    shown.inputs.changed.emit("plane", "dimensions")
    shown.inputs.changed.emit("dimensions", (1, 2))
    settle(shown)
    order = shown.main.report.order
    np.testing.assert_allclose(np.abs(shown.main.plane.plane.axes[0]), np.eye(SIZE)[order[1]], atol=1e-9)
    shown.inputs.changed.emit("plane", "principal")
    settle(shown)
    assert len(shown.main.plane.anchors) == 0


def test_the_state_is_json_and_comes_back_the_same(shown, latent_services, qtbot):
    shown.pin()
    shown.inputs.changed.emit("path", "spherical")
    shown.hand.go(np.full(SIZE, 0.25), final=True)
    settle(shown)
    state = json.loads(json.dumps(shown.state()))
    other = LatentPanel(latent_services)
    qtbot.addWidget(other)
    other.restore(state)
    settle(other)
    assert other.store.choices == shown.store.choices
    assert sentence(other) == sentence(shown)
    other.restore({})
    assert other.store.choices == Choices()
    other.restore({"choices": {"steps": "many"}, "path": 3})
    assert other.store.choices == Choices()
    other.stop()


def test_commands_fit_together_and_wait_for_a_point(panel):
    panel.services.commands.add_all(panel.commands())
    enabled = {c.id for c in panel.commands() if c.enabled()}
    assert enabled == {"latent.demo", "latent.file"}


def test_copied_command_lines_do_what_the_panel_did(shown, latent_folder, monkeypatch):
    from engine.__main__ import app

    monkeypatch.setenv("TEXTSCAPE_MODELS", str(latent_folder))
    shown.services.commands.add_all(shown.commands())
    shown.services.commands.run("latent.copy_decode")
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:3] == ["python", "-m", "engine"]
    result = CliRunner().invoke(app, words[3:])
    assert json.loads(result.stdout)["text"] == shown.last.sentences[0].text
    words = shlex.split(command_line(asked_walk(shown.store.choices)))
    result = CliRunner().invoke(app, words[3:])
    texts = [json.loads(line)["text"] for line in result.stdout.splitlines()]
    assert texts == [s.sentence.text for s in shown.main.walk]
    shown.services.commands.run("latent.copy")
    assert json.loads(QGuiApplication.clipboard().text()) == pytest.approx(shown.hand.asked.tolist(), abs=1e-6)


def test_shots_reach_every_state(shown):
    assert list(shown.shots()) == ["drag", "beside", "dimensions", "attributes", "change"]


# --- by hand-made events ---


class SlowBridge:
    """Keeps listeners, so that a test decides what comes back and when."""

    def __init__(self):
        self.listeners = []

    def submit(self, request, listener, *, slot=None, priority=None):
        self.listeners.append((request, listener))
        return len(self.listeners)

    def send(self, job, *events):
        for event in events:
            self.listeners[job - 1][1](Message(job, event))


def decoded(text, point):
    words = tuple(text.split())
    found = DecodedSentence(text, words, np.full(len(words) + 1, 0.5), -1.0)
    return Decoded(points=np.array([point]), sentences=(found,), seconds=0.004, preview=True)


def test_an_older_sentence_never_follows_a_newer_one(qapp):
    bridge = SlowBridge()
    explorer = Explorer(bridge, "main")
    explorer.model = "any"
    texts = []
    explorer.decoded.connect(lambda event: texts.append(event.sentences[0].text))
    for x in range(4):
        explorer.decode(np.array([float(x)]), preview=True)
    bridge.send(2, Superseded())
    bridge.send(3, Started(), decoded("three", [2.0]), Finished(seconds=0.0))
    bridge.send(1, Started(), decoded("one", [0.0]), Finished(seconds=0.0))
    bridge.send(4, Started(), decoded("four", [3.0]), Finished(seconds=0.0))
    assert texts == ["three", "four"]
    assert (explorer.asked, explorer.answered, explorer.dropped) == (4, 2, 1)


def plane_ready(anchors, seed):
    random = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(random.normal(size=(6, 3)))
    plane = Plane(random.normal(size=6), axes.T)
    return PlaneReady(
        plane=plane,
        explained=(0.1, 0.1, 0.1),
        anchors=np.asarray(anchors, dtype=float).reshape(-1, 3),
        cloud=random.normal(size=(50, 3)) * (1 + seed),
        window=(-3, 3, -3, 3),
        prior_center=(0.0, 0.0),
        prior_sigma=1.0,
        prior_distance=0.0,
        log_prior=np.zeros((2, 2)),
        aggregate=np.full((2, 2), 0.25),
    )


def test_a_gesture_is_carried_by_the_anchors_and_back():
    here = plane_ready([[0, 0, 0], [2, 0, 0], [0, 1, 0]], 0)
    there = plane_ready([[1, 1, 0], [5, 1, 0], [1, -2, 0]], 1)
    middle = here.plane.lift(np.array([[1.0, 0.0]]))[0]
    carried = carry(middle, here, there)
    np.testing.assert_allclose(there.plane.project(carried[None])[0], [3, 1, 0], atol=1e-9)
    np.testing.assert_allclose(carry(carried, there, here), middle, atol=1e-9)


def test_without_anchors_a_gesture_is_carried_in_standard_deviations():
    here, there = plane_ready([], 0), plane_ready([], 1)
    place = np.asarray(here.cloud).mean(0) + np.asarray(here.cloud).std(0)
    carried = there.plane.project(carry(here.plane.lift(place[None])[0], here, there)[None])[0]
    np.testing.assert_allclose(carried, np.asarray(there.cloud).mean(0) + np.asarray(there.cloud).std(0), atol=1e-9)


def report(**fields):
    given = {
        "model": "m",
        "latent_size": 2,
        "variational": True,
        "kl": np.array([0.01, 0.0]),
        "order": np.array([0, 1]),
        "variance": np.array([0.001, 0.0]),
        "active": (False, False),
        "threshold": 0.01,
        "metrics": {
            "kl": Metric(0.01, "nats", "closed form", 100),
            "mutual_information": Metric(0.0, "nats", "sampled", 100),
        },
        "verdict": "The latent space has collapsed: the KL is 0.01 nats.",
        "means": np.zeros((3, 2)),
        "texts": ("a",),
        "text_means": np.zeros((1, 2)),
        "text_log_vars": np.zeros((1, 2)),
        "source": "here",
    }
    return LatentReport(**(given | fields))


def test_a_collapsed_space_is_announced_with_the_reason(panel):
    panel.main.report = report()
    panel.main.report_ready.emit()
    assert not panel.stages[0].banner.isHidden()
    assert "collapsed" in panel.stages[0].banner.text
    assert "log 100 = 4.61" in panel.explain.mi.accessibleDescription()
    assert "0 of 2" in panel.explain.au.accessibleDescription()
    panel.main.report = report(verdict="", active=(True, True))
    panel.main.report_ready.emit()
    assert panel.stages[0].banner.isHidden()


def test_the_explanation_says_how_likely_the_sentence_is(qtbot):
    explain = Explain(theme=Theme())
    qtbot.addWidget(explain)
    explain.show_report(report(verdict=""))
    event = decoded("a dog .", [3.0, 4.0])
    explain.show_here(event, np.array([3.0, 4.0]), 0.0, 2)
    text = explain.happened.text()
    assert "5.0" in text
    assert "farther out than" in text
    assert "2 of 3 words are new" in text
    assert "0.78 a word" in text  # exp(-1 / 4)


def test_read_point_takes_json_or_plain_numbers():
    assert read_point("[1, 2.5, -3]", 3) == (1.0, 2.5, -3.0)
    assert read_point("1, \N{MINUS SIGN}2", 8) == (1.0, -2.0)
    for wrong in ("", "[1]", "[1, two]", "[[1, 2]]", "[1, 2, 3, 4]"):
        with pytest.raises(ValueError, match="Type 8 numbers"):
            read_point(wrong, 8)


def test_command_lines_quote_what_a_shell_would_eat():
    choices = Choices(model="my vae", anchors=("it's here", "b"), search="greedy")
    assert shlex.split(command_line(asked_walk(choices)))[6:10] == ["--text", "it's here", "--text", "b"]
    assert shlex.split(command_line(asked_decode(choices, (0.5, -1.0))))[5:8] == ["my vae", "--z", "[[0.5,-1.0]]"]


def test_the_scripted_hand_starts_and_ends_at_the_sentences():
    assert curve((1.0, 2.0), (5.0, 2.0), 0.0) == pytest.approx((1.0, 2.0))
    assert curve((1.0, 2.0), (5.0, 2.0), 1.0) == pytest.approx((5.0, 2.0))
    assert curve((1.0, 2.0), (5.0, 2.0), 0.5)[1] > 2.5


def test_a_sentence_begins_as_its_text_does():
    found = DecodedSentence("She reads.", ("she", "reads", "."), np.ones(4), 0.0)
    assert shown_words(found) == ("She", "reads", ".")
    assert shown_words(DecodedSentence("", (), np.ones(1), 0.0)) == ()


def test_sentences_typed_without_a_model_take_the_first_one(panel):
    panel.inputs.anchors.set_texts(("the dog runs in the park .", "a cat sleeps on the bed ."))
    panel.inputs.anchors.place.click()
    settle(panel)
    assert panel.store.choices.model == "tiny-vae"
    assert len(panel.main.anchor_points) == 2
    assert panel.inputs.anchors.fields[0].text() == "the dog runs in the park ."
    assert panel.hero.currentIndex() == 1


def test_what_is_typed_but_not_placed_stays_when_something_else_changes(shown):
    shown.inputs.anchors.fields[1].setText("a cat sleeps on the bed .")
    shown.inputs.changed.emit("path", "spherical")
    assert shown.inputs.anchors.fields[1].text() == "a cat sleeps on the bed ."
    shown.inputs.anchors.place.click()
    assert shown.store.choices.anchors == (EXAMPLE_ANCHORS[0], "a cat sleeps on the bed .")
