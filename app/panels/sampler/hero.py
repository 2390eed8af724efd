"""The hero region: the sentence under the sampler's hands, and the candidates for the place it looks at."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpacerItem,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.panels.sampler.run import Run
from app.panels.sampler.words import (
    action,
    bars_of,
    candidates_title,
    edit_of,
    impossible,
    signed_action,
    unknown_words,
    verdict,
    words_of,
)
from app.theme import Theme
from app.widgets.chain_list import ChainList, ChainRow
from app.widgets.controls import ComboBox
from app.widgets.empty import EmptyState
from app.widgets.numbers import number
from app.widgets.probability_bars import ProbabilityBars
from app.widgets.token_strip import TokenStrip, Word

CHIPS = 8  # chains with a button each; more are in a list


class SamplerHero(QWidget):
    """Chain buttons, the strip (or all chains), what just happened, candidates."""

    chain_chosen = Signal(int)
    demo_wanted = Signal()
    locks_applied = Signal()
    all_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chips: list[QToolButton] = []
        self.strip = TokenStrip(theme=theme)
        self.strip.setAccessibleName("The sentence now")
        self.chains = ChainList(theme=theme)
        self.chains.chosen.connect(self.chain_chosen)
        self.bars = ProbabilityBars(theme=theme, headings=("word", "g(w)", "log forward", "log backward", "log π(x_w)"))
        self.bars.setToolTip(
            "The chance of each word to be drawn. ● drawn, ○ stands there now. "
            "log forward: given the words before; log backward: given the words after (nats)"
        )
        self._said = QLabel(wordWrap=True)
        self._said.setTextFormat(Qt.TextFormat.RichText)
        self._title = QLabel(wordWrap=True)
        self._title.setProperty("role", "caption")
        self._locks = QPushButton("Go on from here with these locks (B)")
        self._locks.setProperty("kind", "quiet")
        self._locks.clicked.connect(lambda: self.locks_applied.emit())
        self._locks.hide()

        self._empty = EmptyState(
            "sampler",
            "Watch Metropolis-Hastings write a sentence",
            "Give it a few words: it inserts, replaces and deletes around them, and tosses a coin for every edit.",
            "juice, natural, brand: run it",
            theme=theme,
            hint="Four chains on the lecture's keywords. Or type your own at the left and press Run.",
        )
        self._empty.started.connect(self.demo_wanted)
        scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        scroll.setWidget(self.chains)
        self._stack = QStackedWidget()
        for page in (self.strip, scroll, self._empty):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(4)
        layout.addLayout(self._build_chips())
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._said)
        layout.addWidget(self._locks, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self.bars)
        theme.changed.connect(self._restyle)
        self._restyle()

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show_preview(self, words: list[Word]) -> None:
        """Before a run: the sentence as typed, or how to begin."""
        self.strip.show_sentence(words)
        self._stack.setCurrentIndex(0 if words else 2)
        self._show_below(bool(words))
        self._said.setText("")
        self._title.setText("Click a word to lock it; press Run." if words else "")
        self.bars.show_bars([])
        self._show_chips(1, 0, False)

    def show_step(
        self, run: Run, step: int, chain: int, *, locks: set[int] | None, animate: bool, overview: bool
    ) -> None:
        """A step of a run. `locks`: places locked by hand for what comes next, None: none changed."""
        self._show_below(True)
        self._show_chips(run.chains, chain, overview)
        self._stack.setCurrentIndex(1 if overview else 0)
        proposal = run.proposal(step, chain)
        if overview:
            self.chains.show_rows([self._chain_row(run, step, c) for c in range(run.chains)], chain)
        else:
            words = words_of(run, step, chain)
            if locks is not None:
                words = [Word(w.text, i in locks, w.unknown) for i, w in enumerate(words)]
            edit = edit_of(proposal) if proposal and not self._traded(run, step, chain) else None
            before = words_of(run, step - 1, chain) if animate and step else []
            self.strip.show_sentence(words, edit, before=before, animate=animate)
        self._locks.setVisible(locks is not None and not overview)
        if proposal is None:
            self._said.setText(escape(self._start_text(run)))
            self._title.setText("")
            self.bars.show_bars([])
            return
        color = self._theme.text(self._theme.colors.accepted if proposal.accepted else self._theme.colors.rejected)
        traded = " Then it traded sentences with its neighbour." if self._traded(run, step, chain) else ""
        what = escape(action(proposal))
        self._said.setText(
            f"{what[0].upper()}{what[1:]}. <span style='color:{color.name()}'>"
            f"{'✓' if proposal.accepted else '✗'} {escape(verdict(proposal))}</span>{traded}"
        )
        self._title.setText(candidates_title(proposal, run.request.candidates, len(proposal.words)))
        self.bars.show_bars([] if impossible(proposal) else bars_of(proposal))

    def reset_size(self) -> None:
        """A new run: the sentence may be large again."""
        self.strip.reset_size()

    # --- inside ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _traded(run: Run, step: int, chain: int) -> bool:
        return step > 0 and any(s.accepted and chain in (s.low, s.high) for s in run.step(step).swaps)

    @staticmethod
    def _start_text(run: Run) -> str:
        unknown = ", ".join(f"“{w}”" for w in run.started.unknown)
        charged = unknown_words(run.unknown_at(0, 0))
        note = f" Not in the vocabulary, kept as typed: {unknown}; {charged}." if unknown else ""
        return f"The first sentence. Press Space to play, → for one step.{note}"

    @staticmethod
    def _chain_row(run: Run, step: int, chain: int) -> ChainRow:
        standing, proposal = run.standing(step, chain), run.proposal(step, chain)
        note = number(standing.log_target)
        if run.request.ladder:
            note = f"T {run.request.ladder[chain]:g}  {note}"
        if proposal is None:
            return ChainRow(standing.sentence, note=note)
        return ChainRow(standing.sentence, signed_action(proposal).replace("  ", " "), proposal.accepted, note)

    def _show_below(self, on: bool) -> None:
        for widget in (self._said, self._title, self.bars):
            widget.setVisible(on)

    def _build_chips(self) -> QHBoxLayout:
        row = self._row = QHBoxLayout()
        row.setSpacing(4)
        self._chain_label = QLabel("Chain")
        self._chain_label.setProperty("role", "caption")
        row.addWidget(self._chain_label)
        self._many = ComboBox()
        self._many.setAccessibleName("Chain")
        self._many.currentIndexChanged.connect(self._on_many)
        row.addWidget(self._many)
        self._all = QToolButton(text="All", checkable=True)
        self._all.setToolTip("Show the sentences of all chains below each other (O)")
        self._all.clicked.connect(self.all_chosen)
        row.addWidget(self._all)
        row.addSpacerItem(QSpacerItem(1, 1, QSizePolicy.Policy.Expanding))
        return row

    def _show_chips(self, chains: int, chain: int, overview: bool) -> None:
        few = 1 < chains <= CHIPS
        while len(self._chips) < (chains if few else 0):
            self._add_chip(len(self._chips))
        for index, chip in enumerate(self._chips):
            chip.setVisible(few and index < chains)
            chip.setChecked(index == chain)
        self._chain_label.setVisible(chains > 1)
        self._all.setVisible(chains > 1)
        self._all.setChecked(overview)
        self._many.setVisible(chains > CHIPS)
        if chains > CHIPS:
            with QSignalBlocker(self._many):
                if self._many.count() != chains:
                    self._many.clear()
                    self._many.addItems([f"chain {c + 1}" for c in range(chains)])
                self._many.setCurrentIndex(chain)

    def _add_chip(self, index: int) -> None:
        chip = QToolButton(text=str(index + 1), checkable=True)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setToolTip(f"Show chain {index + 1}")
        chip.setAccessibleName(f"Chain {index + 1}")
        chip.clicked.connect(lambda _=False: self.chain_chosen.emit(index))
        self._chips.append(chip)
        self._row.insertWidget(1 + index, chip)
        self._color_chip(index)

    def _color_chip(self, index: int) -> None:
        self._chips[index].setIcon(icon("dot", self._theme, self._theme.category(index)))

    @Slot(int)
    def _on_many(self, index: int) -> None:
        if index >= 0:
            self.chain_chosen.emit(index)

    @Slot()
    def _restyle(self) -> None:
        for index in range(len(self._chips)):
            self._color_chip(index)
        self._said.setMinimumHeight(self._said.fontMetrics().height() * 2 + 2)
