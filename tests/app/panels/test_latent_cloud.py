"""A text file on its way through the encoder: what is listed, lit, lassoed and cancelled meanwhile."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from app.panels.latent import LatentPanel
from engine.messages import Encode, Encoded, Failed
from tests.app.panels.conftest import LATENT_TEXTS, settle

MANY = [f"the dog runs {i}" for i in range(600)]


@pytest.fixture
def mine(tmp_path):
    """A text file that takes three answers to encode."""
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(MANY), "utf-8")
    return path


@pytest.fixture
def both(latent):
    """The panel with a second model beside the first."""
    latent.inputs.changed.emit("beside", "tiny-ae")
    settle(latent)
    return latent


def lit(stage):
    """Where the sentences that are lit stand, or None."""
    group = stage.pad._groups.get("chosen")
    return None if group is None else group.points


def test_until_a_file_is_encoded_what_is_listed_is_what_is_read(latent, mine, hold):
    main, asked = latent.main, hold(latent.bridge, Encode)
    examples, points = list(main.texts), np.array(main.cloud)
    latent.open_file(mine)
    asked.newest.answer(Encoded, 2)
    assert "encoding mine.txt: 512 of 600" in latent.sentences.count.text()
    assert list(main.texts) == examples
    np.testing.assert_array_equal(main.cloud, points)
    latent.stages[0].pad.hovered.emit("sentences", 1)
    assert latent.stages[0].line.text() == latent.sentences._row(1)[1] == examples[1]
    latent.sentences.went.emit(1)
    np.testing.assert_allclose(latent.hand.point, points[1], atol=1e-6)
    asked.newest.answer()
    assert list(main.texts) == MANY
    assert latent.sentences._row(1)[1] == MANY[1]
    latent.sentences.went.emit(1)
    np.testing.assert_allclose(latent.hand.point, main.cloud[1], atol=1e-6)


def test_a_second_file_leaves_the_first_one_on_show_until_it_is_encoded(latent, mine, tmp_path, hold):
    latent.open_file(mine)
    settle(latent)
    asked = hold(latent.bridge, Encode)
    other = tmp_path / "other.txt"
    other.write_text("\n".join(LATENT_TEXTS), "utf-8")
    latent.open_file(other)
    assert list(latent.main.texts) == MANY
    asked.newest.answer()
    assert list(latent.main.texts) == LATENT_TEXTS
    assert len(latent.stages[0].pad._groups["sentences"].points) == len(LATENT_TEXTS)


def test_an_encoding_that_fails_shows_what_there_is_with_the_examples_as_neighbours(latent, mine, hold):
    asked, found = hold(latent.bridge, Encode), []
    latent.open_file(mine)
    asked.newest.answer(Encoded, 1)
    asked.newest.send(Failed(sentence="There is no more memory.", traceback=""))
    assert list(latent.main.texts) == MANY[:256]
    assert len(latent.main.cloud) == 256
    assert latent.sentences.stop.isHidden()
    latent.main.neighbours_found.connect(found.append)
    latent.hand.go(latent.main.cloud[3], final=True)
    settle(latent)
    assert set(found[0].texts) <= set(latent.main.report.texts)
    assert [n.text for n in latent.services.notices.history] == ["There is no more memory."]


@pytest.mark.parametrize("how", ["button", "escape"])
def test_cancel_stops_the_encoding_of_both_models(both, mine, hold, how):
    asked = hold(both.bridge, Encode)
    both.open_file(mine)
    first, second = asked.requests
    first.answer(Encoded, 2)
    second.answer(Encoded, 1)
    if how == "button":
        both.sentences.stop.click()
    else:
        both.stop()
    first.answer()
    second.answer()
    assert (len(both.main.cloud), len(both.beside.cloud)) == (512, 256)


def test_what_is_lit_moves_with_the_plane_and_goes_with_its_sentences(latent, mine, tmp_path):
    mine.write_text("\n".join(LATENT_TEXTS * 3), "utf-8")
    latent.open_file(mine)
    settle(latent)
    stage, cats = latent.stages[0], [3, 4, 9, 10, 15, 16]
    latent.sentences.search.setText("cat")
    latent.inputs.changed.emit("plane", "principal")
    settle(latent)
    np.testing.assert_allclose(lit(stage), stage.coordinates(latent.main.cloud[cats]))
    latent.sentences.search.setText("")
    stage.pad.lassoed.emit("sentences", np.array([1, 4]))
    assert len(lit(stage)) == 2
    other = tmp_path / "other.txt"
    other.write_text("\n".join(LATENT_TEXTS[::-1]), "utf-8")
    latent.open_file(other)
    settle(latent)
    assert lit(stage) is None


def test_a_lasso_on_the_pad_beside_lists_what_it_shows_or_says_that_it_cannot(latent, mine):
    latent.open_file(mine)
    settle(latent)
    latent.inputs.changed.emit("beside", "tiny-ae")
    settle(latent)
    latent.beside.encode_cloud("other.txt", LATENT_TEXTS)
    settle(latent)
    assert list(latent.beside.texts) != MANY
    before = latent.hand.point
    latent.stages[1].pad.lassoed.emit("sentences", np.array([0, 1]))
    assert "beside shows other sentences" in latent.services.notices.history[-1].text
    assert latent.sentences.table.rows.rowCount() == len(MANY)
    latent.stages[1].pad.point_chosen.emit("sentences", 1)
    np.testing.assert_array_equal(latent.hand.point, before)
    latent.open_file(mine)
    settle(latent)
    latent.stages[1].pad.lassoed.emit("sentences", np.array([0, 1]))
    assert [latent.sentences._row(row)[1] for row in range(2)] == MANY[:2]
    assert [len(lit(stage)) for stage in latent.stages] == [2, 2]


def test_a_search_lights_nothing_on_a_pad_of_other_sentences(latent, mine):
    latent.open_file(mine)
    settle(latent)
    latent.inputs.changed.emit("beside", "tiny-ae")
    settle(latent)
    latent.beside.encode_cloud("other.txt", LATENT_TEXTS)
    settle(latent)
    latent.sentences.search.setText("17")
    assert len(lit(latent.stages[0])) == sum("17" in text for text in MANY)
    assert lit(latent.stages[1]) is None


def test_of_a_labelled_file_the_sentences_are_encoded(latent, tmp_path):
    path = tmp_path / "mine.csv"
    rows = "".join(f'{"ab"[i % 2]},"{text}"\n' for i, text in enumerate(MANY))
    path.write_text(f"label,text\n{rows}", "utf-8-sig")
    assert latent.open_file(path)
    settle(latent)
    assert list(latent.main.texts) == MANY
    columns = latent.sentences.columns
    assert not columns.isHidden()
    assert [columns.text.itemText(i) for i in range(columns.text.count())] == ["label", "text"]
    assert columns.text.currentText() == "text"
    said = "mine.csv: sentences from text, labels from label (2 different); the first line names the columns."
    assert latent.services.notices.history[-1].text == said
    columns.text.setCurrentIndex(0)
    columns.text.activated.emit(0)
    settle(latent)
    assert set(latent.main.texts) == {"a", "b"}
    assert columns.text.currentText() == "label"


def test_a_file_that_is_no_text_is_refused_and_says_what_to_do(latent, tmp_path):
    path, before = tmp_path / "mine.txt", list(latent.main.texts)
    path.write_bytes("Das Wetter ist sch\xf6n.".encode("latin-1"))
    assert latent.open_file(path)
    assert "line 1 holds the byte F6" in latent.services.notices.history[-1].text
    assert list(latent.main.texts) == before


def test_escape_lets_go_of_a_lasso_before_it_stops_anything(latent):
    latent.cloud.lasso()
    assert latent.stages[0].pad.lassoing
    latent.stop()
    assert not latent.stages[0].pad.lassoing
    every = latent.sentences.table.rows.rowCount()
    latent.stages[0].pad.lassoed.emit("sentences", np.array([0, 2]))
    assert latent.sentences.table.rows.rowCount() == 2
    latent.stop()
    assert latent.sentences.table.rows.rowCount() == every


def test_a_file_is_encoded_with_a_model_that_comes_later_and_after_a_restart(latent, mine, latent_services, qtbot):
    assert latent.open_file(mine)
    settle(latent)
    texts = list(latent.main.texts)
    latent.store.choose("beside", "tiny-ae")
    settle(latent)
    assert list(latent.beside.texts) == texts
    state = msgspec.json.decode(msgspec.json.encode(latent.state()))
    again = LatentPanel(latent_services)
    qtbot.addWidget(again)
    again.restore(state)
    settle(again)
    assert list(again.main.texts) == list(again.beside.texts) == texts
    assert again.main.cloud_name == mine.name


def test_a_large_file_is_read_beside_the_window(latent, mine, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr("app.texts.SOON", 10)
    asked = len(latent.main.texts)
    assert latent.open_file(mine)
    assert latent.sentences.reading
    assert latent.sentences.count.text() == "reading mine.txt"
    assert len(latent.main.texts) == asked
    qtbot.waitUntil(lambda: not latent.sentences.reading)
    settle(latent)
    assert list(latent.main.texts) == MANY
    gone = tmp_path / "broken.txt"
    gone.write_bytes(b"\xff" * 100)
    latent.open_file(gone)
    qtbot.waitUntil(lambda: not latent.sentences.reading)
    assert "broken.txt is not UTF-8 text" in latent.services.notices.history[-1].text
    assert latent.sentences.count.text() == "600 sentences, mine.txt"


def test_reading_a_large_file_can_be_cancelled(latent, mine, monkeypatch, qtbot):
    monkeypatch.setattr("app.texts.SOON", 10)
    before = list(latent.main.texts)
    latent.open_file(mine)
    latent.sentences.stop.click()
    assert not latent.sentences.reading
    qtbot.wait(50)
    settle(latent)
    assert list(latent.main.texts) == before
