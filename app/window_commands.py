"""The window's own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.commands import Command

if TYPE_CHECKING:
    from app.window import Window


def window_commands(w: Window) -> list[Command]:
    """Everything the window itself can do; the panels add theirs."""
    s, undo, show, files = w.services, w.services.undo, w.presenter, w.files
    return [
        Command("file.open", "Open a file …", w.library.choose_file, "Ctrl+O", "File", aliases=("load", "checkpoint")),
        Command("file.open_path", "Open a file by its path …", files.open_by_path, "Ctrl+Shift+O", "File"),
        Command("file.save", "Save the session", files.save_session, "Ctrl+S", "File"),
        Command("file.save_as", "Save the session as …", files.save_session_as, "Ctrl+Shift+S", "File"),
        Command("file.picture", "Save a picture …", files.save_picture, "", "File", aliases=("screenshot",)),
        Command("file.settings", "Settings …", w.show_settings, "Ctrl+,", "File", aliases=("preferences", "options")),
        Command("file.quit", "Quit", w.close, "Ctrl+Q", "File", aliases=("exit", "close")),
        Command("edit.undo", "Undo", undo.undo, "Ctrl+Z", "Edit", undo.canUndo),
        Command("edit.redo", "Redo", undo.redo, "Ctrl+Shift+Z", "Edit", undo.canRedo),
        Command("view.library", "Show the library", lambda: w.toggle_dock(w.library_dock), "Ctrl+L", "View",
                aliases=("checkpoints", "models"), checked=w.library_dock.isVisible),
        Command("view.activity", "Show activity", lambda: w.toggle_dock(w.activity_dock), "Ctrl+J", "View",
                aliases=("jobs", "progress"), checked=w.activity_dock.isVisible),
        Command("view.dark", "Light or dark", w.toggle_dark, "Ctrl+Shift+L", "View", aliases=("theme", "night"),
                checked=lambda: s.theme.dark),
        Command("view.present", "Present", show.toggle, "F11", "View", aliases=("full screen", "lecture", "room"),
                checked=lambda: show.on),
        Command("view.larger", "Larger text", lambda: w.scale_by(1), "Ctrl++", "View", aliases=("zoom in",)),
        Command("view.smaller", "Smaller text", lambda: w.scale_by(-1), "Ctrl+-", "View", aliases=("zoom out",)),
        Command("view.input", "Fold or unfold the input", lambda: w.toggle_side("input"), "Ctrl+[", "View"),
        Command("view.explain", "Fold or unfold the explanation", lambda: w.toggle_side("explain"), "Ctrl+]", "View"),
        Command("view.explore", "Layout: explore", lambda: w.arrange("explore"), "", "View", aliases=("layout",)),
        Command("view.compare", "Layout: compare", lambda: w.arrange("compare"), "", "View", aliases=("layout",)),
        Command("view.lock", "Lock the layout", w.toggle_lock, "", "View", checked=lambda: w.locked),
        Command("view.reset", "Reset the layout", w.reset_layout, "", "View"),
        Command("go.next", "Next panel", lambda: w.walk_panels(1), "Ctrl+PgDown", "View", aliases=("tab",)),
        Command("go.previous", "Previous panel", lambda: w.walk_panels(-1), "Ctrl+PgUp", "View", aliases=("tab",)),
        Command("engine.stop", "Stop what runs in this panel", w.stop, "Esc", "Engine", aliases=("cancel",)),
        Command("engine.stop_all", "Stop all jobs", w.stop_all, "Ctrl+.", "Engine", lambda: bool(s.bridge.jobs),
                ("cancel", "interrupt")),
        Command("engine.refresh", "Look for checkpoints again", s.bridge.refresh_models, "F5", "Engine"),
        Command("scene.save", "Save this as a scene …", show.save_scene, "Ctrl+Shift+N", "Scenes"),
        Command("scene.next", "Next scene", lambda: show.walk(1), "Alt+Right", "Scenes", lambda: bool(show.scenes)),
        Command("scene.previous", "Previous scene", lambda: show.walk(-1), "Alt+Left", "Scenes",
                lambda: bool(show.scenes)),
        Command("scene.remove", "Forget this scene", show.remove_scene, "", "Scenes", lambda: bool(show.scenes)),
        Command("help.palette", "Search all commands", w.palette_.open, "Ctrl+Shift+P", "Help", aliases=("palette",)),
        Command("help.shortcuts", "Shortcuts", w.show_shortcuts, "?", "Help", aliases=("keys", "keyboard")),
        Command("help.panel", "What does this panel show?", w.show_help, "F1", "Help", aliases=("formula", "explain")),
        Command("help.menu", "Menu", w.topbar.open_menu, "F10", "Help"),
    ]  # fmt: skip
