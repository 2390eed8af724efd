"""Training in the window: the view follows, everything else stays usable, the model can be read when it is saved."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack

from app.bridge import Bridge
from app.commands import CommandRegistry
from app.notices import Notices
from app.panels.clusters import ClustersPanel
from app.panels.clusters.choices import LIVE, Lesson, title_of
from app.panels.clusters.figure import four
from app.services import Services
from app.settings import Settings
from engine.library import Library
from engine.messages import ModelCard
from engine.worker import Engine
from tests.app.panels.clusters.conftest import LABELS, TEXTS, settle


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A folder with what the bundled recipes name, in little."""
    draw = random.Random(1)
    for split, count in (("train", 160), ("valid", 24), ("test", 24)):
        path = tmp_path / "text" / "errands" / f"{split}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [draw.choice(list(zip(LABELS, TEXTS, strict=True))) for _ in range(count)]
        lines = [f"{label}\t{words} {draw.randrange(10**6)}" for label, words in rows]
        path.write_text("\n".join(lines), "utf-8")
    return tmp_path / "text"


@pytest.fixture
def live(mixtures, theme, tmp_path, monkeypatch, qtbot, text):
    """The panel on an engine with a thread of its own."""
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(tmp_path / "models"))
    bridge = Bridge(Engine("cpu", library=Library(torch.device("cpu"), [mixtures, tmp_path / "models"])))
    services = Services(bridge, CommandRegistry(), theme, QUndoStack(), Notices(), Settings(reduce_motion=True))
    bridge.refresh_models()
    assert bridge.wait_for(lambda: len(bridge.models) == 3)
    panel = ClustersPanel(services)
    qtbot.addWidget(panel)
    panel.resize(1440, 820)
    panel.show()
    panel.studio.trainer.runs = tmp_path / "runs"
    panel.choose("lesson", Lesson(passes=3, data=str(text)))
    yield panel
    panel.stop()
    services.undo.clear()  # while its commands are all there; a collector's order may be another
    assert bridge.close()


def test_a_lesson_asks_for_what_the_form_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTSCAPE_MODELS", str(tmp_path))
    request = Lesson(beta=0.35, information=False, passes=7, seed=3).request(tmp_path)
    assert request.overrides == {
        "options.terms.dispersion.weight": 0.35,
        "options.terms.information.weight": 0.0,
        "training.passes": 7,
        "seed": 3,
        "name": "my-errands-dgmvae-b035-p7-s3",
    }
    assert Path(request.output) == tmp_path / "my-errands-dgmvae-b035-p7-s3.safetensors"
    assert request.existing == "keep-both"
    assert request.threads == 1
    assert request.frames == 60


def test_a_trained_models_name_says_text_objective_passes_and_seed():
    lesson = Lesson(beta=0.2, passes=5, seed=2, data="/home/me/Große Texte 2024/")
    assert lesson.name() == "my-große-texte-2024-dgmvae-b020-p5-s2"
    changes = ({"passes": 6}, {"seed": 3}, {"beta": 0.25}, {"information": True}, {"data": "/other"})
    names = {lesson.with_fields(**c).name() for c in changes}
    assert len(names | {lesson.name()}) == 6
    assert len(Lesson(data="x" * 300).name()) < 60


@pytest.mark.parametrize(
    ("beta", "information", "title"),
    [(1.0, True, "GMVAE"), (0.2, True, "GMVAE + L_var"), (1.0, False, "GMVAE + L_mi"), (0.2, False, "DGMVAE")],
)
def test_the_objective_is_named_as_in_the_lecture_and_read_back_from_the_terms(beta, information, title, live):
    assert Lesson(beta=beta, information=information).title == title
    terms = {"mean-prior": {"weight": 2.0}, "dispersion": {"weight": 2 * beta}, "reconstruction": {}}
    if information:
        terms["information"] = {}
    info = msgspec.structs.replace(live.bridge.models[0], trained={"options": {"terms": terms}})
    assert title_of(info) == title


@pytest.mark.parametrize("trained", [{}, {"options": 3}, {"options": {"terms": {"mean-prior": {"weight": "much"}}}}])
def test_a_header_that_says_nothing_of_its_terms_leaves_the_name(trained, live):
    info = msgspec.structs.replace(live.bridge.models[0], trained=trained)
    assert title_of(info) == info.name


def test_the_figure_takes_the_family_with_most_objectives(live):
    def made(name, data, dispersion, information):
        weights = {"mean-prior": 1.0, "dispersion": dispersion, "information": information}
        terms = {n: {"weight": w} for n, w in weights.items()}
        return msgspec.structs.replace(
            live.bridge.models[0],
            name=name,
            card=ModelCard(data=data),
            trained={"options": {"terms": terms}},
        )

    pair = [made("a", "one", 1.0, 1.0), made("b", "one", 0.2, 0.0)]
    rest = [made("c", "two", 1.0, 1.0), made("d", "two", 0.2, 1.0), made("e", "two", 0.2, 0.0)]
    assert [m.name for m in four([*pair, *rest])] == ["c", "d", "e"]
    assert [m.name for m in four([*pair, *rest[:2]])] == ["a", "b"]
    assert four([]) == []


def test_the_form_changes_the_lesson_and_can_be_undone(live, monkeypatch):
    monkeypatch.setattr("app.undo.PAUSE", -1.0)  # no two edits become one
    form = live.inputs.lesson
    form.recipe.setCurrentIndex(form.recipe.findData("live-gmvae"))
    form.recipe.activated.emit(form.recipe.currentIndex())
    assert (live.store.choices.lesson.beta, live.store.choices.lesson.information) == (1.0, True)
    assert form.start.text() == "Train GMVAE"
    form.information.click()
    assert form.start.text() == "Train GMVAE + L_mi"
    live.services.undo.undo()
    assert live.store.choices.lesson.information


@pytest.mark.slow
def test_the_view_follows_a_training_and_then_reads_the_model(live, qtbot):
    live.inputs.section.set_open(True)
    qtbot.mouseClick(live.inputs.lesson.start, Qt.MouseButton.LeftButton)
    trainer = live.studio.trainer
    assert trainer.running
    assert live.run_bar.isVisible()
    assert live.store.choices.model == LIVE
    assert live.bridge.wait_for(lambda: trainer.film is not None and len(trainer.film) > 2, 60)
    stage = live.stages[0]
    stage.show_scene()
    assert len(stage.scene.means) == 6
    assert live.cinema.playhead.at_edge
    assert live.terms.loss._series["reconstruction"].size >= 2
    assert live.bridge.wait_for(lambda: not trainer.running, 100)
    assert live.store.choices.model == "my-text-dgmvae-b020-p3-s1"
    assert live.bridge.wait_for(lambda: live.main.last is not None, 20)
    settle(live)
    assert live.main.film.steps == trainer.film.steps
    assert not live.run_bar.isVisible()
    assert live.inputs.model.findData("my-text-dgmvae-b020-p3-s1") >= 0


@pytest.mark.slow
def test_a_training_is_held_while_another_model_is_read_and_then_cancelled(live, qtbot):
    live.choose("lesson", live.store.choices.lesson.with_fields(passes=200))
    live.studio.train()
    trainer = live.studio.trainer
    assert live.bridge.wait_for(lambda: trainer.film is not None, 60)
    live.choose("model", "tiny-dgmvae")
    assert live.bridge.wait_for(lambda: live.main.last is not None, 30)  # read while it trains
    assert trainer.running
    qtbot.mouseClick(live.run_bar.pause, Qt.MouseButton.LeftButton)
    assert live.bridge.wait_for(lambda: trainer.paused, 10)
    frames = len(trainer.film)
    qtbot.mouseClick(live.run_bar.watch, Qt.MouseButton.LeftButton)
    assert live.main.film is trainer.film
    assert len(trainer.film) == frames
    qtbot.mouseClick(live.run_bar.pause, Qt.MouseButton.LeftButton)
    assert live.bridge.wait_for(lambda: not trainer.paused, 10)
    qtbot.mouseClick(live.run_bar.cancel, Qt.MouseButton.LeftButton)
    assert live.bridge.wait_for(lambda: not trainer.running, 20)
    assert live.inputs.lesson.start.isEnabled()
    assert live.store.choices.model == LIVE  # what there is stays on show
    assert live.state()["choices"]["model"] == ""
    assert live.bridge.wait_for(lambda: trainer.kept is not None, 20)


def stopped(live, qtbot):
    """Train for some steps and cancel; the trainer, once it has been said what is kept."""
    live.choose("lesson", live.store.choices.lesson.with_fields(passes=200))
    live.studio.train()
    trainer = live.studio.trainer
    assert live.bridge.wait_for(lambda: trainer.progress.done > 4, 60)
    qtbot.mouseClick(live.run_bar.cancel, Qt.MouseButton.LeftButton)
    assert live.bridge.wait_for(lambda: trainer.kept is not None, 20)
    return trainer


def test_a_cancelled_training_says_what_is_kept_and_goes_on_from_there(live, qtbot, tmp_path):
    trainer = stopped(live, qtbot)
    kept, bar = trainer.kept, live.run_bar
    (state,) = (tmp_path / "runs").glob("*.state")
    assert kept.step >= 5
    assert kept.state == str(state)
    assert f"stopped after {kept.step:,} of {kept.total:,} steps and kept" in bar.said.text()
    shown = {b.text() for b in (bar.watch, bar.pause, bar.cancel, bar.resume, bar.keep, bar.drop) if b.isVisible()}
    assert shown == {"Go on", "Keep", "Drop"}
    live.choose("lesson", live.store.choices.lesson.with_fields(seed=7))  # the form has moved on
    qtbot.mouseClick(bar.resume, Qt.MouseButton.LeftButton)
    assert (trainer.running, trainer.lesson.seed, trainer.kept) == (True, 1, None)
    assert live.bridge.wait_for(lambda: trainer.progress.done > kept.step, 60)
    assert f"goes on after step {kept.step:,}" in live.services.notices.history[-1].text
    assert bar.cancel.isVisible()
    assert not bar.drop.isVisible()
    trainer.cancel()
    assert live.bridge.wait_for(lambda: not trainer.running, 20)


def test_what_was_kept_is_left_for_later_or_dropped(live, qtbot, tmp_path):
    trainer = stopped(live, qtbot)
    (state,) = (tmp_path / "runs").glob("*.state")
    qtbot.mouseClick(live.run_bar.keep, Qt.MouseButton.LeftButton)
    assert not live.run_bar.isVisible()
    assert "go on from there" in live.services.notices.history[-1].text
    assert state.exists()
    assert trainer.kept is None
    trainer = stopped(live, qtbot)  # the same choices: it went on
    assert any("goes on after step" in n.text for n in live.services.notices.history)
    qtbot.mouseClick(live.run_bar.drop, Qt.MouseButton.LeftButton)
    assert live.bridge.wait_for(lambda: not state.exists(), 20)
    assert live.bridge.wait_for(lambda: "begin anew" in live.services.notices.history[-1].text, 20)
    assert not live.run_bar.isVisible()


def test_a_text_that_is_not_there_is_said(live, tmp_path):
    live.choose("lesson", Lesson(data=str(tmp_path / "nowhere")))
    live.studio.train()
    assert live.bridge.wait_for(lambda: not live.studio.trainer.running, 20)
    assert live.services.notices.history[-1].kind == "error"
