"""The encoded sentences: from a file to points on the pads and rows in the list, and from both back to the hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Slot

from app.notices import Notices
from app.panels.latent.hand import Hand
from app.panels.latent.sentences_tab import SentencesTab
from app.panels.latent.stage import Stage
from app.texts import Text, TextReader
from app.widgets.column_chooser import NONE

MOST = 100_000  # sentences that are encoded


class Cloud(QObject):
    """Joins the list of sentences, the pads and the explorers."""

    def __init__(
        self, tab: SentencesTab, stages: Sequence[Stage], hand: Hand, notices: Notices, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._tab, self._stages, self._hand, self._notices = tab, tuple(stages), hand, notices
        self._main = stages[0].explorer
        self._text = Text()
        self._reader = TextReader(MOST, self)
        self._reader.began.connect(self._on_reading)
        tab.columns.chosen.connect(self.choose_columns)
        self._main.cloud_changed.connect(self.show)
        self._main.report_ready.connect(self.show)
        self._lassoed = False  # whether the list is what a lasso caught
        self._main.progress.connect(self._on_progress)
        tab.went.connect(self.go)
        tab.pointed.connect(stages[0].light)
        tab.selected.connect(self.select)
        tab.lasso_wanted.connect(self.lasso)
        tab.cancelled.connect(self._on_cancelled)
        for stage in stages:
            tab.cancelled.connect(stage.explorer.stop_cloud)
            stage.explorer.report_ready.connect(partial(self._on_model, stage))
            stage.pad.lassoed.connect(partial(self._on_lasso, stage))
            stage.pad.point_chosen.connect(partial(self._on_point_chosen, stage))

    @Slot()
    def show(self) -> None:
        """List what has been encoded."""
        report, self._lassoed = self._main.report, False
        self._tab.show_progress(1, 1, "")
        self.select(np.empty(0, dtype=np.intp))  # places in the list before
        there = Path(self._text.path).name in (self._main.cloud_name, self._main.coming)
        self._tab.columns.show_columns(self._text.titles if there else (), self._text.columns.text, NONE)
        self._tab.show_texts(self._main.texts, self._main.cloud_name or (report.source if report else ""))

    @Slot(str, float, float)
    def _on_progress(self, what: str, done: float, total: float) -> None:
        if what == "cloud":
            said = f"encoding {self._main.coming}: {done:,.0f} of {total:,.0f}"
            self._tab.show_progress(done, total, said + self._remaining())

    def _remaining(self) -> str:
        seconds = self._main.remaining("cloud")
        return f", {seconds:.0f} s left" if seconds is not None else ""

    @Slot(int)
    def go(self, index: int) -> None:
        """Put the hand on a sentence."""
        if index < len(self._main.cloud):
            self._hand.go_to(self._main.cloud[index])

    @Slot(object)
    def select(self, indices: npt.NDArray[np.intp]) -> None:
        """Light up some sentences on all pads."""
        for stage in self._stages:
            stage.show_selection(indices if self._listed(stage) else ())

    def _listed(self, stage: Stage) -> bool:
        """Whether a pad shows the sentences of the list."""
        return list(stage.explorer.texts) == list(self._main.texts)

    def _on_point_chosen(self, stage: Stage, group: str, index: int) -> None:
        if group == "sentences" and self._listed(stage):
            self.go(index)

    def _on_lasso(self, stage: Stage, group: str, indices: npt.NDArray[np.intp]) -> None:
        for each in self._stages:
            each.pad.lassoing = False
        if group == "sentences" and not self._listed(stage):
            self._notices.info("The model beside shows other sentences. Open the file again to encode it with both.")
        elif group == "sentences":
            there = indices[indices < len(self._main.texts)]  # a pad may still show more than there are now
            self._tab.show_lasso(there.tolist())
            self.select(there)
            self._lassoed = True

    @Slot()
    def lasso(self) -> None:
        """The next drag on a pad draws a loop."""
        for stage in self._stages:
            stage.pad.lassoing = True
        self._notices.info("Draw a loop on the pad around the points to list.")

    def clear_lasso(self) -> bool:
        """Put a lasso away that waits to be drawn, or list everything again; whether there was one."""
        waiting = any(stage.pad.lassoing for stage in self._stages)
        for stage in self._stages:
            stage.pad.lassoing = False
        if self._lassoed:
            self.show()
            return True
        return waiting

    def encode(self, path: Path, columns: tuple[int, int] | None = None) -> None:
        """Encode the sentences of a text file with every model on show, and with those that come."""
        self._reader.read(path, columns, self._on_read)

    @Slot()
    def _on_cancelled(self) -> None:
        if self._reader.drop():
            self.show()

    def _on_reading(self, name: str) -> None:
        self._tab.show_reading(name)

    def _on_read(self, found: Text | ValueError) -> None:
        if isinstance(found, ValueError):
            self._notices.error(f"{found}.")
            if self._tab.reading:
                self.show()
            return
        self._text = found
        if found.said:
            self._notices.info(found.said)
        for stage in self._stages:
            if stage.explorer.report is not None:
                self._on_model(stage)

    def _on_model(self, stage: Stage) -> None:
        """Encode the file with a model that has just come."""
        if self._text.texts:
            stage.explorer.encode_cloud(Path(self._text.path).name, self._text.texts)

    def state(self) -> dict[str, Any]:
        """The file that is open, and its column of sentences."""
        return {"path": self._text.path, "column": self._text.columns.text} if self._text.path else {}

    def restore(self, state: Any) -> None:
        """Open it again; a file that is gone is said so."""
        self._reader.drop()
        self._text = Text()
        if isinstance(state, dict) and isinstance(state.get("path"), str) and state["path"]:
            column = state.get("column")
            self.encode(Path(state["path"]), (column, NONE) if isinstance(column, int) else None)

    @Slot(int, int)
    def choose_columns(self, text: int, _label: int) -> None:
        """Another column of the file."""
        self.encode(Path(self._text.path), (text, NONE))
