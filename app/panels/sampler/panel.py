"""The sampler panel: parameters in, chains out, a player over what they did."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QSignalBlocker, QTimer, Slot

from app.commands import Command
from app.panels.base import Panel
from app.panels.sampler import exports, session
from app.panels.sampler.demo import DEMO, shots
from app.panels.sampler.explain import SamplerExplain
from app.panels.sampler.form import SamplerForm
from app.panels.sampler.hero import SamplerHero
from app.panels.sampler.history import SamplerHistory
from app.panels.sampler.keys import sampler_commands
from app.panels.sampler.parameters import Parameters
from app.panels.sampler.run import Run
from app.panels.sampler.runner import Runner
from app.services import Services
from app.undo import edit
from app.widgets.playhead import Playhead
from app.widgets.text_fields import MOST_TYPED
from app.widgets.token_strip import Word
from engine.messages import (
    Cancelled,
    Failed,
    Finished,
    LadderSuggested,
    Message,
    ModelInfo,
    Sample,
    SuggestLadder,
    Superseded,
    command_line,
)
from engine.reading import split_words

FRAME_MS = 50  # between two paintings of what has come in
DISCRETE = ("mode", "locked", "model", "order", "seed_fixed")  # choices: each is an undo step of its own
MOST_REQUEST = 1 << 20  # bytes of a run file's first line
CALM = 5.0  # steps a second above which nothing is animated

HELP = """
**Metropolis–Hastings sentence editing** (CGMH, Miao et al. 2019). The chain stands at a sentence *x*. A step picks a
move (⇄ replace, + insert, − delete) and a place, draws a word from the candidates *Q* that a forward and a backward
language model suggest, and so proposes *x′*. It is accepted with probability

> α = min(1, π(x′) g(x | x′) / (π(x) g(x′ | x)))

where π, the target, is the language model's probability of the sentence times the constraints, and *g* the chance of
proposing the edit. In the long run the chain visits every sentence as often as π says.

**Keywords** are locked: no move takes them out. **Paraphrase** adds a similarity term *S* to a source sentence: how
well each of its content words is matched by some word here, by the cosine of word vectors, 0 when all are there and
below 0 otherwise. Names, numbers and negations count by themselves, as vectors hardly tell them apart.
Click words in the large sentence to lock them; **B** goes on from the step you are looking at, as another run; the
runs before stay in the list beside the player. **G** lets a run go on where it ended.

*Accepted* is not *changed*: a replacement may draw the word that stands there anyway. With the **metropolised**
proposal it never does (Liu 1996). R-hat and ESS are those of Vehtari et al. (2021), ESS with the last even lag as Stan
and arviz have it; draws that are all equal tell nothing. A **tempering ladder** works where neighbours exchange
sentences in about a fifth to two fifths of the trials; *Suggest* finds one by pilot runs.

Space plays, ← → step, Shift ten, ↑ ↓ change the speed, Home and End go to the ends.
Away from the live edge, pausing stops only the picture: the engine runs ahead. On the live edge it holds the engine.
"""


class SamplerPanel(Panel):
    """Watch Metropolis-Hastings edit a sentence."""

    key = "sampler"
    title = "Sampler"
    icon = "sampler"
    capability = "Scores"
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.parameters = Parameters(seed_fixed=services.settings.seeds == "fixed")
        self.chain = 0
        self.overview = False
        self._locks: set[int] | None = None  # changed by hand on the sentence shown
        self._shown = -1
        self.playhead = Playhead(self)
        self.runner = Runner(self.bridge, services.notices, self.playhead, self)
        self.form = SamplerForm(theme=self.theme)
        self.hero = SamplerHero(theme=self.theme)
        self.explain = SamplerExplain(theme=self.theme)
        self.history = SamplerHistory(self.playhead, theme=self.theme)
        self.anatomy.set_input(self.form)
        self.anatomy.set_hero(self.hero)
        self.anatomy.set_explain(self.explain)
        self.anatomy.set_history(self.history, 268)
        self._frame = QTimer(self, interval=FRAME_MS, singleShot=True)
        self._connect()
        self._on_models()
        self._show_parameters()

    def _connect(self) -> None:
        self._frame.timeout.connect(self._on_frame)
        self.form.edited.connect(self.edit)
        self.form.run_wanted.connect(self.start)
        self.form.stop_wanted.connect(self.stop)
        self.form.new_seed_wanted.connect(self.new_seed)
        self.hero.chain_chosen.connect(self.choose_chain)
        self.hero.demo_wanted.connect(self.demo)
        self.hero.locks_applied.connect(self.branch)
        self.hero.all_chosen.connect(self.show_all)
        self.hero.strip.word_clicked.connect(self.toggle_lock)
        self.history.step_chosen.connect(self.playhead.seek)
        for icon, tip, action in (
            ("refresh", "Again with the same seed (R)", self.again),
            ("dice", "Again with a new seed (N)", self.new_seed),
            ("branch", "Go on from here as a new run (B)", self.branch),
            ("redo", "Let the run go on where it ended (G)", self.go_on),
        ):
            self.history.player.add(icon, tip, action)
        self.history.changes.toggled.connect(self.only_changes)
        self.history.run_chosen.connect(self.choose_run)
        self.form.ladder_wanted.connect(self.suggest_ladder)
        self.playhead.moved.connect(self._on_moved)
        self.runner.began.connect(self.begin_run)
        self.runner.grew.connect(self._later)
        self.runner.ended.connect(self._on_ended)
        self.bridge.models_changed.connect(self._on_models)
        self.theme.changed.connect(self._refresh)

    @property
    def run(self) -> Run | None:
        """The run shown."""
        return self.runner.run

    @property
    def job(self) -> int | None:
        """The engine's job, while the run goes on."""
        return self.runner.job

    # --- parameters ------------------------------------------------------------------------------------------------

    @Slot(str, object)
    def edit(self, field: str, value: Any) -> None:
        """Change a parameter, so that it can be undone."""
        name = field.rpartition(".")[2].replace("_", " ")
        self._change(f"{field} {value}" if field in DISCRETE else field, name, self.parameters.with_field(field, value))

    def _change(self, key: str, name: str, after: Parameters) -> None:
        edit(self.services.undo, f"{self.key}.{key}", f"change {name}", self.parameters, after, self.set_parameters)

    def set_parameters(self, parameters: Parameters) -> None:
        """Take over parameters, past the undo stack."""
        self.parameters = parameters
        self._show_parameters()

    def _show_parameters(self) -> None:
        errors = self.parameters.errors()
        if self.run is None and not self.parameters.text:
            errors.pop("text", None)  # nothing has been typed yet: that is no mistake
        self.form.show_values(self.parameters, errors)
        if self.run is None:
            locked = set(self.parameters.sample.locked)
            always = self.parameters.mode == "keywords" and not self.parameters.first
            words = [
                Word(w, always or i in locked) for i, w in enumerate(split_words(self.parameters.preview[:MOST_TYPED]))
            ]
            self.hero.show_preview(words)

    @Slot(int)
    def toggle_lock(self, index: int) -> None:
        """Lock or free a word of the sentence shown: of the first sentence before a run, for a branch during one."""
        if self.run is None:
            if self.parameters.mode != "keywords":
                places = set(self.parameters.sample.locked) ^ {index}
                self.edit("locked", tuple(sorted(places)))
            return
        if self._locks is None:
            standing = self.run.standing(self.playhead.position, self.chain)
            self._locks = {i for i, lock in enumerate(standing.locked) if lock}
        self.playhead.pause()
        self._locks ^= {index}
        self._refresh()

    @Slot()
    def new_seed(self) -> None:
        """Draw another seed and run."""
        self.edit("seed", random.SystemRandom().randrange(2**31))
        self.start()

    def _models(self) -> list[ModelInfo]:
        return [m for m in self.bridge.models_with(self.capability) if m.role == "forward"]

    @Slot()
    def _on_models(self) -> None:
        models = self._models()
        self.form.show_models(models)
        names = {m.name for m in models}
        if models and self.parameters.sample.model not in names:
            self.set_parameters(self.parameters.with_field("model", models[0].name))

    # --- running ---------------------------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Run what the input region says."""
        errors = self.parameters.errors() | self.form.unread()
        if errors:
            self.form.show_errors(errors)
            return
        if not self.parameters.seed_fixed and not self.anatomy.presenting:  # a room sees the same again
            self.edit("seed", random.SystemRandom().randrange(2**31))
        self._submit(self.parameters.request())

    def fix_seed(self, value: bool) -> None:
        """As the settings say."""
        if value != self.parameters.seed_fixed:
            self.edit("seed_fixed", value)

    @Slot()
    def again(self) -> None:
        """The run that is shown once more, from its start, with its seed."""
        self._submit(self.run.request, self.run.note) if self.run else self.start()

    @Slot()
    def branch(self) -> None:
        """A new run that starts at the sentence shown, under the constraints of the input region."""
        if self.run is None:
            self.start()
            return
        step = self.playhead.position
        standing = self.run.standing(step, self.chain)
        request = self.parameters.request()
        keywords = set(split_words(request.keywords))
        places = self._locks if self._locks is not None else _extra_locks(standing.words, standing.locked, keywords)
        request = msgspec.structs.replace(
            request, start=" ".join(standing.words), locked=tuple(sorted(places)), model=self.run.request.model
        )
        self._submit(request, f"branched off step {step:,} of run {self.run.number}")

    def _submit(self, request: Sample, note: str = "") -> None:
        self._locks = None
        self._leave_run()
        self.runner.submit(request, note)
        self.form.show_running(True)

    @Slot()
    def go_on(self) -> None:
        """Let the run shown go on: to the steps that were asked for, or as many again where it had them."""
        run = self.run
        if run is None or self.job is not None:
            return
        asked = run.request.steps
        total = asked if not asked or asked > len(run) else len(run) + asked - run.request.done
        self._locks = None
        self.playhead.seek(self.playhead.end)
        self.runner.go_on(total)
        self.form.show_running(True)
        self.playhead.play()

    @Slot(int)
    def choose_run(self, index: int) -> None:
        """Show another of the latest runs, where it was left."""
        if 0 <= index < len(self.runner.runs) and self.runner.runs[index] is not self.run:
            self._leave_run()
            self.show_run(self.runner.runs[index])

    def show_run(self, run: Run) -> None:
        """Show a run that is kept, at the step where it was left."""
        place = run.place
        self.runner.adopt(run)
        self.form.show_running(False)
        self.begin_run()
        self.playhead.pause()
        self.playhead.total = len(run)
        self.playhead.extend(len(run))
        self.playhead.seek(place)

    def _leave_run(self) -> None:
        if self.run is not None:
            self.run.place = self.playhead.position

    @Slot(bool)
    def only_changes(self, on: bool) -> None:
        """Whether the player stops at every step, or only where the sentence of the chain changes."""
        self.playhead.stops = self._change_from if on else None

    def _change_from(self, step: int, count: int) -> int:
        return self.run.change_from(step, self.chain, count) if self.run else step + count

    @Slot()
    def suggest_ladder(self) -> None:
        """Find temperatures for a tempering ladder by pilot runs."""
        errors = self.parameters.with_field("ladder", ()).errors()
        if errors:
            self.form.show_errors(errors)
            return
        sample = self.parameters.with_field("ladder", ()).request()
        self.form.show_suggesting(True)
        self.bridge.submit(SuggestLadder(sample=sample), self._on_ladder, slot=(self.key, "ladder"))

    def _on_ladder(self, message: Message) -> None:
        match message.event:
            case LadderSuggested() as found:
                self.edit("ladder", found.ladder)
                shares = ", ".join(f"{share:.0%}" for share in found.swaps)
                self.services.notices.info(f"On this ladder neighbours exchange sentences in {shares} of the trials.")
            case Failed() as failed:
                self.services.notices.error(failed.sentence, failed.traceback)
                self.form.show_suggesting(False)
            case Finished() | Cancelled() | Superseded():
                self.form.show_suggesting(False)

    @Slot()
    def stop(self) -> None:
        """End the run here; what there is stays."""
        self.runner.cancel()

    @Slot()
    def begin_run(self) -> None:
        """Show the run from its start."""
        run = self.run
        assert run is not None
        self.chain = min(max(self.chain, 0), run.chains - 1)
        self.overview = self.overview and run.chains > 1
        self._locks = None
        self._shown = -1
        self.hero.reset_size()
        self.history.show_runs([r.title for r in self.runner.runs], self.runner.runs.index(run))
        self.history.show_run(run, self.chain)
        with QSignalBlocker(self.playhead):  # between the two it would seem paused, and the engine would be held
            self.playhead.reset(total=run.request.steps)
            self.playhead.play()
        self.playhead.changed.emit()
        self._refresh()

    @Slot()
    def _on_ended(self) -> None:
        self.form.show_running(False)
        if self.run is not None:
            self.history.show_runs([r.title for r in self.runner.runs], self.runner.runs.index(self.run))
        self._later()

    @Slot()
    def _later(self) -> None:
        if not self._frame.isActive():
            self._frame.start()

    @Slot()
    def _on_frame(self) -> None:
        """Everything that came in since the last frame, in one go; the traces take a frame of their own."""
        traces = self.job is not None and self.history.due
        if not traces:
            self.runner.take_in()
        if not self.history.grow(force=self.job is None) or traces:
            self._later()

    def clear(self) -> None:
        """Nothing has run."""
        self.runner.clear()
        self.history.show_runs([], -1)
        self.chain, self.overview, self._locks = 0, False, None
        self.playhead.pause()
        self.playhead.reset()
        self.form.show_running(False)
        self.history.show_run(None, 0)
        self._show_parameters()
        self._refresh()

    # --- showing ---------------------------------------------------------------------------------------------------

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        self._locks = None
        self._show(animate=step == self._shown + 1 and self.playhead.speed <= CALM)

    @Slot()
    def _refresh(self) -> None:
        self._show(animate=False)

    def _show(self, *, animate: bool) -> None:
        run = self.run
        if run is None:
            self.explain.show_proposal(None, 0)
            return
        step = min(self.playhead.position, len(run))
        self._shown = step
        self.hero.show_step(run, step, self.chain, locks=self._locks, animate=animate, overview=self.overview)
        self.explain.show_proposal(run.proposal(step, self.chain), step, run, run.unknown_at(step, self.chain))
        self.history.show_step(step)

    @Slot(int)
    def choose_chain(self, chain: int) -> None:
        """Look at one chain."""
        if self.run is None or not 0 <= chain < self.run.chains:
            return
        self.chain, self._locks = chain, None
        self.history.show_run(self.run, chain)
        self._refresh()

    @Slot(bool)
    def show_all(self, on: bool) -> None:
        """All chains below each other, or one large."""
        self.overview = on and self.run is not None and self.run.chains > 1
        self._refresh()

    # --- what the window asks --------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Player, run, chains and exports."""
        return sampler_commands(self)

    def demo(self) -> None:
        """Four chains on the lecture's advertiser's keywords."""
        models = self._models()
        if not models:
            self.services.notices.warn("There is no forward language model in the library yet.")
            return
        sample = msgspec.structs.replace(DEMO, model=models[0].name, terms=self.parameters.sample.terms)
        self._change("demo", "all parameters", Parameters(mode="keywords", sample=sample, seed_fixed=True))
        self._show_parameters()
        self.start()

    def shows(self) -> bool:
        """Whether a first proposal is on the screen."""
        return self.run is not None and len(self.run) > 0

    def ready(self) -> bool:
        """Whether the demonstration's run is done."""
        return self.run is not None and self.run.finished and len(self.run) > 0

    def shots(self) -> Iterator[str]:
        """The states worth a picture."""
        return shots(self)

    def open_file(self, path: Path) -> bool:
        """A run file: its request is taken over and replayed."""
        if path.suffix.lower() != ".jsonl":
            return False
        try:
            with path.open("rb") as file:
                request = exports.read_request(file.readline(MOST_REQUEST))
        except (OSError, ValueError) as error:
            self.services.notices.error(f"{path.name} is not a run of the sampler: {error}.")
            return True
        mode = "paraphrase" if request.source else "keywords" if request.keywords else "sentence"
        first = "" if mode == "sentence" else request.start
        parameters = Parameters(mode=mode, sample=request, seed_fixed=True, first=first)
        self._change("file", "all parameters", parameters)
        self._submit(request, path.name)
        return True

    def export_run(self, kind: str) -> None:
        """Write the run: "jsonl" or "csv"."""
        if self.run is None:
            return
        if kind == "jsonl":
            self.export("run.jsonl", exports.json_lines(self.run), "JSON Lines (*.jsonl)")
        else:
            self.export("run.csv", exports.table(self.run), "Comma-separated values (*.csv)")

    def copy_sentence(self) -> None:
        """The sentence shown."""
        if self.run is not None:
            self.copy_text(self.run.standing(self.playhead.position, self.chain).sentence, "the sentence")

    def copy_command(self) -> None:
        """The run as a command for a terminal."""
        request = self.run.request if self.run else self.parameters.request()
        self.copy_text(f"{command_line(request)} --output run.jsonl", "the command line")

    def state(self) -> dict[str, Any]:
        """Parameters, place and, if it is small, the run."""
        return session.state(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Put it back; what cannot be read is left as it is."""
        session.restore(self, state)


def _extra_locks(words: tuple[str, ...], locked: tuple[bool, ...], keywords: set[str]) -> set[int]:
    """Locks that a person set: keywords are kept by the constraint itself, whichever of their occurrences it is."""
    return {i for i, (word, lock) in enumerate(zip(words, locked, strict=True)) if lock and word not in keywords}
