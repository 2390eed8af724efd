"""`python -m tests.soak`: mutated files, killed writers and the scripted user, in their long forms."""

from __future__ import annotations

import argparse
import faulthandler
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> int:
    """1 when anything was found."""
    faulthandler.enable()
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--actions", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=40, help="of each kind of writer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--flat", type=float, default=1024.0, metavar="KB", help="growth per 1,000 actions that still is flat"
    )
    parser.add_argument("--journal", type=Path, help="where to write the actions down")
    parser.add_argument("--replay", type=Path, metavar="JOURNAL", help="do these actions again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = str(home)
        found = 0
        if args.files:
            found += mutated_files(home / "mutated", args.files, args.seed)
        if args.kills:
            found += kills(home / "kills", args.kills, args.seed)
        if args.actions or args.replay:
            found += user(home / "user", args)
    return 1 if found else 0


def mutated_files(folder: Path, count: int, seed: int) -> int:
    """Open so many broken files; the number of faults."""
    from tests.faults.opening import open_many

    outcome = open_many(folder, count, seed)
    print("\n".join(outcome.lines()), flush=True)
    return len(outcome.faults)


def kills(folder: Path, rounds: int, seed: int) -> int:
    """Kill writers so many times; 1 when something was lost."""
    command = [sys.executable, "-m", "tests.faults.killing", str(folder), str(rounds), str(seed)]
    return subprocess.run(command, check=False).returncode


def user(home: Path, args: argparse.Namespace) -> int:
    """Let the user work; the number of faults."""
    import torch  # before Qt  # noqa: F401

    from tests.soak.user import LONG, read_journal, soak

    home.mkdir()
    replay = read_journal(args.replay) if args.replay else None
    outcome = soak(home, args.actions, args.seed, args.journal or home / "journal.jsonl", replay)
    print("\n".join(outcome.lines()), flush=True)
    if outcome.actions >= LONG and 1000 * outcome.growth[0].low > args.flat:
        print(f"memory is not flat: surely more than {args.flat:.0f} KB per 1,000 actions")
        return 1
    return len(outcome.faults)


if __name__ == "__main__":
    sys.exit(main())
