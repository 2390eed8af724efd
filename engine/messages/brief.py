"""Text that others wrote, made fit for a sentence to a person."""

from __future__ import annotations

MOST = 200


def brief(text: object, most: int = MOST) -> str:
    """One line of at most `most` characters, without control marks; what is cut off ends in an ellipsis."""
    line = " ".join(str(text)[: 10 * most].split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return line if len(line) <= most else f"{line[: most - 1]}…"
