"""A run of the sampler as it is kept: every proposal of every chain, and what can be read off them at any step."""

from __future__ import annotations

import base64
import bisect
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import msgspec
import numpy as np
import numpy.typing as npt

from engine.messages import Diagnostics, Proposal, Sample, SampleStarted, SampleStep, migrated

Array = npt.NDArray[np.float64]
MOVES = ("replace", "insert", "delete")
BLOCK = 128  # proposals packed together once they are old
RECENT = 1024  # proposals kept as they came
MOST = 64 << 20  # bytes a packed run may unfold to

_pack = msgspec.msgpack.Encoder(enc_hook=lambda array: array.tolist()).encode
_unpack = msgspec.msgpack.Decoder(list[SampleStep]).decode
_known = msgspec.msgpack.Decoder(list[Diagnostics], dec_hook=lambda _, value: np.asarray(value, float)).decode


class Trace:
    """A growing array of numbers."""

    def __init__(self, width: int = 1) -> None:
        self._data = np.empty((256, width))
        self._count = 0

    def append(self, row: float | npt.ArrayLike) -> None:
        """One more row."""
        if self._count == len(self._data):
            self._data = np.concatenate([self._data, np.empty_like(self._data)])
        self._data[self._count] = row
        self._count += 1

    @property
    def values(self) -> Array:
        """All rows, [steps, width]; a view."""
        return self._data[: self._count]


class StepStore:
    """Steps by number. Old ones are packed (a tenth of the memory), and opened a block at a time when looked at."""

    def __init__(self, chains: int) -> None:
        self._block = max(1, BLOCK // chains)
        self._keep = max(self._block, RECENT // chains)
        self._packed: list[bytes] = []
        self._recent: list[SampleStep] = []
        self._open = lru_cache(maxsize=4)(partial(_read, self._packed))  # not by self, or a run would outlive its use

    def __len__(self) -> int:
        return len(self._packed) * self._block + len(self._recent)

    def append(self, step: SampleStep) -> None:
        """One more step."""
        self._recent.append(step)
        if len(self._recent) >= self._keep + self._block:
            self._pack_block()

    def settle(self) -> None:
        """Pack all but the last part of a block."""
        while len(self._recent) >= self._block:
            self._pack_block()

    def _pack_block(self) -> None:
        old, self._recent = self._recent[: self._block], self._recent[self._block :]
        self._packed.append(zlib.compress(_pack(old), 1))

    def __getitem__(self, index: int) -> SampleStep:
        block, place = divmod(index, self._block)
        if block < len(self._packed):
            return self._open(block)[place]
        return self._recent[index - len(self._packed) * self._block]

    def __iter__(self) -> Iterator[SampleStep]:
        return (self[i] for i in range(len(self)))


def _read(packed: Sequence[bytes], block: int) -> list[SampleStep]:
    return _unpack(zlib.decompress(packed[block]))


@dataclass(frozen=True)
class Standing:
    """Where a chain stands after a step."""

    words: tuple[str, ...]
    locked: tuple[bool, ...]
    sentence: str
    log_target: float


class Run:
    """Step 0 is the first sentence of every chain; step k is the k-th proposal."""

    def __init__(self, started: SampleStarted) -> None:
        self.request: Sample = started.request
        self.started = started
        self.chains = len(started.request.ladder) or started.request.chains
        self.diagnostics: list[Diagnostics] = []
        self.finished = False
        self.note = ""  # where it came from, when it was branched off another
        self.number = 0  # among the runs of a session, from 1
        self.place = 0  # the step looked at when another run was shown
        self._steps = StepStore(self.chains)
        self._swaps = Trace(2 * max(1, self.chains - 1))  # accepted and all exchanges of neighbours, cumulative
        self._swaps.append(0.0)
        self._changed = Trace(self.chains)  # whether the sentence is another after a step
        self._changed.append(0.0)
        self._words = [started.words] * self.chains
        self._packed = (-1, -1), ""  # of how many steps and diagnostics; a session is saved every half minute
        self._log_target = Trace(self.chains)
        self._length = Trace(self.chains)
        self._counts = Trace(3 * len(MOVES))  # changes, accepted and all proposals of each move, cumulative over chains
        self._log_target.append(sum(started.terms.values()))
        self._length.append(len(started.words))
        self._counts.append(0.0)

    def __len__(self) -> int:
        return len(self._steps)

    def append(self, step: SampleStep) -> None:
        """One more step of all chains."""
        self._steps.append(step)
        now = [_standing(p) for p in _after_swaps(step)]
        self._log_target.append([s.log_target for s in now])
        self._length.append([len(s.words) for s in now])
        self._changed.append([s.words != before for s, before in zip(now, self._words, strict=True)])
        self._words = [s.words for s in now]
        swaps = self._swaps.values[-1].copy()
        for swap in step.swaps:
            swaps[2 * swap.low : 2 * swap.low + 2] += swap.accepted, 1
        self._swaps.append(swaps)
        counts = self._counts.values[-1].copy()
        for proposal in step.proposals:
            move = 3 * MOVES.index(proposal.move)
            counts[move : move + 3] += changes(proposal), proposal.accepted, 1
        self._counts.append(counts)

    # --- reading ---------------------------------------------------------------------------------------------------

    def proposal(self, step: int, chain: int) -> Proposal | None:
        """The proposal of a step; None for step 0."""
        return self._steps[step - 1].proposals[chain] if step else None

    def standing(self, step: int, chain: int) -> Standing:
        """Where a chain stood after a step, exchanges between temperatures included."""
        if not step:
            s = self.started
            return Standing(s.words, s.locked, s.sentence, sum(s.terms.values()))
        return _standing(_after_swaps(self._steps[step - 1])[chain])

    def unknown_at(self, step: int, chain: int) -> int:
        """How many words of a chain's sentence the models do not know."""
        unknown = set(self.started.unknown)
        return sum(word in unknown for word in self.standing(step, chain).words) if unknown else 0

    def step(self, step: int) -> SampleStep:
        """A whole step, from 1."""
        return self._steps[step - 1]

    def __iter__(self) -> Iterator[SampleStep]:
        return iter(self._steps)

    def traces(self) -> tuple[list[Array], list[Array]]:
        """Log pi (nats) and length (words) of every chain by step, each [steps + 1]."""
        columns = range(self.chains)
        return [self._log_target.values[:, c] for c in columns], [self._length.values[:, c] for c in columns]

    def acceptance(self, step: int) -> dict[str, tuple[int, int, int]]:
        """Changes, accepted and all proposals of each move up to a step, over all chains."""
        rows = self._counts.values[step].astype(int).reshape(-1, 3).tolist()
        return {move: (changed, accepted, every) for move, (changed, accepted, every) in zip(MOVES, rows, strict=True)}

    def exchanges(self, step: int) -> list[tuple[int, int]]:
        """On a ladder, accepted and all exchanges between each two neighbours up to a step."""
        if not self.request.ladder:
            return []
        return [(int(yes), int(every)) for yes, every in self._swaps.values[step].reshape(-1, 2)]

    def change_from(self, step: int, chain: int, count: int) -> int:
        """The step of a chain's next change (`count` changes on, or back) from a step; the ends where there is none."""
        steps = np.flatnonzero(self._changed.values[:, chain])
        place = int(np.searchsorted(steps, step, "right" if count > 0 else "left")) + count - (count > 0)
        return 0 if place < 0 else len(self) if place >= len(steps) else int(steps[place])

    @property
    def title(self) -> str:
        """What tells it from other runs."""
        return f"Run {self.number}: {self.note or f'seed {self.request.seed}'}"

    def diagnostics_at(self, step: int) -> Diagnostics | None:
        """The latest diagnostics that had seen no step after this one."""
        place = bisect.bisect_right(self.diagnostics, step, key=lambda d: d.step)
        return self.diagnostics[place - 1] if place else None

    # --- going on ---

    def going_on(self, total: int) -> Sample:
        """What to ask so that it goes on to so many steps (0: until stopped), with the numbers it would have drawn."""
        standing = tuple(self.standing(len(self), chain).words for chain in range(self.chains))
        self.request = msgspec.structs.replace(self.request, steps=total)
        self.started = msgspec.structs.replace(self.started, request=self.request)
        self.finished = False
        return msgspec.structs.replace(self.request, done=len(self), standing=standing if len(self) else ())

    def settle(self) -> None:
        """Take less room while another run is shown."""
        self._steps.settle()

    # --- keeping ---------------------------------------------------------------------------------------------------

    def pack(self) -> str:
        """The run as text, for a session."""
        size = len(self), len(self.diagnostics)
        if self._packed[0] != size:
            data = _pack([self.started, list(self._steps), self.diagnostics, [self.number, self.note]])
            self._packed = size, base64.b64encode(zlib.compress(data, 1)).decode()
        return self._packed[1]

    @classmethod
    def unpack(cls, text: str) -> Run:
        """The run that `pack` wrote; raises ValueError when it is none."""
        try:
            data = zlib.decompressobj().decompress(base64.b64decode(text), MOST)
            parts = msgspec.msgpack.decode(data, type=list[msgspec.Raw])
            run = cls(msgspec.convert(migrated(msgspec.msgpack.decode(parts[0])), SampleStarted))
            for step in _unpack(parts[1]):
                if any(len(p.words) != len(p.locked) for p in step.proposals):
                    raise ValueError("words and locks differ")
                run.append(step)
            if len(parts) > 2:  # a session of an older version has none
                run.diagnostics = _known(parts[2])
            if len(parts) > 3:
                run.number, run.note = msgspec.msgpack.decode(parts[3], type=tuple[int, str])
        except (zlib.error, msgspec.MsgspecError, LookupError, ValueError, TypeError) as error:
            raise ValueError("this is not a run of this version") from error
        run.finished = True
        return run


def changes(proposal: Proposal) -> bool:
    """Whether the sentence is another after it: accepted, and not the word that stood there anyway."""
    return proposal.accepted and proposal.old != proposal.new


def _after_swaps(step: SampleStep) -> list[Proposal]:
    """The proposals whose outcome each chain holds once neighbouring temperatures have exchanged sentences."""
    held = list(step.proposals)
    for swap in step.swaps:
        if swap.accepted:
            held[swap.low], held[swap.high] = held[swap.high], held[swap.low]
    return held


def _standing(proposal: Proposal) -> Standing:
    side = 1 if proposal.accepted else 0
    total = sum(term[side] for term in proposal.terms.values())
    return Standing(proposal.words, proposal.locked, proposal.sentence, total)
