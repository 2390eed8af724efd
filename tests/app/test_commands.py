from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QSlider

from app.commands import Command, CommandRegistry
from app.menus import belongs_to_focus
from app.palette import CommandPalette, fit, search
from app.panels import PANELS
from app.panels.base import Panel
from tests.app.conftest import flush


def nothing() -> None:
    pass


def command(name: str, title: str = "", **more) -> Command:
    return Command(name, title or name, nothing, **more)


@pytest.fixture
def registry(qapp):
    return CommandRegistry()


def test_two_commands_cannot_have_one_id(registry):
    registry.add(command("file.a"))
    with pytest.raises(ValueError, match="two commands"):
        registry.add(command("file.a"))


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("file.a", "view.b", True),
        ("file.a", "notes.b", True),
        ("notes.a", "notes.b", True),
        ("notes.a", "other.b", False),  # only one panel is in front
    ],
)
def test_keys_that_would_collide_are_refused(registry, first, second, clash):
    registry.add(command(first, keys="Ctrl+K"))
    if clash:
        with pytest.raises(ValueError, match="taken by"):
            registry.add(command(second, keys="ctrl+k"))
    else:
        registry.add(command(second, keys="Ctrl+K"))


def test_a_disabled_command_does_not_run(registry):
    ran = []
    registry.add(Command("a.no", "No", lambda: ran.append(1), enabled=lambda: False))
    registry.add(Command("a.yes", "Yes", lambda: ran.append(2)))
    assert not registry.run("a.no")
    assert registry.run("a.yes")
    assert ran == [2]
    with pytest.raises(KeyError):
        registry.run("a.none")


def test_a_panels_commands_go_with_it(registry):
    registry.add_all([command("notes.a"), command("other.a")])
    registry.remove("notes")
    assert [c.id for c in registry.all()] == ["other.a"]


@pytest.mark.parametrize(
    ("query", "text", "letters"),
    [
        ("pl", "Play", {0, 1}),
        ("gl", "Go to Latent", {0, 6}),
        ("the", "Save the session", {5, 6, 7}),
        ("xyz", "Play", None),
        ("yalp", "Play", None),
    ],
)
def test_letters_in_order(query, text, letters):
    found = fit(query, text)
    assert (found and set(found[1])) == letters


def titles(matches):
    return [m.command.title for m in matches]


def test_beginnings_of_words_come_first():
    commands = [command("a.1", "Replay"), command("a.2", "Play"), command("a.3", "Pause later")]
    assert titles(search("pl", commands, {}))[:2] == ["Play", "Pause later"]


def test_used_rise_and_disabled_sink_but_show():
    commands = [
        command("a.1", "Alpha"),
        command("a.2", "Alpine", enabled=lambda: False),
        command("a.3", "Alpaca"),
    ]
    assert titles(search("alp", commands, {"a.3": 5})) == ["Alpaca", "Alpha", "Alpine"]
    assert titles(search("", commands, {"a.3": 1})) == ["Alpaca", "Alpha", "Alpine"]


def test_other_names_are_found():
    commands = [command("a.1", "Settings", aliases=("preferences",)), command("a.2", "Play")]
    found = search("prefer", commands, {})
    assert titles(found) == ["Settings"]
    assert found[0].letters == frozenset()


def test_the_palette_runs_what_is_chosen(qtbot, registry, theme):
    window = QPushButton()
    qtbot.addWidget(window)
    window.resize(800, 600)
    ran = []
    registry.add_all(Command(f"a.{n}", n, lambda n=n: ran.append(n)) for n in ("Play", "Pause", "Stop"))
    used = {}
    palette = CommandPalette(window, registry, used, theme=theme)
    window.show()
    before = [color.rgba() for color in vars(theme.colors).values()]
    palette.open()
    assert [color.rgba() for color in vars(theme.colors).values()] == before
    QTest.keyClicks(palette.field, "p")
    assert titles(palette.matches())[:2] == ["Play", "Pause"]
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert ran == ["Pause"]
    assert used == {"a.Pause": 1}
    assert palette.isHidden()
    palette.open()
    QTest.keyClicks(palette.field, "zzz")
    assert palette.matches() == []
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert palette.isHidden()


@pytest.mark.parametrize(
    ("kind", "key", "own"),
    [
        (QPushButton, Qt.Key.Key_Space, True),
        (QPushButton, Qt.Key.Key_Left, False),
        (QSlider, Qt.Key.Key_Left, True),
        (QLineEdit, Qt.Key.Key_F5, False),
    ],
)
def test_a_focused_control_keeps_its_keys(qtbot, monkeypatch, kind, key, own):
    widget = kind()
    qtbot.addWidget(widget)
    monkeypatch.setattr(QApplication, "focusWidget", staticmethod(lambda: widget))
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    assert belongs_to_focus(event) == own
    with_control = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.ControlModifier)
    assert not belongs_to_focus(with_control)


def test_the_windows_keys_are_all_real_and_in_the_sheet(make_window):
    window = make_window()
    keyed = [c for c in window.services.commands.all() if c.keys]
    assert len(keyed) > 20
    for one in keyed:
        assert not QKeySequence(one.keys).isEmpty(), one.id
    window.services.commands.run("help.shortcuts")
    window.services.commands.run("help.panel")


def test_menus_hold_every_command_alive(make_window):
    window = make_window()
    window.actions_._fill()
    shown = {a.text().partition("\t")[0] for menu in window.actions_.menu.actions() for a in menu.menu().actions()}
    assert shown == {c.title for c in window.actions_.active()}
    assert "Play" in shown
    assert "Go" not in shown


def test_opening_the_menu_again_leaves_nothing_behind(make_window):
    window = make_window()
    counts = []
    for _ in range(3):
        window.actions_._fill()
        flush()
        gc.collect()
        counts.append(
            (len(window.actions_.menu.findChildren(QAction)), sum(type(o) is QAction for o in gc.get_objects()))
        )
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][0] > 20


@pytest.mark.parametrize("kind", PANELS, ids=[k.key for k in PANELS])
def test_every_panel_keeps_the_contract(make_window, services, kind: type[Panel]):
    """Ids begin with the key, no keys collide with the window's, the state is JSON and comes back."""
    import json

    window = make_window()
    panel = kind(services)
    assert kind.title
    assert kind.help_text.strip()
    for one in panel.commands():
        assert one.id.startswith(f"{kind.key}."), one.id
        window.services.commands.add(one)
    state = json.loads(json.dumps(panel.state()))
    panel.restore(state)
    assert json.loads(json.dumps(panel.state())) == state
    panel.resize(1024, 640)
    assert panel.minimumSizeHint().width() <= 1024
    panel.stop()
    panel.deleteLater()
