"""The style sheet: a few quiet rules over Fusion, made from the theme's colours and scale."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from engine.assets import ICONS

if TYPE_CHECKING:
    from app.theme import Theme

_SHEET = (Path(__file__).parent / "style.qss").read_text(encoding="utf-8")


def style_sheet(theme: Theme) -> str:
    """The rules in this theme's colours. `$u` is four pixels at the present scale, `$px_N` a type size."""
    from app.theme import mix

    c = theme.colors
    values = {
        "paper": c.paper,
        "surface": c.surface,
        "ink": c.ink,
        "muted": c.muted,
        "hairline": c.hairline,
        "accent": c.accent,
        "on_accent": c.on_accent,
        "accent_hover": mix(c.accent, c.ink, 0.12),
        "accent_press": mix(c.accent, c.ink, 0.24),
        "accent_wash": mix(c.surface, c.accent, 0.10),
        "field_line": mix(c.hairline, c.muted, 0.28),
        "hover": mix(c.paper, c.ink, 0.05),
        "press": mix(c.paper, c.ink, 0.10),
        "thumb": mix(c.paper, c.muted, 0.35),
        "faint": mix(c.muted, c.paper, 0.4),
        "danger": theme.text(c.rejected),
    }
    names = {name: color.name() for name, color in values.items()}
    sizes = {f"px_{n}": f"{theme.px(n)}px" for n in range(1, 49)}
    shade = "dark" if theme.dark else "light"
    return Template(_SHEET).substitute(names, **sizes, icons=ICONS.as_posix(), shade=shade)
