"""The first start in an empty home folder, the second one, and a home folder that takes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.program import FOLDERS, ROOT, Steps, drive, environment, succeeded

pytestmark = pytest.mark.timeout(300)
PLACES = (".config/textscape", ".local/share/textscape", ".local/state/textscape/log")  # of the XDG specification
EMPTY = {
    "Sampler": ["Watch Metropolis-Hastings write a sentence", "Or type your own at the left and press Run."],
    "Beams": ["One sentence, six decoders", "Or type a sentence on the left and press Compare."],
    "Latent space": ["Every point of a latent space is a sentence. Drag, and read it change."],
    "Clusters": ["See clusters form, or collapse", "Or drop a text file on the window"],
    "Exact toy": ["Check the sampler against the exact law"],
}


def bare(home: Path, scratch: Path) -> dict[str, str]:
    """HOME alone, as after the first login; what is temporary goes to `scratch`."""
    env = {k: v for k, v in environment(home).items() if k not in FOLDERS}
    return {**env, "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def folder(place: Path) -> Path:
    place.mkdir()
    return place


def files(place: Path) -> set[str]:
    return {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()}


def test_the_first_start_and_the_second(tmp_path: Path) -> None:
    home, scratch, here = (folder(tmp_path / name) for name in ("home", "scratch", "here"))
    looks: Steps = [step for tab, texts in EMPTY.items() for step in ({"click": tab}, {"reads": texts})]
    first: Steps = [
        {"models": 60},
        *looks,
        {"click": "Sampler"},
        {"click": "Words or sentence"},
        {"type": "juice natural brand"},
        {"click": "Run"},
        {"reads": "1 | ", "in": "Proposals"},
        {"click": "Stop"},
        {"click": "Light or dark"},
        {"quit": 0},
    ]
    answers = succeeded(drive(home, first, env=bare(home, scratch), cwd=here))
    assert {"everyday-forward", "everyday-backward"} <= set(answers.of("models")[0]["loaded"])
    wrote = files(home)
    assert {".config/textscape/settings.json", ".local/share/textscape/session.json"} <= wrote
    assert not [name for name in wrote if not name.startswith(PLACES)], "nothing outside the platform's places"
    assert files(here) == set()
    assert files(scratch) == set(), "nothing temporary is left"
    chosen = json.loads((home / ".config/textscape/settings.json").read_bytes())
    assert chosen["theme"] == "dark"
    second: Steps = [{"reads": "juice natural brand", "in": "Words or sentence"}, {"models": 60}, {"quit": 0}]
    succeeded(drive(home, second, env=bare(home, scratch), cwd=here))
    assert json.loads((home / ".config/textscape/settings.json").read_bytes()) == chosen
    assert files(home) == wrote


def test_a_home_folder_that_takes_nothing(tmp_path: Path) -> None:
    """Read-only, and with files where the folders would be, which also stops a process that may write everywhere."""
    home, scratch = folder(tmp_path / "home"), folder(tmp_path / "scratch")
    for name in (".config", ".local", ".cache"):
        (home / name).write_text("in the way")
    home.chmod(0o500)
    before = files(home)
    steps: Steps = [
        {"models": 60},
        {"click": "Sampler"},
        {"click": "juice, natural, brand: run it"},
        {"reads": "2 | ", "in": "Proposals"},
        {"click": "Light or dark"},
        {"press": "Ctrl+S"},
        {"reads": "The session could not be written to"},
        {"quit": 0},
    ]
    try:
        answers = drive(home, steps, env=bare(home, scratch))
    finally:
        home.chmod(0o700)
    assert answers.code == 0, answers
    assert "Traceback" not in answers.stderr
    assert files(home) == before
