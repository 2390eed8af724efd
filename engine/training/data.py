"""Text folders of recipes, tab-separated, one example a line; and batches of what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.messages import brief
from engine.reading import read_lines

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file pattern of a recipe's data: `{split}` in the path stands for train, valid or test."""

    path: str
    columns: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)] = (0,)
    header: bool = False
    unique: bool = True  # drop repeated examples
    splits: tuple[Split, ...] = SPLITS  # which of them there are


def text_file(source: Source, folder: Path, split: Split) -> Path:
    """Where a source's split lies; raises ValueError when that is outside the folder, OSError when nothing is there."""
    name = source.path.replace("{split}", split)
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"the recipe's text {brief(name)} lies outside the data folder")
    if not path.is_file():
        raise FileNotFoundError(f"the data folder has no {brief(name)}")
    return path


def text_files(sources: Sequence[Source], folder: Path) -> list[Path]:
    """All files that a recipe reads, in its order; raises as `text_file` does."""
    return [text_file(source, folder, split) for source in sources for split in source.splits]


def read_source(source: Source, folder: Path, split: Split) -> list[tuple[str, ...]]:
    """The named columns of one split; rows with too few columns or an empty one are left out."""
    path = text_file(source, folder, split)
    rows: dict[tuple[str, ...], None] | list[tuple[str, ...]] = {} if source.unique else []
    for number, line in enumerate(read_lines(path)):
        if source.header and number == 0:
            continue
        cells = line.split("\t")
        if max(source.columns) >= len(cells):
            continue
        row = tuple(cells[c].strip() for c in source.columns)
        if all(row):
            if isinstance(rows, dict):
                rows[row] = None
            else:
                rows.append(row)
    return list(rows)


def read_split(sources: Sequence[Source], folder: Path, split: Split) -> list[tuple[str, ...]]:
    """All sources that have this split, one after the other; raises ValueError when they hold no usable row."""
    having = [source for source in sources if split in source.splits]
    rows = [row for source in having for row in read_source(source, folder, split)]
    if not rows:
        names = ", ".join(source.path.replace("{split}", split) for source in having) or "the recipe's text"
        columns = 1 + max((max(source.columns) for source in having), default=0)
        wanted = "text" if columns == 1 else f"at least {columns} tab-separated columns, none of them empty"
        raise ValueError(f"the {split} split is empty: no line of {brief(names)} has {wanted}")
    return rows


def held_out(sources: Sequence[Source], folder: Path, column: int = -1) -> set[str]:
    """The texts of the validation and test splits, lower-cased, for keeping them out of training."""
    return {row[column].lower() for split in SPLITS[1:] for row in read_split(sources, folder, split)}


def training_rows(sources: Sequence[Source], folder: Path, texts: Sequence[int] = (-1,)) -> list[tuple[str, ...]]:
    """The rows of the training split none of whose texts (columns `texts`) is held out, whatever its capitals.

    Raises ValueError when a split is empty or no row is left.
    """
    rows = read_split(sources, folder, "train")
    for column in texts:
        hidden = held_out(sources, folder, column)
        rows = [row for row in rows if row[column].lower() not in hidden]
    if not rows:
        raise ValueError("there is nothing to train on: all of the training text is in the validation or test text")
    return rows


def batches(lengths: Sequence[int], tokens: int, seed: int, epoch: int, *, pool: int = 4096) -> list[list[int]]:
    """Indices in batches of about `tokens` tokens each and like lengths, in an order fixed by seed and epoch.

    Examples are shuffled, sorted by length inside pools, cut, and the batches shuffled: padding stays small and
    the order stays random.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths))
    size = np.asarray(lengths)
    out: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(size[part], kind="stable")]
        batch: list[int] = []
        longest = 0
        for index in part.tolist():
            longest = max(longest, int(size[index]))
            if batch and longest * (len(batch) + 1) > tokens:
                out.append(batch)
                batch, longest = [], int(size[index])
            batch.append(index)
        out.append(batch)
    return [out[i] for i in random.permutation(len(out)).tolist()]
