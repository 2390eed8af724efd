"""Slots: each usual spelling counts, and nothing that only looks like it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.slots import count_right, missing, read_slots, spelled


@pytest.mark.parametrize(
    ("slot", "right", "wrong"),
    [
        ("Berlin", ["I live in Berlin.", "Berlin's wall"], ["Berliner", "berlin", "East-Berlingen"]),
        ("Cape Town", ["in Cape Town now"], ["Cape of Town"]),
        ("Gdansk/Danzig", ["to Gdansk", "to Danzig"], ["to Poznan"]),
        ("1500", ["1500 people", "1,500 people", "$1,500."], ["15000", "1,500,000", "1.500", "11,500", "1500:30"]),
        ("12.50", ["€12.50", "12.5 euros", "12.50."], ["12,50", "112.50", "12.505", "12.50.1"]),
        ("1230.5", ["1,230.5 km", "1230.50"], ["1230", "1,230,5"]),
        ("9", ["9 o'clock", "platform 9.", "Nine of us", "9, please"], ["19", "9.5", "9:30", "ninety", "9,000"]),
        ("28", ["28 students", "twenty-eight", "twenty eight"], ["228", "twenty", "8"]),
        ("250", ["two hundred and fifty", "two hundred fifty", "250 grams"], ["two hundred", "2500"]),
        (
            "17:45",
            ["at 5:45 p.m.", "5:45 pm", "17:45", "17.45", "5:45 in the afternoon"],
            ["5:45", "5:45 a.m.", "7:45"],
        ),
        (
            "20:00",
            ["at 8 p.m.", "at 8:00 PM".replace("PM", "pm"), "20:00", "eight o'clock in the evening"],
            ["8 o'clock", "20"],
        ),
        ("9:15", ["at 9:15", "9:15 a.m.", "09:15", "9:15 in the morning"], ["9:15 p.m.", "19:15", "9:150"]),
        ("8:00", ["at 8 o'clock", "at eight", "8:00", "8 a.m."], ["8 p.m.", "18:00", "at 8:30"]),
        ("12:30", ["12:30", "12:30 p.m."], ["12:30 a.m.", "2:30"]),
        ("0:25", ["12:25 a.m.", "0:25", "00:25"], ["12:25", "12:25 p.m."]),
    ],
)
def test_usual_spellings_are_right_and_others_wrong(slot: str, right: list[str], wrong: list[str]) -> None:
    assert [text for text in right if missing(text, [slot])] == []
    assert [text for text in wrong if not missing(text, [slot])] == []


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_number_is_found_with_and_without_commas_and_no_other_is(one: int, other: int) -> None:
    for text in (f"It is {one}.", f"It is {one:,}!", f"({one})"):
        assert not missing(text, [str(one)])
        assert one == other or missing(text, [str(other)])


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59))
def test_a_time_is_found_in_both_clocks_and_no_other_is(hour: int, minute: int, other: int, another: int) -> None:
    half = "p.m." if hour >= 12 else "a.m."
    for text in (f"at {hour}:{minute:02}", f"at {(hour - 1) % 12 + 1}:{minute:02} {half}"):
        assert not missing(text, [f"{hour}:{minute:02}"])
        if (hour, minute) != (other, another) and other % 12 != hour % 12:
            assert missing(text, [f"{other}:{another:02}"])


def test_numbers_below_a_thousand_have_their_words() -> None:
    assert re.fullmatch(spelled(0), "zero")
    assert re.fullmatch(spelled(13), "thirteen")
    assert re.fullmatch(spelled(100), "a hundred")
    assert re.fullmatch(spelled(342), "three hundred and forty-two")
    patterns = [spelled(n) for n in range(1000)]
    assert len(set(patterns)) == 1000


def test_slots_are_counted_over_all_sentences() -> None:
    slots = [read_slots("Anna|17:45"), read_slots(" 3 | "), read_slots("")]
    assert slots == [["Anna", "17:45"], ["3"], []]
    outputs = ["Anna comes at 5:45.", "We are three.", "Yes."]
    assert missing(outputs[0], slots[0]) == ["17:45"]
    assert count_right(outputs, slots) == (2, 3)
    with pytest.raises(ValueError, match="1 outputs do not match the slots of 3 sentences"):
        count_right(["a"], slots)
