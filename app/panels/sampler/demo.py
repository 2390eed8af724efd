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
    _show(panel, lambda p: p.move == "replace" and p.accepted and p.old != p.new and p.log_alpha < 0)
    yield "replace"
    _show(panel, lambda p: p.move == "insert" and not p.accepted)
    yield "insert"
    panel.playhead.seek(panel.playhead.end)
    panel.show_all(True)
    panel.history.tabs.setCurrentIndex(2)
    yield "chains"
    panel.show_all(False)
    panel.history.tabs.setCurrentIndex(0)


def _show(panel: SamplerPanel, wanted: Callable[[Proposal], bool]) -> None:
    """Go to the step of the kind wanted whose sentence is the most fluent of the longer ones; stay if there is none."""
    assert panel.run is not None
    found = [p for step in panel.run for p in step.proposals if wanted(p) and p.candidates and len(p.words) > 6]
    if found:
        best = max(found, key=lambda p: sum(pair[p.accepted] for pair in p.terms.values()) / (len(p.words) + 1))
        panel.choose_chain(best.chain)
        panel.playhead.seek(best.step)
