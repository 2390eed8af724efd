"""What the panel shows by itself: two example sentences and a hand between them, and the states worth a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Slot

from app.panels.latent.choices import EXAMPLE_ANCHORS, EXAMPLE_ATTRIBUTE, is_variational, latent_models
from app.panels.latent.gesture import Gesture

if TYPE_CHECKING:
    from app.panels.latent.panel import LatentPanel

WAY = 0.62  # of the way from the first sentence to the second


class Demonstration(QObject):
    """Drives the panel as a person would."""

    def __init__(self, panel: LatentPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._waits = False
        self.gesture = Gesture(panel.hand.move, panel.hand.release, self)
        panel.hand.taken.connect(self.stop)
        panel.main.plane_ready.connect(self._on_plane)

    def start(self) -> None:
        """Two sentences, and a hand that goes most of the way from one to the other."""
        panel = self._panel
        models = latent_models(panel.bridge)
        if not models:
            panel.services.notices.info("No model with a latent space was found in the library folders.")
            return
        chosen = panel.store.choices
        model = chosen.model or models[0].name
        same = chosen.anchors == EXAMPLE_ANCHORS and chosen.model == model and chosen.plane == "anchors"
        self._waits = True
        panel.store.set(chosen.with_fields(model=model, anchors=EXAMPLE_ANCHORS, plane="anchors", beside="", point=()))
        if same:
            self._on_plane()

    @Slot()
    def stop(self) -> None:
        """A person takes over."""
        self._waits = False
        self.gesture.stop()

    @Slot()
    def _on_plane(self) -> None:
        """The hand sets off once the plane goes through the sentences."""
        ready, anchors = self._panel.main.plane, self._panel.store.choices.anchors
        if not self._waits or ready is None or len(ready.anchors) < 2 or anchors != EXAMPLE_ANCHORS:
            return
        self._waits = False
        first, second = np.asarray(ready.anchors, dtype=float)[:2, :2]
        self._panel.store.hold()
        self.gesture.start(tuple(first), tuple(second), WAY, animate=self._panel.theme.motion)

    def ready(self) -> bool:
        """The sentence at the end of the gesture and the whole walk are there."""
        main, last = self._panel.main, self._panel.last
        still = not self._waits and not self.gesture.running and last is not None and not last.preview
        return bool(still and main.walk and len(main.walk) == main.walk[0].total)

    def _beside_ready(self) -> bool:
        beside = self._panel.beside
        return bool(beside.answered and beside.walk and len(beside.walk) == beside.walk[0].total)

    def shots(self) -> Iterator[str]:
        """Mid-drag, two models side by side, dimensions, attributes, and where the sentence changes."""
        panel, choose = self._panel, self._panel.store.choose
        wait = panel.bridge.wait_for
        panel.tabs.setCurrentWidget(panel.walk)
        yield "drag"
        plain = [m.name for m in latent_models(panel.bridge) if not is_variational(m)]
        if plain:
            choose("beside", plain[0])
            wait(lambda: self.ready() and self._beside_ready(), 30)
            yield "beside"
            choose("beside", "")
        panel.tabs.setCurrentWidget(panel.dimensions)
        yield "dimensions"
        panel.tabs.setCurrentWidget(panel.attributes)
        choose("attributes", (msgspec.structs.replace(EXAMPLE_ATTRIBUTE, strength=1.0),))
        asked = panel.main.asked
        wait(lambda: EXAMPLE_ATTRIBUTE.name in panel.main.directions and panel.main.asked > asked and self.ready(), 30)
        wait(lambda: panel.main.asked == panel.main.answered + panel.main.dropped, 10)
        yield "attributes"
        choose("attributes", ())
        panel.tabs.setCurrentWidget(panel.walk)
        choose("layer", "change")
        wait(lambda: panel.main.grid is not None, 120)
        yield "change"
        choose("layer", "density")
