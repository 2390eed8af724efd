"""The runner's table and JSON, from made-up figures; peers that are not installed."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from tests.benchmarks import __main__ as runner
from tests.benchmarks import decoding, marian
from tests.benchmarks.report import Report, number
from tests.benchmarks.rows import Growth, Row, Target, ratio

FAKE = (
    Row("a proposal", 9.5, "CPU ms", Target("<", 40)),
    Row("a beam", 80.0, "CPU ms", ratio("<=", 0.35), 0.4, "of transformers"),
    Row("without a target", 12_345.0, "points"),
    Growth("Sampler against K", ("K", "proposals a CPU s", "drawn"), [(10, 100.0, "all"), (1000, 1.0, "some")]),
    "a peer is not installed: its rows are left out.",
)


def printed(report: Report) -> str:
    out = io.StringIO()
    report.print(Console(file=out, width=160))
    return out.getvalue()


def test_targets_judge_the_figure_or_its_ratio() -> None:
    assert [row.reached for row in FAKE if isinstance(row, Row)] == [True, False, None]
    assert Row("no ratio was measured", 1.0, "", ratio("<=", 0.5)).reached is False
    assert Row("not a number", math.nan, "", Target("<", 1)).reached is False
    assert [str(t) for t in (Target("<", 33), ratio(">=", 8), Target("<=", 1e-12))] == [
        "< 33",
        "ratio >= 8",
        "<= 1e-12",
    ]


def test_a_power_is_the_slope_between_the_ends() -> None:
    growth = Growth(
        "", ("n", "square", "words", "none"), [(2, 4.0, "a", 0.0), (3, 100.0, "b", 1.0), (8, 64.0, "c", 1.0)]
    )
    assert growth.exponents() == [pytest.approx(2.0), None, None]


def test_the_table_shows_every_row_growth_and_sentence() -> None:
    report = Report(versions={"python": "3.11", "ctranslate2": None})
    report.add("fake", FAKE)
    text = printed(report)
    for row in FAKE:
        assert (row if isinstance(row, str) else row.name) in text
    lines = {line.split("  ")[1].strip(): line for line in text.splitlines() if "CPU ms" in line}
    assert "✓" in lines["a proposal"]
    assert "✗" in lines["a beam"]
    assert "0.4 of transformers" in lines["a beam"]
    assert "1 of 2 targets reached" in text
    assert "-1.00" in next(line for line in text.splitlines() if "power" in line)
    assert "python 3.11" in text
    assert "ctranslate2" not in text
    assert number(12_345.0) in text


def test_json_holds_all_of_it() -> None:
    report = Report()
    report.add("fake", FAKE)
    found = json.loads(json.dumps(report.as_json()))
    assert [row["reached"] for row in found["rows"]] == [True, False, None]
    assert found["rows"][1]["target"] == "ratio <= 0.35"
    assert found["growth"][0]["exponents"] == [pytest.approx(-1.0), None]
    assert found["notes"] == [FAKE[-1]]
    assert {"processor", "cores", "memory_gib", "gpu", "load_before"} <= set(found["machine"])
    assert {"python", "torch", "PySide6-Essentials", "transformers", "ctranslate2", "textscape"} <= set(
        found["versions"]
    )


def test_a_group_that_fails_leaves_the_others_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> list[Row]:
        raise RuntimeError("no sound")

    modules = {"tests.benchmarks.drag": broken, "tests.benchmarks.latent": lambda: FAKE[:1]}
    monkeypatch.setattr(runner.importlib, "import_module", lambda name: SimpleNamespace(rows=modules[name]))
    file = tmp_path / "bench.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "drag", "latent", "--json", str(file)])
    assert runner.main() == 1
    assert "drag could not be measured: no sound" in capsys.readouterr().out
    assert [row["name"] for row in json.loads(file.read_text())["rows"]] == ["a proposal"]


def test_every_group_exists() -> None:
    for name in runner.GROUPS:
        assert (Path(runner.__file__).parent / f"{name}.py").exists()


def test_absent_peers_leave_out_their_rows_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marian, "absent", lambda: list(marian.PEERS))
    monkeypatch.setattr(decoding, "ROUNDS", 1)
    monkeypatch.setattr(decoding, "NEW", 3)
    monkeypatch.setattr(decoding, "VOCABULARY", 200)
    found = list(decoding.rows())
    assert found[0] == "transformers and ctranslate2 not installed: rows that compare with them are left out."
    rows = [row for row in found[1:] if isinstance(row, Row)]
    assert len(rows) == len(found) - 1 == 5
    assert all(row.ratio is None for row in rows)
    assert not any(peer in row.name.lower() for row in rows for peer in marian.PEERS)


def test_the_second_peer_needs_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marian.importlib.util, "find_spec", lambda name: None if name == "transformers" else object())
    assert marian.absent() == list(marian.PEERS)
    monkeypatch.setattr(marian.importlib.util, "find_spec", lambda name: None if name == "ctranslate2" else object())
    assert marian.absent() == ["ctranslate2"]
