"""The panel's state as JSON values, for sessions and scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.panels.sampler.parameters import Parameters
from app.panels.sampler.run import Run
from engine.messages import migrated

if TYPE_CHECKING:
    from app.panels.sampler.panel import SamplerPanel

KEPT = 2000  # proposals of a run that are kept


def state(panel: SamplerPanel) -> dict[str, Any]:
    """Parameters, place and, if it is small, the run."""
    run = panel.run
    small = run is not None and len(run) * run.chains <= KEPT
    room = KEPT - (len(run) * run.chains if run is not None and small else 0)
    others = []
    for other in reversed(panel.runner.runs):  # the latest first, as long as there is room
        room -= len(other) * other.chains if other is not run else 0
        if other is not run and room >= 0:
            others.append(other.pack())
    return {
        "parameters": msgspec.to_builtins(panel.parameters),
        "run": run.pack() if run is not None and small else "",
        "others": others[::-1],
        "step": panel.playhead.position,
        "chain": panel.chain,
        "overview": panel.overview,
        "speed": panel.playhead.speed_index,
    }


def restore(panel: SamplerPanel, kept: dict[str, Any]) -> None:
    """Put back what `state` gave; what cannot be read is left as it is."""
    try:
        parameters = dict(kept.get("parameters", {}))
        parameters["sample"] = migrated(parameters.get("sample", {}))
        panel.set_parameters(msgspec.convert(parameters, Parameters))
        run = Run.unpack(kept["run"]) if kept.get("run") else None
        others = [Run.unpack(text) for text in kept.get("others", ())]
    except (TypeError, ValueError):
        return
    panel.playhead.set_speed(int(kept.get("speed", panel.playhead.speed_index)))
    if run is None:
        panel.clear()
        return
    panel.chain, panel.overview = int(kept.get("chain", 0)), bool(kept.get("overview", False))
    panel.runner.clear()
    panel.runner.runs = others
    run.place = int(kept.get("step", 0))
    panel.show_run(run)
