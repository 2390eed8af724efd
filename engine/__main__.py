"""The headless twin of the window: `python -m engine --help`."""

from __future__ import annotations

import sys

import typer

from engine.commands import COMMANDS
from engine.messages import brief

app = typer.Typer(help="Textscape without a window.", no_args_is_help=True, pretty_exceptions_enable=False)
for add_to in COMMANDS:
    add_to(app)


def main() -> None:
    """Run a command; what a person got wrong is one sentence on stderr and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"textscape: {brief(error, 600)}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
