"""The lists that augmentation draws from: names, places, templates and idioms of a pair of languages.

They lie in a folder beside the recipes, in three files. `names.toml`: entries of each kind, `same` or
`German=English`. `templates.tsv` and `idioms.tsv`: a sentence and its translation in each line.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from engine.reading import read_lines

TextPair = tuple[str, str]
_FOLDER = Path(__file__).parent / "recipes"


class Phrases:
    """Lists of names and places, templates and idioms for one pair of languages."""

    def __init__(self, languages: str) -> None:
        """Raises ValueError when there are no lists for `languages`."""
        folder = _FOLDER / languages
        try:
            names = tomllib.loads((folder / "names.toml").read_text(encoding="utf-8"))
            self.templates = _rows(folder / "templates.tsv")
            self.idioms = _rows(folder / "idioms.tsv")
        except OSError as error:
            raise ValueError(f"there are no phrases for {languages!r} beside the recipes") from error
        self.women, self.men, self.families, self.cities, self.countries, self.streets = (
            pairs(names[kind]) for kind in ("women", "men", "families", "cities", "countries", "streets")
        )


def pairs(text: str) -> list[TextPair]:
    """Entries `same` or `German=English`, an underscore standing for a space inside one."""
    sides = [entry.replace("_", " ").partition("=") for entry in text.split()]
    return [(german, english or german) for german, _, english in sides]


def _rows(path: Path) -> list[TextPair]:
    cells = [line.split("\t") for line in read_lines(path) if line]
    return [(german, english) for german, english in cells]
