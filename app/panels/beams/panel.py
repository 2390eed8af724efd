"""The beams panel: one input, any number of decoders, and each search made visible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Slot

from app.commands import Command
from app.panels.base import Panel
from app.panels.beams import session
from app.panels.beams.asking import Asking
from app.panels.beams.batch import Batch, Pair, read_pairs
from app.panels.beams.decoders import Decoder, Setup
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
from app.panels.beams.searches import Searches
from app.panels.beams.show import Shower
from app.services import Services
from app.widgets.playhead import Playhead
from engine.messages import Hypothesis
from engine.reading import END_MARK, is_text, patterns

FRAME_MS = 50  # between two paintings of what has come in
CALM = 5.0  # steps a second above which nothing is animated


class BeamsPanel(Panel):
    """Compare decoders on one input."""

    key = "beams"
    title = "Beams"
    icon = "beams"
    capability = "NextToken"
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.row = 0  # the hypothesis looked at
        self.token = -1  # its token looked at
        self.node: int | None = None  # or the node of the tree
        self.focused = False  # one view has all the room
        self.asking = Asking(self.bridge, services.undo, self.key, self)
        self.searches = Searches(self.bridge, self)
        self.batch = Batch(self.bridge, self)
        self.playhead = Playhead(self)
        self.form = BeamsForm(theme=self.theme)
        self.hero = BeamsHero(theme=self.theme)
        self.views = self.hero.views
        self.explain = BeamsExplain(theme=self.theme)
        self.history = BeamsHistory(self.playhead, theme=self.theme)
        self.anatomy.set_input(self.form)
        self.anatomy.set_hero(self.hero)
        self.anatomy.set_explain(self.explain)
        self.anatomy.set_history(self.history, 172)
        self._frame = QTimer(self, interval=FRAME_MS, singleShot=True)
        self._shower = Shower(self)
        self._connect_input()
        self._connect_views()
        self._on_models()

    def _connect_input(self) -> None:
        form, asking = self.form, self.asking
        asking.changed.connect(self._on_asked)
        asking.released.connect(self.services.notices.info)
        form.edited.connect(asking.edit)
        form.preset_chosen.connect(asking.use_preset)
        form.added.connect(asking.add)
        form.removed.connect(asking.remove)
        form.moved.connect(asking.move)
        form.example_wanted.connect(asking.next_example)
        form.run_wanted.connect(self.start)
        form.stop_wanted.connect(self.stop)
        self.searches.changed.connect(self.later)
        self._frame.timeout.connect(self.refresh)
        self.playhead.moved.connect(self._on_moved)
        self.bridge.models_changed.connect(self._on_models)
        self.theme.changed.connect(self.refresh)

    def _connect_views(self) -> None:
        hero, views = self.hero, self.views
        hero.empty.started.connect(self.demo)
        hero.lanes.lane_chosen.connect(self.asking.choose)
        hero.lanes.token_chosen.connect(self.choose_token_of)
        hero.lanes.token_activated.connect(self._on_token_activated)
        views.view_chosen.connect(self.show_view)
        views.fold_wanted.connect(self.next_fold)
        views.focus_wanted.connect(self.toggle_focus)
        views.penalty_changed.connect(self.set_penalty)
        views.search_wanted.connect(self.search_with_penalty)
        views.tree.node_chosen.connect(self.choose_node)
        views.tree.node_activated.connect(self._on_node_activated)
        views.tokens.token_chosen.connect(self.choose_token)
        views.tokens.token_activated.connect(self.force_token)
        views.tokens.other_activated.connect(self.force_other)
        views.attention.row_chosen.connect(self.choose_token)
        views.curve.sentence_chosen.connect(self.choose_hypothesis)
        views.curve.penalty_chosen.connect(self.set_penalty)
        views.batch.file_wanted.connect(self.open_batch)
        views.batch.examples_wanted.connect(self.run_examples)
        views.batch.stop_wanted.connect(self.batch.stop)
        self.batch.changed.connect(self._on_batch)
        self.explain.force_wanted.connect(self.force)
        self.history.hypothesis_chosen.connect(self.choose_hypothesis)

    # --- what is asked and what came of it -------------------------------------------------------------------------

    @property
    def setup(self) -> Setup:
        """What is asked."""
        return self.asking.setup

    @property
    def run(self) -> Run | None:
        """The chosen decoder's search."""
        return self.searches.runs.get(self.setup.chosen)

    def results(self) -> list[tuple[int, Decoder, Run]]:
        """The decoders that have something to show, in their order."""
        pairs = ((i, d, self.searches.runs.get(d.id)) for i, d in enumerate(self.setup.decoders))
        return [(i, d, r) for i, d, r in pairs if r is not None and r.done is not None]

    @Slot(bool)
    def _on_asked(self, other: bool) -> None:
        if other:
            self._look_anew()
        self.form.show_setup(self.setup)
        self.form.show_kind(self.asking.translates)
        self.refresh()

    @Slot()
    def _on_models(self) -> None:
        self.form.show_models(self.asking.models())
        self.asking.meet_models()

    @Slot()
    def start(self) -> None:
        """Run all decoders on the input."""
        errors = self.setup.errors()
        if errors:
            self.form.show_errors(errors)
            return
        self.stop()
        for decoder in self.setup.decoders:
            self.searches.start(decoder.id, self.setup.request(decoder))
        self._look_anew()
        self.refresh()

    def start_one(self) -> None:
        """Run the chosen decoder only."""
        if (decoder := self.setup.decoder) is not None and not self.setup.errors():
            self.searches.start(decoder.id, self.setup.request(decoder))
            self._look_anew()
            self.refresh()

    @Slot()
    def stop(self) -> None:
        """End all searches here."""
        self.searches.stop()

    @Slot()
    def later(self) -> None:
        """Show what has come in at the next frame."""
        if not self._frame.isActive():
            self._frame.start()

    @property
    def hypothesis(self) -> Hypothesis | None:
        """The sentence looked at."""
        return self._shower.hypothesis

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

    def _look_anew(self) -> None:
        self.row, self.token, self.node = 0, -1, None
        self.playhead.pause()
        self.playhead.reset()

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        self._shower.show_tree(animate=self.playhead.speed <= CALM)

    @Slot(int)
    def choose_hypothesis(self, row: int) -> None:
        """Look at one of the finished sentences."""
        self.row, self.token = row, -1
        self.refresh()

    @Slot(int, int)
    def choose_token_of(self, name: int, token: int) -> None:
        """Look at a token of a decoder's best sentence."""
        self.asking.choose(name)
        self.row = 0
        self.choose_token(token)

    @Slot(int)
    def choose_token(self, token: int) -> None:
        """Look at a token of the chosen sentence, and at its node in the tree."""
        self.token, self.node = token, None
        run, hypothesis = self.run, self.hypothesis
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
        hypothesis, run = self.hypothesis, self.run
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

    @Slot()
    def next_fold(self) -> None:
        """The tree's next way of folding what was pruned."""
        ways = ("folded", "step", "all")
        self.views.show_fold(ways[(ways.index(self.views.tree.fold) + 1) % 3])

    @Slot()
    def toggle_focus(self) -> None:
        """All the room for the view below, or back."""
        self.focused = not self.focused
        self.refresh()

    # --- going on from somewhere -----------------------------------------------------------------------------------

    def forced(self) -> tuple[int, ...]:
        """The token ids up to what is looked at, the end mark left out."""
        run, hypothesis = self.run, self.hypothesis
        if self.token >= 0 and hypothesis is not None:
            return tuple(t.id for t in hypothesis.tokens[: self.token + 1] if t.piece != END_MARK)
        if self.node is not None and run is not None and self.node in run.growth.nodes:
            pieces = run.growth.pieces
            return tuple(n.token for n in run.growth.path(self.node) if pieces[n.token] != END_MARK)
        return ()

    @Slot()
    def force(self) -> None:
        """Force the prefix up to what is looked at, and search on from there; only this decoder searches again."""
        self._force(self.forced())

    def _force(self, ids: tuple[int, ...]) -> None:
        if ids and (run := self.run) is not None:
            self.asking.force(ids, run.pieces(ids))
            self.start_one()

    @Slot(int, int)
    def _on_token_activated(self, name: int, token: int) -> None:
        self.choose_token_of(name, token)
        self.force()

    @Slot(int)
    def _on_node_activated(self, node: int) -> None:
        self.choose_node(node)
        self.force()

    @Slot(int)
    def force_token(self, token: int) -> None:
        """Force the chosen sentence up to a token."""
        self.choose_token(token)
        self.force()

    @Slot(int, int)
    def force_other(self, token: int, other: int) -> None:
        """Force the chosen sentence up to a token, with one of the alternatives in its place."""
        hypothesis = self.hypothesis
        if hypothesis is not None:
            found = hypothesis.tokens[token]
            if other < len(found.alternative_ids) and found.alternatives[other][0] != END_MARK:
                self._force((*ids_of(hypothesis)[:token], found.alternative_ids[other]))

    @Slot(object)
    def set_penalty(self, value: float | None) -> None:
        """Rank the finished set by another length penalty; None: as it was searched."""
        self.row, self.token, self.node = 0, -1, None
        self.asking.edit("penalty", None if value is None else round(float(value), 2))

    @Slot()
    def search_with_penalty(self) -> None:
        """Search again with the penalty that the slider says."""
        self.asking.adopt_penalty()
        self.start_one()

    # --- batch -----------------------------------------------------------------------------------------------------

    @Slot()
    def open_batch(self) -> None:
        """Ask for a file of sentences and run it."""
        if chosen := self.services.dialogs.open_file(self, "Sentences", f"Text ({patterns()});;All files (*)"):
            self._read_batch(chosen)

    def open_file(self, path: Path) -> bool:
        """A text file: its sentences through every decoder."""
        if not is_text(path):
            return False
        self._read_batch(path)
        return True

    def _read_batch(self, path: Path) -> None:
        try:
            pairs, said = read_pairs(path)
        except ValueError as error:
            self.services.notices.error(f"{error}.")
            return
        if said:
            self.services.notices.info(said)
        self.start_batch(pairs, path.name)

    @Slot()
    def run_examples(self) -> None:
        """The examples through every decoder."""
        pairs = [Pair(*pair) for pair in PAIRS] if self.asking.translates else [Pair(prompt) for prompt in PROMPTS]
        self.start_batch(pairs, "examples")

    def start_batch(self, pairs: list[Pair], name: str) -> None:
        """Sentences through every decoder, in the background."""
        if not self.setup.decoders:
            self.services.notices.warn("Add a decoder first.")
            return
        self.batch.start(self.setup, pairs, name)
        self.show_view("batch")

    @Slot()
    def _on_batch(self) -> None:
        self.views.batch.show_batch(self.batch)

    # --- what the window asks --------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Searching, looking, the player, decoders, copies and exports."""
        return beams_commands(self)

    @Slot()
    def demo(self) -> None:
        """Six decoders on one German sentence; on a prompt where there is no translator."""
        if self.asking.demonstrate():
            self.start()
        else:
            self.services.notices.warn("There is no model in the library yet that translates or continues a text.")

    def ready(self) -> bool:
        """Whether every decoder of the demonstration has its result."""
        return bool(self.setup.decoders) and len(self.results()) == len(self.setup.decoders)

    def shots(self) -> Iterator[str]:
        """The states worth a picture."""
        return shots(self)

    def state(self) -> dict[str, Any]:
        """What is asked, what was found, and what is looked at."""
        return session.state(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave; what cannot be read is left out."""
        session.restore(self, state)

    def look_at(self, row: int, token: int, position: int) -> None:
        """Look at a hypothesis, a token of it (-1: none) and a step."""
        self._look_anew()
        self.refresh()
        self.playhead.seek(position)
        self.row = row
        if token >= 0:
            self.choose_token(token)
        else:
            self.refresh()
