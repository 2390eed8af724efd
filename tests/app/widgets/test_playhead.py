from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.widgets.player import PlayerBar, speed_text
from app.widgets.playhead import LIVE, SPEEDS, Playhead


@pytest.fixture
def head(qapp):
    head = Playhead()
    head.reset(total=100)
    head.extend(50)
    yield head
    head.pause()
    head.deleteLater()


def test_it_plays_at_its_speed(head):
    head.set_speed(SPEEDS.index(2.0))
    head.play()
    for _ in range(40):
        head.advance(0.1)
    assert head.position == 8


def test_it_waits_at_the_live_edge_and_goes_on(head):
    head.set_speed(SPEEDS.index(100.0))
    head.play()
    head.advance(2.0)
    assert (head.position, head.playing) == (50, True)
    head.advance(5.0)
    head.extend(60)
    head.advance(0.05)
    assert head.position == 55


def test_it_stops_at_the_very_end_and_plays_again_from_the_start(head):
    head.extend(100)
    head.seek(100)
    head.playing = True
    head.advance(0.1)
    assert not head.playing
    head.play()
    assert head.position == 0


def test_live_stays_on_the_edge_until_moved_by_hand(head):
    head.follow()
    assert head.following
    assert head.position == 50
    head.extend(70)
    assert head.position == 70
    head.step(-1)
    assert (head.position, head.playing) == (69, False)
    head.extend(80)
    assert head.position == 69


def test_a_step_beyond_the_edge_asks_for_more(head, qtbot):
    head.seek(49)
    with qtbot.assertNotEmitted(head.more_wanted):
        head.step(1)
    with qtbot.waitSignal(head.more_wanted):
        head.step(1)
    assert head.position == 50


def test_seeking_stays_within_what_there_is(head):
    head.seek(-5)
    assert head.position == 0
    head.seek(500)
    assert head.position == 50
    head.step(-10)
    assert head.position == 40


def test_speeds_end_at_live(head):
    for _ in range(20):
        head.faster(1)
    assert head.speed == LIVE
    for _ in range(20):
        head.faster(-1)
    assert head.speed == SPEEDS[0]
    assert (speed_text(1.0), speed_text(0.25), speed_text(LIVE)) == ("1 step/s", "0.25 steps/s", "as it comes")


def test_the_bar_shows_and_seeks(head, theme, qtbot):
    bar = PlayerBar(head, theme=theme)
    qtbot.addWidget(bar)
    bar.resize(900, 40)
    head.seek(25)
    assert bar.where.text() == "step 25 of 100"
    scrub = bar.scrub
    scrub.resize(216, 24)
    QTest.mouseClick(scrub, Qt.MouseButton.LeftButton, pos=QPointF(8 + 200 * 0.4, 12).toPoint())
    assert head.position == 40
    bar.play.click()
    assert head.playing
    assert bar.play.accessibleName() == "Pause"
    bar.live.click()
    assert head.following
    bar.grab()
