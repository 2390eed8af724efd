"""Which sentences are on the maps: a file of one's own, the model's held-out sample, or the example errands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.panels.clusters.choices import LIVE, mixture_models
from app.panels.clusters.explorer import Explorer
from app.texts import Text, read_text
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
        if not self._load(str(path)):
            return True
        choices = panel.store.choices
        if choices.model in ("", LIVE):
            panel.store.choose("model", models[0].name)
        if choices.file == str(path):
            self.encode()
        else:
            panel.store.choose("file", str(path))
        return True

    def _load(self, path: str) -> bool:
        notices, wanted = self._panel.services.notices, self._panel.store.choices.columns.get(path)
        try:
            self._read, self._wanted = read_text(Path(path), MOST, wanted), wanted
        except ValueError as error:
            notices.error(f"{error}.")
            return False
        if self._read.said:
            notices.info(self._read.said)
        return True

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
        if path and (self._read.path, self._wanted) != (path, wanted) and not self._load(path):
            self._read, self._wanted = Text(path), wanted  # said once
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
