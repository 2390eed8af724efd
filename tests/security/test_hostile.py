"""Opening what a stranger sends: no code runs, nothing else is read, memory stays bounded, text stays text."""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from PySide6.QtCore import QPoint
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget

from app.bridge import Bridge
from app.library import LibraryView
from app.plain import plain
from app.settings import Settings
from app.theme import Theme
from engine.checkpoint import save
from engine.library import Library
from engine.messages import ModelCard
from engine.worker import Engine
from tests.app.conftest import OFFSCREEN
from tests.e2e.program import ROOT, environment
from tests.faults.mutations import tiny_models

pytestmark = pytest.mark.qt_log_ignore(OFFSCREEN)


def test_no_hostile_file_does_anything_but_be_refused(tmp_path: Path) -> None:
    """In a process of its own, under an audit hook and a limit on its memory."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.security.hostile", str(tmp_path / "hostile")],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "CAUGHT" in line) + done.stderr
    lines = done.stdout.splitlines()
    assert "0 caught" in lines[-1]
    opened = sorted(line.split(":")[0] for line in lines if line.endswith(": opened"))
    assert opened == ["partner.safetensors", "session-class.json", "session-models.json"], "they name things, no more"
    assert len(lines) > 60


def test_the_audit_catches_what_it_is_for(tmp_path: Path) -> None:
    code = (
        "import sys, pickle, os; from pathlib import Path; from tests.security.hostile import Audit, Trap\n"
        "place = Path(sys.argv[1]); audit = Audit()\n"
        "with audit.on(place / 'x'): pickle.loads(pickle.dumps(Trap(place / 'canary')))\n"
        "with audit.on(place / 'x'): open('/etc/hostname').close()\n"
        "print(*audit.caught, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "os.mkdir" in done.stdout
    assert "pickle.find_class" in done.stdout
    assert "open '/etc/hostname'" in done.stdout
    assert (tmp_path / "canary").is_dir()


# --- text that looks like HTML ----------------------------------------------------------------------------------------


@pytest.fixture
def picture(qapp: QApplication, tmp_path: Path) -> str:
    """A tag that fetches a large picture from the disk."""
    path = tmp_path / "picture.png"
    pixels = QPixmap(700, 700)
    pixels.fill(0)
    assert pixels.save(str(path))
    return f'<img src="{path}">'


def test_a_label_shows_tags_as_text_unless_it_asks_for_rich_text(theme: Theme, picture: str) -> None:
    label, rich = QLabel(picture), QLabel()
    rich.setTextFormat(rich.textFormat().RichText)
    rich.setText(picture)
    for each in (label, rich):
        each.ensurePolished()
    assert label.sizeHint().height() < 100
    assert rich.sizeHint().height() >= 700, "the picture is a trap that works"


def test_a_tooltip_shows_tags_as_text(theme: Theme, picture: str) -> None:
    near = QWidget()
    near.show()
    heights = []
    for text in (plain(picture), picture):
        QToolTip.showText(QPoint(5, 5), text, near)
        heights += [w.height() for w in QApplication.topLevelWidgets() if w.inherits("QTipLabel") and w.isVisible()]
        QToolTip.hideText()
        QApplication.processEvents()
    near.deleteLater()
    assert heights[0] < 100
    assert max(heights) >= 700, "the picture is a trap that works"
    assert plain("a < b & c") == "a <\u2060 b & c"


def test_the_library_fetches_nothing_that_a_card_names(theme: Theme, picture: str, tmp_path: Path) -> None:
    model, document, _ = tiny_models()["lm"]
    card = ModelCard(title=picture, summary=picture, data=picture, licence=picture)
    save(tmp_path / "hostile.safetensors", model, msgspec.structs.replace(document, card=card))
    (tmp_path / "broken.safetensors").write_text(html.escape(picture))
    bridge = Bridge(Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tmp_path])))
    bridge.refresh_models()
    assert bridge.wait_for(lambda: bool(bridge.models))
    view = LibraryView(bridge, Settings(), theme=theme)
    view.resize(300, 600)
    view.show()
    labels = [label for label in view.findChildren(QLabel) if "img" in label.text()]
    assert labels
    for label in labels:
        label.ensurePolished()
        assert label.minimumSizeHint().height() < 200
    tips = [w.toolTip() for w in view.findChildren(QWidget) if "img" in w.toolTip()]
    assert tips
    assert not any("<img" in tip for tip in tips)
    view.deleteLater()
    bridge.close()
    bridge.deleteLater()
