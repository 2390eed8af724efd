"""The eight-panel figure on request: which models have a film, their films on common axes, the picture, its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from app.panels.clusters.choices import mixture_models, title_of
from app.panels.clusters.figure import draw, four, paint, size_of
from app.panels.clusters.film import Film
from app.pictures import Drawing
from engine.messages import (
    Event,
    Failed,
    InspectMixture,
    Message,
    MixtureReport,
    ModelInfo,
    Priority,
    ReadTraces,
    TrainingTrace,
)

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel

MOST = 16  # models that are looked into


class Gallery(QObject):
    """Finds the films, draws them and hands the picture on."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._candidates: list[ModelInfo] = []
        self._frames: dict[str, int] = {}  # of each candidate that was looked into
        self._models: list[ModelInfo] = []
        self._films: dict[str, Film] = {}
        self._round = 0
        panel.figure.copy_wanted.connect(self.copy)
        panel.figure.save_wanted.connect(self.save)
        panel.theme.changed.connect(self.redraw)

    @Slot()
    def show(self) -> None:
        """Draw the figure of the objectives the library has; models on show go before others of their kind."""
        panel = self._panel
        on_show = (panel.main.model, panel.beside.model)
        models = sorted(mixture_models(panel.bridge), key=lambda m: m.name not in on_show)
        self._candidates, self._frames = models[:MOST], {}
        self._round += 1
        asked = self._round
        for info in self._candidates:

            def listener(message: Message, name: str = info.name) -> None:
                if asked == self._round:
                    self._on_report(name, message.event)

            panel.bridge.submit(InspectMixture(model=info.name), listener, priority=Priority.INTERACTIVE)
        if not self._candidates:
            self._say_none()

    def _on_report(self, name: str, event: Event) -> None:
        if isinstance(event, MixtureReport):
            self._frames[name] = event.frames
        elif isinstance(event, Failed):
            self._frames[name] = 0
        else:
            return
        if len(self._frames) < len(self._candidates):
            return
        self._films, self._models = {}, four([m for m in self._candidates if self._frames[m.name]])
        if not self._models:
            self._say_none()
            return
        request = ReadTraces(models=tuple(m.name for m in self._models))
        self._panel.bridge.submit(request, self._on_trace, slot=("clusters", "figure"), priority=Priority.INTERACTIVE)

    def _say_none(self) -> None:
        self._panel.services.notices.info("No model with a recorded training was found in the library folders.")

    def _on_trace(self, message: Message) -> None:
        event = message.event
        if isinstance(event, Failed):
            self._panel.services.notices.error(event.sentence, event.traceback)
        elif isinstance(event, TrainingTrace):
            self._films[event.model] = Film(event)
            if len(self._films) == len(self._models):
                self._draw()
                self._panel.hero.setCurrentWidget(self._panel.figure)

    def _draw(self) -> None:
        """In the theme's colours, of the mixture variable on show."""
        films, _, mixture = what = self._shown()
        self._panel.figure.show_picture(
            draw(*what, theme=self._panel.theme),
            f"{self._models[0].card.data}. {len(films[0].texts):,} held-out sentences by their likeliest component of "
            f"mixture variable {mixture + 1}, means numbered, ellipses at 1 and 2 standard deviations. Above: the "
            "frame nearest to a fifth of the training; below: the last. The same axes throughout.",
        )

    def _shown(self) -> tuple[list[Film], list[str], int]:
        """Films, their titles and the mixture variable of the figure."""
        films = [self._films[m.name] for m in self._models]
        mixture = min(self._panel.store.choices.mixture, min(len(f.charts) for f in films) - 1)
        return films, [title_of(m) for m in self._models], mixture

    @Slot()
    def redraw(self) -> None:
        """With other colours, when it is on show."""
        if self._films and self._panel.hero.currentWidget() is self._panel.figure:
            self._draw()

    @Slot()
    def copy(self) -> None:
        """To the clipboard at full size."""
        QGuiApplication.clipboard().setImage(self._panel.figure.picture.image)
        self._panel.services.notices.info("Copied the figure.")

    @Slot()
    def save(self) -> None:
        """As PNG, SVG or PDF, at full size unless another is asked for."""
        what, theme = self._shown(), self._panel.theme
        figure = Drawing("Training of mixtures", size_of(what[0]), lambda painter: paint(painter, *what, theme=theme))
        self._panel.export_image("clusters.png", figure)
