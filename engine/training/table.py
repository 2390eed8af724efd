"""Published tables to obtain again: TOML files whose rows are recipes with fields set, beside the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.messages import Metric
from engine.reading import without_mark

TABLES = Path(__file__).parent / "tables"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of a table."""

    name: str
    recipe: str
    set: dict[str, Any] = {}  # recipe fields by dotted name
    small: dict[str, Any] = {}  # further ones of the small form
    published: dict[str, float] = {}  # by column
    columns: dict[str, str] = {}  # where this row's metric has another name

    @property
    def slug(self) -> str:
        """The name as a file has it."""
        kept = "".join(c if c.isalnum() else " " for c in self.name.lower())
        return "-".join(kept.split())


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that were trained alike and are read side by side."""

    title: str
    source: str  # of the published figures
    columns: dict[str, str]  # metric by heading
    rows: tuple[Row, ...]
    small: dict[str, Any] = {}  # recipe fields of the small form, by dotted name

    def __post_init__(self) -> None:
        """Raises ValueError for two rows whose models would be one file."""
        first: dict[str, str] = {}
        for row in self.rows:
            if row.slug in first:
                raise ValueError(f"rows {first[row.slug]!r} and {row.name!r} would share one file; rename one of them")
            first[row.slug] = row.name

    def overrides(self, row: Row, *, small: bool) -> dict[str, Any]:
        """Everything a row sets in its recipe; the small form fits two processor cores and compares rows in order."""
        return row.set | (self.small | row.small if small else {})

    def line(self, row: Row, metrics: Mapping[str, Metric]) -> dict[str, tuple[float | None, float | None]]:
        """Obtained and published figure of each column, None where there is none."""
        found = {heading: metrics.get(row.columns.get(heading, name)) for heading, name in self.columns.items()}
        return {h: (m.value if m else None, row.published.get(h)) for h, m in found.items()}


def read_table(name: str) -> Table:
    """A bundled table by name, or a TOML file; raises ValueError with one sentence."""
    path = Path(name) if Path(name).is_file() else TABLES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in TABLES.glob("*.toml")))
        raise ValueError(f"there is no table {name!r}; bundled tables are {known}")
    try:
        return msgspec.toml.decode(without_mark(path.read_bytes()), type=Table)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path.name} is not a usable table: {error}") from error


def markdown(table: Table, lines: Mapping[str, Mapping[str, tuple[float | None, float | None]] | None]) -> str:
    """Obtained figures with the published ones in brackets behind them; a row without a line is not trained."""
    rows = [f"| {table.title} | " + " | ".join(table.columns) + " |", "| --- |" + " ---: |" * len(table.columns)]
    for name, line in lines.items():
        cells = [_cell(*line[h]) for h in table.columns] if line else ["not trained", *[""] * (len(table.columns) - 1)]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(obtained: float | None, published: float | None) -> str:
    shown = "" if obtained is None else f"{obtained:.{2 if abs(obtained) < 100 else 1}f}"
    return shown if published is None else f"{shown or '–'} ({published:g})"
