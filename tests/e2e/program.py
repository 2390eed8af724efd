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


def environment(home: Path) -> dict[str, str]:
    """An empty home folder and no display."""
    own = {k: str(home / k.lower()) for k in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    return {**os.environ, **own, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}


class Answers(list[dict[str, Any]]):
    """What the program said, with the wall-clock seconds from its start to each line."""

    code = 0
    stderr = ""

    def of(self, key: str) -> list[dict[str, Any]]:
        """The answers to one kind of step."""
        return [a for a in self if key in a]


def drive(home: Path, steps: list[dict[str, Any]], *arguments: str, seconds: float = 100) -> Answers:
    """Start `python -m app` with these steps, wait for its end and return what it said."""
    script = home / "steps.json"
    script.write_text(json.dumps(steps))
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--script", str(script), *arguments],
        cwd=ROOT,
        env=environment(home),
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
