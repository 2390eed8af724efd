"""What is being computed for the maps, and its stop: opening, encoding, t-SNE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.widgets.metric import duration

if TYPE_CHECKING:
    from app.panels.clusters.explorer import Explorer
    from app.panels.clusters.panel import ClustersPanel

NAMES = {"report": "Opening the model", "sample": "Encoding", "ghosts": "Encoding", "layout": "t-SNE"}


class Work(QObject):
    """Shows progress in the input region; asks for a t-SNE when it is wanted and can be made."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        for explorer in (panel.main, panel.beside):
            explorer.progress.connect(lambda kind, done, total, e=explorer: self._on_progress(e, kind, done, total))

    def lay_out(self) -> None:
        """t-SNE of the variable on show, once all sentences are encoded."""
        panel = self._panel
        if panel.store.choices.layout != "tsne":
            return
        for explorer in (panel.main, panel.beside):
            if explorer.model and not explorer.working("sample"):
                explorer.lay_out(explorer.variable(panel.store.choices))

    def _on_progress(self, explorer: Explorer, kind: str, done: float, total: float) -> None:
        left = explorer.remaining(kind)
        rest = f", {duration(left)} left" if left is not None and left > 1 else ""
        self._panel.inputs.show_busy(f"{NAMES[kind]}: {done:,.0f} of {total:,.0f}{rest}", done, total)
        if kind in ("sample", "ghosts") and done >= total:
            self._panel.inputs.show_source(self._panel.material.said())
            self.lay_out()

    @Slot()
    def stop(self) -> None:
        """Keep what there is of a layout or an encoding."""
        for explorer in (self._panel.main, self._panel.beside):
            explorer.stop_layout()
            explorer.stop_encoding()
