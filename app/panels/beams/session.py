"""The panel's state as JSON values, for sessions and scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.panels.beams.decoders import Setup
from app.panels.beams.run import Run

if TYPE_CHECKING:
    from app.panels.beams.panel import BeamsPanel


def state(panel: BeamsPanel) -> dict[str, Any]:
    """What is asked, what was found (searches with their traces), and what is looked at."""
    return {
        "setup": msgspec.to_builtins(panel.setup),
        "runs": {
            str(d.id): panel.searches.runs[d.id].pack() for d in panel.setup.decoders if d.id in panel.searches.runs
        },
        "view": panel.views.view,
        "fold": panel.views.tree.fold,
        "focused": panel.focused,
        "position": panel.playhead.position,
        "row": panel.row,
        "token": panel.token,
        "anatomy": panel.anatomy.state(),
    }


def restore(panel: BeamsPanel, kept: dict[str, Any]) -> None:
    """Put back what `state` gave; what cannot be read is left out."""
    panel.stop()
    try:
        setup = msgspec.convert(kept.get("setup", {}), Setup)
    except msgspec.ValidationError:
        setup = Setup()
    panel.searches.runs = {}
    for name, text in dict(kept.get("runs", {})).items():
        try:
            panel.searches.runs[int(name)] = Run.unpack(text)
        except ValueError:
            continue
    panel.focused = bool(kept.get("focused", False))
    panel.views.show_view(str(kept.get("view", "tree")))
    panel.views.show_fold(str(kept.get("fold", "step")))
    if isinstance(kept.get("anatomy"), dict):
        panel.anatomy.restore(kept["anatomy"])
    panel.asking.set(setup)
    panel.asking.meet_models()
    panel.searches.go_on()
    run = panel.run
    end = len(run.steps) if run is not None else 0
    panel.look_at(int(kept.get("row", 0)), int(kept.get("token", -1)), int(kept.get("position", end)))
