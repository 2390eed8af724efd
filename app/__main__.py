"""`python -m app`: the window, its pictures, or a script that drives it."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
from pathlib import Path

NO_DISPLAY = (
    "There is no display to open a window on; `python -m app --shots DIR` renders every panel to PNG without one."
)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="textscape", description="Textscape: deep generative models of text.")
    parser.add_argument("files", nargs="*", type=Path, help="checkpoints, sessions or texts to open")
    parser.add_argument("--device", default="", help="auto, cpu, cuda, cuda:1 or mps (default: as in the settings)")
    parser.add_argument("--library", type=Path, action="append", default=[], metavar="DIR", help="look here as well")
    parser.add_argument("--session", type=Path, metavar="FILE", help="keep the session in this file")
    parser.add_argument("--fresh", action="store_true", help="begin without the last session")
    parser.add_argument(
        "--shots", type=Path, metavar="DIR", help="render every panel to PNG, without a display, and quit"
    )
    parser.add_argument("--only", default="", metavar="PANEL", help="with --shots: this panel only")
    parser.add_argument("--script", type=Path, metavar="FILE", help="drive the window by a list of steps (JSON)")
    parser.add_argument("--quit-after", type=float, metavar="SECONDS", help="close the window after so long")
    return parser.parse_args(argv)


def has_display() -> bool:
    """Whether a window can be opened here, or a platform without one is asked for by name."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main(argv: list[str] | None = None) -> int:
    """Run the program; the exit code is 2 for a wrong command line or no display."""
    args = arguments(argv)
    if not has_display():
        if args.shots is None:
            print(NO_DISPLAY, file=sys.stderr)
            return 2
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    named = [str(p.resolve()) for p in args.library]
    missing = [name for name in named if not Path(name).is_dir()]
    if missing:
        print(f"There is no folder {missing[0]}.", file=sys.stderr)
        return 2
    os.environ["TEXTSCAPE_MODELS"] = os.pathsep.join([*named, *filter(None, [os.environ.get("TEXTSCAPE_MODELS")])])
    print("Textscape is starting …", file=sys.stderr, flush=True)
    import torch  # before Qt: the other way round fails on some systems  # noqa: F401

    from app.run import run

    return run(args)


def leave(code: int) -> None:
    """End the process even if the engine still works; everything is saved by now."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    result = main()
    if result < 0:  # the engine did not stop in time
        faulthandler.dump_traceback()
        leave(0)
    sys.exit(result)
