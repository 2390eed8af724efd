"""The states of the panel that are worth a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.panels.beams.growth import ids_of

if TYPE_CHECKING:
    from app.panels.beams.panel import BeamsPanel


def shots(panel: BeamsPanel) -> Iterator[str]:
    """Six decoders on one sentence; the tree where the right beam nearly died; the other views; a batch."""
    panel.bridge.wait_for(panel.ready, 60)
    panel.asking.choose(narrowest_escape(panel))
    panel.show_view("tree")
    panel.playhead.seek(panel.playhead.end)
    yield "six-decoders"
    panel.to_closest_call()
    panel.focused = True
    panel.refresh()
    yield "nearly-pruned"
    panel.focused = False
    panel.show_view("tokens")
    yield "tokens"
    panel.show_view("attention")
    yield "attention"
    panel.token, panel.node = -1, None
    panel.show_view("length")
    yield "length-penalty"
    panel.run_examples()
    panel.bridge.wait_for(lambda: not panel.batch.running, 120)
    yield "batch"
    panel.show_view("tree")


def narrowest_escape(panel: BeamsPanel) -> int:
    """The beam whose best sentence came nearest to being pruned."""
    margins = []
    for _, decoder, run in panel.results():
        if run.request.options.strategy == "beam" and run.done is not None and run.done.hypotheses:
            call = run.growth.closest_call(ids_of(run.done.hypotheses[0]))
            if call is not None:
                margins.append((call.margin, decoder.id))
    return min(margins, default=(0.0, panel.setup.chosen))[1]
