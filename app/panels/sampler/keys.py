"""The sampler's commands: what menus, shortcuts and the palette offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.commands import Command

if TYPE_CHECKING:
    from app.panels.sampler.panel import SamplerPanel


def sampler_commands(panel: SamplerPanel) -> list[Command]:
    """Player, run, chains, copies and exports."""
    head, changes = panel.playhead, panel.history.changes

    def has_run() -> bool:
        return panel.run is not None

    def ended() -> bool:
        return has_run() and panel.job is None

    def next_chain(by: int) -> None:
        if panel.run is not None:
            panel.choose_chain((panel.chain + by) % panel.run.chains)

    rows = (
        ("run", "Run", panel.start, "Ctrl+Return", None, ("start", "sample")),
        ("again", "Run again with the same seed", panel.again, "R", None, ("restart", "reset")),
        ("new_seed", "Run with a new seed", panel.new_seed, "N", None, ("random",)),
        ("branch", "Go on from here as a new run", panel.branch, "B", has_run, ("fork", "continue")),
        ("go_on", "Let the run go on where it ended", panel.go_on, "G", ended, ("resume", "continue")),
        ("stop", "Stop the run", panel.stop, "", lambda: panel.job is not None, ("cancel",)),
        ("play", "Play or pause", head.toggle, "Space", has_run, ()),
        ("forward", "One step on", lambda: head.step(1), "Right", has_run, ("next",)),
        ("back", "One step back", lambda: head.step(-1), "Left", has_run, ("previous",)),
        ("forward_ten", "Ten steps on", lambda: head.step(10), "Shift+Right", has_run, ()),
        ("back_ten", "Ten steps back", lambda: head.step(-10), "Shift+Left", has_run, ()),
        ("home", "To the start", lambda: head.seek(0), "Home", has_run, ("first",)),
        ("end", "To the live edge", lambda: head.seek(head.end), "End", has_run, ("last", "latest")),
        ("faster", "Faster", lambda: head.faster(1), "Up", None, ("speed",)),
        ("slower", "Slower", lambda: head.faster(-1), "Down", None, ("speed", "slow motion")),
        ("follow", "Follow the live edge", lambda: head.follow(not head.following), "F", has_run, ("live",)),
        ("changes", "Every step, or only those that change the sentence", changes.toggle, "C", has_run, ("skip",)),
        ("suggest_ladder", "Suggest a tempering ladder", panel.suggest_ladder, "", None, ("temperatures", "pilot")),
        ("next_chain", "Next chain", lambda: next_chain(1), "PgDown", has_run, ()),
        ("previous_chain", "Previous chain", lambda: next_chain(-1), "PgUp", has_run, ()),
        ("all_chains", "All chains or one", lambda: panel.show_all(not panel.overview), "O", has_run, ("overlay",)),
        ("copy_sentence", "Copy the sentence", panel.copy_sentence, "Ctrl+Shift+C", has_run, ()),
        ("copy_command", "Copy as command line", panel.copy_command, "", None, ("terminal", "cli")),
        ("copy_picture", "Copy as picture", lambda: panel.copy_image(), "", None, ("image", "screenshot")),
        ("export_picture", "Export the picture…", lambda: panel.export_image("sampler.png"), "", None, ("png",)),
        ("export_jsonl", "Export the run as JSON Lines…", lambda: panel.export_run("jsonl"), "", has_run, ("save",)),
        ("export_csv", "Export the run as CSV…", lambda: panel.export_run("csv"), "", has_run, ("save", "table")),
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
