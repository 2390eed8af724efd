"""The training over its steps: the loss terms at the left, what came of them for the mixture at the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.panels.clusters.explain import in_order
from app.panels.clusters.film import VARIANCE, Film
from app.theme import Theme
from app.widgets.term_chart import TermChart


class TrainingTab(QWidget):
    """Two charts with one cursor; a second film is dashed."""

    step_picked = Signal(int)

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self.loss, self.outcome = TermChart(theme=theme), TermChart(theme=theme)
        self.loss.setAccessibleName("Loss terms over training")
        self.outcome.setAccessibleName("Information and variance of the means over training")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(20)
        row.addWidget(self.loss, 1)
        row.addWidget(self.outcome, 1)
        for chart in (self.loss, self.outcome):
            chart.step_picked.connect(self.step_picked)

    def show_films(self, films: Sequence[Film]) -> None:
        """One or two films, the first one solid."""
        for chart, all_series in (
            (self.loss, [in_order(film.loss()) for film in films]),
            (self.outcome, [_rounded(film.outcome()) for film in films]),
        ):
            if not films:
                chart.set_series((), {}, "nats")
                chart.set_beside(None)
                continue
            chart.set_series(films[0].steps, all_series[0], "nats", units={VARIANCE: ""}, name=films[0].model)
            beside = all_series[1] if len(films) > 1 else None
            chart.set_beside(beside, steps=films[-1].steps, name=films[-1].model)

    def set_step(self, step: int) -> None:
        """Where the cursor stands."""
        for chart in (self.loss, self.outcome):
            chart.set_step(step)


def _rounded(series: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """To three decimals: of a collapsed mixture the rest is noise."""
    return {name: [round(v, 3) for v in values] for name, values in series.items()}
