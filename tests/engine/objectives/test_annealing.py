from __future__ import annotations

import math

import msgspec
import pytest

from engine.objectives.annealing import Schedule, cyclical, linear, logistic


def test_linear_rises_from_zero_to_one_and_stays() -> None:
    assert [linear(s, 10) for s in (0, 5, 10, 11)] == [0.0, 0.5, 1.0, 1.0]


def test_logistic_is_half_in_the_middle_and_symmetric() -> None:
    assert logistic(2500, 2500, 0.0025) == 0.5
    assert logistic(1500, 2500, 0.0025) + logistic(3500, 2500, 0.0025) == pytest.approx(1.0)
    assert logistic(0, 2500, 0.0025) == pytest.approx(1 / (1 + math.exp(6.25)))


def test_cycles_start_anew() -> None:
    assert [cyclical(s, 10, 0.5) for s in (0, 1, 5, 9, 10, 15)] == [0.0, 0.2, 1.0, 1.0, 0.0, 1.0]


def test_a_rest_is_at_zero_before_the_rise() -> None:
    assert [cyclical(s, 100, 0.25, 0.5) for s in (0, 49, 50, 75, 99)] == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_a_schedule_multiplies_its_weight_and_keeps_its_floor() -> None:
    schedule = Schedule(weight=0.5, annealing="linear", steps=10, floor=0.1)
    assert [schedule.at(s) for s in (0, 5, 10)] == [0.1, 0.25, 0.5]
    assert Schedule(weight=3.0).at(0) == 3.0


def test_counted_cycles_end_at_the_top() -> None:
    schedule = Schedule(annealing="cyclical", steps=10, cycles=2)
    assert [schedule.at(s) for s in (0, 10, 19, 20, 21)] == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert Schedule(annealing="cyclical", steps=10).at(20) == 0.0


def test_unknown_shapes_and_impossible_lengths_are_refused() -> None:
    for wrong in ({"annealing": "sudden"}, {"steps": 0}, {"rise": 0.0}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Schedule)
