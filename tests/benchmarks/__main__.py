"""`make bench`: one command, one table; every figure as obtained, its target, and its ratio to a peer of the run."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from rich.console import Console

from tests.benchmarks.report import Report

GROUPS = (
    "window",
    "looks",
    "proposals",
    "exactness",
    "decoding",
    "latent",
    "drag",
    "clusters",
    "cluster_map",
    "bundled",
    "growth",
)


def main() -> int:
    """Run all groups, or those named; 1 when one of them could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, metavar="NAME", help=", ".join(GROUPS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    report, failed = Report(), 0
    began = time.perf_counter()
    for name in options.only:
        started = time.perf_counter()
        try:
            report.add(name, importlib.import_module(f"tests.benchmarks.{name}").rows())
        except Exception as error:  # noqa: BLE001 - the other groups' figures are still wanted
            traceback.print_exc()
            report.notes.append(f"{name} could not be measured: {error}")
            failed = 1
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    report.seconds = time.perf_counter() - began
    report.print(Console(width=170))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(), indent=1))
    return failed


if __name__ == "__main__":
    sys.exit(main())
