"""What is made here: a training followed as it happens, the eight-panel figure, and the export of names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.files import write_atomic
from app.panels.clusters.choices import LIVE, title_of
from app.panels.clusters.figure import draw, four
from app.panels.clusters.film import Film
from app.panels.clusters.tally import as_json, as_tsv, by_code, by_component, named
from app.panels.clusters.trainer import Trainer
from engine.messages import Failed, Message, Priority, ReadTraces, TrainingTrace

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel


class Studio(QObject):
    """Joins the trainer and the figure to the panel."""

    figure_ready = Signal()

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.trainer = Trainer(panel.bridge, parent=self)
        self._films: dict[str, Film] = {}
        self._names: tuple[str, ...] = ()
        form = panel.inputs.lesson
        for signal, slot in (
            (form.start_wanted, self.train),
            (form.pause_wanted, self.trainer.toggle),
            (form.cancel_wanted, self.trainer.cancel),
            (form.data_wanted, self.choose_data),
            (self.trainer.changed, self._on_run),
            (self.trainer.frame_added, self._on_frame),
            (self.trainer.saved, self._on_saved),
            (self.trainer.failed, panel.services.notices.error),
        ):
            signal.connect(slot)

    def connect_figure(self) -> None:
        """The figure's own buttons."""
        self._panel.figure.copy_wanted.connect(self.copy_figure)
        self._panel.figure.save_wanted.connect(self.save_figure)

    # --- training ----------------------------------------------------------------------------------------------------

    def run_name(self) -> str:
        """The name of the training that can be watched; empty when there is none."""
        trainer = self.trainer
        return trainer.lesson.name() if trainer.running or self._panel.store.choices.model == LIVE else ""

    @Slot()
    def train(self) -> None:
        """Train what the form says and watch it."""
        panel = self._panel
        self.trainer.start(panel.store.choices.lesson)
        if self.trainer.running:
            panel.store.set(panel.store.choices.with_fields(model=LIVE))
            panel.main.show_film(self.trainer.film)
            panel.cinema.playhead.reset()
            self._list()

    @Slot()
    def choose_data(self) -> None:
        """Another folder with the files that the recipe names."""
        folder = QFileDialog.getExistingDirectory(self._panel, "Folder with the text that the recipe names")
        if folder:
            self._panel.choose("lesson", self._panel.store.choices.lesson.with_fields(data=folder))

    @Slot()
    def _on_run(self) -> None:
        panel = self._panel
        panel.inputs.lesson.show_run(self.trainer)
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
        if panel.store.choices.model == LIVE:
            panel.store.set(panel.store.choices.with_fields(model=name))
        self._list()

    def _list(self) -> None:
        self._panel.show_models()

    # --- the figure --------------------------------------------------------------------------------------------------

    @Slot()
    def show_figure(self) -> None:
        """Read the films of the objectives the library has and draw them."""
        panel = self._panel
        models = [m for m in four(panel.bridge) if m.name not in panel.untraced]
        if not models:
            panel.services.notices.info("No model with a recorded training was found in the library folders.")
            return
        self._films, self._names = {}, tuple(m.name for m in models)
        request = ReadTraces(models=self._names)
        panel.bridge.submit(request, self._on_trace, slot=("clusters", "figure"), priority=Priority.INTERACTIVE)

    def _on_trace(self, message: Message) -> None:
        event = message.event
        if isinstance(event, Failed):
            self._panel.services.notices.error(event.sentence, event.traceback)
        elif isinstance(event, TrainingTrace):
            self._films[event.model] = Film(event)
            if len(self._films) == len(self._names):
                self.draw_figure()

    def draw_figure(self) -> None:
        """The picture in the theme's colours, of the mixture variable on show."""
        panel = self._panel
        films = [self._films[name] for name in self._names]
        mixture = min(panel.store.choices.mixture, min(len(f.charts) for f in films) - 1)
        infos = [panel.bridge.model(name) for name in self._names]
        titles = [title_of(info) if info else name for info, name in zip(infos, self._names, strict=True)]
        picture = draw(films, titles, mixture, theme=panel.theme)
        count = len(films[0].texts)
        caption = (
            f"Variable {mixture + 1}; {count:,} held-out sentences by likeliest component, means numbered, ellipses at "
            f"1 and 2 standard deviations; early: the frame nearest to a fifth of the training. Same axes throughout."
        )
        panel.figure.show_picture(picture, caption)
        panel.hero.setCurrentWidget(panel.figure)
        self.figure_ready.emit()

    @Slot()
    def redraw(self) -> None:
        """In the theme's new colours, when it is on show."""
        if self._films and self._panel.hero.currentWidget() is self._panel.figure:
            self.draw_figure()

    @Slot()
    def copy_figure(self) -> None:
        """To the clipboard at full size."""
        QGuiApplication.clipboard().setImage(self._panel.figure.picture.image)
        self._panel.services.notices.info("Copied the figure.")

    @Slot()
    def save_figure(self) -> None:
        """As PNG at full size."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._panel.figure.picture.image.save(buffer, "PNG")
        self._panel.export("clusters.png", bytes(buffer.data().data()), "PNG (*.png)")

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
        chosen, _ = QFileDialog.getSaveFileName(panel, "Export cluster names", "clusters.json", kinds)
        if not chosen:
            return
        data = as_tsv(rows) if Path(chosen).suffix.lower() == ".tsv" else as_json(explorer.model, rows)
        try:
            write_atomic(Path(chosen), data)
        except OSError as error:
            panel.services.notices.error(f"{Path(chosen).name} could not be written: {error.strerror or error}.")
            return
        panel.services.notices.info(f"Exported {len(rows)} clusters to {Path(chosen).name}.")
