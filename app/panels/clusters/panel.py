"""The panel: puts models, films, reading, linked views and training together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget

from app.commands import Command
from app.panels.base import Panel
from app.panels.clusters.actions import commands
from app.panels.clusters.choices import FRAMES, LIVE, Choices, mixture_models
from app.panels.clusters.cinema import Cinema
from app.panels.clusters.clusters_tab import ClustersTab
from app.panels.clusters.demonstration import Demonstration
from app.panels.clusters.explain import Explain
from app.panels.clusters.explorer import Explorer
from app.panels.clusters.figure_view import FigureView
from app.panels.clusters.film import common_extent
from app.panels.clusters.gallery import Gallery
from app.panels.clusters.help import HELP
from app.panels.clusters.history import History
from app.panels.clusters.inputs import Inputs
from app.panels.clusters.maps import Maps
from app.panels.clusters.material import Material
from app.panels.clusters.reading import Reading
from app.panels.clusters.run_bar import RunBar
from app.panels.clusters.sentences_tab import SentencesTab
from app.panels.clusters.stage import Stage
from app.panels.clusters.store import Store
from app.panels.clusters.studio import Studio
from app.panels.clusters.training_tab import TrainingTab
from app.panels.clusters.views import Views
from app.panels.clusters.work import Work
from app.services import Services
from app.widgets.empty import EmptyState
from app.widgets.player import PlayerBar


class ClustersPanel(Panel):
    """See clusters form or collapse. `store` holds everything chosen; results live in the explorers."""

    key = "clusters"
    title = "Clusters"
    icon = "clusters"
    capability = "Mixture"
    help_text = HELP

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        theme, bridge = self.theme, self.bridge
        self.store = Store(services.undo, self)
        self.main, self.beside = Explorer(bridge, "main", self), Explorer(bridge, "beside", self)
        self.cinema = Cinema(bridge, (self.main, self.beside), self)
        self.stages = tuple(Stage(e, self.cinema, self, theme=theme) for e in (self.main, self.beside))
        self.stages[0].map.link(self.stages[1].map)
        self.inputs, self.explain = Inputs(theme=theme), Explain(theme=theme)
        self.clusters, self.sentences = ClustersTab(theme=theme), SentencesTab(theme=theme)
        self.terms = TrainingTab(theme=theme)
        tabs = (self.clusters, self.sentences, self.terms)
        self.views = Views(self.store, self.stages, self.cinema, tabs, self.explain, theme=theme, parent=self)
        self.reading = Reading(self.store, self.stages, self)
        self.material, self.work = Material(self), Work(self)
        self.run_bar = RunBar()
        self.studio = Studio(self)
        self.demonstration = Demonstration(self)
        self._build()
        self.gallery = Gallery(self)
        self._connect()
        self.show_models()
        self._on_choices(self.store.choices, self.store.choices)

    # --- building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.empty = EmptyState(
            "clusters",
            "See clusters form, or collapse",
            "A mixture in the latent space should sort sentences by itself. Whether it does is decided in training.",
            "Watch clusters form or collapse",
            theme=self.theme,
            hint="Or drop a text file on the window to see where its sentences fall.",
        )
        self.figure = FigureView()
        self.hero, self.maps = QStackedWidget(), Maps(self.stages, self.run_bar)
        for page in (self.empty, self.maps, self.figure):
            self.hero.addWidget(page)
        self.player = PlayerBar(self.cinema.playhead, theme=self.theme, unit="frame")
        self.player.live.hide()
        self.player.hide()
        pages = ((self.terms, "Training"), (self.clusters, "Clusters"), (self.sentences, "Sentences"))
        self.tabs = History(pages, self.player)
        self.anatomy.set_input(self.inputs)
        self.anatomy.set_hero(self.hero)
        self.anatomy.set_explain(self.explain)
        self.anatomy.set_history(self.tabs, 264)

    def _connect(self) -> None:
        for signal, slot in (
            (self.store.changed, self._on_choices),
            (self.bridge.models_changed, self.show_models),
            (self.empty.started, self.demo),
            (self.inputs.changed, self.choose),
            (self.inputs.open_wanted, self.material.ask),
            (self.inputs.columns.chosen, self.material.choose_columns),
            (self.inputs.figure_wanted, self.gallery.show),
            (self.inputs.stop_wanted, self.work.stop),
            (self.clusters.rows_chosen, lambda rows: self.choose("rows", rows)),
            (self.clusters.named, self.name_cluster),
            (self.sentences.went, lambda i: self.reading.go_to_sentence(self.views.front, i)),
            (self.sentences.lasso_wanted, self.lasso),
            (self.reading.said, self.explain.say),
            (self.main.decoded, self.explain.show_decoded),
            (self.cinema.ready, self._on_films),
            (self.figure.closed, self.show_maps),
            (self.inputs.section.toggled, self.inputs.show_lesson_form),
        ):
            signal.connect(slot)
        for stage in self.stages:
            stage.map.lasso_ended.connect(self._end_lasso)
        for explorer in (self.main, self.beside):
            explorer.failed.connect(self.services.notices.error)
            explorer.report_ready.connect(self._on_report)
        self.cinema.failed.connect(self.services.notices.error)

    # --- choices -----------------------------------------------------------------------------------------------------

    @Slot(object, object)
    def _on_choices(self, old: Choices, new: Choices) -> None:
        """Show the choices and ask the engine for what they call for."""
        if new.model != old.model and new.point == old.point:  # a point of another model's space
            new = self.store.choices = new.with_fields(point=())
        beside = new.beside if new.model != LIVE else ""
        self.maps.show_stages(2 if beside else 1)
        for explorer, model in ((self.main, new.model), (self.beside, beside)):
            if explorer.model != model:
                explorer.show_model(model)
                if model == LIVE:
                    explorer.show_film(self.studio.trainer.film)
        gone = bool(old.beside) and old.model != LIVE and not beside
        if gone and self.main.report is not None and old.model == new.model:
            self.cinema.ask()
        for stage in self.stages:
            stage.follow(new)
        if new.mixture != old.mixture or new.model != old.model:
            self._set_windows()
        self.work.lay_out()
        if (new.file, new.columns.get(new.file)) != (old.file, old.columns.get(new.file)):
            self.material.encode()
        if new.point != old.point:
            self.reading.begin_at()
        self.inputs.show_choices(new, self.main.mixtures)
        if self.hero.currentWidget() is not self.figure or new.model != old.model:
            self.show_maps()
        self.views.settle()
        self.studio.show_bar()

    @Slot(str, object)
    def choose(self, field: str, value: Any) -> None:
        """A choice made by hand, to be undone."""
        if value != getattr(self.store.choices, field):
            self.store.choose(field, value)

    @Slot(str, str)
    def name_cluster(self, key: str, name: str) -> None:
        """Name a component or a code of the model in front; an empty name takes it away."""
        self.choose("names", self.store.choices.with_name(self.views.front.explorer.model, key, name))

    @Slot()
    def show_models(self) -> None:
        """What can be chosen."""
        models = mixture_models(self.bridge)
        self.inputs.show_models(models, self.studio.run_name())
        self.inputs.show_choices(self.store.choices, self.main.mixtures)
        self.inputs.figure.setEnabled(bool(models))

    @Slot()
    def show_maps(self) -> None:
        """The maps, or the invitation when no model is chosen."""
        self.hero.setCurrentWidget(self.maps if self.store.choices.model else self.empty)

    # --- results -----------------------------------------------------------------------------------------------------

    @Slot()
    def _on_report(self) -> None:
        self.inputs.show_choices(self.store.choices, self.main.mixtures)

    def follow_film(self) -> None:
        """A film that is being made has grown."""
        film = self.main.film
        assert film is not None
        self._set_windows()
        self.cinema.grow(len(film), FRAMES)
        self.views.show_terms()
        self.player.setVisible(True)

    @Slot()
    def _on_films(self) -> None:
        """Films are there, or there are none: fit the window, encode the sentences, read the first place."""
        self._set_windows()
        self.material.encode()
        self.reading.begin_at()
        self.views.show_terms()
        self.player.setVisible(self.cinema.film is not None)

    def _set_windows(self) -> None:
        films = [e.film for e in (self.main, self.beside) if e.film is not None]
        mixture = self.store.choices.mixture
        fit = [f for f in films if mixture < len(f.charts)]
        for stage in self.stages:
            stage.set_window(common_extent(fit, mixture))

    @Slot()
    def lasso(self) -> None:
        """The next drag on a map draws a loop."""
        for stage in self.stages:
            stage.map.set_lasso(True)

    @Slot()
    def _end_lasso(self) -> None:
        for stage in self.stages:
            stage.map.set_lasso(False)

    # --- what every panel answers ------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Everything the panel can be told."""
        return commands(self)

    def state(self) -> dict[str, Any]:
        """Choices, page, layout."""
        choices = self.store.choices
        kept = choices.with_fields(model="") if choices.model == LIVE else choices
        return {
            "choices": msgspec.to_builtins(kept),
            "tab": self.tabs.current(),
            "anatomy": self.anatomy.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put it back."""
        self.store.set(Choices.read(state.get("choices", {})))
        tab = state.get("tab", 0)
        self.tabs.show_index(tab if isinstance(tab, int) else 0)
        if isinstance(state.get("anatomy"), dict):
            self.anatomy.restore(state["anatomy"])

    def open_file(self, path: Path) -> bool:
        """Encode a text file's lines as points."""
        return self.material.open(path)

    def stop(self) -> None:
        """Stop the film, layouts and encoding; the training goes on until it is cancelled."""
        self.cinema.playhead.pause()
        self.work.stop()
        self.show_maps()

    def demo(self) -> None:
        """Two trainings side by side, played from the beginning."""
        self.demonstration.start()

    def ready(self) -> bool:
        """Whether both films and the sentences are there."""
        return self.demonstration.ready()

    def shots(self) -> Iterator[str]:
        """The states worth a picture."""
        yield from self.demonstration.shots()
