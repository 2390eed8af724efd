"""Printing what others wrote: nothing in it is taken for markup or sent to the terminal, and nothing is cut."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from engine.commands import output
from engine.commands.output import harmless, print_table, say

FOREIGN = ["[/b] juice", "The [red] car is here", ":smile: [link=x]y[/link]", "a\\[b]", "[bold]"]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a narrow terminal is sent."""
    stream = io.StringIO()
    terminal = Console(
        file=stream, force_terminal=True, width=40, markup=False, emoji=False, highlight=False, color_system=None
    )
    monkeypatch.setattr(output, "console", terminal)
    return stream


@pytest.mark.parametrize("text", FOREIGN)
def test_brackets_stay_what_they_are(printed: io.StringIO, text: str) -> None:
    say(text)
    print_table(text, (text,), [(text,)])
    assert printed.getvalue().count(text) == 4


@settings(max_examples=60)
@given(text=st.text(max_size=12))
def test_no_control_sequence_is_left(text: str) -> None:
    for hostile in (text, f"\x1b[31m{text}\x9b2J\x07\u202e\x00\udcff"):
        shown = harmless(hostile)
        assert not set(shown) & {chr(c) for c in (*range(32), *range(127, 160))}
        assert not set(shown) & output.BIDI
        shown.encode()
    assert harmless("हिन्दी 👩\u200d👩\u200d👧 שלום") == "हिन्दी 👩\u200d👩\u200d👧 שלום"


def test_a_narrow_terminal_folds_and_a_pipe_is_wide(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ("a name that is rather long", "words " * 30)
    print_table("Title", ("name", "text"), [row])
    shown = printed.getvalue()
    assert max(map(len, shown.splitlines())) <= 40
    assert shown.count("words") == 30
    monkeypatch.setattr(output, "console", Console(markup=False))
    print_table("Title", ("name", "text"), [row])
    assert " ".join(row).strip() in " ".join(capsys.readouterr().out.splitlines()[2].split())


def command(*words: str, prefix: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    line = f'{prefix} exec "$0" -m engine "$@"'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *map(os.fsencode, words)],
        capture_output=True,
        check=False,
        env=os.environ | environment,
    )


def test_json_is_utf8_whatever_the_console_is(library_folder: Path) -> None:
    del library_folder
    told = ("encode", "--model", "everyday-vae", "--text", "Ein schönes Haus 日本")
    done = command(*told, PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode("utf-8"))["text"] == "Ein schönes Haus 日本"


def test_closed_output_is_quiet() -> None:
    done = command("models", "--json", prefix="exec >&-;")
    assert (done.returncode, done.stderr) == (0, b"")


def test_bytes_that_are_no_text_are_one_sentence() -> None:
    for words, title in (
        (("beam", "--model", "german-english-transformer", "--text", "Ich \udcff habe"), "Text"),
        (("mh", "--model", "everyday-forward", "--keywords", "\udcff"), "Keywords"),
    ):
        done = command(*words)
        assert done.returncode == 2
        assert done.stderr.decode() == f"textscape: {title} holds bytes that are no UTF-8 text.\n"


def test_models_say_names_and_paths_whole_in_a_pipe_also_to_a_console_that_lacks_letters() -> None:
    done = command("models", COLUMNS="80", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"german-english-transformer.safetensors\n" in done.stdout
