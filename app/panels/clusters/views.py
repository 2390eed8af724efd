"""The linked views: one selection and one frame over maps, list, heat map, sentences and loss terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.panels.clusters.cinema import Cinema
from app.panels.clusters.clusters_tab import ClustersTab, Row
from app.panels.clusters.explain import Explain
from app.panels.clusters.sentences_tab import SentencesTab
from app.panels.clusters.stage import MANY, SLOW_MS, Stage
from app.panels.clusters.store import Store
from app.panels.clusters.tally import Tally, by_code, by_component, counted_over, largest_first
from app.panels.clusters.training_tab import TrainingTab
from app.theme import Theme

Indices = npt.NDArray[np.intp]
REFRESH_MS = 80  # the tables follow the maps, but the maps have the time


class Views(QObject):
    """The tabs show the stage in front: the one that was last touched."""

    selected = Signal(object)  # indices, or None

    def __init__(
        self,
        store: Store,
        stages: Sequence[Stage],
        cinema: Cinema,
        tabs: tuple[ClustersTab, SentencesTab, TrainingTab],
        explain: Explain,
        *,
        theme: Theme,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._stages, self._cinema, self._explain = store, tuple(stages), cinema, explain
        self.clusters, self.sentences, self.terms = tabs
        self._theme = theme
        self.front = self._stages[0]
        self.selection: Indices | None = None
        self._chosen_of = self.front.explorer.sample  # whose places the selection holds
        self.tally = Tally(())
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self.show_tables)
        for stage in self._stages:
            stage.map.selection_changed.connect(lambda found, s=stage: self._on_map(s, found))
            for signal in (stage.map.picked, stage.map.point_picked, stage.map.component_picked):
                signal.connect(lambda *_args, s=stage: self.bring(s))
            stage.explorer.figures_ready.connect(self.refresh)
            stage.explorer.sample_changed.connect(self.refresh)
            stage.explorer.film_changed.connect(self.refresh)
            stage.explorer.film_changed.connect(self.show_terms)
        for signal, slot in (
            (cinema.playhead.moved, self._on_frame),
            (cinema.ready, self.refresh),
            (self.clusters.row_chosen, self.select_row),
            (self.clusters.cell_chosen, self._on_cell),
            (self.sentences.selected, self.select),
            (self.terms.step_picked, self._on_step),
            (theme.changed, self.refresh),
        ):
            signal.connect(slot)

    # --- what is in front --------------------------------------------------------------------------------------------

    def bring(self, stage: Stage) -> None:
        """Let the tabs show this stage."""
        if stage is not self.front:
            self.selection = self._same(stage)
            self.front, self._chosen_of = stage, stage.explorer.sample
            self.refresh()

    def settle(self) -> None:
        """When the stage in front is not on show any more, the first one is."""
        if not self.front.explorer.model:
            self.front = self._stages[0]
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Bring the tables up to date soon."""
        if not self._later.isActive():
            self._later.start(REFRESH_MS if len(self.front.explorer.sample) < MANY else SLOW_MS)

    @Slot()
    def _on_frame(self) -> None:
        self.terms.set_step(self._cinema.step)
        self.refresh()

    @Slot()
    def show_tables(self) -> None:
        """List, heat map, figures, sentences and explanation of the stage in front."""
        self._later.stop()
        stage, choices = self.front, self._store.choices
        explorer, frame = stage.explorer, stage.frame
        scene = explorer.scene(choices, frame)
        if scene is None:
            self.tally = Tally(())
        elif choices.rows == "code":
            self.tally = by_code(explorer.codes(frame)[: len(scene.texts)], scene.confidence, scene.labels)
        else:
            self.tally = by_component(
                scene.codes, scene.confidence, scene.labels, explorer.variable(choices), len(scene.means)
            )
        figures = explorer.figures if explorer.at_end(frame) else None
        if figures is not None and figures is explorer.held_out and choices.rows == "component":
            self.tally = counted_over(self.tally, figures.label_names, figures.by_variable[explorer.variable(choices)])
        self.tally = largest_first(self.tally)
        texts = scene.texts if scene is not None else ()
        colored = choices.colour_by == "component"
        self.clusters.rows.show_value(choices.rows)
        rows = [
            Row(
                c.key,
                c.id,
                choices.name_of(explorer.model, c.key),
                int(size),
                next((texts[int(i)] for i in c.members if texts[int(i)]), ""),
                self._theme.category(c.component) if c.component is not None and colored else None,
            )
            for c, size in zip(self.tally.clusters, self.tally.sizes, strict=True)
        ]
        self.clusters.show_clusters(rows)
        named = [f"{r.id} {r.name}".strip() for r in rows]
        self.clusters.show_table(named, [n.replace("_", " ") for n in self.tally.labels], self.tally.counts)
        if figures is not None:
            self.clusters.show_figures(figures.metrics, figures.count, figures.verdict)
        else:
            self.clusters.show_figures(explorer.figures_at(frame), len(texts), "")
        if self.selection is not None and (
            explorer.sample is not self._chosen_of or len(texts) <= self.selection.max(initial=-1)
        ):
            self.select(None)  # other sentences than before, or fewer: the places mean others
        self.sentences.show_scene(scene, self.selection, choices.colour_by)
        self._explain.show_frame(explorer, frame)

    @Slot()
    def show_terms(self) -> None:
        """The loss terms of the models on show over their training."""
        films = [s.explorer.film for s in self._stages if s.explorer.film is not None]
        if not films or len(films[0]) == 0:
            self.terms.show_films(())
            return
        self.terms.show_films(films)
        self.terms.set_step(self._cinema.step)

    @Slot(int)
    def _on_step(self, step: int) -> None:
        if self._cinema.film is not None:
            self._cinema.playhead.seek(self._cinema.film.nearest(step))

    # --- the selection -----------------------------------------------------------------------------------------------

    @Slot(object)
    def select(self, found: Indices | None) -> None:
        """These sentences; the rest goes grey. Of two models with the same sentences, on both maps."""
        count = len(self.front.scene.positions) if self.front.scene is not None else 0  # texts grow as they come in
        self.selection = None if found is None else _below(count, np.asarray(found, dtype=np.intp))
        self._chosen_of = self.front.explorer.sample
        for stage in self._stages:
            if stage.scene is not None and len(stage.scene.positions) == count:
                same = self._same(stage)
                stage.map.set_selected(None if same is None else _below(count, same))
        if found is None:
            self.clusters.list.mark(-1)
        choices = self._store.choices
        scene = self.front.explorer.scene(choices, self.front.frame)
        self.sentences.show_scene(scene, self.selection, choices.colour_by)
        self.selected.emit(self.selection)

    def _same(self, stage: Stage) -> Indices | None:
        """The selected sentences of the stage in front, as another one counts them."""
        ours, theirs = self.front.explorer.whole.ids, stage.explorer.whole.ids
        if self.selection is None or len(ours) != len(theirs) or self.selection.max(initial=0) >= len(ours):
            return self.selection
        return np.flatnonzero(np.isin(theirs, ours[self.selection]))

    def _on_map(self, stage: Stage, found: Indices | None) -> None:
        self.bring(stage)
        self.select(found)

    @Slot(int)
    def select_row(self, row: int) -> None:
        """A cluster; the same one again selects nothing."""
        if row >= len(self.tally.clusters):
            return
        members = np.sort(self.tally.clusters[row].members)
        again = self.selection is not None and np.array_equal(self.selection, members)
        self.select(None if again else members)
        self.clusters.list.mark(-1 if again else row)

    @Slot(int, int)
    def _on_cell(self, row: int, column: int) -> None:
        scene = self.front.scene
        if scene is not None and row < len(self.tally.clusters):
            self.select(np.sort(self.tally.of_cell(row, column, scene.labels)))
            self.clusters.list.mark(row)


def _below(count: int, places: Indices) -> Indices:
    """Without those that are no place: what was counted may be older than what is on show."""
    return places[places < count]
