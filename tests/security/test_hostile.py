"""Opening what a stranger sends: no code runs, nothing else is read, memory stays bounded, text stays text."""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QToolTip, QWidget

from app.bridge import Bridge
from app.library import LibraryView
from app.panels import PANELS
from app.panels.beams.decoders import Decoder
from app.panels.beams.explain import BeamsExplain
from app.panels.beams.verdict import Verdict
from app.panels.latent.attributes_tab import AttributesTab
from app.panels.latent.choices import Attribute
from app.plain import plain
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from engine.checkpoint import save
from engine.library import Library
from engine.messages import Hypothesis, ModelCard
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


def test_no_panel_fetches_what_a_card_names(theme: Theme, picture: str, tmp_path: Path) -> None:
    """Every panel with models whose cards are hostile: all tips, also those of a list's entries, and all labels."""
    card = ModelCard(title=picture, summary=picture, data=picture, licence=picture)
    for name, (model, document, trace) in tiny_models().items():
        strange = msgspec.structs.replace(document, card=card)
        save(tmp_path / f"{name}.safetensors", model, strange, trace=trace)
    engine = Engine("cpu", inline=True, library=Library(torch.device("cpu"), [tmp_path]))
    window = open_window(engine, Settings(), PANELS, theme=theme, session_path=tmp_path / "session.json", fresh=True)
    window.keep_settings = False
    bridge = window.services.bridge
    assert bridge.wait_for(lambda: len(window.panels()) == len(PANELS) and len(bridge.models) == 4 and not bridge.jobs)
    tips = [(widget.parentWidget(), widget.toolTip()) for widget in window.findChildren(QWidget)]
    for combo in window.findChildren(QComboBox):
        tips += [(combo, str(combo.itemData(i, Qt.ItemDataRole.ToolTipRole) or "")) for i in range(combo.count())]
    strange = [(where, tip) for where, tip in tips if "img" in tip]
    assert {p.key for p in window.panels() for where, _ in strange if p.isAncestorOf(where)} == {"beams", "clusters"}
    assert [tip for _, tip in strange if "<img" in tip] == []
    for label in window.findChildren(QLabel):
        label.ensurePolished()
        assert "<img" not in label.text() or label.textFormat() == Qt.TextFormat.PlainText, label.text()
    window.close()
    bridge.close()
    window.deleteLater()


def test_the_words_of_a_model_are_text_beside_the_formulas(theme: Theme, picture: str) -> None:
    explain = BeamsExplain(theme=theme)
    found = Hypothesis(text=picture, tokens=(), log_prob=-1.0, score=-1.0)
    explain.show_verdict(picture, Verdict("open", "", picture), Decoder(0, "tiny"), found, -1.0, picture)
    explain.show_place(picture, picture, (), picture)
    rich = [label for label in explain.findChildren(QLabel) if label.textFormat() == Qt.TextFormat.RichText]
    assert sum("img" in label.text() for label in rich) == 5
    assert not any("<img" in label.text() for label in rich)
    explain.deleteLater()


def test_an_attribute_of_a_session_is_text_in_its_tip(theme: Theme, picture: str) -> None:
    tab = AttributesTab(theme=theme)
    tab.show_attributes((Attribute(picture, (picture,), (picture,)),))
    tips = [tip for w in tab.findChildren(QWidget) if "img" in (tip := w.toolTip())]
    assert len(tips) == 1
    assert "<img" not in tips[0]
    tab.deleteLater()
