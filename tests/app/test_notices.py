from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from app import settings as settings_file
from app.crash import CrashNet
from app.notices import Notices
from app.settings import Settings
from app.toasts import MOST, SECONDS, Details, Toasts


@pytest.fixture
def corner(qtbot, theme):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    window.show()
    notices, toasts = Notices(window), Toasts(window, theme=theme)
    notices.said.connect(toasts.show)
    return window, notices, toasts


def test_cards_stack_at_the_bottom_right(corner):
    window, notices, toasts = corner
    for text in ("one", "two", "three"):
        notices.info(text)
    cards = toasts.cards()
    assert [c.notice.text for c in cards] == ["one", "two", "three"]
    assert all(c.geometry().right() < window.width() and c.geometry().bottom() < window.height() for c in cards)
    assert not cards[0].geometry().intersects(cards[1].geometry())
    assert cards[0].y() < cards[1].y() < cards[2].y()


def test_the_same_again_is_counted(corner):
    _, notices, toasts = corner
    for _ in range(3):
        notices.warn("twice")
    assert [c.count for c in toasts.cards()] == [3]


def test_only_so_many_cards(corner):
    _, notices, toasts = corner
    for number in range(MOST + 3):
        notices.info(str(number))
    assert [c.notice.text for c in toasts.cards()] == [str(n) for n in range(3, MOST + 3)]


def test_an_error_stays_and_its_traceback_is_behind_a_button(corner, qtbot):
    window, notices, toasts = corner
    notices.error("It broke.", "Traceback: line 1")
    card = toasts.cards()[0]
    assert SECONDS["error"] == 0
    assert not card._clock.isActive()
    button = next(b for b in card.findChildren(QPushButton) if b.text() == "Show details")
    button.click()
    details = window.findChild(Details)
    assert details is not None
    assert details.isVisible()
    assert details.findChild(QPlainTextEdit).toPlainText() == "Traceback: line 1"
    details.close()


def test_an_info_leaves_by_itself(corner, qtbot, monkeypatch):
    monkeypatch.setitem(SECONDS, "info", 0.02)
    _, notices, toasts = corner
    notices.info("short")
    qtbot.waitUntil(lambda: toasts.cards() == [], timeout=2000)


def test_everything_unforeseen_is_shown_and_logged(qtbot, tmp_path):
    shown, log_file = [], tmp_path / "logs" / "textscape.log"
    hooks = sys.excepthook, threading.excepthook
    net = CrashNet(log_file, lambda *said: shown.append(said))
    try:
        sys.excepthook(ValueError, ValueError("from the window"), None)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        qWarning("from Qt")
        qtbot.waitUntil(lambda: len(shown) == 2, timeout=2000)
    finally:
        net.close()
    assert "from the window" in shown[0][0]
    assert "ZeroDivisionError" in shown[1][1]
    text = log_file.read_text()
    assert all(part in text for part in ("from the window", "ZeroDivisionError", "from Qt"))
    assert (sys.excepthook, threading.excepthook) == hooks


def test_settings_come_back_and_a_broken_file_costs_only_itself(tmp_path, caplog):
    path = tmp_path / "settings.json"
    assert settings_file.load(path) == Settings()
    chosen = Settings(theme="dark", type_scale=1.3, recent=["a"], used={"file.open": 2})
    settings_file.save(chosen, path)
    assert settings_file.load(path) == chosen
    path.write_text('{"theme": "pink"}')
    with caplog.at_level(logging.INFO):
        assert settings_file.load(path) == Settings()
    assert "cannot be read" in caplog.text
