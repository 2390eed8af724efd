"""Writers killed at random moments, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.program import ROOT, environment


def test_nothing_saved_is_lost_and_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killing", str(tmp_path / "kill"), "3", "5"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 lost") == 4
