"""Augmentation: both sides of a pair change alike, a round repeats under its seed, nothing is left unfilled."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.training.augmentation import Augmentation, Augmenter, careless, genitive
from engine.training.phrases import Phrases, pairs
from engine.training.slots import fillers, ordinal

PHRASES = Phrases("german-english")
AUGMENTER = Augmenter(Augmentation())
SEEDS = st.integers(0, 10_000)
TEXT = [
    ("Tom wohnt in Boston.", "Tom lives in Boston."),
    ("Toms Hund mag Maria.", "Tom's dog likes Mary."),
    ("Sie ist 25 Jahre alt.", "She is 25 years old."),
    ("Ich habe drei Katzen.", "I have three cats."),
    ("Wir gehen jetzt nach Hause.", "We are going home now."),
    ("Der Zug kommt um 8 Uhr.", "The train comes at 8."),
] * 5


def test_a_round_is_fixed_by_seed_and_number() -> None:
    drawn = AUGMENTER.round(TEXT, 1, 0)
    assert drawn == AUGMENTER.round(TEXT, 1, 0)
    assert drawn != AUGMENTER.round(TEXT, 1, 1)
    assert drawn != AUGMENTER.round(TEXT, 2, 0)


def test_a_round_holds_every_pair_templates_joined_inputs_and_idioms() -> None:
    augmenter = Augmenter(Augmentation(swapped=0, templates=0.5, joined=1, words=20, careless=0))
    drawn = augmenter.round(TEXT, 1, 0)
    assert drawn[: len(TEXT)] == TEXT
    assert drawn[-len(PHRASES.idioms) :] == PHRASES.idioms
    templates = drawn[-len(PHRASES.idioms) - 15 : -len(PHRASES.idioms)]
    joined = drawn[len(TEXT) : -len(PHRASES.idioms) - 15]
    assert len(templates) == 15
    assert 5 <= len(joined) <= 12
    assert all(10 <= len(german.split()) <= 25 for german, _ in joined)


@settings(max_examples=60, derandomize=True)
@given(SEEDS, st.sampled_from(PHRASES.templates))
def test_a_filled_template_has_no_open_slot_and_the_same_names_on_both_sides(
    seed: int, template: tuple[str, str]
) -> None:
    german, english = AUGMENTER.fill(template, Random(seed))
    assert not set("{}[]|_=") & set(german + english)
    assert ".." not in english
    assert AUGMENTER.fill(template, Random(seed)) == (german, english)


@pytest.mark.parametrize("template", PHRASES.templates, ids=lambda template: template[0][:40])
def test_both_sides_of_a_template_have_the_same_slots_and_as_many_alternatives(template: tuple[str, str]) -> None:
    slots = [set(re.findall(r"\{(\w+)", side)) for side in template]
    assert slots[0] == slots[1]
    assert {slot.rstrip("0123456789") for slot in slots[0]} <= set(fillers(PHRASES))
    alternatives = [[len(found.split("|")) for found in re.findall(r"\[([^\]]*)\]", side)] for side in template]
    assert alternatives[0] == alternatives[1]


@pytest.mark.parametrize("kind", sorted(fillers(PHRASES)))
def test_a_slot_is_filled_with_plain_text_on_both_sides(kind: str) -> None:
    fill, random = fillers(PHRASES)[kind], Random(0)
    for german, english in (fill(random) for _ in range(300)):
        assert german == german.strip() != ""
        assert english == english.strip() != ""
        assert not set("{}[]|_=") & set(german + english)


def test_clock_times_keep_their_minutes_and_turn_to_twelve_hours() -> None:
    fill, random = fillers(PHRASES)["time"], Random(0)
    for german, english in (fill(random) for _ in range(2000)):
        clock = re.match(r"(\d+)[:.](\d\d)", german)
        if clock:
            hour, minute = int(clock[1]), clock[2]
            assert english.startswith(f"{(hour - 1) % 12 + 1}:{minute}")
            assert english.endswith("p.m.") == (hour > 12 or "abends" in german)
            assert english.endswith("a.m.") == (hour == 0 or "morgens" in german)


@pytest.mark.parametrize("kind", ["price", "mass", "big", "decimal", "percent"])
def test_figures_keep_their_digits_and_exchange_point_and_comma(kind: str) -> None:
    fill, random = fillers(PHRASES)[kind], Random(0)
    marks = str.maketrans(",.", ".,")
    for german, english in (fill(random) for _ in range(500)):
        figures = [re.findall(r"\d[\d.,]*", side) for side in (german, english)]
        assert [f.translate(marks) for f in figures[0]] == figures[1]


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


@settings(max_examples=40, derandomize=True)
@given(SEEDS, st.sampled_from(TEXT))
def test_a_swap_is_the_same_on_both_sides(seed: int, pair: tuple[str, str]) -> None:
    german, english = AUGMENTER.swap(pair, Random(seed))
    for mark in ("wohnt in", "mag", "Jahre"):
        if mark in pair[0]:
            assert mark in german
    if pair[0].startswith("Tom wohnt"):
        name, _, city = german.removesuffix(".").partition(" wohnt in ")
        assert english == f"{name} lives in {dict(PHRASES.cities)[city]}."
    if pair[0].startswith("Toms"):
        owner, liked = english.removesuffix(".").split("'s dog likes ")
        assert german == f"{genitive(owner)} Hund mag {liked}."
    if pair[0].startswith("Sie"):
        assert re.findall(r"\d+", german) == re.findall(r"\d+", english)


def test_what_only_one_side_names_stays() -> None:
    for pair in (("Er wohnt in Boston.", "He lives there."), ("Tom und Tom", "Tom"), ("Um 8 Uhr.", "At 8.")):
        assert AUGMENTER.swap(pair, Random(0)) == pair


def test_careless_sources_keep_their_translation() -> None:
    pair = ('Er sagt: "Größe zählt."', 'He says, "Size matters."')
    drawn = {careless(pair, Random(seed)) for seed in range(60)}
    assert {target for _, target in drawn} == {pair[1]}
    sources = {source for source, _ in drawn}
    assert 'Er sagt: "Groesse zaehlt."' in sources
    assert "Er sagt: „Größe zählt.“" in sources
    assert pair[0].upper() in sources
    assert pair[0].lower() in sources
    assert careless(("Ja.", "Yes."), Random(3))[1] in ("Yes.", '"Yes."')


def test_genitives() -> None:
    assert [genitive(name) for name in ("Anna", "Jonas", "Felix")] == ["Annas", "Jonas'", "Felix'"]


def test_lists_write_a_name_once_or_with_its_translation() -> None:
    assert pairs("Berlin Wien=Vienna Kapstadt=Cape_Town") == [
        ("Berlin", "Berlin"),
        ("Wien", "Vienna"),
        ("Kapstadt", "Cape Town"),
    ]


def test_lists_that_are_not_there_are_said() -> None:
    with pytest.raises(ValueError, match="no phrases for 'latin'"):
        Phrases("latin")
