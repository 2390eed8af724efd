"""What the panel shows by itself: two trainings side by side from the beginning, and the states worth a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.panels.clusters.choices import OBJECTIVES, Lesson, family_of, mixture_models, title_of
from engine.messages import ModelInfo

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel

SPEED = 5  # place in the playhead's speeds: ten frames a second


def _size(info: ModelInfo) -> tuple[bool, int]:
    """Whether its latents need more than a plane, and how many components it has."""
    wide = info.config.get("gaussian", 0) + info.config.get("mixtures", 1) * info.config.get("dimension", 0)
    return wide != 2, info.config.get("components", 0)


class Demonstration(QObject):
    """Drives the panel as a person would."""

    def __init__(self, panel: ClustersPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._waits = False
        panel.cinema.ready.connect(self._on_films)

    def pair(self, *, large: bool = False) -> tuple[str, str]:
        """The model that keeps its clusters apart and the one that does not; empty names where there is none.

        Of several pairs the one in the plane with the fewest components, the clearest to watch, or the largest one.
        """
        models = mixture_models(self._panel.bridge)
        models = sorted(models, key=_size, reverse=large)
        for best in models:
            for plain in models:
                if (title_of(best), title_of(plain)) == (OBJECTIVES[3], OBJECTIVES[0]) and (
                    family_of(best) == family_of(plain)
                ):
                    return best.name, plain.name
        return models[0].name if models else "", ""

    def start(self) -> None:
        """Both trainings on the same axes, played from their beginning."""
        panel = self._panel
        good, plain = self.pair()
        if not good:
            panel.services.notices.info(
                "No model with a mixture was found in the library folders. Train one here: it takes some minutes."
            )
            panel.inputs.section.set_open(True)
            return
        left, right = (plain, good) if plain and plain != good else (good, "")
        chosen = panel.store.choices.with_fields(
            model=left, beside=right, mixture=0, layout="plane", colour_by="component", file="", point=()
        )
        again = chosen == panel.store.choices
        self._waits = True
        panel.tabs.show_page(panel.terms)
        panel.store.set(chosen)
        if again and panel.cinema.film is not None:
            self._on_films()

    @Slot()
    def _on_films(self) -> None:
        if not self._waits:
            return
        self._waits = False
        head = self._panel.cinema.playhead
        if self._panel.theme.motion and head.end:
            head.seek(0)
            head.set_speed(SPEED)
            head.play()

    def ready(self) -> bool:
        """Films, sentences and the first reading are there."""
        panel = self._panel
        explorers = [e for e in (panel.main, panel.beside) if e.model]
        return (
            not self._waits
            and bool(explorers)
            and all(e.report is not None and e.sample.figures is not None and e.last is not None for e in explorers)
        )

    # --- pictures ----------------------------------------------------------------------------------------------------

    def shots(self) -> Iterator[str]:
        """Side by side early and late, one model by component and by label, t-SNE, the figure, a training."""
        panel, head = self._panel, self._panel.cinema.playhead
        wait, choose = panel.bridge.wait_for, panel.store.choose
        film = panel.cinema.film
        if film is not None:
            head.seek(film.early())
            yield "early"
            head.seek(head.end)
        yield "late"
        good, plain = self.pair(large=True)
        choose("beside", good)
        choose("model", plain)
        wait(lambda: self.ready() and not panel.bridge.jobs, 30)
        yield "assistant"
        choose("beside", "")
        choose("model", good)
        wait(lambda: self.ready() and not panel.bridge.jobs, 30)
        panel.tabs.show_page(panel.clusters)
        panel.reading.go_to_component(panel.stages[0], 1)
        wait(lambda: not panel.bridge.jobs, 10)
        yield "map"
        choose("colour_by", "label")
        panel.views.select_row(0)
        yield "label"
        panel.views.select(None)
        choose("layout", "tsne")
        wait(lambda: not panel.main.working("layout"), 60)
        panel.tabs.show_page(panel.sentences)
        yield "tsne"
        choose("layout", "plane")
        choose("colour_by", "component")
        panel.gallery.show()
        wait(lambda: panel.hero.currentWidget() is panel.figure, 30)
        yield "figure"
        panel.show_maps()
        yield from self._training()

    def _training(self) -> Iterator[str]:
        panel = self._panel
        trainer = panel.studio.trainer
        scratch = TemporaryDirectory()
        trainer.runs = Path(scratch.name)
        panel.tabs.show_page(panel.terms)
        panel.inputs.section.set_open(True)
        panel.choose("lesson", Lesson())
        panel.studio.train()
        panel.bridge.wait_for(lambda: not trainer.running or (trainer.film is not None and len(trainer.film) >= 30), 90)
        if trainer.running:
            trainer.toggle()
            panel.bridge.wait_for(lambda: trainer.paused, 5)
            yield "training"
            trainer.cancel()
            panel.bridge.wait_for(lambda: not trainer.running, 5)
        trainer.runs = None
        scratch.cleanup()
        panel.store.choose("model", self.pair()[0])
