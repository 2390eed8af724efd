"""Which sentences are on the maps: a file of one's own, the model's held-out sample, or the example errands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.panels.clusters.choices import LIVE, mixture_models
from app.panels.clusters.explorer import Explorer
from app.panels.clusters.sample import read_lines
from engine.assets import EXAMPLES

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel

SUFFIXES = (".txt", ".tsv")
FALLBACK = EXAMPLES / "errands" / "test.tsv"
MOST_GHOSTS = 500  # sentences without labels that stand over the others; more take their place


class Material(QObject):
    """Reads the chosen file once and gives every model on show its sentences."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._read: tuple[str, list[str], list[str]] = ("", [], [])  # path, sentences, labels

    # --- a file ------------------------------------------------------------------------------------------------------

    @Slot()
    def ask(self) -> None:
        """Choose a file."""
        kinds = "One sentence a line, or label, tab, sentence (*.txt *.tsv)"
        if path := self._panel.services.dialogs.open_file(self._panel, "Sentences to encode", kinds):
            self.open(path)

    def open(self, path: Path) -> bool:
        """Show a file's sentences; False when it is nothing for this panel."""
        panel = self._panel
        models = mixture_models(panel.bridge)
        if path.suffix.lower() not in SUFFIXES or not path.is_file() or not models:
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
        notices = self._panel.services.notices
        texts, labels, said = read_lines(Path(path))
        if not texts:
            notices.error(said)
            return False
        if said:
            notices.warn(said)
        self._read = (path, texts, labels)
        return True

    # --- what is shown -----------------------------------------------------------------------------------------------

    def encode(self) -> None:
        """Encode for each model on show what it has to show."""
        path = self._panel.store.choices.file
        if path and self._read[0] != path and not self._load(path):
            self._read = (path, [], [])  # said once
        for explorer in (self._panel.main, self._panel.beside):
            if explorer.report is not None:
                self._encode_for(explorer, path)
        self._panel.inputs.show_source(self.said())

    def _encode_for(self, explorer: Explorer, path: str) -> None:
        _, texts, labels = self._read
        film = explorer.film
        own = bool(path) and (bool(labels) or len(texts) > MOST_GHOSTS)
        if own:
            explorer.encode(path, texts, labels)
        elif film is not None:
            if explorer.sample.texts != list(film.texts):
                explorer.encode("held-out sample", film.texts, film.labels)
        else:
            examples, their_labels, _ = read_lines(FALLBACK)
            explorer.encode("example errands", examples, their_labels)
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
        if path and self._read == (path, [], []):
            said += f"; {name} could not be read"
        elif path and explorer.sample.source != path:
            said += f"; {len(explorer.ghosts):,} of {name} over them as diamonds"
            unknown = explorer.ghosts.unknown
        return f"{said}; {unknown:,} words are unknown to the model" if unknown else said
