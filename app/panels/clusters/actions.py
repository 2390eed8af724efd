"""Everything the clusters panel can be told from menus, keys and the palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from app.commands import Command
from app.panels.clusters.choices import asked_decode
from app.panels.clusters.explorer import as_point
from engine.messages import command_line

if TYPE_CHECKING:
    from app.panels.clusters.panel import ClustersPanel

MOST_KEYS = 9


def commands(panel: ClustersPanel) -> list[Command]:
    """The panel's commands."""
    head, studio = panel.cinema.playhead, panel.studio

    def shown() -> bool:
        return bool(panel.store.choices.model)

    def filmed() -> bool:
        return panel.cinema.film is not None

    def command(
        name: str,
        title: str,
        run: Callable[[], object],
        keys: str = "",
        enabled: Callable[[], bool] = shown,
        aliases: tuple[str, ...] = (),
    ) -> Command:
        return Command(f"clusters.{name}", title, run, keys, "Clusters", enabled, aliases)

    def always() -> bool:
        return True

    def stopped() -> bool:
        return studio.trainer.kept is not None

    return [
        command("demo", "Watch clusters form or collapse", panel.demo, "", always, ("collapse", "dgmvae")),
        command("figure", "Eight-panel figure", panel.gallery.show, "Ctrl+8", always, ("lecture",)),
        command("maps", "Back to the maps", panel.show_maps),
        command("train", "Train a small model here", partial(_train, panel), "Ctrl+T", always, ("live",)),
        command("hold", "Hold the training, or go on", studio.trainer.toggle, "", lambda: studio.trainer.running),
        command("cancel", "Cancel the training", studio.trainer.cancel, "", lambda: studio.trainer.running),
        command("resume", "Go on with the stopped training", studio.resume, "", stopped),
        command("keep", "Keep the stopped training for later", studio.trainer.keep, "", stopped),
        command("drop", "Drop the stopped training", studio.trainer.drop, "", stopped),
        command("play", "Play the training, or pause", head.toggle, "Space", filmed),
        command("forward", "One frame on", partial(head.step, 1), "Right", filmed),
        command("back", "One frame back", partial(head.step, -1), "Left", filmed),
        command("far_forward", "Ten frames on", partial(head.step, 10), "Shift+Right", filmed),
        command("far_back", "Ten frames back", partial(head.step, -10), "Shift+Left", filmed),
        command("start", "To the beginning of the training", partial(head.seek, 0), "Home", filmed),
        command("end", "To the finished model", partial(_to_end, panel), "End", filmed),
        command("faster", "Play faster", partial(head.faster, 1), "Up", filmed),
        command("slower", "Play slower", partial(head.faster, -1), "Down", filmed),
        command("variable", "Next mixture variable", partial(_next_variable, panel), "V"),
        command("colour", "Colour by component, or by label", partial(_turn, panel, "colour_by"), "B"),
        command("layout", "Plane, or t-SNE", partial(_turn, panel, "layout"), "T"),
        command("rows", "Count components, or whole codes", partial(_turn, panel, "rows")),
        command("lasso", "Lasso sentences", panel.lasso, "L"),
        command("clear", "Select nothing", partial(panel.views.select, None), "Shift+L"),
        command("next", "Select the next cluster", partial(_next_cluster, panel, 1), "N"),
        command("previous", "Select the cluster before", partial(_next_cluster, panel, -1), "Shift+N"),
        command("fit", "See everything", partial(_fit, panel), "F"),
        command("file", "Show the sentences of a text file…", panel.material.ask, "", always, ("encode", "open")),
        command("names", "Export cluster names…", studio.export_names, "", shown, ("json", "tsv")),
        command("copy", "Copy the point as JSON", partial(_copy, panel), "Ctrl+Shift+C", shown, ("coordinates", "z")),
        command("copy_decode", "Copy as command line: decode this point", partial(_copy_decode, panel)),
        command("image", "Export the picture…", partial(panel.export_image, "clusters.png")),
    ]


def _train(panel: ClustersPanel) -> None:
    panel.inputs.section.set_open(True)
    panel.studio.train()


def _to_end(panel: ClustersPanel) -> None:
    panel.cinema.playhead.seek(panel.cinema.playhead.end)


def _next_variable(panel: ClustersPanel) -> None:
    count = max(panel.main.mixtures, 1)
    panel.choose("mixture", (panel.store.choices.mixture + 1) % count)


def _turn(panel: ClustersPanel, field: str) -> None:
    either = {"colour_by": ("component", "label"), "layout": ("plane", "tsne"), "rows": ("component", "code")}[field]
    panel.choose(field, either[getattr(panel.store.choices, field) == either[0]])


def _next_cluster(panel: ClustersPanel, by: int) -> None:
    rows, row = panel.clusters.list, panel.clusters.list.currentRow()
    if not rows.rowCount():
        return
    chosen = panel.views.selection is not None
    place = (row + by) % rows.rowCount() if chosen else (0 if by > 0 else rows.rowCount() - 1)
    rows.setCurrentCell(place, 0)
    panel.views.select_row(place)


def _fit(panel: ClustersPanel) -> None:
    for stage in panel.stages:
        stage.map.fit()


def _copy(panel: ClustersPanel) -> None:
    here = panel.views.front.explorer.here
    if here is not None:
        panel.copy_text(msgspec.json.encode([round(float(v), 6) for v in here]).decode(), "the point")


def _copy_decode(panel: ClustersPanel) -> None:
    explorer = panel.views.front.explorer
    if explorer.here is not None:
        panel.copy_text(command_line(asked_decode(explorer.model, as_point(explorer.here))), "the command line")
