"""`make bench`: one command, one table; every figure as obtained, its target, and its ratio to a peer of the run."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy
import torch
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent


def main() -> None:
    """Run all benchmarks, or those named, and print their rows."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("names", nargs="*", help="modules of tests/benchmarks; all when none is given")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    names = options.names or sorted(p.stem for p in HERE.glob("*.py") if p.stem not in ("__init__", "__main__", "rows"))
    torch.set_num_threads(1)
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one torch thread"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}"
    table = Table(title=f"{machine}\n{versions}", title_justify="left", box=None, header_style="bold")
    for column in ("figure", "obtained", "target", "ratio to the peer"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    found = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        for row in importlib.import_module(f"tests.benchmarks.{name}").rows():
            ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
            table.add_row(row.name, f"{row.obtained:.4g} {row.unit}", row.target, ratio)
            found.append({"benchmark": name, **row._asdict()})
    Console(width=150).print(table)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "versions": versions, "rows": found}, indent=1))


if __name__ == "__main__":
    main()
