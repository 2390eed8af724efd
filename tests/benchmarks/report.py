"""The table of a run of benchmarks, and the same as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from tests.benchmarks.rows import Growth, Row

DISTRIBUTIONS = ("textscape", "torch", "numpy", "PySide6-Essentials", "pyqtgraph", "transformers", "ctranslate2")
CLOCKS = (
    "CPU: seconds of this process's processor time, which other programs disturb little. Other times are the clock's. "
    "Each is the median, the mean or the best of several calls after one that warms up; p95 and p99 are over all."
)
BUSY = 0.5
"""Load average of the last minute above which times of the clock are to be taken with care."""


def machine() -> dict[str, Any]:
    """Processor, cores, memory, GPU and what else was running."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
        "torch_threads": torch.get_num_threads(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def processor() -> str:
    """The processor's model as the system names it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str | None]:
    """Python and the packages that figures depend on; None for those not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


@dataclass
class Report:
    """What was measured so far, group by group."""

    machine: dict[str, Any] = field(default_factory=machine)
    versions: dict[str, str | None] = field(default_factory=versions)
    rows: list[tuple[str, Row]] = field(default_factory=list)
    growth: list[tuple[str, Growth]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, group: str, found: Iterable[Row | Growth | str]) -> None:
        """Take what a group yields, as it comes."""
        for item in found:
            if isinstance(item, Row):
                self.rows.append((group, item))
            elif isinstance(item, Growth):
                self.growth.append((group, item))
            else:
                self.notes.append(item)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "machine": self.machine,
            "versions": self.versions,
            "seconds": round(self.seconds, 1),
            "clocks": CLOCKS,
            "rows": [
                {
                    "group": group,
                    **row._asdict(),
                    "target": str(row.target) if row.target else None,
                    "reached": row.reached,
                }
                for group, row in self.rows
            ],
            "growth": [{"group": g, **t._asdict(), "exponents": t.exponents()} for g, t in self.growth],
            "notes": self.notes,
        }

    def print(self, console: Console) -> None:
        """The table of figures, the tables of growth, and what is to be said of them."""
        for line in self._head():
            console.print(line, style="bold", highlight=False)
        if self.rows:
            console.print(self._figures())
        for _, growth in self.growth:
            console.print(f"\n{growth.name}", style="bold", highlight=False)
            console.print(_table(growth))
        for note in [*self._foot(), *self.notes]:
            console.print(note, style="dim", highlight=False)

    def _head(self) -> Iterator[str]:
        m = self.machine
        gpu = m["gpu"] or "no GPU"
        yield f"{m['processor']}, {m['cores']} cores, {m['memory_gib']} GiB, {gpu}; {m['torch_threads']} torch thread"
        yield ", ".join(f"{name} {version}" for name, version in self.versions.items() if version)

    def _figures(self) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 1))
        for column in ("figure", "obtained", "target", "", "ratio"):
            table.add_column(column, justify="left" if column in ("figure", "ratio") else "right", overflow="fold")
        marks = {None: "", True: "✓", False: "✗"}
        last = ""
        for group, row in self.rows:
            if group != last:
                table.add_row(f"[bold]{group.replace('_', ' ')}[/bold]")
                last = group
            compared = "" if row.ratio is None else f"{row.ratio:.3g} {row.against}".strip()
            target = str(row.target) if row.target else ""
            table.add_row(f"  {row.name}", f"{number(row.obtained)} {row.unit}", target, marks[row.reached], compared)
        return table

    def _foot(self) -> Iterator[str]:
        aimed = [row for _, row in self.rows if row.target]
        if aimed:
            reached = sum(bool(row.reached) for row in aimed)
            yield f"{reached} of {len(aimed)} targets reached; {self.seconds / 60:.1f} minutes. {CLOCKS}"
        if self.machine["load_before"] > BUSY:
            yield (
                f"Other programs were running (load {self.machine['load_before']}): times of the clock are provisional."
            )


def _table(growth: Growth) -> Table:
    """One table of growth, its exponents below."""
    table = Table(box=None, header_style="", padding=(0, 1))
    for index, column in enumerate(growth.columns):
        table.add_column(column, justify="right", style="bold" if index == 0 else "")
    for line in growth.lines:
        table.add_row(*(v if isinstance(v, str) else number(v) for v in line))
    powers = growth.exponents()
    if any(p is not None for p in powers):
        table.add_row("power", *("" if p is None else f"{p:.2f}" for p in powers), style="italic")
    return table


def number(value: float) -> str:
    """Four digits, thousands apart, no exponents for ordinary sizes."""
    if value == 0 or abs(value) < 1e-3:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
