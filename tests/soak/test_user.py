"""The soak in short: the same program as `make soak`, a few hundred actions."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.e2e.program import ROOT, environment
from tests.soak import stalls as stalls_module
from tests.soak.stalls import Stalls
from tests.soak.watch import Slope, floors, slope


def soak(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.soak", "--files", "0", "--kills", "0", *arguments],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def test_a_user_at_full_engine_load_finds_no_fault(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    done = soak(tmp_path, "--actions", "240", "--seed", "11", "--journal", str(journal))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "0 faults" in done.stdout
    kinds = {json.loads(line)[1]["kind"] for line in journal.read_text().splitlines()}
    assert {"click", "type", "key", "drag", "wheel", "command", "panel", "open", "play"} <= kinds


def test_what_the_watch_is_for_is_caught_and_a_journal_is_done_again(tmp_path: Path) -> None:
    """A command that is not there raises in the user's hand."""
    journal = tmp_path / "journal.jsonl"
    actions = [{"kind": "panel", "value": "toy"}, {"kind": "command", "value": "no.such"}]
    journal.write_text("".join(json.dumps([i, a]) + "\n" for i, a in enumerate(actions)))
    done = soak(tmp_path, "--replay", str(journal))
    assert done.returncode == 1
    assert "1 faults" in done.stdout
    assert "KeyError: 'no.such'" in done.stdout


def test_the_slope_is_least_squares_and_knows_how_sure_it_is() -> None:
    rng = random.Random(1)
    points = [(n, 7.0 + 0.25 * n + rng.gauss(0, 3.0)) for n in range(200)]
    fitted = np.polynomial.Polynomial.fit(*np.array(points).T, 1).convert().coef[1]
    assert slope(points).value == pytest.approx(fitted)
    assert slope(points).error == pytest.approx(3.0 / (200**3 / 12) ** 0.5, rel=0.2)  # sigma / sqrt(sum (x - mean)^2)
    assert slope([]) == slope([(3, 4.0), (4, 5.0)]) == Slope()


def test_a_stall_is_told_with_what_was_done_and_how_much_was_own_work(monkeypatch: pytest.MonkeyPatch) -> None:
    stalls, clock, own = Stalls(), iter([0.0, 0.9, 1.0, 1.35, 2.0, 2.1]), iter([0.0, 0.5, 0.5, 0.51, 0.6, 0.7])
    monkeypatch.setattr(stalls_module, "time", SimpleNamespace(perf_counter=clock.__next__, thread_time=own.__next__))
    stalls.screen = lambda: "toy"
    with stalls.busy("a click"), stalls.busy("an event inside it"):
        pass
    for doing in ("a key", "a short key"):
        with stalls.busy(doing):
            pass
    lines = list(stalls.lines())
    assert lines[0] == "window held for more than 300 ms: 2 x by the clock, 1 x by its own work"
    assert [line.strip() for line in lines[2:4]] == [
        "900 ms, own work 500: a click | toy |",
        "350 ms, own work 10: a key | toy |",
    ]


def test_a_floor_forgets_what_only_the_moment_needs() -> None:
    assert floors([(100, 5.0), (900, 3.0), (1000, 8.0), (1100, 9.0), (2000, 4.0)]) == [(900, 3.0), (2000, 4.0)]
