from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import session as sessions
from app.session import Claim, ModelRef, Scene, Session, SessionError
from app.startup import read_session

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    panels=st.dictionaries(st.text(max_size=8), st.dictionaries(st.text(max_size=8), PLAIN, max_size=4), max_size=4),
    sentence=st.text(max_size=40),
)
def test_what_is_written_is_read(panels, sentence):
    session = Session(panel="notes", panels=panels, scenes=[Scene("notes", sentence, {"a": 1})])
    assert sessions.decode(sessions.msgspec.json.encode(session)) == session


def test_round_trip_through_a_window(make_window, tmp_path):
    path = tmp_path / "session.json"
    first = make_window(session=path)
    first.panel("notes").text = "kept"
    first.show_panel("other")
    first.library_dock.show()
    first.resize(1100, 720)
    first.presenter.add_scene(Scene("notes", "A sentence.", {"panel": {"text": "scene"}}))
    first.close()
    second = make_window(session=path)
    assert second.panel("notes").text == "kept"
    assert second.current().key == "other"
    assert second.library_dock.isVisible()
    assert second.height() == 720  # the width is bound by the offscreen screen
    assert second.presenter.scenes == first.presenter.scenes
    assert {m.name for m in sessions.load(path).models} == {"tiny", "tiny-back"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"version": 2, "panel', "not JSON"),
        (b"[]", "not a Textscape session"),
        (b'{"version": 99}', "newer Textscape"),
        (b'{"version": 2, "panels": 3}', "fields is wrong"),
    ],
)
def test_a_broken_session_is_kept_beside_and_the_start_is_fresh(make_window, tmp_path, content, words):
    path = tmp_path / "session.json"
    path.write_bytes(content)
    window = make_window(session=path)
    said = window.services.notices.history[0]
    assert words in said.text
    aside = list(tmp_path.glob("session.broken-*.json"))
    assert [p.read_bytes() for p in aside] == [content]
    assert aside[0].name in said.text


def test_a_panel_that_cannot_read_its_state_costs_only_that(make_window, tmp_path):
    path = tmp_path / "session.json"
    sessions.save(Session(panel="other", panels={"notes": {"panel": {"no text": 1}}}), path)
    window = make_window(session=path)
    assert window.current().key == "other"
    assert "Notes could not be put back" in window.services.notices.history[0].text


def test_version_1_still_opens():
    old = json.dumps({"version": 1, "active": "notes", "panels": {"notes": {"panel": {"text": "old"}}}})
    session = sessions.decode(old.encode())
    assert session == Session(panel="notes", panels={"notes": {"panel": {"text": "old"}}})


def test_no_session_is_no_error(tmp_path):
    assert read_session(tmp_path / "none.json") == (None, "")


def test_models_are_found_from_the_session_files_folder(tmp_path):
    model, base = tmp_path / "models" / "a.safetensors", tmp_path / "sessions"
    model.parent.mkdir()
    model.write_bytes(b"abc")
    reference = sessions.model_ref("a", model, base)
    assert reference.path == "../models/a.safetensors"
    assert reference.find(base) == model
    assert reference.hash == sessions.fingerprint(model)
    model.write_bytes(b"abd")
    assert reference.hash != sessions.fingerprint(model)
    assert sessions.fingerprint(base / "none") == ""


def test_a_missing_model_is_said_and_the_rest_is_loaded(make_window, tmp_path):
    window = make_window()
    gone = Session(models=[ModelRef("gone", "gone.safetensors")])
    window.files.load_models(gone, tmp_path)
    assert "gone" in window.services.notices.history[-1].text


def test_autosave_writes_only_what_is_new(qapp, tmp_path):
    session = Session(panel="a")
    saver = sessions.Autosave(lambda: session, tmp_path / "s.json")
    assert saver.save_now()
    written = saver.path.stat().st_mtime_ns
    assert saver.save_now()
    assert saver.path.stat().st_mtime_ns == written
    session.panel = "b"
    assert saver.save_now()
    assert sessions.load(saver.path) == session


def test_autosave_in_a_folder_that_is_a_file_says_no(qapp, tmp_path):
    (tmp_path / "file").write_text("")
    assert not sessions.Autosave(Session, tmp_path / "file" / "s.json").save_now()


def test_version_2_knew_models_by_the_name_inside_their_files():
    refs = [
        {"name": "inner", "path": "../models/outer.safetensors"},
        {"name": "same", "path": "C:\\models\\same.safetensors"},
    ]
    state = {"model": "inner", "beside": "same", "text": "inner", "names": {"inner": {"1.1": "inner"}, "same": {}}}
    scenes = [{"panel": "beams", "sentence": "inner", "state": {"setup": {"decoders": [{"model": "inner"}]}}}]
    panels = {"clusters": {"panel": {"choices": state}}, "sampler": {"panel": {"parameters": {"backward": "inner"}}}}
    old = json.dumps({"version": 2, "models": refs, "panels": panels, "scenes": scenes})
    session = sessions.decode(old.encode())
    assert [m.name for m in session.models] == ["outer", "same"]
    found = session.panels["clusters"]["panel"]["choices"]
    assert found == {
        "model": "outer",
        "beside": "same",
        "text": "inner",
        "names": {"outer": {"1.1": "inner"}, "same": {}},
    }
    assert session.panels["sampler"]["panel"]["parameters"]["backward"] == "outer"
    assert session.scenes[0].sentence == "inner"
    assert session.scenes[0].state["setup"]["decoders"][0]["model"] == "outer"


@pytest.mark.parametrize("models", [3, [3], [{"name": 3, "path": []}], [{"path": "x"}]])
def test_an_older_session_with_broken_models_is_refused(models):
    with pytest.raises(SessionError, match="fields is wrong"):
        sessions.decode(json.dumps({"version": 2, "models": models}).encode())


def test_the_newest_version_is_reached_by_migrations():
    assert set(sessions.MIGRATIONS) == set(range(1, sessions.VERSION))
    with pytest.raises(SessionError, match="version 0"):
        sessions.decode(b'{"version": 0}')


def test_two_windows_never_write_one_session_file(qapp, tmp_path):
    wanted = tmp_path / "kept" / "session.json"
    first, second = Claim(wanted), Claim(wanted)
    assert (first.path, first.taken) == (wanted, False)
    assert (second.path, second.taken) == (wanted.with_name("session-2.json"), True)
    third = Claim(wanted)
    assert third.path.name == "session-3.json"
    first.release()
    again = Claim(wanted)
    assert (again.path, again.taken) == (wanted, False)
    for claim in (second, third, again):
        claim.release()
    assert not list(wanted.parent.glob("*.lock"))


def test_a_folder_that_takes_no_lock_is_no_reason_not_to_open(qapp):
    claim = Claim(Path("/proc/no/session.json"))
    assert (claim.path, claim.taken) == (Path("/proc/no/session.json"), False)


def test_a_session_is_put_back_panel_by_panel_and_nothing_is_lost_meanwhile(make_window):
    window = make_window()
    notes, other = (window.panel(key) for key in window.panel_keys())
    window.show_panel(notes.key)
    session = window.files.collect()
    told = {p.key: [] for p in (notes, other)}
    for panel in (notes, other):
        panel.restore = told[panel.key].append
    window.files.apply(session)
    assert [len(told[p.key]) for p in (notes, other)] == [1, 0]  # the one in front at once, the other later
    assert window.files.collect().panels == session.panels
    ready = []
    window.when_ready(lambda: ready.append(dict(window.saved)))
    assert window.services.bridge.wait_for(lambda: ready)
    assert ready == [{}]
    assert [len(told[p.key]) for p in (notes, other)] == [1, 1]
    window.files.apply(session)
    window.show_panel(other.key)  # before its turn
    assert len(told[other.key]) == 2
    assert window.services.bridge.wait_for(lambda: not window._waiting())
    assert len(told[other.key]) == 2
