"""The history region: player, traces, and the table of the lecture with what the chains say of themselves."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.panels.sampler.run import Run
from app.panels.sampler.words import signed_action
from app.theme import Theme
from app.widgets.controls import ComboBox
from app.widgets.edit_marks import SIGNS
from app.widgets.numbers import number
from app.widgets.player import PlayerBar
from app.widgets.playhead import Playhead
from app.widgets.probability_bars import Bar, ProbabilityBars
from app.widgets.row_table import Cell, Column, RowTable
from app.widgets.timeline import Timeline

EXCHANGES = 5  # pairs of temperatures there is room for
REDRAW = 0.25  # seconds between two drawings of the traces while a run grows
STEPS = (Column("step", 56, True), Column("action", 190), Column("", 30), Column("log π", 64, True), Column("sentence"))
VISITED = (Column("visits", 60, True), Column("log π", 64, True), Column("sentence"))


class SamplerHistory(QWidget):
    """Follows one run. Rows and curves are added in batches, never one at a time."""

    step_chosen = Signal(int)
    run_chosen = Signal(int)

    def __init__(self, playhead: Playhead, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._run: Run | None = None
        self._chain = 0
        self._drawn = (0.0, -1)  # when, and with how many steps
        self.player = PlayerBar(playhead, theme=theme)
        self.changes = self.player.add_toggle("Changes", "Stop only at steps that change the sentence (C)")
        self.timeline = Timeline(("log π, nats", "words"), theme=theme)
        self.timeline.step_chosen.connect(self.step_chosen)
        self.table = RowTable(STEPS, self._step_cells, theme=theme, name="Proposals")
        self.table.row_chosen.connect(self.step_chosen)
        self.visited = RowTable(VISITED, self._visited_cells, theme=theme, name="Most visited sentences")
        self.rates = ProbabilityBars(theme=theme, headings=("move", "accepted", "of proposed", "changed it"))
        self.rates.setAccessibleName("Acceptance rates")
        self.rates.setToolTip(
            "A replacement may draw the word that stands there anyway: it is accepted and changes nothing. "
            "Changed it: the share of proposals after which the sentence was another"
        )
        self.figures = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName("Tables of the run")
        mixing = QWidget()
        row = QHBoxLayout(mixing)
        row.setContentsMargins(12, 4, 12, 4)
        row.addWidget(self.rates, 3)
        row.addSpacing(16)
        row.addWidget(self.figures, 2)
        for page, title in ((self.table, "Proposals"), (self.visited, "Most visited"), (mixing, "Mixing")):
            self.tabs.addTab(page, title)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._split.addWidget(self.timeline)
        self._split.addWidget(self.tabs)
        self._split.setStretchFactor(0, 5)
        self._split.setStretchFactor(1, 6)
        self._split.setSizes([500, 600])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.runs = ComboBox()
        self.runs.setAccessibleName("Run shown")
        self.runs.setToolTip("The latest runs; one that was branched off does not end the one it came from")
        self.runs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.runs.setMinimumContentsLength(5)
        self.runs.activated.connect(self.run_chosen)
        self.runs.hide()
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(self.player, 1)
        top.addWidget(self.runs)
        layout.addLayout(top)
        layout.addWidget(self._split, 1)
        layout.addStretch(0)
        self._split.hide()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_runs(self, titles: Sequence[str], shown: int) -> None:
        """The runs that can be gone back to; one alone is not worth a list."""
        self.runs.clear()
        self.runs.addItems(list(titles))
        self.runs.setCurrentIndex(shown)
        self.runs.setVisible(len(titles) > 1)

    def show_run(self, run: Run | None, chain: int) -> None:
        """Another run, or another chain of it."""
        self._run, self._chain = run, chain
        self.table.rows.reset(len(run) + 1 if run else 0)
        self._drawn = (0.0, -1)
        self.timeline.show_chain(chain)
        self._split.setVisible(run is not None)
        self.grow(force=True)

    @property
    def due(self) -> bool:
        """Whether the traces lack steps that have come and may be drawn again."""
        if self._run is None or self._drawn[1] == len(self._run):
            return False
        return time.monotonic() - self._drawn[0] >= REDRAW

    def grow(self, *, force: bool = False) -> bool:
        """Take in the steps that have come; False if the traces wait for their next turn."""
        run = self._run
        if run is None:
            return True
        self.table.rows.grow(len(run) + 1)
        if not self.due and not force:
            return self._drawn[1] == len(run)
        self._drawn = (time.monotonic(), len(run))
        self.timeline.show_traces(run.traces(), len(run), run.request.steps)
        return True

    def show_step(self, step: int) -> None:
        """Mark a step everywhere, and say how the chains were doing by then."""
        run = self._run
        if run is None:
            return
        self.timeline.show_cursor(step)
        self.table.rows.grow(len(run) + 1)  # the newest step is shown before the frame takes in the rest
        self.table.mark(step)
        rates = run.acceptance(step)
        self.rates.show_bars(
            [
                Bar(
                    f"{SIGNS[move]} {move}",
                    accepted / every if every else math.nan,
                    (f"{accepted:,} of {every:,}", number(changed / every) if every else ""),
                )
                for move, (changed, accepted, every) in rates.items()
            ]
        )
        known = run.diagnostics_at(step)
        visited = len(known.most_visited) if known else 0
        if visited != self.visited.rows.rowCount() or self.visited.isVisible():
            self._now = known
            self.visited.rows.reset(visited)
        self._now = known
        self.figures.setText(self._figures(step))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _step_cells(self, step: int) -> Sequence[Cell]:
        run = self._run
        assert run is not None
        standing, proposal = run.standing(step, self._chain), run.proposal(step, self._chain)
        target = number(standing.log_target)
        if proposal is None:
            return ("0", "start", "", target, standing.sentence)
        c = self._theme.colors
        color = {"replace": c.replaced, "insert": c.inserted, "delete": c.deleted}[proposal.move]
        verdict = ("✓", self._theme.text(c.accepted)) if proposal.accepted else ("✗", self._theme.text(c.rejected))
        action = (signed_action(proposal), self._theme.text(color))
        sentence: Cell = standing.sentence if proposal.accepted else (standing.sentence, c.muted)
        return (f"{step:,}", action, verdict, target, sentence)

    def _visited_cells(self, row: int) -> Sequence[Cell]:
        assert self._now is not None
        visited = self._now.most_visited[row]
        return (f"{visited.count:,}", number(visited.log_target), visited.sentence)

    def _figures(self, step: int) -> str:
        run, known = self._run, self._now
        if known is None or run is None:
            return "Mixing figures follow after some dozen steps."
        muted = self._theme.colors.muted.name()
        rows = [
            ("R-hat", number(known.r_hat), _r_hat_words(known.r_hat, 1 if run.request.ladder else run.chains)),
            ("ESS", number(known.ess), f"independent draws in the last {known.draws:,}"),
            (
                "lag-1",
                number(float(known.autocorrelation[1])) if len(known.autocorrelation) > 1 else "–",
                "correlation",
            ),
            *self._exchanges(run, step),
            ("rate", number(known.proposals_per_second), "proposals a second"),
        ]
        cells = "".join(
            f"<tr><td style='color:{muted}'>{name}&nbsp;&nbsp;</td><td align='right'><b>{value}</b>&nbsp;&nbsp;</td>"
            f"<td style='color:{muted}'>{note}</td></tr>"
            for name, value, note in rows
        )
        return f"<table cellspacing='2'>{cells}</table><span style='color:{muted}'>by step {known.step:,}</span>"

    @staticmethod
    def _exchanges(run: Run, step: int) -> list[tuple[str, str, str]]:
        """How often neighbours on a ladder exchanged sentences, for the first few pairs."""
        ladder = run.request.ladder
        return [
            (f"T {low:g}\u2013{high:g}", number(yes / every) if every else "\u2013", f"of {every:,} exchanges accepted")
            for low, high, (yes, every) in zip(ladder, ladder[1:], run.exchanges(step), strict=False)
        ][:EXCHANGES]

    _now = None

    @Slot()
    def _on_theme_changed(self) -> None:
        self.figures.setFont(self._theme.number_font(12))


def _r_hat_words(value: float, chains: int) -> str:
    """What R-hat says; with one chain (of a ladder, one is followed) it can only compare the chain's halves."""
    if math.isnan(value):
        return "needs more steps"
    who = "the chains" if chains > 1 else "one chain, whose halves"
    return f"{who} agree" if value < 1.05 else f"{who} still differ"
