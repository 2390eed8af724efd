"""Faults that a user at random found in the window, each once more by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from app.panels.beams.history import BeamsHistory
from app.theme import Theme
from app.widgets.playhead import Playhead
from engine.messages import Hypothesis, Token
from tests.app.conftest import theme
from tests.e2e.program import ROOT, environment

__all__ = ["theme"]


def test_an_error_while_painting_is_reported_and_ends_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.painting", str(tmp_path / "session.json")],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "{'IndexError'}" in done.stdout


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
