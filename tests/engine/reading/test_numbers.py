"""Lists of numbers: with decimal points or commas, read or refused and never misread."""

from __future__ import annotations

import pytest

from engine.messages import Sample, Search, setting_of
from engine.messages.command_line import read
from engine.reading import read_numbers

LADDER = setting_of(Sample, "ladder")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,1.5,2.2", (1, 1.5, 2.2)),
        ("1,2,4", (1, 2, 4)),
        ("1, 5", (1, 5)),
        ("1 5", (1, 5)),
        ("1 1,5 2", (1, 1.5, 2)),
        ("1; 1,5; 2,5", (1, 1.5, 2.5)),
        ("1,-5", (1, -5)),
        ("1.", (1,)),
        ("", ()),
    ],
)
def test_a_list_is_read_alike_in_the_window_and_in_the_shell(text: str, numbers: tuple[float, ...]) -> None:
    assert read_numbers(text) == read(LADDER, text) == numbers


@pytest.mark.parametrize(
    "text", ["1,5", "1,5,2,5", "1,5 2.5", "1,5, 2.5", "1_0, 2", "\u0661, 2", "1,5,2; 3", "1 x", "\u00bd"]
)
def test_what_could_be_read_in_two_ways_is_refused_in_both(text: str) -> None:
    with pytest.raises(ValueError, match="rite"):
        read_numbers(text)
    with pytest.raises(ValueError, match="Tempering ladder: "):
        read(LADDER, text)


@pytest.mark.parametrize("text", ["5,7", "5, 7", "5 7", "5;7,"])
def test_commas_part_whole_numbers(text: str) -> None:
    assert read(setting_of(Search, "options.prefix_ids"), text) == (5, 7)


@pytest.mark.parametrize("text", ["1_0", "\u0661", "1,5"])
def test_a_number_has_plain_digits(text: str) -> None:
    for name in ("steps", "temperature"):
        with pytest.raises(ValueError, match="must be a"):
            read(setting_of(Sample, name), text)
