"""The headless twin of the window: `python -m engine --help`."""

from __future__ import annotations

import os
import sys

import typer

from engine.client import JobFailed
from engine.commands import COMMANDS
from engine.messages import brief

app = typer.Typer(
    help="Textscape without a window.", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)
for add_to in COMMANDS:
    add_to(app)


def main() -> None:
    """Run a command; what a person got wrong is one sentence on stderr and exit code 2."""
    _open_streams()
    try:
        app()
    except (ValueError, OSError, JobFailed) as error:
        print(f"textscape: {brief(error, 600)}", file=sys.stderr)
        sys.exit(2)


def _open_streams() -> None:
    """Closed output is thrown away, and letters that a console lacks are shown as it can."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - as long as the program
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
