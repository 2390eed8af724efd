"""Text files: bytes to lines, the same for training, commands and panels.

UTF-8 with or without a byte order mark, UTF-16 with one, plain or packed by gzip. A line ends at LF, CR LF or CR alone;
what else ends a line somewhere (U+0085, U+2028, form feed) is a space. Everything else is refused in one sentence.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.reading.characters import clean

SUFFIXES = (".txt", ".tsv", ".csv")
"""Of text files; each may have `.gz` after it."""
LONGEST_LINE = 20_000
"""Characters; a sentence has about a hundred, a long review fourteen thousand."""
_MOST_PACKED = 200  # times its size that a gzip file may unfold to; text reaches about ten
_SMALL = 64 << 20  # bytes; what unfolds to no more than this may be packed as tightly as it likes
_BLOCK = 1 << 16  # bytes
_PACKED = b"\x1f\x8b"
_BREAK = re.compile("\r\n|\r|\n")


def is_text(path: Path) -> bool:
    """Whether a file's name says that it is text."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(SUFFIXES)


def patterns() -> str:
    """The names of text files, for a file dialog: *.txt *.txt.gz ..."""
    return " ".join(f"*{suffix}{packed}" for packed in ("", ".gz") for suffix in SUFFIXES)


def without_mark(data: bytes) -> bytes:
    """The bytes of a JSON or TOML file without the byte order mark that some editors put first."""
    return data.removeprefix(codecs.BOM_UTF8)


def split_lines(text: str) -> list[str]:
    """The lines of a text that was typed or pasted, clean."""
    return [clean(line) for line in _BREAK.split(text)]


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, clean and without their ends; raises ValueError with one sentence.

    A line without end and a small file that unfolds to an enormous one are refused before they fill the memory.
    """
    number, rest = 0, ""
    try:
        with path.open("rb") as file:
            for block in _decoded(path, file):
                *lines, rest = (rest + block).split("\n")
                plain = all(line.isascii() and line.isprintable() for line in lines)
                for line in lines:
                    number += 1
                    yield line if plain and len(line) <= LONGEST_LINE else _checked(path, number, line)
                if len(rest) > LONGEST_LINE:
                    break
            if rest:
                number += 1
                yield _checked(path, number, rest)
    except UnicodeDecodeError as error:
        raise ValueError(_not_text(path, number, error)) from error
    except EOFError as error:
        raise ValueError(f"{path.name} is cut off: its gzip ends too early; copy or download it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged, gzip cannot unpack it ({error}); download it again") from error
    except OSError as error:
        raise ValueError(f"{path.name or path} cannot be read: {error.strerror or error}") from error


def _checked(path: Path, number: int, line: str) -> str:
    """A line, clean; raises ValueError with one sentence where it is none."""
    if "\0" in line:
        raise ValueError(f"{path.name} is no text: line {number:,} holds a zero byte; save it as plain text in UTF-8")
    if len(line) > LONGEST_LINE:
        raise ValueError(
            f"line {number:,} of {path.name} has more than {LONGEST_LINE:,} characters; write one sentence a line"
        )
    return clean(line)


def _decoded(path: Path, file: io.BufferedReader) -> Iterator[str]:
    """The characters of a file in blocks, every line end LF."""
    most = max(_SMALL, _MOST_PACKED * path.stat().st_size)
    unpacked = _unpacked(path, file)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(_encoding(unpacked))(), translate=True)
    size, data = 0, b"-"
    while data:
        data = unpacked.read(_BLOCK)
        size += len(data)
        if unpacked is not file and size > most:
            raise ValueError(f"{path.name} unfolds to far more than its own size: it is no packed text")
        yield decoder.decode(data, final=not data)


def _unpacked(path: Path, file: io.BufferedReader) -> io.BufferedReader | gzip.GzipFile:
    """The bytes of the text itself: a packed file is known by its content."""
    if file.peek(2)[:2] == _PACKED:
        return gzip.GzipFile(fileobj=file)
    if path.suffix.lower() == ".gz" and file.peek(1):
        raise ValueError(f"{path.name} is called .gz but is not packed by gzip; if it is plain text, rename it")
    return file


def _encoding(file: io.BufferedReader | gzip.GzipFile) -> str:
    """UTF-16 where its mark stands first, else UTF-8."""
    first = file.peek(2)[:2]
    return "utf-16" if first in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _not_text(path: Path, lines: int, error: UnicodeDecodeError) -> str:
    """What is wrong with the bytes at an error after so many good lines, and what to do."""
    before, wrong = bytes(error.object[: error.start]), error.object[error.start]
    number = lines + 1 + len(re.findall(b"\r\n|\r|\n", before))
    if error.encoding.startswith("utf-16"):
        return f"{path.name} is damaged: it begins as UTF-16 but line {number:,} is none; save it as UTF-8"
    around = bytes(error.object[max(error.start - 256, 0) : error.start + 256])
    if sum(byte < 32 and byte not in b"\t\n\r\f\v\x1a\x1b" for byte in around) > len(around) // 100:
        return f"{path.name} is no text: it holds binary data; save what it shows as plain text in UTF-8"
    return (
        f"{path.name} is not UTF-8 text: line {number:,} holds the byte {wrong:02X}, as Latin-1 or Windows files do; "
        "save it as UTF-8 in an editor, or convert it with iconv"
    )
