"""The walk between the sentences: a slider along it and what is said on the way, for one model or two side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.panels.latent.choices import LETTERS, shown_words
from app.panels.latent.explorer import Explorer
from app.theme import Theme
from app.widgets.interpolation_list import InterpolationList, Step, WalkSlider


def steps_of(explorer: Explorer) -> list[Step]:
    """The walk as the list shows it."""
    return [Step(s.t, shown_words(s.sentence), s.changed, s.repeated, s.sentence.finished) for s in explorer.walk]


def letters_of(explorer: Explorer) -> dict[int, tuple[str, int]]:
    """Which steps are the anchors themselves, by the legs the steps belong to."""
    walk, count = explorer.walk, len(explorer.anchor_points)
    if not walk:
        return {}
    letters = {0: (LETTERS[0], 0)}
    for leg in range(1, count):
        ends = [i for i, s in enumerate(walk) if s.leg == leg - 1]
        complete = len(walk) == walk[0].total or any(s.leg >= leg for s in walk)
        if ends and complete:
            letters[ends[-1]] = (LETTERS[leg], leg)
    return letters


class WalkTab(QWidget):
    """Signals say where along the walk to go."""

    moved = Signal(float)  # t
    released = Signal()

    def __init__(self, explorers: Sequence[Explorer], *, theme: Theme) -> None:
        super().__init__()
        self._explorers = tuple(explorers)
        self.slider = WalkSlider(theme=theme)
        self.lists = tuple(InterpolationList(theme=theme, name=f"Interpolation {i + 1}") for i in range(len(explorers)))
        self._titles = tuple(QLabel() for _ in explorers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 4)
        layout.setSpacing(2)
        layout.addWidget(self.slider)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        self._columns = tuple(QWidget() for _ in explorers)
        for holder, title, column, explorer in zip(
            self._columns, self._titles, self.lists, self._explorers, strict=True
        ):
            title.setProperty("role", "caption")
            side = QVBoxLayout(holder)
            side.setContentsMargins(0, 0, 0, 0)
            side.setSpacing(2)
            side.addWidget(title)
            side.addWidget(column, 1)
            columns.addWidget(holder, 1)
            explorer.walk_changed.connect(self._refresh)
            explorer.report_ready.connect(self._refresh)
            column.chosen.connect(self._on_chosen)
        layout.addLayout(columns, 1)
        self.slider.moved.connect(self.moved)
        self.slider.released.connect(self.released)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        for index, (explorer, column) in enumerate(zip(self._explorers, self.lists, strict=True)):
            steps, letters = steps_of(explorer), letters_of(explorer)
            column.show_steps(steps, letters)
            column.show_hint("Type two sentences: what the model says between them appears here." if not index else "")
            total = explorer.walk[0].total if explorer.walk else 0
            said = (
                f"{len(column.folds)} different in {len(steps)} of {total} steps, {explorer.decoder}" if total else ""
            )
            self._titles[index].setText(f"{explorer.model}: {said}" if said else "")
            self._columns[index].setVisible(not index or bool(explorer.model))
        self.slider.show_steps(steps_of(self._explorers[0]), letters_of(self._explorers[0]))

    def show_t(self, t: float | None, *, on: bool = True) -> None:
        """Put the handle and mark the rows at t, the place nearest to the point or, if `on`, the point itself."""
        self.slider.set_t(t, on=on)
        for explorer, column in zip(self._explorers, self.lists, strict=True):
            if t is None or not explorer.walk:
                column.mark(-1)
            else:
                column.mark(min(range(len(explorer.walk)), key=lambda i: abs(explorer.walk[i].t - t)))

    @Slot(int)
    def _on_chosen(self, step: int) -> None:
        walk = self._explorers[0].walk
        if step < len(walk):
            self.moved.emit(walk[step].t)
            self.released.emit()
