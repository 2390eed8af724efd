"""Bytes to lines: encodings, line ends, packing, and what is refused."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.reading import LONGEST_LINE, clean, is_text, read_lines, split_lines

LINES = ["Ich habe keine Zeit.", "", "schön \u2028 hier", "日本 👍🏽"]
TEXT = "\n".join(LINES)
ONE_FILE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines(folder: Path, data: bytes, name: str = "some.txt") -> list[str]:
    path = folder / name
    path.write_bytes(data)
    return list(read_lines(path))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(codecs.BOM_UTF8 + text.encode()),
    ],
    ids=["plain", "mark", "utf-16", "utf-16-be", "gzip", "gzip-mark"],
)
def test_the_same_text_gives_the_same_lines(tmp_path: Path, encode, end: str) -> None:
    wanted = [clean(line) for line in LINES]
    assert lines(tmp_path, encode(TEXT.replace("\n", end))) == wanted
    assert lines(tmp_path, encode((TEXT + "\n").replace("\n", end))) == wanted, "a last line end makes no line"


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=20), max_size=6)
)
@ONE_FILE
def test_only_lf_and_cr_end_a_line(tmp_path: Path, parts: list[str]) -> None:
    found = lines(tmp_path, "".join(f"{part}\n" for part in parts).encode())
    assert found == [clean(part) for part in parts]
    assert split_lines("\n".join(parts)) == (found or [""])


@given(st.text(st.sampled_from("a\r\nü"), max_size=30), st.integers(1, 7))
@ONE_FILE
def test_line_ends_across_blocks(tmp_path: Path, text: str, block: int) -> None:
    import engine.reading.files as files

    before = files._BLOCK
    files._BLOCK = block
    try:
        found = lines(tmp_path, text.encode())
    finally:
        files._BLOCK = before
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert found == plain.removesuffix("\n").split("\n") if plain else not found


def test_a_file_is_known_to_be_packed_by_its_content(tmp_path: Path) -> None:
    assert lines(tmp_path, gzip.compress(b"a\nb"), "some.txt") == ["a", "b"]
    assert lines(tmp_path, b"", "some.txt.gz") == []


PACKED = gzip.compress(bytes(range(1, 10)) * 40 + b"\n", mtime=0)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"x\n" * 70_000 + "schön".encode("latin-1"), "a.txt", "not UTF-8 text: line 70,001 holds the byte F6"),
        ("schön".encode()[:-2], "a.txt", "line 1 holds the byte C3"),
        (b"a\xed\xa0\x80", "a.txt", "not UTF-8 text"),
        (bytes(range(256)), "a.txt", "no text: it holds binary data; save what it shows as plain text in UTF-8"),
        (b"one\0two", "a.txt", "line 1 holds a zero byte"),
        ("ab".encode("utf-16-le"), "a.txt", "zero byte"),
        ("ab".encode("utf-32"), "a.txt", "zero byte"),
        (codecs.BOM_UTF16_LE + b"a\0\0\xd8b\0", "a.txt", "damaged: it begins as UTF-16 but line 1"),
        (PACKED[:-9], "a.txt.gz", "cut off: its gzip ends too early"),
        (PACKED[:-8] + b"12345678", "a.txt.gz", "damaged, gzip cannot unpack it"),
        (b"hello", "a.txt.gz", "called .gz but is not packed"),
        (b"a\n" + b"b" * (LONGEST_LINE + 1), "a.txt", "line 2 of a.txt has more than 20,000 characters"),
        (b"a" * (1 << 20), "a.txt", "line 1 of a.txt has more than"),
    ],
)
def test_what_is_no_text_is_one_sentence(tmp_path: Path, data: bytes, name: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*$") as refused:
        lines(tmp_path, data, name)
    assert said in str(refused.value)
    assert name in str(refused.value)


def test_a_line_may_be_as_long_as_it_may(tmp_path: Path) -> None:
    assert [len(line) for line in lines(tmp_path, b"a" * LONGEST_LINE + b"\r\n" + b"b" * LONGEST_LINE)] == [
        LONGEST_LINE
    ] * 2


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.txt"):
        with pytest.raises(ValueError, match=f"^{path.name} cannot be read: "):
            list(read_lines(path))


def test_names_of_text_files() -> None:
    assert all(is_text(Path(name)) for name in ("a.txt", "B.TXT", "a.b.tsv", "a.csv.gz", "A.Txt.GZ"))
    assert not any(is_text(Path(name)) for name in ("a.gz", "a.json", "txt", "a.txt.zip", "a.png"))


def test_a_folder_without_a_name_is_named_by_its_path() -> None:
    with pytest.raises(ValueError, match=r"^\. cannot be read: "):
        list(read_lines(Path(".")))
