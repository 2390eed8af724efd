"""A run of the sampler as a file: the request on the first line, then a line a proposal, all JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.messages.json import encode
from engine.messages.sampling import Proposal, Swap

FIELDS = (
    "chain", "step", "move", "position", "old", "new", "terms", "log_g_forward", "log_g_backward", "log_alpha", "log_u",
    "accepted", "sentence", "words", "temperature", "reason",
)  # fmt: skip


def run_line(proposal: Proposal, swaps: Sequence[Swap] = ()) -> bytes:
    """A proposal as a line of a run file. Nothing in it depends on when or how fast it was made."""
    record: dict[str, Any] = {name: getattr(proposal, name) for name in FIELDS}
    swap = next((s for s in swaps if proposal.chain in (s.low, s.high)), None)
    if swap is not None:
        record["swap"] = swap
    return encode(record) + b"\n"
