"""What is made here: a training followed as it happens, and the export of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.panels.clusters.choices import LIVE, Lesson
from app.panels.clusters.tally import as_json, as_tsv, by_code, by_component, named
from app.panels.clusters.trainer import Trainer

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel


class Studio(QObject):
    """Joins the trainer to the panel."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.trainer = Trainer(panel.bridge, parent=self)
        form = panel.inputs.lesson
        for signal, slot in (
            (form.start_wanted, self.train),
            (panel.run_bar.pause_wanted, self.trainer.toggle),
            (panel.run_bar.cancel_wanted, self.trainer.cancel),
            (panel.run_bar.watch_wanted, self.watch),
            (panel.run_bar.resume_wanted, self.resume),
            (panel.run_bar.keep_wanted, self.trainer.keep),
            (panel.run_bar.drop_wanted, self.trainer.drop),
            (form.data_wanted, self.choose_data),
            (self.trainer.changed, self._on_run),
            (self.trainer.frame_added, self._on_frame),
            (self.trainer.saved, self._on_saved),
            (self.trainer.said, panel.services.notices.info),
            (self.trainer.failed, panel.services.notices.error),
        ):
            signal.connect(slot)

    # --- training ----------------------------------------------------------------------------------------------------

    def run_name(self) -> str:
        """The name of the training that can be watched; empty when there is none."""
        trainer = self.trainer
        return trainer.lesson.name() if trainer.running or self._panel.store.choices.model == LIVE else ""

    @Slot()
    def train(self) -> None:
        """Train what the form says and watch it."""
        self._start(self._panel.store.choices.lesson)

    @Slot()
    def resume(self) -> None:
        """Go on with what was stopped, and watch it, whatever the form says by now."""
        self._start(self.trainer.lesson)

    def _start(self, lesson: Lesson) -> None:
        panel = self._panel
        self.trainer.start(lesson)
        if self.trainer.running:
            panel.store.set(panel.store.choices.with_fields(model=LIVE))
            panel.main.show_film(self.trainer.film)
            panel.cinema.playhead.reset()
            panel.inputs.show_source(panel.material.said())
            panel.explain.say(f"Training {lesson.title} from seed {lesson.seed}: the map follows, frame by frame.")
            self._list()

    @Slot()
    def watch(self) -> None:
        """The map follows the training."""
        self._panel.choose("model", LIVE)

    def show_bar(self) -> None:
        """The row above the maps."""
        self._panel.run_bar.show_run(self.trainer, watched=self._panel.store.choices.model == LIVE)

    @Slot()
    def choose_data(self) -> None:
        """Another folder with the files that the recipe names."""
        dialogs = self._panel.services.dialogs
        if folder := dialogs.open_folder(self._panel, "Folder with the text that the recipe names"):
            self._panel.choose("lesson", self._panel.store.choices.lesson.with_fields(data=str(folder)))

    @Slot()
    def _on_run(self) -> None:
        panel = self._panel
        panel.inputs.lesson.show_run(self.trainer)
        self.show_bar()
        if panel.store.choices.model == LIVE:
            panel.explain.show_point(self.trainer.point)
        if not self.trainer.running:
            self._list()

    @Slot()
    def _on_frame(self) -> None:
        panel, film = self._panel, self.trainer.film
        if panel.store.choices.model != LIVE or film is None:
            return
        if panel.main.film is not film:
            panel.main.show_film(film)
            panel.inputs.show_choices(panel.store.choices, panel.main.mixtures)
        panel.follow_film()

    @Slot(str)
    def _on_saved(self, name: str) -> None:
        """The model is in the library: read it where the run was watched."""
        panel = self._panel
        panel.services.notices.info(f"{name} is trained and in the library.")
        for explorer in (panel.main, panel.beside):
            if explorer.model == name:
                explorer.show_model(name)  # another model from now on
        if panel.store.choices.model == LIVE:
            panel.store.set(panel.store.choices.with_fields(model=name))
        self._list()

    def _list(self) -> None:
        self._panel.show_models()

    # --- names -------------------------------------------------------------------------------------------------------

    def export_names(self) -> None:
        """Codes, names, sizes and example sentences of the model in front, as JSON or as a table."""
        panel = self._panel
        explorer = panel.views.front.explorer
        sample = explorer.sample
        if not len(sample) or explorer.report is None:
            return
        shares, codes, count = sample.responsibilities, sample.codes, explorer.report.components
        tallies = [
            by_component(codes[:, m], shares[:, m].max(-1), sample.labels, m, count) for m in range(codes.shape[1])
        ]
        tallies.append(by_code(codes, shares.max(-1).prod(-1), sample.labels))
        rows = named(tallies, sample.texts, panel.store.choices, explorer.model)
        kinds = "JSON (*.json);;Table (*.tsv)"
        chosen = panel.services.dialogs.save_file(panel, "Export cluster names", "clusters.json", kinds)
        if chosen:
            panel.write(chosen, as_tsv(rows) if chosen.suffix.lower() == ".tsv" else as_json(explorer.model, rows))
