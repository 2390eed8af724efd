"""Present mode: scenes to walk through, their sentences, and the layout and the seeds of afterwards."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import pytest

from app.panels.sampler import SamplerPanel
from app.panels.sampler.parameters import Parameters
from app.session import Scene
from app.widgets.anatomy import Anatomy
from engine.messages import Finished, Sample
from tests.app.conftest import flush
from tests.app.panels.made_up import NotedBridge


def scene(text: str) -> Scene:
    return Scene(panel="notes", sentence=f"This is {text}.", state={"panel": {"text": text}})


def caption(window) -> tuple[str, str]:
    """What is read under the panel."""
    shown = window.presenter.caption
    return (shown._sentence.text(), shown._count.text()) if shown.isVisible() else ("", "")


def test_a_scene_leaves_the_sides_folded(make_window):
    window = make_window()
    anatomy = window.panel("notes").anatomy
    window.presenter.add_scene(scene("one"))
    window.presenter.toggle()
    assert not anatomy.input.is_open()
    window.presenter.walk(1)
    assert window.panel("notes").text == "one"
    assert not anatomy.input.is_open()
    assert not anatomy.explain.is_open()
    window.presenter.toggle()
    assert anatomy.input.is_open()


def test_present_mode_after_a_scene_was_saved_shows_its_sentence(make_window):
    window = make_window()
    window.presenter.add_scene(scene("one"))
    assert caption(window) == ("", "")  # not before
    window.presenter.toggle()
    assert caption(window) == ("This is one.", "1 of 1")
    window.presenter.add_scene(scene("two"))
    assert caption(window) == ("This is two.", "2 of 2")
    window.presenter.toggle()
    assert caption(window) == ("", "")


def test_forgetting_a_scene_leaves_the_sentence_of_the_one_then_shown(make_window):
    window = make_window()
    for text in ("one", "two", "three"):
        window.presenter.add_scene(scene(text))
    window.presenter.toggle()
    window.presenter.walk(-1)
    assert caption(window) == ("This is two.", "2 of 3")
    window.presenter.remove_scene()
    assert caption(window) == ("This is three.", "2 of 2")
    window.presenter.remove_scene()
    assert caption(window) == ("This is one.", "1 of 1")
    window.presenter.remove_scene()
    assert caption(window) == ("", "")


def test_another_choice_of_seeds_made_while_presenting_stays(make_window):
    window = make_window()
    window.services.settings.seeds = "fixed"
    window.presenter.toggle()
    window.services.settings.seeds = "new"  # as in the settings
    window.presenter.toggle()
    assert window.services.settings.seeds == "new"


# --- the layout ---


@pytest.fixture
def anatomy(qtbot, theme):
    anatomy = Anatomy(theme=theme)
    qtbot.addWidget(anatomy)
    anatomy.resize(1400, 800)
    anatomy.show()
    anatomy.explain.set_open(False)
    return anatomy


def folds(state) -> tuple[bool, bool]:
    return state["input"], state["explain"]


def test_the_state_while_presenting_is_the_layout_of_afterwards(anatomy):
    before = anatomy.state()
    assert folds(before) == (True, False)
    anatomy.set_presenting(True)
    assert not anatomy.input.is_open()
    assert anatomy.state() == before
    anatomy.set_presenting(False)
    assert anatomy.state() == before


def test_what_is_put_back_while_presenting_counts_afterwards(anatomy):
    anatomy.set_presenting(True)
    anatomy.restore({"input": False, "explain": True})
    assert not anatomy.explain.is_open()
    assert folds(anatomy.state()) == (False, True)
    anatomy.set_presenting(False)
    assert (anatomy.input.is_open(), anatomy.explain.is_open()) == (False, True)


def test_an_empty_state_changes_nothing(anatomy):
    before = anatomy.state()
    anatomy.restore({})
    assert anatomy.state() == before
    anatomy.restore({"input": False})
    assert anatomy.state() == {**before, "input": False, "top": anatomy.top.sizes()}


def test_a_session_saved_while_presenting_opens_with_the_sides_as_they_were(make_window):
    first = make_window()
    first.panel("notes").anatomy.explain.set_open(False)
    first.presenter.toggle()
    saved = first.files.collect().panels["notes"]["anatomy"]
    assert folds(saved) == (True, False)


# --- the seed of a run ---


@pytest.fixture
def sampler(services, qtbot, monkeypatch):
    """A sampler that draws a new seed for each run: 100, 101, ..."""
    bridge = NotedBridge()
    numbers = itertools.count(100)
    monkeypatch.setattr(
        "app.panels.sampler.panel.random.SystemRandom", lambda: SimpleNamespace(randrange=lambda _: next(numbers))
    )
    panel = SamplerPanel(dataclasses.replace(services, bridge=bridge))
    sample = Sample(model="tiny", keywords="juice natural brand", steps=20, seed=7)
    panel.set_parameters(Parameters(sample=sample, seed_fixed=False))
    yield panel
    panel.deleteLater()
    flush()


def seeds(panel, runs: int) -> list[int]:
    """The seeds of so many runs from the button."""
    asked = panel.bridge.requests
    before = len(asked)
    for _ in range(runs):
        panel.start()
        panel.bridge.send(len(asked), Finished(seconds=0.1))
    return [request.seed for request in asked[before:]]


def test_a_room_sees_the_same_run_again(sampler):
    assert seeds(sampler, 2) == [100, 101]
    sampler.set_presenting(True)
    assert seeds(sampler, 2) == [101, 101]
    sampler.set_presenting(False)
    assert seeds(sampler, 2) == [102, 103]


def test_the_settings_fix_the_seed_of_a_run_and_free_it_again(sampler):
    sampler.fix_seed(True)
    assert sampler.parameters.seed_fixed
    assert seeds(sampler, 2) == [7, 7]
    sampler.fix_seed(False)
    assert seeds(sampler, 1) == [100]


def test_what_the_settings_say_already_is_no_step_to_undo(sampler):
    sampler.fix_seed(False)
    assert sampler.services.undo.count() == 0
