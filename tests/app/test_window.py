from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit

from app.session import Scene
from app.undo import Edit, edit
from app.window import MOST_UNDONE
from tests.app.conftest import flush, shut


def drop(widget, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, button = QPointF(200, 200), Qt.MouseButton.LeftButton
    action, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), action, data, button, keys)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    veil = widget.veil
    assert veil.isVisible()
    QApplication.sendEvent(veil, QDragEnterEvent(place.toPoint(), action, data, button, keys))
    QApplication.sendEvent(veil, QDropEvent(place, action, data, button, keys))
    assert not veil.isVisible()


def test_loads_the_default_pair_and_says_so(make_window):
    window = make_window()
    assert window.services.bridge.loaded == {"tiny", "tiny-back"}
    assert "tiny" in window.status_bar.models.text()
    assert [b.path.endswith("broken.safetensors") for b in window.services.bridge.broken] == [True]


def test_a_dropped_text_goes_to_the_panel_and_is_remembered(make_window, tmp_path):
    window = make_window()
    text = tmp_path / "a.txt"
    text.write_text("hello")
    drop(window, text)
    assert window.panel("notes").files == [text]
    assert window.services.settings.recent == [str(text)]


def test_a_dropped_checkpoint_is_loaded(make_window, tiny_library):
    window = make_window()
    bridge = window.services.bridge
    bridge.unload_model("tiny")
    assert bridge.wait_for(lambda: "tiny" not in bridge.loaded)
    drop(window, tiny_library / "tiny.safetensors")
    assert bridge.wait_for(lambda: "tiny" in bridge.loaded)


def test_a_broken_checkpoint_gets_one_sentence_and_nothing_is_lost(make_window, tiny_library):
    window = make_window()
    bridge = window.services.bridge
    drop(window, tiny_library / "broken.safetensors")
    assert bridge.wait_for(lambda: any(n.kind == "error" for n in window.services.notices.history))
    assert bridge.loaded == {"tiny", "tiny-back"}


def test_a_file_nobody_can_use_is_refused_in_words(make_window, tmp_path):
    window = make_window()
    path = tmp_path / "a.pdf"
    path.write_text("x")
    drop(window, path)
    assert "No panel can use a.pdf" in window.services.notices.history[-1].text
    assert window.services.settings.recent == []


def test_a_dropped_link_lights_nothing_up_and_is_said(make_window):
    window = make_window()
    said = []
    window.services.notices.said.connect(lambda notice: said.append(notice.text))
    data = QMimeData()
    data.setUrls([QUrl("http://example.org/text.txt")])
    enter = QDragEnterEvent(
        QPointF(9, 9).toPoint(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(window, enter)
    assert not window.veil.isVisible()
    assert "Only files can be dropped here" in said[-1]


def test_escape_closes_what_lies_on_top_before_it_stops_a_job(make_window, monkeypatch):
    window = make_window()
    stopped = []
    monkeypatch.setattr(window.current(), "stop", lambda: stopped.append(True))
    window.activateWindow()
    window.palette_.open()
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Escape)
    assert not window.palette_.isVisible()
    assert not stopped
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert stopped


def test_text_fields_let_files_pass_to_the_window(make_window, tmp_path):
    window = make_window()
    field = QLineEdit(window.panel("notes"))
    window._guard.guard(window.panel("notes"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.txt"))])
    event = QDragEnterEvent(
        field.rect().center(), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(field, event)
    assert not event.isAccepted() or window.veil.isVisible()


def test_a_panels_shortcut_is_alive_only_in_front(make_window, qtbot):
    window = make_window()
    window.actions_.rebuild()
    window.show_panel("notes")
    alive = {name for name, action in window.actions_._actions.items() if action.isEnabled()}
    assert "notes.play" in alive
    assert "other.go" not in alive
    window.show_panel("other")
    alive = {name for name, action in window.actions_._actions.items() if action.isEnabled()}
    assert "notes.play" not in alive
    assert "other.go" in alive


def test_present_mode_enlarges_fixes_the_seed_and_gives_all_back(make_window):
    window = make_window()
    window.services.settings.seeds = "new"
    before = window.panel("notes").anatomy.state()
    size = QApplication.font().pixelSize()
    window.services.commands.run("view.present")
    assert window.services.theme.scale == pytest.approx(1.6)
    assert QApplication.font().pixelSize() == round(13 * 1.6)
    assert window.services.settings.seeds == "fixed"
    assert not window.topbar.isVisible()
    window.services.commands.run("view.present")
    assert QApplication.font().pixelSize() == size
    assert window.services.settings.seeds == "new"
    assert window.topbar.isVisible()
    after = window.panel("notes").anatomy.state()
    assert {k: after[k] for k in ("input", "explain")} == {k: before[k] for k in ("input", "explain")}


def test_arrow_keys_walk_through_scenes_in_present_mode(make_window):
    window = make_window()
    for text in ("one", "two"):
        window.presenter.add_scene(Scene(panel="notes", sentence=f"This is {text}.", state={"panel": {"text": text}}))
    window.presenter.place = -1
    window.presenter.toggle()
    for key, text in ((Qt.Key.Key_Right, "one"), (Qt.Key.Key_Right, "two"), (Qt.Key.Key_Left, "one")):
        QTest.keyClick(window, key)
        assert window.panel("notes").text == text
    assert window.presenter.caption.isVisible()


def test_a_scene_of_a_panel_that_is_gone_is_only_said(make_window):
    window = make_window()
    window.presenter.add_scene(Scene(panel="gone", sentence="", state={}))
    window.presenter.walk(1)
    assert "gone" in window.services.notices.history[-1].text


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700)])
def test_the_window_fits(make_window, size):
    window = make_window()
    for dock in (window.library_dock, window.activity_dock):
        dock.show()
    window.resize(*size)
    flush()
    assert (window.width(), window.height()) == size
    assert window.stack.currentWidget().width() >= 480


def test_every_control_of_the_shell_has_a_name(make_window):
    window = make_window()
    window.services.commands.run("file.settings")
    kinds = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox)
    nameless = [
        w
        for kind in kinds
        for w in window.findChildren(kind)
        if not (w.accessibleName() or w.toolTip() or (isinstance(w, QAbstractButton) and w.text()))
        and not w.objectName().startswith(("qt_", "ScrollLeft", "ScrollRight"))
    ]
    assert [(type(w).__name__, w.objectName(), w.parent()) for w in nameless] == []


def test_open_and_close_five_times_leaves_nothing_behind(make_window, qapp, engine_threads, tmp_path):
    def left() -> tuple[int, int, int]:
        flush()
        timers = sum(t.isActive() for t in qapp.findChildren(QTimer))
        return engine_threads(), len(qapp.topLevelWidgets()), timers

    shut(make_window(inline=False))  # what Qt itself keeps from the first window on
    before = left()
    for round_ in range(5):
        window = make_window(inline=False, session=tmp_path / f"{round_}.json")
        assert engine_threads() == before[0] + 1
        shut(window)
    assert left()[0] == before[0]
    assert left()[1] <= before[1]
    assert left()[2] <= before[2]


def test_signals_and_void_calls_keep_their_references(qapp):
    """A binding that drops one reference to None or True a call ends the process after some ten thousand."""
    label, timer = QLineEdit(), QTimer()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(1000):
        label.setText("a")
        label.textChanged.emit("a")
        timer.timeout.connect(label.clear)
        timer.timeout.disconnect(label.clear)
    after = sys.getrefcount(None), sys.getrefcount(True)
    label.deleteLater()
    flush()
    assert after[0] > before[0] - 100
    assert after[1] > before[1] - 100


def test_models_with_all_of_some_abilities(services):
    assert {m.name for m in services.bridge.models_with("Scores")} == {"tiny", "tiny-back"}
    assert services.bridge.models_with("Scores", "Latent") == []


def program(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    import os

    env = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        env={**env, "OMP_NUM_THREADS": "1", **environment},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a display a matter of the environment")
def test_without_a_display_it_says_how_to_get_pictures():
    process = program()
    _, error = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "--shots" in error
    assert len(error.strip().splitlines()) == 1


def test_the_session_survives_a_kill(tmp_path):
    session, steps = tmp_path / "session.json", tmp_path / "steps.json"
    steps.write_text('[{"command": "file.save"}, {"command": "view.library"}]')
    home = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    process = program("--session", str(session), "--script", str(steps), "--device", "cpu", **home)
    assert process.stdout is not None
    while '"done"' not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
    time.sleep(0.05)
    process.kill()
    process.communicate(timeout=10)
    assert process.returncode != 0
    from app import session as sessions

    assert sessions.load(session) is not None
    assert [p.name for p in tmp_path.glob("*.broken*")] == []


def test_after_present_mode_the_docks_are_as_wide_as_before(make_window):
    window = make_window()
    window.toggle_dock(window.library_dock)
    window.services.bridge.wait_for(lambda: False, 0.05)
    wide = window.library_dock.width()
    window.presenter.toggle()
    assert window.library_dock.isHidden()
    window.presenter.toggle()
    window.services.bridge.wait_for(lambda: False, 0.05)
    assert (window.library_dock.isVisible(), window.activity_dock.isVisible()) == (True, False)
    assert window.library_dock.width() == wide


def test_a_long_session_keeps_so_many_steps_back(make_window):
    undo, state = make_window().services.undo, [0]
    for value in range(1, MOST_UNDONE + 50):
        edit(undo, f"notes.{value}", "change x", value - 1, value, lambda v: state.__setitem__(0, v))
    assert undo.count() == MOST_UNDONE
    gc.collect()
    assert sum(type(o) is Edit for o in gc.get_objects()) <= MOST_UNDONE
    while undo.canUndo():
        undo.undo()
    assert state == [49]
