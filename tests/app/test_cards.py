"""Cards and rows: notices that follow the text size, and a library that stays where it is when it is rebuilt."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.activity import Activity
from app.bridge import Bridge, JobRecord
from app.library import LibraryView, ModelRow
from app.notices import Notices
from app.settings import Settings
from app.toasts import MOST, WIDTH, Toasts
from engine.messages import (
    LoadModel,
    ModelCard,
    ModelInfo,
    ModelList,
    ModelLoaded,
    ModelUnloaded,
    Sample,
    Started,
)
from tests.app.test_bridge import HandEngine


@pytest.fixture
def corner(qtbot, theme):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    notices, toasts = Notices(window), Toasts(window, theme=theme)
    notices.said.connect(toasts.show)
    return window, notices, toasts


def texts(toasts) -> list[str]:
    return [card.notice.text for card in toasts.cards()]


# --- notices ---


def test_an_error_is_not_pushed_out_by_what_leaves_by_itself(corner):
    _, notices, toasts = corner
    notices.error("It broke.")
    for number in range(2 * MOST):
        (notices.info if number % 2 else notices.warn)(str(number))
    assert texts(toasts) == ["It broke.", *(str(n) for n in range(2 * MOST - MOST + 1, 2 * MOST))]


def test_among_errors_alone_the_oldest_goes(corner):
    _, notices, toasts = corner
    for number in range(MOST + 1):
        notices.error(str(number))
    assert texts(toasts) == [str(n) for n in range(1, MOST + 1)]
    notices.info("on top")
    assert texts(toasts) == [*(str(n) for n in range(2, MOST + 1)), "on top"]


def test_a_card_follows_the_text_size_and_stays_in_its_corner(corner, theme):
    window, notices, toasts = corner
    notices.error("It broke.")
    (card,) = toasts.cards()

    def sizes() -> list[int]:
        picture = next(label.pixmap() for label in card.findChildren(QLabel) if not label.pixmap().isNull())
        return [card.width(), card.findChild(QToolButton).width(), picture.width()]

    before = sizes()
    assert card.width() == WIDTH
    theme.set(dark=False, motion=False, scale=1.6)
    after = sizes()
    assert [b / a for a, b in zip(before, after, strict=True)] == pytest.approx([1.6] * 3, abs=0.05)
    assert window.rect().contains(card.geometry())
    theme.set(dark=False, motion=False, scale=1.0)


def test_a_job_row_follows_the_text_size(services, qtbot):
    bridge, theme = services.bridge, services.theme
    activity = Activity(bridge, theme=theme)
    qtbot.addWidget(activity)
    record = JobRecord(7, LoadModel(path="/models/big.safetensors"), None)
    record.began -= 10
    bridge.jobs[7] = record
    record.note(Started())
    bridge.job_changed.emit(record)
    activity._refresh()
    (row,) = activity.rows()
    name = next(label for label in row.findChildren(QLabel) if label.text() == "Loading big.safetensors")
    small = name.font().pixelSize()
    theme.set(dark=False, motion=False, scale=1.6)
    assert name.font() == theme.ui_font(13, 600)
    assert name.font().pixelSize() > small
    theme.set(dark=False, motion=False, scale=1.0)
    bridge.jobs.clear()


# --- the bridge's list of models ---


def info(name: str, folder: str = "/library") -> ModelInfo:
    return ModelInfo(
        name=name, path=f"{folder}/{name}.safetensors", kind="lstm-lm", parameters=1, size_mb=1.0, vocabulary=9,
        config={}, capabilities=("NextToken",), card=ModelCard(),
    )  # fmt: skip


@pytest.fixture
def hand(qapp):
    """A bridge to an engine that says what the test tells it to, and three models in its library."""
    engine = HandEngine()
    bridge = Bridge(engine)
    job = bridge.refresh_models()

    def say(*events) -> None:
        engine.say(job, *events)
        assert bridge.wait_for(lambda: not engine.pending and not bridge._timer.isActive(), 5)

    say(ModelList(models=(info("a"), info("b"), info("c")), broken=()))
    yield bridge, say
    bridge.close()


def places(bridge: Bridge) -> list[str]:
    return [m.path for m in bridge.models]


def test_of_two_models_with_one_name_the_loaded_one_is_listed_in_the_others_place(hand):
    bridge, say = hand
    listed = ["/library/a.safetensors", "/elsewhere/b.safetensors", "/library/c.safetensors"]
    say(ModelLoaded(info=info("b", "/elsewhere"), seconds=0.1))
    assert places(bridge) == listed
    say(ModelList(models=(info("a"), info("b"), info("c")), broken=()))  # as after "look again"
    assert places(bridge) == listed
    say(ModelUnloaded(name="b"), ModelList(models=(info("a"), info("b"), info("c")), broken=()))
    assert places(bridge) == [f"/library/{name}.safetensors" for name in "abc"]


def test_a_model_that_was_trained_again_is_listed_as_it_is_now(hand):
    bridge, say = hand
    say(ModelLoaded(info=info("b"), seconds=0.1))
    again = msgspec.structs.replace(info("b"), parameters=2)
    say(ModelLoaded(info=again, seconds=0.1))
    assert bridge.models == [info("a"), again, info("c")]
    newer = msgspec.structs.replace(info("b"), parameters=3)
    say(ModelList(models=(info("a"), newer), broken=()))
    assert bridge.models == [info("a"), newer]


def test_a_loaded_model_from_elsewhere_stays_at_the_end_of_the_list(hand):
    bridge, say = hand
    say(ModelLoaded(info=info("z", "/elsewhere"), seconds=0.1))
    say(ModelList(models=(info("a"), info("b")), broken=()))
    assert [m.name for m in bridge.models] == ["a", "b", "z"]


def test_a_job_that_loads_models_by_itself_shows_them_as_loaded(services):
    bridge = services.bridge
    bridge.submit(Sample(model="tiny", steps=1, candidates=4), lambda message: None)
    assert bridge.wait_for(lambda: not bridge.jobs)
    assert bridge.loaded == {"tiny", "tiny-back"}


# --- the library's list ---


@pytest.fixture
def library(hand, theme, qtbot, tmp_path):
    """The list in a window of its own beside a field, with far more models than fit."""
    bridge, say = hand
    window = QWidget()
    qtbot.addWidget(window)
    there = tmp_path / "there.txt"
    there.write_text("x")
    view, field = LibraryView(bridge, Settings(recent=[str(there)]), theme=theme), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(view)
    layout.addWidget(field)
    window.resize(320, 400)
    window.show()
    say(ModelList(models=tuple(info(f"m{n:02}") for n in range(30)), broken=()))
    QApplication.processEvents()
    yield view, field, say
    window.hide()


def button_of(view: LibraryView, name: str) -> QToolButton:
    return next(r for r in view.findChildren(ModelRow) if r.info.name == name).findChild(QToolButton)


def test_loading_a_model_moves_neither_the_list_nor_the_focus(library):
    view, _, say = library
    bar = view._scroll.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    assert place > 300
    button_of(view, "m20").setFocus()
    for event in (ModelLoaded(info=info("m20"), seconds=0.1), ModelUnloaded(name="m20")):
        say(event)
        QApplication.processEvents()
        assert bar.value() == place
        held = view.window().focusWidget()
        assert held is button_of(view, "m20")
        assert held.accessibleName() == ("Unload m20" if isinstance(event, ModelLoaded) else "Load m20")


def test_a_recent_file_keeps_the_focus(library):
    view, _, say = library
    next(b for b in view.findChildren(QPushButton) if b.text() == "there.txt").setFocus()
    say(ModelLoaded(info=info("m01"), seconds=0.1))
    assert view.window().focusWidget().text() == "there.txt"


def test_the_focus_of_another_widget_is_left_alone(library):
    view, field, say = library
    button_of(view, "m03").setFocus()
    field.setFocus()
    say(ModelLoaded(info=info("m03"), seconds=0.1))
    assert view.window().focusWidget() is field


def test_a_focused_model_that_is_gone_is_no_error(library):
    view, _, say = library
    button_of(view, "m03").setFocus()
    say(ModelList(models=(info("m04"),), broken=()))
    assert [r.info.name for r in view.findChildren(ModelRow) if r.isVisible()] == ["m04"]


def test_what_a_filter_leaves_is_shown_from_its_top(library):
    view, _, _ = library
    bar = view._scroll.verticalScrollBar()
    bar.setValue(bar.maximum())
    view._filter.setText("m")
    assert bar.value() == 0
