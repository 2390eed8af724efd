"""The program as a package installer lays it out: away from the checkout, with everything it shows inside."""

import os
import subprocess
import sys
from pathlib import Path

from engine.assets import ASSETS

ROOT = Path(__file__).parents[1]


def python(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )


def test_an_installed_copy_finds_its_models_icons_and_fonts(tmp_path):
    installed = tmp_path / "site"
    build = ("build", "--build-base", str(tmp_path / "build"), "--build-lib", str(installed))
    python("setup.py", "--quiet", *build, cwd=ROOT)
    assert sorted(p.name for p in installed.iterdir()) == ["app", "engine"]
    laid = {p.relative_to(installed / "engine" / "assets") for p in (installed / "engine" / "assets").rglob("*.*")}
    wanted = {p.relative_to(ASSETS) for p in ASSETS.rglob("*.*") if p.is_file() and "pictures" not in p.parts}
    assert laid == wanted
    found = python("-c", "import engine.assets; print(engine.assets.ASSETS)", cwd=tmp_path, PYTHONPATH=str(installed))
    assert Path(found.stdout.strip()) == installed / "engine" / "assets"
    assert (installed / "app" / "style.qss").is_file()
    assert list((installed / "engine" / "training" / "recipes").glob("*.toml"))
