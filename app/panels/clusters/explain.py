"""What just happened, in words; the objective with its numbers at the frame on show; has the mixture collapsed."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import TypeVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.panels.clusters.choices import LIVE
from app.panels.clusters.explorer import Explorer
from app.panels.clusters.film import Film
from app.theme import Theme
from app.widgets.dial import Dial
from app.widgets.numbers import number
from engine.messages import Decoded, Metric, TrainingPoint

V = TypeVar("V")
MINUS, PARALLEL = "\N{MINUS SIGN}", "\N{PARALLEL TO}"
MU, BETA = "\N{GREEK SMALL LETTER MU}", "\N{GREEK SMALL LETTER BETA}"
OBJECTIVE = (
    f"E log <i>p</i>(<i>x</i>|<i>z</i>) {MINUS} KL(<i>q</i>(<i>c</i>) {PARALLEL} <i>p</i>(<i>c</i>))<br>"
    f"{MINUS} E KL(<i>q</i>(<i>z</i>|<i>x</i>) {PARALLEL} <i>p&#770;</i>(<i>z</i>|<i>x</i>))<br>"
    f"{MINUS} {BETA} E Var<sub><i>q</i>(<i>c</i>|<i>x</i>)</sub> {MU}<sub><i>c</i></sub>"
)
THEOREM = (
    "The bound itself has {beta} = 1, and so it asks that the component means come together (theorem 2); its term for "
    "<i>c</i> pushes the same way (theorem 1). Below 1 they may stay apart. The part of KL(z) in <i>c</i> splits "
    "exactly: KL to the mean prior + dispersion."
)
NAMES = {
    "reconstruction": "reconstruction",
    "mean-prior": "KL to the mean prior",
    "dispersion": "dispersion",
    "bag-of-words": "bag of words",
    "aggregated-categorical": "KL(q(c) \N{PARALLEL TO} p(c))",
    "information": "I(x; c)",
    "kl": "KL of the Gaussian part",
}


def term_name(key: str) -> str:
    """A loss term as the panel names it."""
    return NAMES.get(key, key.replace("-", " "))


def in_order(terms: Mapping[str, V]) -> dict[str, V]:
    """Loss terms in the order of the objective, by the panel's names; those it does not know after them."""
    keys = [k for k in NAMES if k in terms] + [k for k in terms if k not in NAMES]
    return {term_name(k): terms[k] for k in keys}


class Explain(QWidget):
    """The explanation region."""

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._heads: dict[str, QLabel] = {}
        self.happened = self._text("Here")
        self.formula = self._text("What DGMVAE maximises", rich=True)
        self.formula.setText(OBJECTIVE)
        self.terms = self._text("Terms, and where the last step went", rich=True, key="terms")
        self.mi = Dial("I(x; c)", theme=theme)
        self.mi.setToolTip("What the components tell of the sentence: 0 means the codes are chance")
        self.var = Dial("Variance of the means", theme=theme)
        self.var.setToolTip("How far the components stand apart; 0: one Gaussian, whatever their number")
        self.kl_z = Dial("KL(z)", theme=theme)
        self.kl_z.setToolTip("What the point costs against its components: KL to the mean prior plus dispersion")
        self.kl_c = Dial("KL(c)", theme=theme)
        self.kl_c.setToolTip("How uneven the components are used over all sentences: 0 is even")
        for dial in (self.mi, self.var, self.kl_z, self.kl_c):
            self._layout.addSpacing(6)
            self._layout.addWidget(dial)
        self.theorem = self._text("Why means fall together", rich=True)
        self.theorem.setText(THEOREM.format(beta=BETA))
        self._layout.addStretch(1)
        self._later = (self._heads["terms"], self.terms, self.mi, self.var, self.kl_z, self.kl_c)
        for part in self._later:
            part.hide()
        theme.changed.connect(self._restyle)
        self._restyle()
        self.say("Watch a training, or click on the map: every place of it is a sentence.")

    def _text(self, heading: str, *, rich: bool = False, key: str = "") -> QLabel:
        body = QLabel(wordWrap=True, minimumWidth=1, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        body.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        if heading:
            head = QLabel(heading, wordWrap=True, minimumWidth=1)
            head.setProperty("role", "overline")
            head.setContentsMargins(0, 8, 0, 0)
            self._layout.addWidget(head)
            self._heads[key or heading] = head
            body.setAccessibleName(heading)
        self._layout.addWidget(body)
        return body

    @Slot()
    def _restyle(self) -> None:
        self.formula.setFont(self._theme.sentence_font(15))

    @Slot(str)
    def say(self, text: str) -> None:
        """Where the sentence was read, or what else has happened."""
        self._where = text
        self.happened.setText(text)

    def show_decoded(self, event: Decoded) -> None:
        """How sure the model is of the sentence."""
        (sentence,) = event.sentences
        count = len(sentence.words)
        mean = math.exp(sentence.log_prob / max(len(sentence.probabilities), 1))
        end = " and the end mark" if sentence.finished else ", cut before an end mark"
        how = "greedy, while it moves" if event.preview else "beam 5"
        self.happened.setText(
            f"{self._where}\nlog p(x|z) = {number(sentence.log_prob)} nats for {count} words{end}: "
            f"{mean:.2f} a word ({how}, {number(event.seconds * 1e3)} ms)."
        )

    # --- the frame on show -------------------------------------------------------------------------------------------

    def show_frame(self, explorer: Explorer, frame: int) -> None:
        """Terms and dials of a model at a frame of its training, or of the model alone."""
        film, report = explorer.film, explorer.report
        for part in self._later:
            part.setVisible(film is not None or report is not None)
        name = "the run" if explorer.model == LIVE else explorer.model
        self._heads["terms"].setText(f"Terms of {name}, and where the last step went")
        end = explorer.at_end(frame)
        metrics = dict(report.metrics) if report else {}
        if explorer.figures is not None:
            metrics |= explorer.figures.metrics
        terms = film.terms(min(frame, len(film) - 1)) if film is not None and len(film) else {}
        self._show_terms(film, frame)
        counts = (report.mixtures, report.components) if report else (0, 0)
        collapsed = bool(report and report.verdict)
        if film is not None and len(film) and (not end or not metrics):
            at = min(frame, len(film) - 1)
            how = f"at step {film.steps[at]:,}, {len(film.texts):,} sentences"
            self._show_information(film.information(at), (*counts, len(film.texts)), how, weak=False)
            self.var.show_value(round(film.variance(at), 3), how=f"at step {film.steps[at]:,}")
        else:
            mi, var = metrics.get("mutual_information"), metrics.get("variance_of_means")
            self._show_information(
                mi.value if mi else None, (*counts, mi.count if mi else 0), _counted(mi), weak=collapsed
            )
            self.var.show_value(round(var.value, 3) if var else None, how=_counted(var), weak=collapsed)
        kl_z = metrics.get("kl_z") if end else None
        of_terms = sum(v for k, v in terms.items() if k in ("mean-prior", "dispersion", "kl"))
        self.kl_z.show_value(kl_z.value if kl_z else of_terms if terms else None, "nats", how=_counted(kl_z))
        kl_c = metrics.get("kl_c") if end else None
        self.kl_c.show_value(kl_c.value if kl_c else terms.get("aggregated-categorical"), "nats", how=_counted(kl_c))

    def _show_information(self, value: float | None, counts: tuple[int, int, int], how: str, *, weak: bool) -> None:
        mixtures, components, sentences = counts
        fewest = min(components, sentences) if sentences else components  # N sentences tell at most log N
        cap = mixtures * math.log(fewest) if fewest > 1 else 0.0
        name = f"at most {mixtures} log {fewest} = {number(cap)}" if cap else ""
        self.mi.show_value(
            None if value is None else round(value, 3), "nats", cap=cap, cap_name=name, how=how, weak=weak
        )

    def _show_terms(self, film: Film | None, frame: int) -> None:
        """The terms at a frame, and their change from the frame before."""
        if film is None or not len(film):
            self.terms.setText("No training was recorded with this model.")
            return
        frame = min(frame, len(film) - 1)
        rows = [
            _line(name, _short(value), _short(change, signed=True) if frame else "")
            for name, value, change in _changes(film, frame)
        ]
        since = f"since #{film.steps[frame - 1]:,}" if frame else ""
        head = _line("nats a sentence", f"#{film.steps[frame]:,}", since, self._theme.text(self._theme.colors.muted))
        self.terms.setText(_table([head, *rows]))

    def show_point(self, point: TrainingPoint | None) -> None:
        """The newest step of a training that runs here."""
        if point is not None:
            said = [f"{name} {number(value)}" for name, value in in_order(point.terms).items()]
            self.happened.setText(f"Step {point.step:,} of {point.total:,}: {', '.join(said)}.")


def _changes(film: Film, frame: int) -> list[tuple[str, float, float]]:
    """Name, value and change of every term but the batch's information, then of the sample's and of the variance."""
    now, before = film.terms(frame), film.terms(max(frame - 1, 0))
    pairs = {k: (v, v - before.get(k, v)) for k, v in now.items() if k != "information"}
    rows = [(name, value, change) for name, (value, change) in in_order(pairs).items()]
    for name, of in (("I(x; c)", film.information), ("variance of the means", film.variance)):
        rows.append((name, of(frame), of(frame) - of(max(frame - 1, 0))))
    return rows


def _short(value: float, *, signed: bool = False) -> str:
    """Two decimals, so that a column of them can be read while it changes."""
    rounded = round(value, 2)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.2f}"


def _line(name: str, value: str, change: str, color: QColor | None = None) -> str:
    style = f" style='color:{color.name()}'" if color is not None else ""
    right = f"<td align='right'{style}>{value}</td><td align='right'{style}>&nbsp;&nbsp;{change}</td>"
    return f"<tr><td{style}>{html.escape(name)}</td>{right}</tr>"


def _table(rows: list[str]) -> str:
    return f"<table width='100%' cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"


def _counted(metric: Metric | None) -> str:
    return f"{metric.count:,} {metric.of or 'sentences'}" if metric and metric.count else ""
