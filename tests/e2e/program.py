"""Runs the real program as a process, driven by a list of steps; answers are JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
Steps = list[dict[str, Any]]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An empty home folder, no display, and nothing of the system's own settings for Qt."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "XDG_", "TEXTSCAPE_"))}
    own = {k: str(home / k.lower()) for k in FOLDERS}
    return {**plain, **own, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", **more}


class Answers(list[dict[str, Any]]):
    """What the program said, with the wall-clock seconds from its start to each line."""

    code = 0
    stderr = ""

    def of(self, key: str) -> list[dict[str, Any]]:
        """The answers to one kind of step."""
        return [a for a in self if key in a]

    def texts(self, key: str) -> list[str]:
        """What was read by one kind of step: "read", "changes", "clipboard"."""
        return [a["text"] for a in self.of(key)]


def drive(
    home: Path, steps: Steps, *arguments: str, seconds: float = 100, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> Answers:
    """Start `python -m app` with these steps, wait for its end and return what it said."""
    script = home.parent / f"{home.name}-steps.json"
    script.write_text(json.dumps(steps))
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--script", str(script), *arguments],
        cwd=cwd,
        env=env or environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    answers = Answers()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                answers.append({**json.loads(line), "since_start": time.monotonic() - began})
        _, answers.stderr = process.communicate(timeout=seconds)
    finally:
        process.kill()
        process.wait()
    answers.code = process.returncode
    return answers


def succeeded(answers: Answers) -> Answers:
    """The same answers, if every step came about and nothing was complained of on the way."""
    errors = [a["error"] for a in answers.of("error")]
    assert not errors, errors[0]
    assert answers.code == 0, answers.stderr
    assert answers.of("quit")[0]["errors"] == []
    said = [line for line in answers.stderr.splitlines() if line and not line.startswith("Textscape is starting")]
    assert not said, said
    return answers
