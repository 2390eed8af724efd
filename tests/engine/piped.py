"""An engine in a child process, spoken to in length-prefixed msgpack frames with large arrays behind the body.

A trial that the joint holds, not a feature: `PipedEngine` is an `EngineClient` like the one in this process, and nobody
who uses one can tell. Run as a program this module is the child.
"""

import os
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Union

import msgspec
import numpy as np

from engine.client import Control, EngineClient, EngineClosed, Slot
from engine.messages import Cancelled, Event, Failed, Finished, Priority, Request, problems

INLINE = 1024  # bytes of an array that go into the body
MOST = 64 * 2**20  # bytes of a frame


class Submit(msgspec.Struct, tag=True, array_like=True):
    job: int  # the client's own number
    request: Any
    slot: Slot | None
    priority: Priority


class Steer(msgspec.Struct, tag=True, array_like=True):
    job: int
    change: Control


class Close(msgspec.Struct, tag=True, array_like=True):
    pass


class Heard(msgspec.Struct, tag=True, array_like=True):
    job: int
    event: Any


def leaves(base: type[Any]) -> list[type[Any]]:
    return [leaf for sub in base.__subclasses__() for leaf in (leaves(sub) or [sub])]


def either(kinds: Iterable[type[Any]]) -> Any:
    return Union[tuple(kinds)]  # noqa: UP007 - built at run time


def write(stream: BinaryIO, value: Any) -> None:
    """One frame: lengths, body, then the arrays that are too large for it."""
    buffers: list[bytes] = []

    def plain(found: Any) -> Any:
        if isinstance(found, np.generic):
            return found.item()
        array = np.ascontiguousarray(found)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"an array of {array.dtype} does not cross")
        data: Any = array.tobytes()
        if len(data) >= INLINE:
            buffers.append(data)
            data = len(buffers) - 1
        return (array.dtype.str, array.shape, data)

    body = msgspec.msgpack.encode(value, enc_hook=plain)
    lengths = [len(b) for b in buffers]
    stream.write(struct.pack(f"<IB{len(buffers)}Q", len(body), len(buffers), *lengths) + body + b"".join(buffers))
    stream.flush()


def read(stream: BinaryIO, kind: Any) -> Any:
    """The next frame's value, held to its type; None at the end."""
    head = stream.read(5)
    if len(head) < 5:
        return None
    size, count = struct.unpack("<IB", head)
    lengths = struct.unpack(f"<{count}Q", stream.read(8 * count))
    if size + sum(lengths) > MOST:
        raise ValueError("the frame is too large")
    body, buffers = stream.read(size), [bytearray(stream.read(n)) for n in lengths]

    def revive(wanted: Any, value: Any) -> Any:
        dtype, shape, data = value
        found = np.frombuffer(buffers[data] if isinstance(data, int) else bytearray(data), np.dtype(dtype))
        return found.reshape(shape)

    return msgspec.msgpack.decode(body, type=kind, dec_hook=revive)


class PipedEngine(EngineClient):
    """The client's end."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs = 0
        self._closed = False
        self._open: set[int] = set()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.piped"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def folders(self) -> tuple[Path, ...]:
        return ()

    def submit(self, request: Request, *, slot: Slot | None = None, priority: Priority = Priority.BACKGROUND) -> int:
        return self._send(request, slot, priority, own=False)

    def control(self, job: int, change: Control) -> None:
        with self._changed:
            if not self._closed:
                with suppress(BrokenPipeError):  # an engine that has gone has no jobs
                    self._write(Steer(job, change))

    def close(self, timeout: float = 10.0) -> bool:
        with self._changed:
            if not self._closed:
                with suppress(BrokenPipeError):
                    self._write(Close())
            self._closed = True
        self._child.wait(timeout)
        self._reader.join(timeout)
        for stream in (self._child.stdin, self._child.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
        return True

    def _follow(self, request: Request, priority: Priority) -> int:
        return self._send(request, None, priority, own=True)

    def _send(self, request: Request, slot: Slot | None, priority: Priority, *, own: bool) -> int:
        with self._changed:
            if self._closed:
                raise EngineClosed("the engine is closing and takes no more requests")
            self._jobs += 1
            self._open.add(self._jobs)
            if own:
                self._own[self._jobs] = deque()
            if wrong := problems(request):  # the other end would not even read it
                self._post(self._jobs, Failed(sentence=next(iter(wrong.values()))))
            else:
                self._write(Submit(self._jobs, request, slot, priority))
            return self._jobs

    def _write(self, value: Any) -> None:
        assert self._child.stdin is not None
        write(self._child.stdin, value)

    def _listen(self) -> None:
        assert self._child.stdout is not None
        kind = msgspec.defstruct(
            "Heard", [("job", int), ("event", either(leaves(Event)))], tag="Heard", array_like=True
        )
        try:
            while (heard := read(self._child.stdout, kind)) is not None:
                if isinstance(heard.event, Finished | Cancelled | Failed):
                    self._open.discard(heard.job)
                self._post(heard.job, heard.event)
        finally:  # the other end is gone, or not to be understood
            for job in sorted(self._open):
                self._post(job, Failed(sentence="The engine has gone."))


def frames(stream: BinaryIO) -> Iterator[Any]:
    requests = [leaf for leaf in leaves(Request) if leaf.__module__.startswith("engine.")]
    kind = msgspec.defstruct(
        "Submit",
        [("job", int), ("request", either(requests)), ("slot", Slot | None), ("priority", Priority)],
        tag="Submit",
        array_like=True,
    )
    while (found := read(stream, either([kind, Steer, Close]))) is not None:
        yield found


def serve() -> None:
    """The child: the frames are on a copy of stdout, so that no print can come between them."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from engine.worker import Engine

    engine = Engine("cpu")
    ready, numbers = threading.Event(), {0: 0}
    engine.on_ready = ready.set
    lock, done = threading.Lock(), threading.Event()

    def tell() -> None:
        while not done.is_set() or engine.pending:
            ready.wait(0.2)
            ready.clear()
            with lock:
                for message in engine.poll():
                    write(out, Heard(numbers[message.job], message.event))

    teller = threading.Thread(target=tell)
    teller.start()
    own: dict[int, int] = {}
    for frame in frames(sys.stdin.buffer):
        if isinstance(frame, Close):
            break
        with lock:
            if isinstance(frame, Steer):
                engine.control(own.get(frame.job, -1), frame.change)
            else:
                own[frame.job] = engine.submit(frame.request, slot=frame.slot, priority=frame.priority)
                numbers[own[frame.job]] = frame.job
    engine.close()
    done.set()
    ready.set()
    teller.join()


if __name__ == "__main__":
    serve()
