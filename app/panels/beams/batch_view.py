"""The batch: a file, a row a decoder, quality against speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.panels.beams.decoders import title
from app.theme import Theme
from app.widgets.numbers import number
from app.widgets.row_table import Cell, Column, RowTable
from app.widgets.trade_off import Dot, TradeOff

if TYPE_CHECKING:
    from app.panels.beams.batch import Batch, Series

COLUMNS = (
    Column("decoder", 190),
    Column("BLEU", 52, True),
    Column("chrF", 52, True),
    Column("log p / token", 96, True),
    Column("tokens", 58, True),
    Column("unfinished", 74, True),
    Column("ms / sentence", 0, True),
)


class BatchView(QWidget):
    """Buttons and progress above; the table left, the plot right."""

    file_wanted = Signal()
    examples_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._series: list[Series] = []
        self.open = QPushButton("Open sentences…")
        self.open.setToolTip("A text file, one sentence a line, with its reference after a tab where there is one")
        self.open.clicked.connect(lambda: self.file_wanted.emit())
        self.examples = QPushButton("Use the examples")
        self.examples.setToolTip("Run the bundled example sentences through all decoders")
        self.examples.clicked.connect(lambda: self.examples_wanted.emit())
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the batch here; what there is stays")
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.note = QLabel("One sentence a line, its reference after a tab.")
        self.note.setProperty("role", "caption")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Batch progress")
        self.table = RowTable(COLUMNS, self._row, theme=theme, name="Batch results")
        self.plot = TradeOff(theme=theme)
        self.plot.show_hint("Quality against speed appears here.")
        head = QHBoxLayout()
        for widget in (self.open, self.examples, self.stop):
            head.addWidget(widget)
        head.addWidget(self.note, 1)
        below = QHBoxLayout()
        below.addWidget(self.table, 3)
        below.addWidget(self.plot, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 4, 14, 8)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addLayout(below, 1)
        self.bar.hide()
        self.stop.hide()

    def show_batch(self, batch: Batch) -> None:
        """Show how far a batch is and what came of it."""
        self._series = batch.series
        self.table.rows.reset(len(self._series))
        done, total = batch.progress
        self.stop.setVisible(batch.running)
        self.bar.setVisible(batch.running)
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.table.setColumnHidden(5, not any(s.unfinished for s in self._series))
        sentences = len(batch.pairs)
        applied = f" · {batch.applied}" if batch.applied else ""
        if batch.running:
            left = f" · {batch.remaining:.0f} s left" if done else ""
            self.note.setText(f"{batch.name}: {done:,} of {total:,} searches{left}{applied}")
        elif done < total:
            self.note.setText(f"{batch.name}: stopped after {done:,} of {total:,} searches{applied}")
        elif self._series:
            self.note.setText(f"{batch.name}: {sentences:,} sentences, {len(self._series)} decoders{applied}")
        self.note.setToolTip(self.note.text())
        scored = any(s.bleu for s in self._series)
        dots = []
        for index, series in enumerate(self._series):
            quality = series.bleu.value if series.bleu else float("nan")
            if not scored:
                quality = series.mean_log_prob
            dots.append(Dot(index, str(index + 1), series.speed, quality, not batch.running))
        self.plot.show_dots(dots, "BLEU" if scored else "log p / token, nats")

    def _row(self, index: int) -> list[Cell]:
        s = self._series[index]
        per = f"{1000 * s.seconds / len(s.outputs):.0f}" if s.outputs else "\u2013"
        figures = [f"{m.value:.1f}" if m else "\u2013" for m in (s.bleu, s.chrf)]
        mean = number(s.mean_log_prob) if s.outputs else "\u2013"
        name = f"{index + 1}  {s.wrong or title(s.decoder)}"
        return [name, *figures, mean, f"{s.tokens:,}", f"{s.unfinished:,}", per]
