"""What just happened in the latent space, in words; the objective with its numbers; is the space in use at all."""

from __future__ import annotations

import html
import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.widgets.dial import Dial
from app.widgets.numbers import number
from engine.messages import Decoded, LatentReport, Metric, NeighboursFound

Array = npt.NDArray[np.floating]
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
ELBO = (
    "log <i>p</i>(<i>x</i>) \N{GREATER-THAN OR EQUAL TO}<br>"
    "E<sub><i>q</i>(<i>z</i>|<i>x</i>)</sub>[log <i>p</i>(<i>x</i>|<i>z</i>)]<br>\N{MINUS SIGN} "
    "KL(<i>q</i>(<i>z</i>|<i>x</i>) \N{PARALLEL TO} <i>p</i>(<i>z</i>))"
)
AUTOENCODER = "maximise log <i>p</i>(<i>x</i>|<i>z</i> = <i>f</i>(<i>x</i>)): no KL term, no prior"


class Explain(QWidget):
    """The explanation region."""

    def __init__(self, *, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._report: LatentReport | None = None
        self._here: tuple[Decoded | None, Array | None, float, int] = (None, None, 0.0, 0)
        self._found: NeighboursFound | None = None
        self._later: list[QWidget] = []  # shown once there is a model
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.happened = self._text("Here")
        self.formula = self._text("What the model maximises", rich=True)
        self.kl = Dial("KL of a sentence", theme=theme)
        self.kl.setToolTip("What encoding a sentence costs: 0 means the posterior is the prior and z says nothing")
        self.mi = Dial("Mutual information", theme=theme)
        self.mi.setToolTip(
            "How much z tells of which sentence it was; a sampled estimate cannot exceed the log of its sample"
        )
        self.au = Dial("Active units", theme=theme)
        self.au.setToolTip("Dimensions whose posterior mean varies over sentences; the others have collapsed")
        for dial in (self.kl, self.mi, self.au):
            self._layout.addSpacing(6)
            self._layout.addWidget(dial)
        self.near = self._text("Nearest encoded sentences", rich=True)
        self.others = self._text("Other hypotheses here", rich=True)
        self._layout.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_report(None)

    def _text(self, heading: str, *, rich: bool = False) -> QLabel:
        head = QLabel(heading)
        head.setProperty("role", "overline")
        head.setContentsMargins(0, 8, 0, 0)
        body = QLabel(wordWrap=True, minimumWidth=1, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        body.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        body.setAccessibleName(heading)
        self._layout.addWidget(head)
        self._layout.addWidget(body)
        self._later += [head, body] if rich else []
        return body

    @Slot()
    def _restyle(self) -> None:
        self.formula.setFont(self._theme.sentence_font(15))
        for label in (self.others, self.near):
            label.setFont(self._theme.sentence_font(14))
        self.show_report(self._report)
        self.show_here(*self._here)
        if self._found is not None:
            self.show_neighbours(self._found)

    # --- here --------------------------------------------------------------------------------------------------------

    def show_here(self, decoded: Decoded | None, point: Array | None, shift: float, changed: int) -> None:
        """The point and the sentence at it. `shift` is how far attributes have moved it; `changed` counts new words."""
        self._here = (decoded, point, shift, changed)
        if decoded is None or point is None:
            self.happened.setText("Place two sentences and drag between them: every point is decoded into a sentence.")
            return
        (sentence,) = decoded.sentences
        parts = [self._place(point)]
        if shift:
            parts.append(f"Attributes have moved it by {number(shift)}.")
        count = len(sentence.words)
        parts.append(f"{changed} of {count} words are new. " if changed else "The sentence is the one before. ")
        mean = math.exp(sentence.log_prob / max(len(sentence.probabilities), 1))
        end = " and the end mark" if sentence.finished else ", cut before an end mark"
        parts.append(
            f"log p(x|z) = {number(sentence.log_prob)} nats for {count} words{end}: {mean:.2f} a word (geometric mean)."
        )
        if not sentence.finished:
            parts.append("The decoder reached its longest sentence without an end mark.")
        self.happened.setText("\n".join(p.strip() for p in parts))
        rows = [
            f"{html.escape(text)} <span style='color:{self._muted()}'>{number(score)}</span>"
            for text, score in decoded.others
        ]
        if not decoded.preview:
            self.others.setText("<br>".join(rows) or "None: the search keeps one.")

    def _place(self, point: Array) -> str:
        report = self._report
        if report is None or not report.variational:
            far = number(float(np.linalg.norm(point)))
            return f"This point lies {far} from 0. An autoencoder has no prior to compare it with."
        radius, size = float(np.linalg.norm(point)), len(point)
        typical = math.sqrt(size)
        where = "as far out as"
        if abs(radius - typical) > 1.5:
            where = "nearer the middle than" if radius < typical else "farther out than"
        return (
            f"This point lies {radius:.1f} {SIGMA} from the prior's mean, {where} most samples of the prior "
            f"({typical:.1f} ± 0.7 in {size} dimensions)."
        )

    def _muted(self) -> str:
        return self._theme.text(self._theme.colors.muted).name()

    def show_neighbours(self, found: NeighboursFound) -> None:
        """Sentences encoded nearby."""
        self._found = found
        rows = [
            f"{html.escape(text)} <span style='color:{self._muted()}'>{number(float(d))}</span>"
            for text, d in zip(found.texts, found.distances, strict=True)
        ]
        self.near.setText("<br>".join(rows) or "No sentence has been encoded.")

    # --- the space ---------------------------------------------------------------------------------------------------

    def show_report(self, report: LatentReport | None) -> None:
        """The dials of a model."""
        self._report = report
        for part in (*self._later, self.kl, self.mi, self.au):
            part.setVisible(report is not None)
        if report is None:
            return
        m = report.metrics
        if report.variational:
            self.formula.setText(ELBO + self._numbers(m))
        else:
            self.formula.setText(AUTOENCODER)
        for dial in (self.kl, self.mi):
            dial.setVisible(report.variational)
        kl, mi, au = m.get("kl"), m.get("mutual_information"), m.get("active_units")
        collapsed = bool(report.verdict)
        self.kl.show_value(kl.value if kl else float(np.sum(report.kl)), "nats", how=_how(kl))
        cap = math.log(mi.count) if mi and mi.count > 1 else 0.0
        told = mi is not None and "at most" in mi.estimator
        cap_name = f"at most log {mi.count:,} = {number(cap)} nats" if mi and cap and not told else ""
        self.mi.show_value(mi.value if mi else None, "nats", cap=cap, cap_name=cap_name, how=_how(mi), weak=collapsed)
        active = au.value if au else float(sum(report.active))
        how = _how(au) or f"Var of the posterior mean \N{GREATER-THAN OR EQUAL TO} {number(report.threshold)}"
        self.au.show_value(
            active, f"of {report.latent_size}", cap=report.latent_size, how=how, weak=report.variational and active < 2
        )

    def _numbers(self, metrics: dict[str, Metric]) -> str:
        """The bound's two terms on held-out text, as far as the card holds them."""
        rows = []
        for key, name in (
            ("reconstruction", "reconstruction"),
            ("kl", "KL"),
            ("elbo", "ELBO"),
            ("nll", "\N{MINUS SIGN}log p(x)"),
        ):
            if key in metrics:
                metric = metrics[key]
                rows.append(f"{name} {number(metric.value)} {html.escape(metric.unit)}")
        return f"<br><span style='color:{self._muted()}; font-size:small'>{', '.join(rows)}</span>" if rows else ""


def _how(metric: Metric | None) -> str:
    if metric is None:
        return ""
    counted = (
        f", {metric.count:,} {metric.of or 'sentences'}"
        if metric.count and f"{metric.count:,}" not in metric.estimator
        else ""
    )
    return metric.estimator + counted
