from __future__ import annotations

import pytest
import torch

from engine.objectives.composition import read_objective


def test_terms_are_weighed_by_their_schedules() -> None:
    objective = read_objective(
        {"terms": {"reconstruction": {}, "kl": {"weight": 0.5, "annealing": "linear", "steps": 10}}}
    )
    terms = {"reconstruction": torch.tensor(7.0), "kl": torch.tensor(4.0), "bag-of-words": torch.tensor(100.0)}
    assert [float(objective.weigh(terms, step)) for step in (0, 5, 10)] == [7.0, 8.0, 9.0]


def test_a_term_the_model_lacks_is_named() -> None:
    objective = read_objective({"terms": {"reconstruction": {}, "kl": {}}})
    with pytest.raises(ValueError, match="no loss term 'kl'; it has reconstruction"):
        objective.weigh({"reconstruction": torch.tensor(1.0)}, 0)


@pytest.mark.parametrize(
    "options", [{}, {"terms": {}}, {"terms": {"kl": {"weigth": 1.0}}}, {"terms": {"kl": {}}, "free_bits": -1.0}]
)
def test_broken_options_are_one_sentence(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no usable objective"):
        read_objective(options)
