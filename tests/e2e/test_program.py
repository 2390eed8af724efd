"""The real process: its session, its command line, and its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.program import ROOT, drive, environment

pytestmark = pytest.mark.timeout(240)


def test_a_session_comes_back_and_a_broken_one_does_no_harm(tmp_path: Path) -> None:
    session = tmp_path / "session.json"
    keep = ["--session", str(session)]
    first = drive(tmp_path, [{"models": 60}, {"panel": "toy"}, {"state": "sampler"}, {"quit": 0}], *keep)
    assert first.code == 0, first.stderr
    values = first.of("state")[0]["values"]
    assert json.loads(session.read_bytes())
    second = drive(tmp_path, [{"models": 60}, {"state": "sampler"}, {"quit": 0}], *keep)
    assert second.of("state")[0]["values"] == values
    session.write_bytes(b'{"half a sess')
    third = drive(tmp_path, [{"models": 60}, {"state": "sampler"}, {"quit": 0}], *keep)
    assert third.code == 0, third.stderr


def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    env = {k: v for k, v in environment(tmp_path).items() if k not in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "app"], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "no display" in done.stderr
    assert "--shots" in done.stderr


def test_a_wrong_device_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--device", "abacus", "--fresh"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "there is no device 'abacus'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_window_can_be_closed_while_the_engine_works(tmp_path: Path) -> None:
    answers = drive(tmp_path, [{"models": 60}, {"demo": "sampler"}, {"wait": 0.3}, {"quit": 0}], "--fresh")
    assert answers.code == 0, answers.stderr
    assert "QThread" not in answers.stderr
    assert "Traceback" not in answers.stderr
