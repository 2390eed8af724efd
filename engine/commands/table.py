"""`table`: train every row of a published table and print what was obtained beside what was published."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.checkpoint import read_header
from engine.commands.options import DEVICE, JSON
from engine.commands.output import answers, note, print_json, say
from engine.files import is_there
from engine.jobs.training import requested
from engine.messages import Train
from engine.training.recipe import find_recipe, read_recipe
from engine.training.state import IN_HEADER, fingerprint
from engine.training.table import markdown, read_table


def table(
    name: str = typer.Argument(help="A bundled table (ptb, dailydialog, assistant, errands) or a TOML file."),
    data: Path = typer.Option(..., help="Folder with the text the recipes name."),
    output: Path = typer.Option(
        Path("models"), "--output", "-o", help="Folder of the checkpoints; a row that is there is not trained."
    ),
    run: Path = typer.Option(Path("runs"), help="Folder for the state a stopped training goes on from."),
    only: list[str] = typer.Option([], help="Names of the rows to train; all when not given."),
    small: bool = typer.Option(False, "--small", help="128 units, the first 10,000 sentences: rows in order."),
    trace: int = typer.Option(0, min=0, max=500, help="Frames of each training to record; rows are mixtures then."),
    threads: int = typer.Option(0, min=0, help="Torch threads; 0 is all cores but one."),
    device: str = DEVICE,
    as_json: bool = JSON,
) -> None:
    """Train the rows of a table, one after the other; stop at any time, the same command goes on."""
    wanted = read_table(name)
    unknown = sorted(set(only) - {row.name for row in wanted.rows})
    if unknown:
        raise ValueError(f"the table has no row {unknown[0]!r}; it has {', '.join(row.name for row in wanted.rows)}")
    lines = {}
    for row in wanted.rows:
        stem = f"{Path(name).stem}-{row.slug}{'-small' if small else ''}"
        path = output / f"{stem}.safetensors"
        overrides = wanted.overrides(row, small=small) | {"name": stem}
        if not only or row.name in only:
            note(f"{row.name}: {path}")
            request = Train(
                recipe=row.recipe,
                data=str(data),
                run=str(run),
                output=str(path),
                threads=threads,
                frames=trace,
                overrides=overrides,
            )
            for _ in answers(request, device):
                pass
        recipe = read_recipe(find_recipe(row.recipe), overrides)
        made = is_there(path) and requested(path) == fingerprint(recipe, data, trace)[:IN_HEADER]
        lines[row.name] = wanted.line(row, read_header(path).document.card.metrics) if made else None
    if as_json:
        print_json(lines)
    else:
        say(*markdown(wanted, lines).splitlines())


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(table)
