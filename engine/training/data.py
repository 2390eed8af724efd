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


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file pattern of a recipe's data: `{split}` in the path stands for train, valid or test."""

    path: str
    columns: tuple[Annotated[int, msgspec.Meta(ge=0)], ...] = (0,)
    header: bool = False
    unique: bool = True  # drop repeated examples
    splits: tuple[Split, ...] = ("train", "valid", "test")  # which of them there are


def read_source(source: Source, folder: Path, split: Split) -> list[tuple[str, ...]]:
    """The named columns of one split; rows with too few columns or an empty one are left out."""
    name = source.path.replace("{split}", split)
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"the recipe's text {brief(name)} lies outside the data folder")
    if not path.is_file():
        raise FileNotFoundError(f"the data folder has no {brief(name)}")
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
    """All sources that have this split, one after the other."""
    return [row for source in sources if split in source.splits for row in read_source(source, folder, split)]


def held_out(sources: Sequence[Source], folder: Path, column: int = -1) -> set[str]:
    """The texts of the validation and test splits, lower-cased, for keeping them out of training."""
    splits: tuple[Split, ...] = ("valid", "test")
    return {row[column].lower() for split in splits for row in read_split(sources, folder, split)}


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
