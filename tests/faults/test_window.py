"""Faults that a user at random found in the window, each once more by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.panels.beams.history import BeamsHistory
from app.theme import Theme
from app.widgets.playhead import Playhead
from engine.messages import Hypothesis, Token
from tests.app.conftest import theme
from tests.e2e.program import ROOT, environment
from tests.faults.painters import classes, painters

__all__ = ["theme"]


def child(module: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_error_while_painting_is_reported_and_ends_nothing(tmp_path: Path) -> None:
    done = child("tests.faults.painting", tmp_path, str(tmp_path / "session.json"))
    assert done.returncode == 0, done.stderr
    assert "{'IndexError'}" in done.stdout


def test_no_widget_that_cannot_be_painted_ends_the_process(tmp_path: Path) -> None:
    done = child("tests.faults.painters", tmp_path)
    assert done.returncode == 0, f"ended after: {done.stdout}{done.stderr}"
    said = done.stdout.splitlines()[:-1]
    assert said == [f"{kind.__name__} IndexError" for kind in painters()]
    assert len(said) > 20


@pytest.mark.parametrize("name", ["event", "viewportEvent", "notify"])
def test_nothing_of_ours_stands_around_the_painting(name: str) -> None:
    """An override of these is on the stack while Qt paints, and an error that C code raises there ends the process."""
    assert [kind.__name__ for kind in classes() if name in kind.__dict__] == []


def test_hypotheses_with_attention_are_shown_again(theme: Theme, qtbot: object) -> None:
    """Attention is an array, and arrays have no plain equality."""
    history = BeamsHistory(Playhead(), theme=theme)
    for _ in range(2):
        token = Token(piece="a", id=4, log_prob=-1.0, rank=1)
        found = Hypothesis(text="a", tokens=(token,), log_prob=-1.0, score=-1.0, attention=np.ones((1, 2)))
        history.show_hypotheses([(found, -1.0)], 0)
        history.show_hypotheses([(found, -1.0)], 0)
    assert history.table.rows.rowCount() == 1
    history.deleteLater()
