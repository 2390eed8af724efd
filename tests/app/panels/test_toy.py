from __future__ import annotations

import json
import shlex

import msgspec
import numpy as np
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSpinBox

from app.panels.toy import ToyPanel
from app.panels.toy.form import DEFECTS
from engine.__main__ import app as cli
from engine.client import JobFailed
from engine.jobs import Context, start
from engine.library import Library
from engine.mcmc.released import DEFECTS as KNOWN
from engine.messages import ExactToy, ToySpace, ToyStep

SMALL = ExactToy(vocabulary=3, max_length=2, steps=200, every=50, chains=4)


@pytest.fixture
def panel(services):
    panel = ToyPanel(services)
    panel.request = SMALL
    panel.form.show_values(SMALL)
    panel.resize(1000, 700)
    yield panel
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def finish(panel):
    assert panel.bridge.wait_for(lambda: panel.job is None and not panel._frame.isActive(), 30)


def test_every_defect_of_the_engine_has_a_switch():
    assert set(DEFECTS) == set(KNOWN)


def test_the_command_line_asks_for_the_same(panel, capsys):
    request = msgspec.structs.replace(SMALL, full_share=0.25, keyword=True, defects=("delete", "scan"))
    panel.request = request
    panel.copy_command()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:4] == ["python", "-m", "engine", "toy"]
    lines = printed(words[3:], capsys)
    direct = list(start(request, Context(Library(torch.device("cpu"), []), torch.device("cpu"))))
    (space,) = [e for e in direct if isinstance(e, ToySpace)]
    steps = [e for e in direct if isinstance(e, ToyStep)]
    assert lines[0]["sentences"] == len(space.sentences)
    assert lines[0]["invariance"] == space.invariance
    assert [line["total_variation"] for line in lines[1:]] == [e.total_variation for e in steps]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--vocabulary", "9"], "Words must lie between 2 and 6 words; 9 was given"),
        (["--defect", "nonsense"], "each must be one of delete, .*'nonsense' was given"),
        (["--vocabulary", "6", "--max-length", "5"], "the most is 800"),
    ],
)
def test_an_impossible_toy_is_one_sentence(option, said, capsys):
    with pytest.raises((ValueError, JobFailed), match=said):
        printed(["toy", *option], capsys)


def printed(arguments, capsys):
    """What a command prints, line by line."""
    with pytest.raises(SystemExit) as done:
        cli(arguments, prog_name="engine")
    assert done.value.code == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_exact_kernel_is_found_right(panel):
    panel.demo()
    finish(panel)
    assert panel.ready()
    assert len(panel.space.sentences) == 3 + 9
    assert panel.chart.sentences[0] == panel.space.sentences[int(np.argmax(panel.space.exact))]
    assert "✓" in panel._verdict.text()
    assert len(panel.steps) == 4
    assert panel.timeline.points("total variation", 0) == 4
    panel.grab()


def test_a_switch_runs_at_once_and_is_found_wrong(panel, services):
    panel.demo()
    finish(panel)
    panel.form.defects["delete"].setChecked(True)
    finish(panel)
    assert panel.request.defects == ("delete",)
    assert "✗" in panel._verdict.text()
    assert DEFECTS["delete"][1] in panel._said.text()
    services.undo.undo()
    finish(panel)
    assert panel.request.defects == ()
    assert "✓" in panel._verdict.text()


def test_candidates_never_exceed_the_words(panel):
    panel.edit("candidates", 3)
    panel.edit("vocabulary", 2)
    assert panel.request.candidates == 2


def test_settings_are_kept(panel, services):
    panel.edit("seed", 5)
    state = json.loads(json.dumps(panel.state()))
    other = ToyPanel(services)
    other.restore(state)
    assert other.request == msgspec.structs.replace(SMALL, seed=5)
    other.restore({"request": {"vocabulary": 99}})
    assert other.request == msgspec.structs.replace(SMALL, seed=5)
    other.deleteLater()


def test_settings_put_back_show_nothing_of_other_settings(panel, services):
    finish(panel)
    before = panel._numbers.text(), panel._said.text(), panel._caption.text()
    panel.demo()
    finish(panel)
    assert panel._numbers.text() != before[0]
    panel.restore({"request": msgspec.to_builtins(msgspec.structs.replace(SMALL, defects=("threshold",)))})
    services.theme.set(dark=True)
    assert (panel._numbers.text(), panel._said.text(), panel._caption.text()) == before
    assert panel.empty.isVisibleTo(panel)
    assert not panel.chart.isVisibleTo(panel)
    assert panel.timeline._curves == [[]]
    assert not panel.ready()
    panel.edit("defects", ())
    assert panel.job is None  # a switch is answered at once only where there is an answer to change
    services.theme.set(dark=False)


def test_a_run_is_given_up_when_settings_are_put_back(panel):
    panel.start()
    assert panel.bridge.wait_for(lambda: panel.space is not None)
    panel.restore({"request": msgspec.to_builtins(SMALL)})
    assert (panel.job, panel.space, panel.steps) == (None, None, [])
    assert not panel.form.stop.isVisibleTo(panel.form)
    assert panel.bridge.wait_for(lambda: not panel.bridge.jobs)
    finish(panel)
    assert (panel.space, panel.steps) == (None, [])
    assert panel.timeline._curves == [[]]


def test_a_number_beyond_its_field_is_put_back_and_shown_as_the_fields_end(panel):
    panel.restore({"request": msgspec.to_builtins(msgspec.structs.replace(SMALL, seed=2**40, steps=10**9))})
    assert (panel.request.seed, panel.request.steps) == (2**40, 10**9)
    for name in ("Seed", "Steps"):
        (box,) = [w for w in panel.form.findChildren(QSpinBox) if w.accessibleName() == name]
        assert box.value() == box.maximum()
