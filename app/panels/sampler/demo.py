"""The example the empty state starts, and the states of the panel worth a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine.messages import Proposal, Sample

if TYPE_CHECKING:
    from app.panels.sampler.panel import SamplerPanel

DEMO = Sample(model="", keywords="juice natural brand", steps=300, chains=4, seed=1)


def shots(panel: SamplerPanel) -> Iterator[str]:
    """An accepted replacement, a refused insertion, and all chains with their diagnostics."""
    panel.playhead.pause()
    panel.playhead.seek(0)
    _show(panel, lambda p: p.move == "replace" and p.accepted and p.old != p.new and len(p.words) > 7)
    yield "replace"
    _show(panel, lambda p: p.move == "insert" and not p.accepted and bool(p.candidates) and len(p.words) > 7)
    yield "insert"
    panel.playhead.seek(panel.playhead.end)
    panel.show_all(True)
    panel.history.tabs.setCurrentIndex(2)
    yield "chains"
    panel.show_all(False)
    panel.history.tabs.setCurrentIndex(0)


def _show(panel: SamplerPanel, wanted: Callable[[Proposal], bool]) -> None:
    """Go to the latest step of any chain whose proposal is of the kind wanted; stay if there is none."""
    assert panel.run is not None
    for step in range(len(panel.run), 0, -1):
        for proposal in panel.run.step(step).proposals:
            if wanted(proposal):
                panel.choose_chain(proposal.chain)
                panel.playhead.seek(step)
                return
