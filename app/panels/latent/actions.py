"""Everything the latent panel can be told from menus, keys and the palette."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.commands import Command
from app.panels.latent.choices import LETTERS, asked_decode, asked_walk
from app.panels.latent.explorer import Explorer, as_point
from engine.messages import command_line

if TYPE_CHECKING:
    from app.panels.latent.panel import LatentPanel


def commands(panel: LatentPanel) -> list[Command]:
    """The panel's commands."""
    pad, hand, keep = panel.stages[0].pad, panel.hand, panel.keep

    def shown() -> bool:
        return hand.point is not None

    def command(
        name: str, title: str, run: Callable[[], object], keys: str = "", aliases: tuple[str, ...] = ()
    ) -> Command:
        return Command(f"latent.{name}", title, run, keys, "Latent", shown, aliases)

    anchors = [
        command(f"anchor{i}", f"Go to sentence {letter}", partial(hand.go_to_anchor, i), f"Ctrl+{i + 1}")
        for i, letter in enumerate(LETTERS)
    ]
    return [
        Command("latent.demo", "Drag between two example sentences", panel.demo, "", "Latent", panel.start.isEnabled),
        command("prior", "Go to a sample of the prior", panel.draw_prior, "Ctrl+D", ("dice", "random")),
        command("center", "Go to the prior's mean", partial(_to_center, panel), "Ctrl+0", ("origin", "zero")),
        *anchors,
        command("swap", "Swap the first and the last sentence", partial(_swap, panel), "", ("reverse",)),
        command("fit", "See the whole plane", pad.fit, "F"),
        command("nearer", "Nearer", partial(pad.zoom, 1.25), "+", ("zoom in",)),
        command("farther", "Farther", partial(pad.zoom, 0.8), "-", ("zoom out",)),
        command("lasso", "Lasso sentences", panel.cloud.lasso, "L"),
        command("pin", "Pin the sentence", panel.pin, "P"),
        command("record", "Record a path, or stop", keep.record.toggle, "Ctrl+R"),
        command("replay", "Play the recorded path, or pause", keep.playhead.toggle, "Space"),
        Command("latent.file", "Encode a text file…", panel.ask_file, "", "Latent"),
        command("copy", "Copy the point as JSON", partial(copy_point, panel), "Ctrl+Shift+C", ("coordinates", "z")),
        command("copy_decode", "Copy as command line: decode this point", partial(_copy_decode, panel)),
        Command(
            "latent.copy_walk",
            "Copy as command line: interpolate",
            partial(_copy_walk, panel),
            "",
            "Latent",
            lambda: bool(panel.store.choices.model) and len(panel.store.choices.anchors) > 1,
        ),
        Command(
            "latent.export_walk",
            "Export the walk as a table…",
            partial(_export_walk, panel),
            "",
            "Latent",
            lambda: bool(panel.main.walk),
            aliases=("csv",),
        ),
        command("image", "Export the picture…", partial(panel.export_image, "latent.png")),
    ]


def copy_point(panel: LatentPanel) -> None:
    """The point that is decoded, as JSON on the clipboard."""
    asked = panel.hand.asked
    if asked is not None:
        panel.copy_text(msgspec.json.encode([round(float(v), 6) for v in asked]).decode(), "the point")


def _copy_decode(panel: LatentPanel) -> None:
    asked = panel.hand.asked
    if asked is not None:
        panel.copy_text(command_line(asked_decode(panel.store.choices, as_point(asked))), "the command line")


def _copy_walk(panel: LatentPanel) -> None:
    panel.copy_text(command_line(asked_walk(panel.store.choices)), "the command line")


def walk_table(explorers: Sequence[Explorer]) -> bytes:
    """The steps of the walks as CSV: place, sentence, its log-probability in nats, whether it ended, and the point."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["model", "decoder", "step", "t", "sentence", "log p", "finished", "repeated", "z"])
    for explorer in explorers:
        for step in explorer.walk:
            point = msgspec.json.encode([round(float(v), 6) for v in step.point]).decode()
            said, log_prob = step.sentence.text, f"{step.sentence.log_prob:.4f}"
            writer.writerow(
                [
                    explorer.model,
                    explorer.decoder,
                    step.index + 1,
                    f"{step.t:.4f}",
                    said,
                    log_prob,
                    step.sentence.finished,
                    step.repeated,
                    point,
                ]
            )
    return text.getvalue().encode()


def _export_walk(panel: LatentPanel) -> None:
    panel.export("walk.csv", walk_table((panel.main, panel.beside)), "Comma-separated values (*.csv)")


def _swap(panel: LatentPanel) -> None:
    anchors = panel.store.choices.anchors
    if len(anchors) > 1:
        panel.store.choose("anchors", (anchors[-1], *anchors[1:-1], anchors[0]))


def _to_center(panel: LatentPanel) -> None:
    point = panel.hand.point
    if point is not None:
        panel.hand.go_to(np.zeros(len(point)))
