"""Reading the space by hand: click, mean, drag or sentence to a whole point, decoded live, searched at rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal, Slot

from app.panels.clusters.explorer import Explorer, as_point
from app.panels.clusters.scene import block_of, start_of, with_block
from app.panels.clusters.stage import Stage
from app.panels.clusters.store import Store

Array = npt.NDArray[np.floating]


class Reading(QObject):
    """Moves the point each model is read at. What is done on one map happens at the same place on the other.

    Only the block of the mixture variable on show moves; the other blocks stay where they are. A mean that is
    dragged comes back: the model is not changed, only read elsewhere.
    """

    said = Signal(str)  # in words, where the sentence was read

    def __init__(self, store: Store, stages: Sequence[Stage], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._stages = store, tuple(stages)
        for stage in self._stages:
            stage.map.picked.connect(lambda x, y, s=stage: self.go_to_place(s, x, y))
            stage.map.point_picked.connect(lambda i, s=stage: self.go_to_sentence(s, i))
            stage.map.component_picked.connect(lambda k, s=stage: self.go_to_component(s, k))
            stage.map.component_dragged.connect(lambda k, x, y, s=stage: self.drag(s, k, x, y))
            stage.map.component_released.connect(lambda k, x, y, s=stage: self.drop(s, k, x, y))

    def _variable(self, explorer: Explorer) -> int:
        return explorer.variable(self._store.choices)

    # --- ways to a place ---------------------------------------------------------------------------------------------

    def go_to_place(self, stage: Stage, x: float, y: float) -> None:
        """A place on a map."""
        if stage.scene is None or stage.scene.chart is None:
            self.said.emit("t-SNE has no places between the points: click a sentence, or choose the plane.")
            return
        for each in self._stages:
            self._read(each, (x, y), preview=False)
        self._end(f"The place ({x:.2f}, {y:.2f}) of variable {self._variable(stage.explorer) + 1}; {self._rest()}")

    def go_to_component(self, stage: Stage, component: int) -> None:
        """A component's mean; the other model is read at the same place."""
        report = stage.explorer.report
        if report is None:
            return
        variable = self._variable(stage.explorer)
        mean = np.asarray(report.means)[variable, component]
        self._read_block(stage.explorer, mean, preview=False)
        chart = stage.explorer.chart(variable)
        if chart is not None:
            x, y = chart.project(mean)
            self._read_others(stage, (float(x), float(y)), preview=False)
        self._end(f"The mean of component {component + 1} of variable {variable + 1}; {self._rest()}")

    def go_to_sentence(self, stage: Stage, index: int) -> None:
        """The posterior mean of a sentence, all blocks of it: what comes back is its reconstruction."""
        explorer, scene = stage.explorer, stage.scene
        if scene is None or explorer.report is None or index >= len(scene.texts):
            return
        said = f"“{scene.texts[index]}”" if scene.texts[index] else "a held-out sentence whose text was not recorded"
        wanted = explorer.whole.ids[index] if index < len(explorer.whole) else index
        for each in self._stages:
            self._read_sentence(each, int(wanted))
        self._end(f"The posterior mean of {said}, all blocks: the sentence above is its reconstruction.")

    def _read_sentence(self, stage: Stage, wanted: int) -> None:
        """The sentence with an id; what the film follows has its place in it as its id."""
        explorer = stage.explorer
        if explorer.report is None:
            return
        sample, film = explorer.whole, explorer.film
        (found,) = np.nonzero(sample.ids == wanted)
        if explorer.at_end(stage.frame) and len(found):
            explorer.decode(sample.points[found[0]], preview=False)
        elif film is not None and wanted < len(film.texts):
            self._read_block(explorer, film.points(stage.frame, self._variable(explorer))[wanted], preview=False)
        stage.show_here()

    # --- dragging a mean ---------------------------------------------------------------------------------------------

    def drag(self, stage: Stage, component: int, x: float, y: float) -> None:
        """A mean is under way: read where it is now, and at the same place of the other model."""
        self._read_moved(stage, component, x, y, preview=True)
        self.said.emit(self._moved(stage, component))

    def drop(self, stage: Stage, component: int, x: float, y: float) -> None:
        """It is let go: the full search, and the mean goes back to where the model has it."""
        self._read_moved(stage, component, x, y, preview=False)
        self._end(self._moved(stage, component))
        for each in self._stages:
            each.show_scene()

    def _read_moved(self, stage: Stage, component: int, x: float, y: float, *, preview: bool) -> None:
        """What lies outside the two axes stays as it is at the mean."""
        variable = self._variable(stage.explorer)
        report, chart = stage.explorer.report, stage.explorer.chart(variable)
        if report is None or chart is None:
            return
        mean = np.asarray(report.means, dtype=float)[variable, component]
        outside = mean - chart.lift(chart.project(mean))
        self._read_block(stage.explorer, chart.lift(np.array([x, y])) + outside, preview=preview)
        self._read_others(stage, (x, y), preview=preview)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _read(self, stage: Stage, place: tuple[float, float], *, preview: bool) -> None:
        chart = stage.explorer.chart(self._variable(stage.explorer))
        if chart is not None:
            self._read_block(stage.explorer, chart.lift(np.array(place)), preview=preview)

    def _read_others(self, stage: Stage, place: tuple[float, float], *, preview: bool) -> None:
        for other in self._stages:
            if other is not stage:
                self._read(other, place, preview=preview)

    def _read_block(self, explorer: Explorer, block: Array, *, preview: bool) -> None:
        report, here = explorer.report, explorer.here
        if report is None or here is None:
            return
        explorer.decode(with_block(here, report, self._variable(explorer), block), preview=preview)
        for stage in self._stages:
            if stage.explorer is explorer:
                stage.show_here()

    def _end(self, said: str) -> None:
        here = self._stages[0].explorer.here
        if here is not None:
            self._store.read_at(as_point(here))
        self.said.emit(said)

    def _rest(self) -> str:
        report = self._stages[0].explorer.report
        others = (report.mixtures if report else 1) - 1
        if not others:
            return "it is the model's only one."
        return f"the other {others} variable{'s' if others != 1 else ''} stay{'s' if others == 1 else ''} as before."

    def _moved(self, stage: Stage, component: int) -> str:
        which = f"Component {component + 1} of variable {self._variable(stage.explorer) + 1}"
        return f"{which}, moved by hand: only the point that is read moves, the model keeps its mean."

    @Slot()
    def begin_at(self) -> None:
        """Read each model where it was read last, or at the means of its likeliest components."""
        point = np.array(self._store.choices.point)
        main = self._stages[0].explorer
        if not len(point):
            self.said.emit("Where every variable has the mean of its likeliest component.")
        for stage in self._stages:
            explorer = stage.explorer
            report, here = explorer.report, explorer.here
            if report is None or here is None:
                continue
            if explorer is main and len(point) == report.latent_size:
                here = point
            elif explorer is main:
                here = start_of(report)
            else:
                here = self._beside(here, explorer)
            moved = not np.array_equal(explorer.here, here)
            if explorer.last is None or moved or not np.array_equal(explorer.last.points[0], here.astype(np.float32)):
                explorer.decode(here, preview=False)
            stage.show_here()

    def _beside(self, here: Array, explorer: Explorer) -> Array:
        """The place of the other model that lies on the common axes where the main one is read."""
        main = self._stages[0].explorer
        mixture = self._store.choices.mixture
        ours, theirs = main.chart(mixture), explorer.chart(mixture)
        if main.report is None or main.here is None or explorer.report is None or ours is None or theirs is None:
            return here
        if main.film is None or explorer.film is None or mixture >= min(main.mixtures, explorer.mixtures):
            return here  # no common axes
        place = ours.project(block_of(main.here, main.report, mixture))
        return with_block(here, explorer.report, mixture, theirs.lift(place))
