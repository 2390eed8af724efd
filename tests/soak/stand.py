"""A window as a person has it, in a home folder of its own, with nobody to answer its file dialogs but a script."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import torch
from PySide6.QtCore import QLocale, QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from app.bridge import Bridge
from app.panels import PANELS
from app.settings import Settings
from app.startup import open_window
from app.theme import Theme
from app.window import Window
from engine.assets import CHECKPOINTS
from engine.library import Library
from engine.worker import Engine
from tests.faults.mutations import Mutator, seeds

LOCALES = ("en_US", "de_DE", "fr_FR", "ar_EG")  # of the person, by the seed: other commas, points and digits
WEB = ("http", "https", "file", "mailto")


class NoBrowser(QObject):
    """Takes the links a user follows."""

    @Slot(QUrl)
    def take(self, _url: QUrl) -> None:
        """Nothing leaves the window."""


class Dialogs:
    """Answers the dialogs that wait for an answer: a file that is there, is broken, is new, or none at all."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._folder = folder
        self.files = sorted(p for p in folder.iterdir() if not p.is_dir())

    def open_name(self, *_: object, **__: object) -> tuple[str, str]:
        """Of files to open."""
        return self._random.choice(["", str(self._folder / "gone.txt"), *map(str, self.files)]), ""

    def save_name(self, *_: object, **__: object) -> tuple[str, str]:
        """Of a file to write: a good place, a folder that is not there, a folder's own name."""
        places = ["", str(self._folder / "out" / "saved"), str(self._folder), "/proc/no/such/place"]
        return self._random.choice(places), ""

    def folder(self, *_: object, **__: object) -> str:
        """Of a folder with text."""
        return self._random.choice(["", str(self._folder), str(self._folder / "gone")])

    def text(self, *_: object, **__: object) -> tuple[str, bool]:
        """Of a sentence or a path."""
        return self._random.choice([("", False), ("a scene", True), (str(self.files[0]), True), ("\u202e\0😀", True)])

    def number(self, *given: object, **__: object) -> tuple[int, bool]:
        """Of a width: the least, the most, some other, or none."""
        return self._random.choice([(100, True), (10_000, True), (640, True), (0, False)])

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While this lasts no dialog waits."""
        answers = (
            (QFileDialog, "getOpenFileName", self.open_name),
            (QFileDialog, "getSaveFileName", self.save_name),
            (QFileDialog, "getExistingDirectory", self.folder),
            (QInputDialog, "getText", self.text),
            (QInputDialog, "getInt", self.number),
        )
        browser = NoBrowser()
        with ExitStack() as stack:
            for kind, name, answer in answers:
                stack.enter_context(patch.object(kind, name, staticmethod(answer)))
            for scheme in WEB:
                QDesktopServices.setUrlHandler(scheme, browser, "take")
            yield
            for scheme in WEB:
                QDesktopServices.unsetUrlHandler(scheme)


LINE = "Ich habe heute keine Zeit ."
ODD = {  # what else people open: other encodings, columns, separators, sizes and names
    "mark.txt": b"\xef\xbb\xbf" + LINE.encode(),
    "utf-16.txt": LINE.encode("utf-16"),
    "latin-1.txt": "Das Wetter ist sch\u00f6n .".encode("latin-1"),
    "binary.txt": bytes(range(256)) * 8,
    "lines.txt": "one\u0085two\u2028three\u000cfour\rfive\r\nsix".encode(),
    "decomposed.txt": "scho\u0308n \u1112\u1161\u11ab caf\u0065\u0301".encode(),
    "joined.txt": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea cof\u00adfee cof\u200bfee".encode(),
    "labels.tsv": b"text\tlabel\na dog runs\tanimal\na bus stops\ttraffic\n",
    "labels-first.tsv": b"label\ttext\nanimal\ta dog runs\ntraffic\ta bus stops\n",
    "quotes.csv": b'text,label\n"a dog, which runs",animal\n"he said ""no""",talk\n',
    "ragged.tsv": b"one\ttwo\nthree\n\tfour\tfive\n",
    "empty.txt": b"",
    "blank.txt": b"\n \n\t\n",
    "one-line.txt": b"a word " * 3000,
    "one-word.txt": b"a" * 200_000,
    "many-lines.txt": b"the dog and the cat sleep .\n" * 20_000,
    "UPPER.TXT": LINE.encode(),
    "m\u00f6d\u00e9l %20 #1.txt": LINE.encode(),
    "two\nlines.txt": LINE.encode(),
    "[red]bold[-].txt": b"[red]dog[/b] \x1b[31mred\x1b[0m <b>bold</b>",
}


def some_files(folder: Path, seed: int, count: int = 40) -> None:
    """Files a user may open: good ones, and as many that are broken or odd in all kinds of ways."""
    folder.mkdir(parents=True, exist_ok=True)
    good = seeds(folder / "good")
    for kind, path in good.items():
        shutil.copy(path, folder / f"good-{kind}{path.suffix}")
    mutator = Mutator(random.Random(seed), good)
    for i in range(count):
        mutator.write(folder, f"broken-{i}")
    for name, data in ODD.items():
        (folder / name).write_bytes(data)
    (folder / "nowhere.txt").symlink_to(folder / "gone.txt")
    (folder / "round.txt").symlink_to(folder / "round.txt")
    os.mkfifo(folder / "pipe.txt")


@contextmanager
def opened(home: Path, seed: int) -> Iterator[tuple[Window, Dialogs]]:
    """A window on the bundled models with every panel built and nothing running; closed for good at the end."""
    files = home / "files"
    some_files(files, seed)
    extra = home / "models"
    extra.mkdir()
    for name in ("lm", "lm-back", "mixture"):
        shutil.copy(files / f"good-{name}.safetensors", extra / f"tiny-{name}.safetensors")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    QLocale.setDefault(QLocale(LOCALES[(seed - 1) % len(LOCALES)]))
    theme = Theme()
    engine = Engine("cpu", library=Library(torch.device("cpu"), [CHECKPOINTS, extra]))
    settings = Settings(theme="light")
    dialogs = Dialogs(files, seed)
    with dialogs.answering():
        window = open_window(engine, settings, PANELS, theme=theme, session_path=home / "session.json")
        window.keep_settings = False
        stay(window)
        bridge: Bridge = window.services.bridge
        if not bridge.wait_for(lambda: len(window.panels()) == len(PANELS) and bridge.models and not bridge.jobs, 60):
            raise RuntimeError("the window did not come to rest")
        try:
            yield window, dialogs
        finally:
            window.close()
            if not bridge.close():
                raise RuntimeError("the engine did not stop")
            theme.deleteLater()
            window.deleteLater()
            app.sendPostedEvents()
            app.processEvents()


def stay(window: Window) -> None:
    """Let every way to quit lead nowhere."""
    commands = window.services.commands
    commands._commands["file.quit"] = dataclasses.replace(commands._commands["file.quit"], run=lambda: None)
