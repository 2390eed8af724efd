"""Which sentences are on the maps: a file of one's own, the model's held-out sample, or the example errands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.panels.clusters.choices import LIVE, mixture_models
from app.panels.clusters.explorer import Explorer
from app.texts import Text, TextReader, read_text
from app.widgets.column_chooser import NONE
from engine.assets import EXAMPLES
from engine.reading import is_text, patterns

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel

MOST = 200_000  # sentences that are encoded
FALLBACK = EXAMPLES / "errands" / "test.tsv"
MOST_GHOSTS = 500  # sentences without labels that stand over the others; more take their place


class Material(QObject):
    """Reads the chosen file once and gives every model on show its sentences."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._read = Text()
        self._wanted: tuple[int, int] | None = None  # columns it was read with
        self._reader = TextReader(MOST, self)
        self._reader.began.connect(self._on_reading)

    # --- a file ------------------------------------------------------------------------------------------------------

    @Slot()
    def ask(self) -> None:
        """Choose a file."""
        kinds = f"A sentence a line, or columns ({patterns()})"
        if path := self._panel.services.dialogs.open_file(self._panel, "Sentences to encode", kinds):
            self.open(path)

    def open(self, path: Path) -> bool:
        """Show a file's sentences; False when it is nothing for this panel."""
        panel = self._panel
        models = mixture_models(panel.bridge)
        if not is_text(path) or not path.is_file() or not models:
            return False
        wanted = panel.store.choices.columns.get(str(path))
        self._reader.read(path, wanted, partial(self._on_opened, str(path), wanted))
        return True

    def _on_opened(self, path: str, wanted: tuple[int, int] | None, found: Text | ValueError) -> None:
        """A file that was asked for by hand: it becomes the choice, unless it cannot be read."""
        self._say(found)
        if isinstance(found, ValueError):
            self._panel.inputs.show_source(self.said())
            return
        self._read, self._wanted = found, wanted
        choices = self._panel.store.choices
        if choices.model in ("", LIVE):
            self._panel.store.choose("model", mixture_models(self._panel.bridge)[0].name)
        if choices.file == path:
            self.encode()
        else:
            self._panel.store.choose("file", path)

    def _on_read(self, path: str, wanted: tuple[int, int] | None, found: Text | ValueError) -> None:
        """A file that is the choice already: one that cannot be read any more is said once."""
        self._say(found)
        self._read, self._wanted = Text(path) if isinstance(found, ValueError) else found, wanted
        self.encode()

    def _say(self, found: Text | ValueError) -> None:
        if isinstance(found, ValueError):
            self._panel.services.notices.error(f"{found}.")
        elif found.said:
            self._panel.services.notices.info(found.said)

    def _on_reading(self, name: str) -> None:
        self._panel.inputs.show_source(f"reading {name}…")

    @Slot(int, int)
    def choose_columns(self, text: int, label: int) -> None:
        """Other columns of the file."""
        choices = self._panel.store.choices
        self._panel.choose("columns", {**choices.columns, choices.file: (text, label)})

    # --- what is shown -----------------------------------------------------------------------------------------------

    def encode(self) -> None:
        """Encode for each model on show what it has to show."""
        choices = self._panel.store.choices
        path, wanted = choices.file, choices.columns.get(choices.file)
        if path and (self._read.path, self._wanted) != (path, wanted):
            self._reader.read(Path(path), wanted, partial(self._on_read, path, wanted))
            return
        for explorer in (self._panel.main, self._panel.beside):
            if explorer.report is not None:
                self._encode_for(explorer, path)
        self._panel.inputs.show_source(self.said())
        columns = self._read.columns
        label = NONE if columns.label is None else columns.label
        self._panel.inputs.columns.show_columns(self._read.titles if path else (), columns.text, label)

    def _encode_for(self, explorer: Explorer, path: str) -> None:
        texts, labels = self._read.texts, self._read.labels
        film = explorer.film
        own = bool(path) and (bool(labels) or len(texts) > MOST_GHOSTS)
        if own:
            explorer.encode(path, texts, labels)
        elif film is not None:
            if explorer.sample.texts != list(film.texts):
                explorer.encode("held-out sample", film.texts, film.labels)
        else:
            examples = read_text(FALLBACK, MOST)
            explorer.encode("example errands", examples.texts, examples.labels)
        explorer.encode(path, texts if path and not own else (), (), ghosts=True)

    def said(self) -> str:
        """Where the points come from, in words."""
        explorer, path = self._panel.main, self._panel.store.choices.file
        if explorer.model == LIVE:
            return "held-out sentences of the text it trains on, the same ones in every frame"
        count, unknown = len(explorer.sample), explorer.sample.unknown
        name = Path(path).name
        if path and explorer.sample.source == path:
            said = f"{count:,} sentences of {name}"
        elif explorer.film is not None:
            followed, all_of_them = len(explorer.film.texts), len(explorer.recorded)
            said = f"{followed:,} held-out sentences, followed through the training"
            if all_of_them > followed:
                said = f"{all_of_them:,} held-out sentences, {followed:,} of them followed through the training"
        else:
            said = f"{count:,} example errands" if count else ""
        if path and not self._read.texts:
            said += f"; {name} could not be read"
        elif path and explorer.sample.source != path:
            said += f"; {len(explorer.ghosts):,} of {name} over them as diamonds"
            unknown = explorer.ghosts.unknown
        return f"{said}; {unknown:,} words are unknown to the model" if unknown else said
