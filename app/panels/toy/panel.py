"""The exact toy panel: the chain's law beside the true one, and what each defect of the released code does to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.commands import Command
from app.panels.base import Panel
from app.panels.toy.form import DEFECTS, ToyForm, changed
from app.services import Services
from app.undo import edit
from app.widgets.empty import EmptyState
from app.widgets.law_chart import LawChart
from app.widgets.numbers import number
from app.widgets.timeline import Timeline
from engine.messages import Cancelled, ExactToy, Failed, Finished, Message, ToySpace, ToyStep, command_line

FRAME_MS = 50
STEPS = 4000  # a demonstration is over in some seconds
DIGITS = 1e-12  # a law is kept when pi P differs from pi by no more

HELP = """
**Is the sampler right?** With a handful of words every sentence can be listed, so the target π is known exactly, and
the kernel's transition matrix P can be written down. Then

> max |πP − π| = 0 (π is left as it is), and π(x) P(x→x′) = π(x′) P(x′→x) for every pair (detailed balance)

can be checked to the last digit, and the chains' histogram must approach π no slower than Monte-Carlo error allows:
the total variation ½ Σ |p − π| falls as one over the square root of the draws.

The switches put back, one by one, what the released code of CGMH does differently, and show how far the law then is
from the target, however long it runs.
"""


class ToyPanel(Panel):
    """Enumerate, compare, break, compare again."""

    key = "toy"
    title = "Exact toy"
    icon = "toy"
    capability = ""
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.request = ExactToy(steps=STEPS)
        self.space: ToySpace | None = None
        self.steps: list[ToyStep] = []
        self.job: int | None = None
        self.form = ToyForm(theme=self.theme)
        self.chart = LawChart(theme=self.theme)
        self.empty = EmptyState(
            "toy",
            "Check the sampler against the exact law",
            "A few words, every sentence listed: the chains' histogram must meet the bars, or the kernel is wrong.",
            "Enumerate and run",
            theme=self.theme,
            hint="Then switch on what the released code does differently, and see where its law goes.",
        )
        self.timeline = Timeline(("total variation",), theme=self.theme, cursor=False)
        self._said = QLabel(wordWrap=True)
        self._numbers = QLabel(wordWrap=True)
        self._verdict = QLabel(wordWrap=True)
        self._verdict.setTextFormat(Qt.TextFormat.RichText)
        self._verdict.setProperty("role", "heading")
        self._caption = QLabel()
        for label in (self._said, self._numbers):
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._frame = QTimer(self, interval=FRAME_MS, singleShot=True)
        self._frame.timeout.connect(self._on_frame)
        self._build()
        self.form.edited.connect(self.edit)
        self.form.run_wanted.connect(self.start)
        self.form.stop_wanted.connect(self.stop)
        self.empty.started.connect(self.demo)
        self.theme.changed.connect(self._explain)
        self.form.show_values(self.request)

    def _build(self) -> None:
        self.anatomy.set_input(self.form)
        self._stack = QStackedWidget()
        result = QWidget()
        column = QVBoxLayout(result)
        column.setContentsMargins(16, 12, 16, 4)
        column.addWidget(self._verdict)
        column.addWidget(self.chart, 1)
        for page in (self.empty, result):
            self._stack.addWidget(page)
        self.anatomy.set_hero(self._stack)
        explain = QWidget()
        column = QVBoxLayout(explain)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._said)
        column.addWidget(self._numbers)
        column.addStretch(1)
        self.anatomy.set_explain(explain)
        history = QWidget()
        column = QVBoxLayout(history)
        column.setContentsMargins(12, 8, 12, 4)
        self._caption.setProperty("role", "caption")
        column.addWidget(self._caption)
        column.addWidget(self.timeline, 1)
        self.anatomy.set_history(history, 210)
        self._explain()

    # --- asking ----------------------------------------------------------------------------------------------------

    @Slot(str, object)
    def edit(self, field: str, value: Any) -> None:
        """Change a setting, so that it can be undone; a switch is answered at once."""
        after = changed(self.request, field, value)
        edit(self.services.undo, f"toy.{field} {value}", f"change {field}", self.request, after, self._take)

    def _take(self, request: ExactToy) -> None:
        switched = request.defects != self.request.defects
        self.request = request
        self.form.show_values(request)
        if switched and self.space is not None:
            self.start()

    @Slot()
    def start(self) -> None:
        """Enumerate and run."""
        if self.job is not None:
            self.bridge.forget(self.job)
        self.job = self.bridge.submit(self.request, self._on_message, slot=("toy", "run"))
        self.form.show_running(True)

    @Slot()
    def stop(self) -> None:
        """End the run here."""
        if self.job is not None:
            self.bridge.cancel(self.job)

    def _on_message(self, message: Message) -> None:
        if message.job != self.job:
            return
        match message.event:
            case ToySpace() as space:
                self.space, self.steps = space, []
                self.chart.show_space(space.sentences, np.asarray(space.exact))
                self._stack.setCurrentIndex(1)
                self._explain()
            case ToyStep() as step:
                self.steps.append(step)
            case Failed() as failed:
                self.services.notices.error(failed.sentence, failed.traceback)
                self._ended()
            case Finished() | Cancelled():
                self._ended()
        if not self._frame.isActive():
            self._frame.start()

    def _ended(self) -> None:
        self.job = None
        self.form.show_running(False)

    # --- showing ---------------------------------------------------------------------------------------------------

    @Slot()
    def _on_frame(self) -> None:
        """The newest histogram and the whole curve, once a frame."""
        if self.steps:
            self.chart.show_observed(np.asarray(self.steps[-1].empirical))
            seen = np.asarray([s.total_variation for s in self.steps])
            expected = np.asarray([s.expected for s in self.steps])
            last = self.steps[-1].step
            self.timeline.show_traces([[seen, expected]], last, self.request.steps, every=self.request.every)
        self._explain()

    @Slot()
    def _explain(self) -> None:
        space = self.space
        if space is None:
            self._said.setText("Nothing has been enumerated yet.")
            self._numbers.clear()
            self._caption.setText("Total variation between the chains' histogram and the exact law, over the steps")
            return
        right = space.invariance <= DIGITS
        c = self.theme.colors
        color = self.theme.text(c.accepted if right else c.rejected).name()
        verdict = (
            "✓ The kernel leaves the target as it is"
            if right
            else f"✗ The kernel's own law is off by {number(space.total_variation)}"
        )
        why = "".join(f"<br>· {DEFECTS[d][1]}." for d in self.request.defects if d in DEFECTS)
        self._verdict.setText(f"<span style='color:{color}'>{verdict}</span>")
        self._said.setText(
            f"{len(space.sentences):,} sentences, every one listed: the target π and the kernel's matrix P are exact, "
            f"the chains are counted.{why}"
        )
        rows = [("max |πP \u2212 π|", space.invariance), ("detailed balance, all", space.detailed_balance)]
        rows += [(f"detailed balance, {move}", value) for move, value in space.balance_by_move.items()]
        rows += [("kernel's law to target, TV", space.total_variation)]
        if self.steps:
            last = self.steps[-1]
            rows += [(f"chains to target after {last.step:,}", last.total_variation)]
            rows += [("Monte-Carlo error alone", last.expected)]
        muted = c.muted.name()
        self._numbers.setFont(self.theme.number_font(12))
        self._numbers.setText(
            "<table cellspacing='3' width='100%'>"
            + "".join(
                f"<tr><td style='color:{muted}'>{name}</td><td align='right'>{number(value)}</td></tr>"
                for name, value in rows
            )
            + "</table>"
        )
        colors = self.theme.text(self.theme.category(0)).name(), self.theme.text(self.theme.category(1)).name()
        self._caption.setTextFormat(Qt.TextFormat.RichText)
        self._caption.setText(
            f"Total variation to the exact law, every {self.request.every} steps: "
            f"<b style='color:{colors[0]}'>the chains</b>, "
            f"<b style='color:{colors[1]}'>what Monte-Carlo error alone would give</b>"
        )

    # --- what the window asks --------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Run, stop, copy."""
        return [
            Command("toy.run", "Enumerate and run", self.start, "Ctrl+Return", self.title, aliases=("exact", "check")),
            Command("toy.stop", "Stop the run", self.stop, "", self.title, lambda: self.job is not None),
            Command("toy.exact", "All defects off", lambda: self.edit("defects", ()), "", self.title),
            Command(
                "toy.copy_command", "Copy as command line", self.copy_command, "", self.title, aliases=("terminal",)
            ),
            Command("toy.copy_picture", "Copy as picture", lambda: self.copy_image(), "", self.title),
        ]

    def copy_command(self) -> None:
        """The check as a command for a terminal."""
        self.copy_text(command_line(self.request), "the command line")

    def demo(self) -> None:
        """The exact kernel on 340 sentences."""
        self.start()

    def ready(self) -> bool:
        """Whether chains have been counted to the end."""
        return self.space is not None and self.job is None and bool(self.steps)

    def shots(self) -> Iterator[str]:
        """The exact kernel, and one as released."""
        yield "exact"
        self.edit("defects", (next(iter(DEFECTS)),))
        self.bridge.wait_for(lambda: self.job is None and not self._frame.isActive(), 60)
        yield "released"
        self.edit("defects", ())

    def state(self) -> dict[str, Any]:
        """The settings."""
        return {"request": msgspec.to_builtins(self.request)}

    def restore(self, state: dict[str, Any]) -> None:
        """Put the settings back."""
        values = {k: v for k, v in dict(state.get("request", {})).items() if k != "request"}
        try:
            self.request = msgspec.convert(values, ExactToy)
        except msgspec.ValidationError:
            return
        if self.job is not None:
            self.bridge.forget(self.job)
            self._ended()
        self.space, self.steps = None, []  # they were of other settings
        self._stack.setCurrentIndex(0)
        self.timeline.show_traces([[]], 0, self.request.steps, every=self.request.every)
        self._explain()
        self.form.show_values(self.request)
