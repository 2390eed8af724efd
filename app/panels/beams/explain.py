"""The explanation: search error or model error, the score with its numbers, what else could have stood there."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.panels.beams.decoders import Decoder
from app.panels.beams.verdict import Verdict
from app.theme import Theme
from app.widgets.numbers import number
from app.widgets.probability_bars import Bar, ProbabilityBars
from engine.messages import Hypothesis

INTRO = (
    "A decoder looks for a sentence y that the model finds probable: log p(y) is the sum of log p of its tokens, each "
    "given those before. There are far too many sentences to try; greedy search, beams and sampling each try some."
)


class BeamsExplain(QWidget):
    """Verdict, formula with numbers, the token or node chosen, and the button that goes on from there."""

    force_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._where = _text("caption")
        self._what = _text("heading")
        self._verdict = _text()
        self._objective = _text()
        self._score = _text()
        self._call = _text()
        self._place = _text("heading")
        self._node = _text()
        self.bars = ProbabilityBars(theme=theme, headings=("token", "probability"))
        self.force = QPushButton()
        self.force.setToolTip("Every sentence must then begin like this; only this decoder searches again (Return)")
        self.force.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.force.clicked.connect(lambda: self.force_wanted.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self._where, self._what, self._verdict, self._objective, self._score, self._call):
            layout.addWidget(widget)
        layout.addSpacing(8)
        for widget in (self._place, self._node, self.bars, self.force):
            layout.addWidget(widget)
        layout.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_intro()
        self.show_place("", "", (), "")

    def show_intro(self, note: str = "") -> None:
        """What decoding is, before anything was found."""
        self._where.setText("Decoding")
        self._what.setText("What a decoder looks for")
        self._verdict.setText(escape(note) or INTRO)
        for label in (self._objective, self._score, self._call):
            label.hide()

    def show_verdict(
        self, where: str, verdict: Verdict, decoder: Decoder, best: Hypothesis, score: float, call: str
    ) -> None:
        """Judge the output of a decoder."""
        c = self._theme.colors
        heads = {
            "search error": ("✗ Search error", c.rejected),
            "model error": ("⇄ Model error", c.replaced),
            "agrees": ("✓ As the reference", c.accepted),
            "drawn": ("Drawn, not searched for" if decoder.options.info.draws else "Looks for something else", c.muted),
            "open": ("✓ Nothing better known", c.accepted),
            "incomparable": ("Not comparable with the reference", c.muted),
            "unmet": ("✗ Not every phrase was met", c.rejected),
            "unfinished": ("No finished sentence", c.muted),
        }
        head, color = heads[verdict.kind]
        self._where.setText(escape(where))
        self._what.setText(f"<span style='color:{self._theme.text(color).name()}'>{head}</span>")
        self._verdict.setText(escape(verdict.sentence))
        self._objective.setText(decoder.options.info.formula)
        self._score.setText(score_formula(decoder, best, score))
        self._call.setText(escape(call))
        self._objective.show()
        self._score.show()
        self._call.setVisible(bool(call))

    def show_place(self, label: str, about: str, bars: Sequence[Bar], force: str) -> None:
        """What is known of the token or node chosen; `force` is the prefix that the button would force."""
        self._place.setText(escape(label))
        self._node.setText(escape(about).replace("\n", "<br>"))
        self.bars.show_bars(bars)
        self.bars.setFixedHeight(self._theme.px(24) * (len(bars) + 1) if bars else 0)
        self.force.setText(f"Force “{_short(force)}”, search on".replace("&", "&&"))
        for widget, shown in (
            (self._place, label), (self._node, about), (self.bars, bars), (self.force, force),
        ):  # fmt: skip
            widget.setVisible(bool(shown))

    def text(self) -> str:
        """What is said, as text."""
        return " ".join(w.text() for w in (self._what, self._verdict, self._score, self._call, self._place, self._node))

    @Slot()
    def _restyle(self) -> None:
        self._objective.setFont(self._theme.sentence_font(14))
        self._score.setFont(self._theme.sentence_font(14))


def score_formula(decoder: Decoder, best: Hypothesis, score: float) -> str:
    """The normalised score with its numbers put in."""
    options, length, log_p = decoder.ranked_by, len(best.tokens), number(best.log_prob)
    if options.info.score == "utility":
        return f"expected {'chrF' if options.utility == 'chrf' else 'BLEU'} = {number(score)} %"
    a = f"{options.length_penalty:g}"
    if options.normalisation == "off" or options.length_penalty == 0:
        return f"score = log p(y) = {log_p} nats, over {length} tokens"
    if options.normalisation == "gnmt":
        rule = f"((5 + |y|) / 6)<sup>a</sup> = {log_p} / ((5 + {length}) / 6)<sup>{a}</sup>"
    else:
        rule = f"|y|<sup>a</sup> = {log_p} / {length}<sup>{a}</sup>"
    coverage = " + coverage" if options.coverage_penalty else ""
    return f"score = log p(y) / {rule}{coverage} = <b>{number(score)}</b>"


def _short(text: str) -> str:
    return text if len(text) <= 18 else "…" + text[-17:]


def _text(role: str = "") -> QLabel:
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
