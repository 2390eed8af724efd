from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QSize
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLabel

from app.dialogs import Dialogs
from app.pictures import Drawing, of_widget, picture_bytes
from app.settings import Settings
from app.theme import Theme
from app.widgets.cluster_map import ClusterMap
from tests.app.conftest import NotesPanel, flush


@pytest.fixture
def label(qtbot):
    label = QLabel("a sentence")
    qtbot.addWidget(label)
    label.resize(200, 50)
    return label


def test_png_has_the_width_asked_for(label):
    image = QImage.fromData(QByteArray(picture_bytes(of_widget(label), ".png", 600)), "PNG")
    assert (image.width(), image.height()) == (600, 150)


def test_svg_is_lines_and_letters(label):
    data = picture_bytes(of_widget(label), ".svg", 400)
    renderer = QSvgRenderer(QByteArray(data))
    assert renderer.isValid()
    assert renderer.viewBox().size() == QSize(400, 100)
    assert b"a sentence" in data
    assert b"<image" not in data


def test_pdf_is_one_page_of_that_size(label):
    data = picture_bytes(of_widget(label), ".pdf", 300)
    assert data.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", data)
    assert (round(float(box[1])), round(float(box[2]))) == (300, 75)


def test_another_ending_is_refused(label):
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
        picture_bytes(of_widget(label), ".bmp", 300)


@pytest.fixture
def panel(qtbot, services):
    panel = NotesPanel(services)
    qtbot.addWidget(panel)
    panel.said = []
    services.notices.said.connect(lambda notice: panel.said.append(notice.text))
    return panel


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_panels_picture_is_of_the_kind_that_its_name_says(panel, tmp_path, monkeypatch, name, start):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (str(tmp_path / name), "")))
    monkeypatch.setattr(QInputDialog, "getInt", staticmethod(lambda *_: (500, True)))
    assert panel.export_image("notes.png") == tmp_path / name
    assert (tmp_path / name).read_bytes().startswith(start)


def test_data_is_not_written_under_an_ending_of_another_kind(panel, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (str(tmp_path / "eight.svg"), "")))
    assert panel.export("eight.csv", b"1,2", "Comma-separated values (*.csv)") is None
    assert not list(tmp_path.iterdir())
    assert panel.said == ["eight.svg was not written: this is exported as Comma-separated values (*.csv)."]


def test_a_dialog_opens_where_the_last_one_was_left(label, tmp_path, monkeypatch):
    asked = []

    def answer(_parent, _title, start, _kinds):
        asked.append(start)
        return str(tmp_path / "there" / "out"), "JSON (*.json)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(answer))
    dialogs = Dialogs(settings := Settings())
    assert dialogs.save_file(label, "Save", "out.json", "JSON (*.json)") == tmp_path / "there" / "out.json"
    dialogs.save_file(label, "Save", "out.json", "JSON (*.json)")
    assert asked == ["out.json", str(tmp_path / "there" / "out.json")]
    assert settings.folder == str(tmp_path / "there")


def test_the_figure_of_trainings_is_lines_and_letters(qapp):
    """Only the points are an image: axes, ellipses and titles stay sharp at any size."""
    theme = Theme()
    canvas = ClusterMap(theme=theme)
    canvas.set_points(np.zeros((3, 2)), np.zeros(3, dtype=int), np.ones(3), ())
    canvas.set_components(np.array([[0.0, 0.0], [1.0, 1.0]]), np.stack([np.eye(2)] * 2), np.array([0.5, 0.5]))
    drawing = Drawing("a map", QSize(300, 240), lambda p: canvas.paint_picture(p, QSize(300, 240), ratio=2.0))
    data = picture_bytes(drawing, ".svg", 600)
    assert data.count(b"<image") == 1
    assert data.count(b"<path") + data.count(b"<polyline") > 4
    canvas.deleteLater()
    theme.deleteLater()
    flush()
