"""The panel's commands: what menus, shortcuts and the palette offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.commands import Command
from app.panels.beams import exports
from app.panels.beams.views import VIEWS

if TYPE_CHECKING:
    from app.panels.beams.panel import BeamsPanel


def beams_commands(panel: BeamsPanel) -> list[Command]:
    """Searching, looking, the player, decoders, copies and exports."""
    head = panel.playhead

    def has_run() -> bool:
        return panel.run is not None and bool(panel.run.steps)

    def has_results() -> bool:
        return bool(panel.results())

    def has_decoder() -> bool:
        return panel.setup.decoder is not None

    def can_force() -> bool:
        return bool(panel.forced())

    def save(kind: str) -> Callable[[], None]:
        return lambda: exports.export_table(panel, kind)

    rows = (
        ("run", "Compare all decoders", panel.start, "Ctrl+Return", None, ("search", "decode", "translate")),
        ("run_one", "Run the chosen decoder", panel.start_one, "R", has_decoder, ("search again",)),
        ("stop", "Stop the searches", panel.stop, "", lambda: panel.searches.running, ("cancel",)),
        ("example", "Another example", panel.asking.next_example, "Ctrl+E", None, ("sentence",)),
        ("play", "Play or pause", head.toggle, "Space", has_run, ()),
        ("forward", "One step on", lambda: head.step(1), "Right", has_run, ("next",)),
        ("back", "One step back", lambda: head.step(-1), "Left", has_run, ("previous",)),
        ("forward_ten", "Ten steps on", lambda: head.step(10), "Shift+Right", has_run, ()),
        ("back_ten", "Ten steps back", lambda: head.step(-10), "Shift+Left", has_run, ()),
        ("home", "To the start of the search", lambda: head.seek(0), "Home", has_run, ("first",)),
        ("end", "To the end of the search", lambda: head.seek(head.end), "End", has_run, ("last",)),
        ("faster", "Faster", lambda: head.faster(1), "Up", None, ("speed",)),
        ("slower", "Slower", lambda: head.faster(-1), "Down", None, ("speed",)),
        ("closest", "To the closest call", panel.to_closest_call, "C", has_results, ("nearly pruned", "nearly died")),
        ("force", "Force the prefix and search on", panel.force, "Shift+Return", can_force, ("what if", "branch")),
        ("fold", "Fold or unfold what was pruned", panel.next_fold, "P", has_run, ("prune", "collapse")),
        ("focus", "All the room for the view", panel.toggle_focus, "F", None, ("maximise", "zoom")),
        ("fit", "Fit the tree into the view", panel.views.tree.fit, "0", has_run, ("zoom",)),
        ("next", "Next decoder", lambda: panel.asking.choose_next(1), "PgDown", has_decoder, ()),
        ("previous", "Previous decoder", lambda: panel.asking.choose_next(-1), "PgUp", has_decoder, ()),
        ("add", "Add a decoder", panel.asking.add, "Ctrl+D", None, ("column", "duplicate")),
        ("remove", "Remove the decoder", panel.asking.remove, "Ctrl+Shift+D", has_decoder, ("column", "delete")),
        ("up", "Move the decoder up", lambda: panel.asking.move(-1), "Alt+Up", has_decoder, ()),
        ("down", "Move the decoder down", lambda: panel.asking.move(1), "Alt+Down", has_decoder, ()),
        *(
            (f"view_{name}", f"View: {text}", lambda n=name: panel.show_view(n), f"Alt+{i + 1}", None, ())
            for i, (name, text, _) in enumerate(VIEWS)
        ),
        ("batch", "Run a file of sentences…", panel.open_batch, "", has_decoder, ("batch", "corpus", "evaluate")),
        ("copy_sentence", "Copy the sentence", lambda: exports.copy_sentence(panel), "Ctrl+Shift+C", has_results, ()),
        (
            "copy_command",
            "Copy as command line",
            lambda: exports.copy_command(panel),
            "",
            has_decoder,
            ("terminal", "cli"),
        ),
        ("copy_picture", "Copy as picture", lambda: panel.copy_image(), "", None, ("image", "screenshot")),
        (
            "export_csv",
            "Export the hypotheses as CSV…",
            save("csv"),
            "",
            has_results,
            ("table",),
        ),
        (
            "export_json",
            "Export the hypotheses as JSON…",
            save("json"),
            "",
            has_results,
            (),
        ),
        ("export_trace", "Export the trace as JSON…", lambda: exports.export_trace(panel), "", has_run, ("steps",)),
        ("export_picture", "Export the picture…", lambda: panel.export_image("beams.png"), "", None, ("png",)),
    )
    return [
        Command(
            id=f"{panel.key}.{name}",
            title=title,
            run=run,
            keys=keys,
            category=panel.title,
            enabled=enabled or (lambda: True),
            aliases=aliases,
        )
        for name, title, run, keys, enabled, aliases in rows
    ]
