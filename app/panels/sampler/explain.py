"""The explanation: the acceptance test of one proposal, in words and with its numbers."""

from __future__ import annotations

import math
from html import escape

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.panels.sampler.run import Run
from app.panels.sampler.words import action, impossible, slot_text, terms_of, verdict
from app.theme import Theme
from app.widgets.acceptance import AcceptanceBar, TermTable
from engine.messages import Proposal

FORMULA = (
    "<table cellspacing='0' cellpadding='1'><tr><td rowspan='2' valign='middle'><i>α</i> = min(1,&nbsp;</td>"
    "<td align='center' style='border-bottom:1px solid {line}'><i>π</i>(x′) <i>g</i>(x | x′)</td>"
    "<td rowspan='2' valign='middle'>)</td></tr>"
    "<tr><td align='center'><i>π</i>(x) <i>g</i>(x′ | x)</td></tr></table>"
)
INTRO = (
    "Each step proposes a small edit, from x to x′, and tosses a coin for it. The better x′ is under the target π, and "
    "the easier the way back, the likelier it stays. So the chain visits sentences as often as π says."
)


class SamplerExplain(QWidget):
    """Verdict, ratio bar with the draw, formula, terms, and the slot's number."""

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._where = QLabel()
        self._where.setProperty("role", "caption")
        self._what = _text("heading")
        self._verdict = _text()
        self.bar = AcceptanceBar(theme=theme)
        self._formula = _text()
        self._formula.setToolTip("x: the sentence before, x′: as proposed; π: the target, g: the chance to propose it")
        self.terms = TermTable(theme=theme)
        self._slot = _text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self._where, self._what, self._verdict, self.bar, self._formula, self.terms, self._slot):
            layout.addWidget(widget)
        layout.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_proposal(None, 0)

    def show_proposal(self, p: Proposal | None, step: int, run: Run | None = None, unknown: int = 0) -> None:
        """Explain a proposal of a run; None: the start. `unknown`: words of the sentence outside the vocabulary."""
        tested = p is not None and not impossible(p)
        self.bar.setVisible(tested)
        self.terms.setVisible(tested)
        if p is None or run is None:
            self._where.setText("Metropolis-Hastings")
            self._what.setText("How it decides")
            self._verdict.setText(INTRO)
            self._slot.setText("")
            return
        where = f"step {step:,}" + (f", chain {p.chain + 1}" if run.chains > 1 else "")
        self._where.setText(where + (f" at temperature {p.temperature:g}" if run.request.ladder else ""))
        what = escape(action(p))
        self._what.setText(what[0].upper() + what[1:])
        c = self._theme.colors
        color = self._theme.text(c.accepted if p.accepted else c.rejected).name()
        head, _, rest = escape(verdict(p)).partition(":")
        sign = "✓" if p.accepted else "✗"
        self._verdict.setText(f"<span style='color:{color}'><b>{sign} {head}</b></span>:{rest}")
        if tested:
            self.bar.show_test(math.exp(p.log_alpha), math.exp(p.log_u))
            self.terms.show_terms(terms_of(p, unknown))
        self._slot.setText(slot_text(p, run.request.moves))

    def text(self) -> str:
        """What is said, without the numbers' table."""
        return " ".join((self._what.text(), self._verdict.text(), self._slot.text()))

    @Slot()
    def _restyle(self) -> None:
        self._formula.setFont(self._theme.sentence_font(15))
        self._formula.setText(FORMULA.format(line=self._theme.colors.muted.name()))


def _text(role: str = "") -> QLabel:
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
