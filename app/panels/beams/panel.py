"""The beams panel: one input, any number of decoders, and each search made visible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFileDialog

from app.commands import Command
from app.panels.base import Panel
from app.panels.beams import exports
from app.panels.beams.batch import Batch, Pair, read_pairs
from app.panels.beams.decoders import Decoder, Setup, command_line, six
from app.panels.beams.demo import shots
from app.panels.beams.examples import PAIRS, PROMPTS
from app.panels.beams.explain import BeamsExplain
from app.panels.beams.form import BeamsForm
from app.panels.beams.growth import ids_of
from app.panels.beams.help import HELP
from app.panels.beams.hero import BeamsHero
from app.panels.beams.history import BeamsHistory
from app.panels.beams.keys import beams_commands
from app.panels.beams.run import Run
from app.panels.beams.show import Shower
from app.services import Services
from app.undo import edit
from app.widgets.playhead import Playhead
from engine.messages import (
    Cancelled,
    Failed,
    Finished,
    Message,
    ModelInfo,
    Progress,
    SearchDone,
    SearchOptions,
    SearchStep,
    Started,
    with_preset,
)

FRAME_MS = 33  # between two paintings of what has come in
END = 3  # id of the end mark in every vocabulary


class BeamsPanel(Panel):
    """Compare decoders on one input."""

    key = "beams"
    title = "Beams"
    icon = "beams"
    capability = "NextToken"
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.setup = Setup()
        self.runs: dict[int, Run] = {}
        self.row = 0  # the hypothesis looked at
        self.token = -1  # its token looked at
        self.node: int | None = None  # or the node of the tree
        self.focused = False
        self._example = -1
        self.playhead = Playhead(self)
        self.batch = Batch(self.bridge, self)
        self.form = BeamsForm(theme=self.theme)
        self.hero = BeamsHero(theme=self.theme)
        self.views = self.hero.views
        self.explain = BeamsExplain(theme=self.theme)
        self.history = BeamsHistory(self.playhead, theme=self.theme)
        self.anatomy.set_input(self.form)
        self.anatomy.set_hero(self.hero)
        self.anatomy.set_explain(self.explain)
        self.anatomy.set_history(self.history, 190)
        self._frame = QTimer(self, interval=FRAME_MS, singleShot=True)
        self._shower = Shower(self)
        self._connect()
        self._on_models()
        self.set_setup(self.setup)

    def _connect(self) -> None:
        self._frame.timeout.connect(self.refresh)
        form, hero, views = self.form, self.hero, self.views
        form.edited.connect(self.edit)
        form.preset_chosen.connect(self.use_preset)
        form.added.connect(self.add_decoder)
        form.removed.connect(self.remove_decoder)
        form.moved.connect(self.move_decoder)
        form.run_wanted.connect(self.start)
        form.stop_wanted.connect(self.stop)
        form.example_wanted.connect(self.next_example)
        hero.empty.started.connect(self.demo)
        hero.lanes.lane_chosen.connect(self.choose_decoder)
        hero.lanes.token_chosen.connect(self.choose_token_of)
        hero.lanes.token_activated.connect(self._on_token_activated)
        views.view_chosen.connect(self.show_view)
        views.fold_chosen.connect(self.set_fold)
        views.focus_wanted.connect(self.toggle_focus)
        views.penalty_changed.connect(self._on_penalty)
        views.search_wanted.connect(self.search_with_penalty)
        views.tree.node_chosen.connect(self.choose_node)
        views.tree.node_activated.connect(self._on_node_activated)
        views.tokens.token_chosen.connect(self.choose_token)
        views.tokens.token_activated.connect(lambda token: self.force_token(token))
        views.tokens.other_activated.connect(self.force_other)
        views.attention.row_chosen.connect(self.choose_token)
        views.curve.sentence_chosen.connect(self.choose_hypothesis)
        views.curve.penalty_chosen.connect(self._on_penalty)
        views.batch.file_wanted.connect(self.open_batch)
        views.batch.examples_wanted.connect(self.run_examples)
        views.batch.stop_wanted.connect(self.batch.stop)
        self.batch.changed.connect(self._on_batch)
        self.explain.force_wanted.connect(self.force)
        self.history.hypothesis_chosen.connect(self.choose_hypothesis)
        self.playhead.moved.connect(self._on_moved)
        self.bridge.models_changed.connect(self._on_models)
        self.theme.changed.connect(self.refresh)

    # --- what is asked ---------------------------------------------------------------------------------------------

    def edit_setup(self, key: str, title: str, setup: Setup) -> None:
        """Change what is asked, so that it can be undone; edits under one key merge."""
        edit(self.services.undo, f"{self.key}.{key}", title, self.setup, setup, self.set_setup)

    def set_setup(self, setup: Setup) -> None:
        """Take over what is asked, past the undo stack."""
        other = setup.chosen != self.setup.chosen
        self.setup = setup
        if other:
            self._on_other_decoder()
        decoder = setup.decoder
        info = self.bridge.model(decoder.model) if decoder else None
        self.form.show_setup(setup)
        self.form.show_kind(info is None or "Seq2Seq" in info.capabilities)
        self.refresh()

    @Slot(str, object)
    def edit(self, field: str, value: Any) -> None:
        """Change the input ("text", "reference") or a field of the chosen decoder."""
        if field in ("text", "reference"):
            after = msgspec.structs.replace(self.setup, **{field: value})
        else:
            after = self.setup.with_option(field, value)
        self.edit_setup(f"{self.setup.chosen}.{field}", f"change {field.replace('_', ' ')}", after)

    @Slot(str)
    def use_preset(self, name: str) -> None:
        """Settings as another program means them."""
        decoder = self.setup.decoder
        if decoder is not None:
            changed = msgspec.structs.replace(decoder, options=with_preset(decoder.options, name), penalty=None)
            self.edit_setup("preset", f"preset {name}", self.setup.with_decoder(changed))

    @Slot()
    def add_decoder(self) -> None:
        """One more decoder, like the chosen one."""
        models = self.models()
        fresh = self.setup.decoder or Decoder(0, models[0].name if models else "", SearchOptions())
        self.edit_setup("add", "add a decoder", self.setup.added(fresh))

    @Slot()
    def remove_decoder(self) -> None:
        """The chosen decoder goes."""
        if self.setup.decoder is not None:
            self.edit_setup("remove", "remove a decoder", self.setup.removed(self.setup.decoder.id))

    @Slot(int)
    def move_decoder(self, by: int) -> None:
        """The chosen decoder up or down; the first one is what the others are compared with."""
        if self.setup.decoder is not None:
            self.edit_setup("move", "move a decoder", self.setup.moved(by))

    @Slot(int)
    def choose_decoder(self, name: int) -> None:
        """Look at a decoder."""
        if name != self.setup.chosen and self.setup.find(name) is not None:
            self.set_setup(msgspec.structs.replace(self.setup, chosen=name))

    def next_decoder(self, by: int) -> None:
        """The decoder below or above."""
        if self.setup.decoders:
            place = (self.setup.number(self.setup.chosen) + by) % len(self.setup.decoders)
            self.choose_decoder(self.setup.decoders[place].id)

    @Slot()
    def next_example(self) -> None:
        """Another example input for the kind of model that is chosen."""
        self._example += 1
        decoder = self.setup.decoder
        info = self.bridge.model(decoder.model) if decoder else None
        if info is None or "Seq2Seq" in info.capabilities:
            text, reference = PAIRS[self._example % len(PAIRS)]
        else:
            text, reference = PROMPTS[self._example % len(PROMPTS)], ""
        changed = msgspec.structs.replace(self.setup, text=text, reference=reference)
        self.edit_setup("example", "another example", changed)

    def models(self) -> list[ModelInfo]:
        """What can write: translators first, then language models that read forwards."""
        writers = [m for m in self.bridge.models_with("NextToken") if m.role != "backward"]
        return self.bridge.models_with("Seq2Seq") + [m for m in writers if "Seq2Seq" not in m.capabilities]

    @Slot()
    def _on_models(self) -> None:
        models = self.models()
        self.form.show_models(models)
        if models and not self.setup.decoders:
            options = (SearchOptions(strategy="greedy", n_best=1), SearchOptions())
            decoders = tuple(Decoder(i + 1, models[0].name, o) for i, o in enumerate(options))
            self.setup = msgspec.structs.replace(self.setup, decoders=decoders, chosen=1)
        self.set_setup(self.setup)

    # --- searching -------------------------------------------------------------------------------------------------

    @property
    def run(self) -> Run | None:
        """The chosen decoder's search."""
        return self.runs.get(self.setup.chosen)

    @property
    def running(self) -> bool:
        """Whether any search is on."""
        return any(run.running for run in self.runs.values())

    @Slot()
    def start(self) -> None:
        """Run all decoders on the input."""
        errors = self.setup.errors()
        if errors:
            self.form.show_errors(errors)
            return
        self.stop()
        for decoder in self.setup.decoders:
            self._submit(decoder)
        self._on_other_decoder()
        self.refresh()

    def start_one(self) -> None:
        """Run the chosen decoder only."""
        decoder = self.setup.decoder
        if decoder is not None and not self.setup.errors():
            self._submit(decoder)
            self._on_other_decoder()
            self.refresh()

    def _submit(self, decoder: Decoder) -> None:
        before = self.runs.get(decoder.id)
        if before is not None and before.running:
            self.bridge.forget(before.job)
        run = Run(self.setup.request(decoder))
        self.runs[decoder.id] = run
        run.job = self.bridge.submit(run.request, lambda message: self._on_message(run, message))

    @Slot()
    def stop(self) -> None:
        """End all searches here."""
        for run in self.runs.values():
            if run.running:
                self.bridge.forget(run.job)
                run.wrong = "Stopped."
        self.later()

    def _on_message(self, run: Run, message: Message) -> None:
        match message.event:
            case Started():
                run.note = "searching"
            case Progress() as progress:
                run.note = progress.note
            case SearchStep() as step:
                run.add(step)
            case SearchDone() as done:
                run.done = done
            case Failed() as failed:
                run.wrong = failed.sentence
            case Cancelled():
                run.wrong = run.wrong or "Stopped."
            case Finished() if run.done is None:
                run.wrong = "The search ended without a result."
        self.later()

    def later(self) -> None:
        """Show what has come in at the next frame."""
        if not self._frame.isActive():
            self._frame.start()

    # --- looking ---------------------------------------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """Show everything as it is now."""
        run = self.run
        if run is not None:
            live = self.playhead.at_edge
            self.playhead.total = len(run.steps) if not run.running else 0
            self.playhead.extend(len(run.steps))
            if live and not self.playhead.playing:
                self.playhead.seek(self.playhead.end)
        self._shower.show()

    def _on_other_decoder(self) -> None:
        self.row, self.token, self.node = 0, -1, None
        self.playhead.pause()
        self.playhead.reset()
        run = self.run
        if run is not None:
            self.playhead.total = len(run.steps) if not run.running else 0
            self.playhead.extend(len(run.steps))
            self.playhead.seek(self.playhead.end)

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        self._shower.show_tree(animate=self.playhead.speed <= 5)

    @Slot(int)
    def choose_hypothesis(self, row: int) -> None:
        """Look at one of the finished sentences."""
        self.row, self.token = row, -1
        self.refresh()

    @Slot(int, int)
    def choose_token_of(self, name: int, token: int) -> None:
        """Look at a token of a decoder's best sentence."""
        self.choose_decoder(name)
        self.row = 0
        self.choose_token(token)

    @Slot(int)
    def choose_token(self, token: int) -> None:
        """Look at a token of the chosen sentence, and at the step that decided it."""
        self.token = token
        run = self.run
        hypothesis = self._shower.hypothesis
        if run is not None and hypothesis is not None:
            path = run.growth.follow(ids_of(hypothesis)[: token + 1])
            self.node = path[-1].id if len(path) == token + 1 else None
        self.refresh()

    @Slot(int)
    def choose_node(self, node: int) -> None:
        """Look at a node of the tree."""
        self.node, self.token = node, -1
        self.refresh()

    def to_closest_call(self) -> None:
        """Go to the step at which the chosen sentence came nearest to being pruned."""
        hypothesis, run = self._shower.hypothesis, self.run
        call = run.growth.closest_call(ids_of(hypothesis)) if run and hypothesis else None
        if call is None:
            self.services.notices.info("Nothing came near to being pruned here.")
            return
        self.show_view("tree")
        self.playhead.pause()
        self.playhead.seek(call.step)
        self.choose_token(call.step - 1)

    @Slot(str)
    def show_view(self, name: str) -> None:
        """One of the views below the lanes."""
        self.views.show_view(name)
        self.refresh()

    @Slot(str)
    def set_fold(self, name: str) -> None:
        """How much of what was pruned the tree shows."""
        self.views.show_fold(name)

    def next_fold(self) -> None:
        """The next way of folding."""
        ways = ("folded", "step", "all")
        self.set_fold(ways[(ways.index(self.views.tree.fold) + 1) % 3])

    @Slot()
    def toggle_focus(self) -> None:
        """All the room for the view below, or back."""
        self.focused = not self.focused
        self.refresh()

    # --- going on from somewhere -----------------------------------------------------------------------------------

    def forced(self) -> tuple[int, ...]:
        """The token ids up to what is looked at, the end mark left out."""
        run, hypothesis = self.run, self._shower.hypothesis
        ids: tuple[int, ...] = ()
        if self.token >= 0 and hypothesis is not None:
            ids = ids_of(hypothesis)[: self.token + 1]
        elif self.node is not None and run is not None and self.node in run.growth.nodes:
            ids = tuple(n.token for n in run.growth.path(self.node))
        return tuple(i for i in ids if i != END)

    @Slot()
    def force(self) -> None:
        """Force the prefix up to what is looked at, and search on from there."""
        self.force_ids(self.forced())

    def force_ids(self, ids: tuple[int, ...]) -> None:
        """Force a beginning on the chosen decoder and run it; an edit that can be undone."""
        decoder = self.setup.decoder
        if decoder is None or not ids:
            return
        options = msgspec.structs.replace(decoder.options, prefix="", prefix_ids=ids)
        changed = msgspec.structs.replace(decoder, options=options)
        self.edit_setup("force", "force a prefix", self.setup.with_decoder(changed))
        self.start_one()

    @Slot(int, int)
    def _on_token_activated(self, name: int, token: int) -> None:
        self.choose_token_of(name, token)
        self.force()

    @Slot(int)
    def _on_node_activated(self, node: int) -> None:
        self.choose_node(node)
        self.force()

    def force_token(self, token: int) -> None:
        """Force the chosen sentence up to a token."""
        self.choose_token(token)
        self.force()

    @Slot(int, int)
    def force_other(self, token: int, other: int) -> None:
        """Force the chosen sentence up to a token, with one of the alternatives in its place."""
        hypothesis = self._shower.hypothesis
        if hypothesis is not None:
            ids = hypothesis.tokens[token].alternative_ids
            if other < len(ids) and ids[other] != END:
                self.force_ids((*ids_of(hypothesis)[:token], ids[other]))

    # --- length penalty --------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_penalty(self, value: float | None) -> None:
        self.row = 0
        self.edit("penalty", None if value is None else round(float(value), 2))

    @Slot()
    def search_with_penalty(self) -> None:
        """Search again with the penalty that the slider says."""
        decoder = self.setup.decoder
        if decoder is None:
            return
        changed = msgspec.structs.replace(decoder, options=decoder.ranked_by, penalty=None)
        self.edit_setup("penalty", "search with this penalty", self.setup.with_decoder(changed))
        self.start_one()

    # --- batch -----------------------------------------------------------------------------------------------------

    @Slot()
    def open_batch(self) -> None:
        """Ask for a file of sentences and run it."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Sentences", "", "Text (*.txt *.tsv);;All files (*)")
        if chosen:
            self.open_file(Path(chosen))

    def open_file(self, path: Path) -> bool:
        """A text file: its sentences through every decoder."""
        if path.suffix not in (".txt", ".tsv"):
            return False
        try:
            self.start_batch(read_pairs(path), path.name)
        except ValueError as error:
            self.services.notices.error(f"{error}.")
        return True

    @Slot()
    def run_examples(self) -> None:
        """The examples through every decoder."""
        decoder = self.setup.decoder
        info = self.bridge.model(decoder.model) if decoder else None
        translates = info is None or "Seq2Seq" in info.capabilities
        pairs = [Pair(*pair) for pair in PAIRS] if translates else [Pair(prompt) for prompt in PROMPTS]
        self.start_batch(pairs, "examples")

    def start_batch(self, pairs: list[Pair], name: str) -> None:
        """Sentences through every decoder, in the background."""
        if not self.setup.decoders:
            self.services.notices.warn("Add a decoder first.")
            return
        self.show_view("batch")
        self.hero.show_empty(False)
        self.batch.start(self.setup, pairs, name)

    @Slot()
    def _on_batch(self) -> None:
        self.views.batch.show_batch(self.batch)

    # --- copies and files ------------------------------------------------------------------------------------------

    def results(self) -> list[tuple[int, Decoder, Run]]:
        """The decoders that have something to show, in their order."""
        pairs = ((i, d, self.runs.get(d.id)) for i, d in enumerate(self.setup.decoders))
        return [(i, d, r) for i, d, r in pairs if r is not None and r.done is not None]

    def copy_sentence(self) -> None:
        """The sentence looked at."""
        if self._shower.hypothesis is not None:
            self.copy_text(self._shower.hypothesis.text, "the sentence")

    def copy_command(self) -> None:
        """The chosen decoder's search as a command for a terminal."""
        if self.setup.decoder is not None:
            self.copy_text(command_line(self.setup, self.setup.decoder), "the command line")

    def export_table(self, kind: str) -> None:
        """All hypotheses: "csv" or "json"."""
        if kind == "csv":
            self.export("hypotheses.csv", exports.table(self.results()), "Comma-separated values (*.csv)")
        else:
            self.export("hypotheses.json", exports.records(self.results()), "JSON (*.json)")

    def export_trace(self) -> None:
        """The chosen decoder's search, every step."""
        if self.run is not None:
            self.export("trace.json", exports.trace(self.run), "JSON (*.json)")

    # --- what the window asks --------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Searching, looking, the player, decoders, copies and exports."""
        return beams_commands(self)

    def demo(self) -> None:
        """Six decoders on one German sentence; on a prompt where there is no translator."""
        models = self.models()
        if not models:
            self.services.notices.warn("There is no model in the library yet that translates or continues a text.")
            return
        translates = "Seq2Seq" in models[0].capabilities
        self._example = 0
        text, reference = PAIRS[0] if translates else (PROMPTS[0], "")
        setup = Setup(text=text, reference=reference, decoders=six(models[0].name), chosen=2)
        self.edit_setup("demo", "show an example", setup)
        self.start()

    def ready(self) -> bool:
        """Whether every decoder of the demonstration has its result."""
        return bool(self.setup.decoders) and len(self.results()) == len(self.setup.decoders)

    def shots(self) -> Iterator[str]:
        """The states worth a picture."""
        return shots(self)

    def state(self) -> dict[str, Any]:
        """What is asked, what was found, and what is looked at."""
        return {
            "setup": msgspec.to_builtins(self.setup),
            "runs": {str(d.id): run.pack() for _, d, run in self.results()},
            "view": self.views.view,
            "fold": self.views.tree.fold,
            "focused": self.focused,
            "position": self.playhead.position,
            "row": self.row,
            "token": self.token,
            "anatomy": self.anatomy.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.stop()
        try:
            setup = msgspec.convert(state.get("setup", {}), Setup)
        except msgspec.ValidationError:
            setup = Setup()
        self.runs = {}
        for name, text in dict(state.get("runs", {})).items():
            try:
                self.runs[int(name)] = Run.unpack(text)
            except ValueError:
                continue
        self.focused = bool(state.get("focused", False))
        self.views.show_view(str(state.get("view", "tree")))
        self.views.show_fold(str(state.get("fold", "step")))
        if isinstance(state.get("anatomy"), dict):
            self.anatomy.restore(state["anatomy"])
        self.setup = Setup()
        if setup.decoders:
            self.set_setup(setup)
        else:
            self._on_models()
        self.playhead.seek(int(state.get("position", self.playhead.end)))
        self.row, self.token = int(state.get("row", 0)), int(state.get("token", -1))
        self.refresh()
