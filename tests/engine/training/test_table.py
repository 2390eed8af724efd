"""Published tables: every bundled row is a recipe that can be read, and figures land in their columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.messages import Metric
from engine.objectives.composition import read_objective
from engine.training.recipe import find_recipe, read_recipe
from engine.training.table import TABLES, Row, Table, markdown, read_table


@pytest.mark.parametrize("name", sorted(p.stem for p in TABLES.glob("*.toml")))
@pytest.mark.parametrize("small", [False, True])
def test_every_row_is_a_usable_recipe(name: str, small: bool) -> None:
    table = read_table(name)
    slugs = [row.slug for row in table.rows]
    assert len(set(slugs)) == len(slugs)
    for row in table.rows:
        recipe = read_recipe(find_recipe(row.recipe), table.overrides(row, small=small))
        if recipe.options:
            read_objective(recipe.options)
        assert set(row.published) <= set(table.columns)
        assert set(row.columns) <= set(table.columns)


def test_figures_stand_in_their_columns_beside_the_published_ones() -> None:
    row = Row(name="A + b", recipe="none", published={"MI": 1.5, "NLL": 99.0}, columns={"MI": "kl"})
    table = Table(title="T", source="s", columns={"MI": "mutual_information", "NLL": "nll", "VM": "v"}, rows=(row,))
    line = table.line(row, {"kl": Metric(1.234), "v": Metric(123.4)})
    assert line == {"MI": (1.234, 1.5), "NLL": (None, 99.0), "VM": (123.4, None)}
    assert markdown(table, {row.name: line}).splitlines()[-1] == "| A + b | 1.23 (1.5) | – (99) | 123.4 |"
    assert row.slug == "a-b"
    assert markdown(table, {row.name: None}).splitlines()[-1] == "| A + b | not trained |  |  |"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("seed", -1, "seed must be at least 0"),
        ("seed", 2**64, "seed must be at most 9223372036854775807"),
        ("training.passes", 9999999999999999999999, "training.passes must be at most 1000000"),
        ("training.learning_rate", float("inf"), "training.learning_rate must be at most 1e+38"),
        ("training.learning_rate", 10**400, "training.learning_rate is out of range"),
        ("training.learning_rate", float("nan"), "training.learning_rate must be at least 1e-12"),
        ("training.clip", 1e-320, "training.clip must be at least 1e-06"),
        ("training.beta2", 1.0, "training.beta2 must be below 1.0"),
        ("name", "a/b", "name must be a short name, one line without slashes"),
    ],
)
def test_a_value_beyond_its_bounds_is_said_in_plain_words(field: str, value: float | str, said: str) -> None:
    with pytest.raises(ValueError, match=r"live-gmvae\.toml with what was set is not a usable recipe") as caught:
        read_recipe(find_recipe("live-gmvae"), {field: value})
    assert str(caught.value).endswith(f": {said}")


@pytest.mark.parametrize("other", ["a-b", "A+b", "a  B"])
def test_two_rows_that_would_share_a_file_are_refused(tmp_path: Path, other: str) -> None:
    rows = "".join(f'[[rows]]\nname = "{name}"\nrecipe = "x"\n' for name in ("A+b", other))
    (tmp_path / "t.toml").write_text(f'title = "T"\nsource = ""\n[columns]\nPPL = "perplexity"\n{rows}')
    with pytest.raises(ValueError, match=r"t\.toml is not a usable table: rows 'A\+b' and .* would share one file"):
        read_table(str(tmp_path / "t.toml"))


def test_a_recipe_field_is_set_by_its_dotted_name(tmp_path: Path) -> None:
    recipe = read_recipe(find_recipe("live-gmvae"), {"training.passes": 2, "options.terms.dispersion.weight": 0.1})
    assert recipe.training.passes == 2
    assert read_objective(recipe.options).terms["dispersion"].weight == 0.1
    with pytest.raises(ValueError, match="no recipe 'nothing'"):
        find_recipe("nothing")
    with pytest.raises(ValueError, match="not a usable recipe"):
        read_recipe(find_recipe("live-gmvae"), {"training.passes": "many"})
    with pytest.raises(ValueError, match="no table 'name'"):
        read_recipe(find_recipe("live-gmvae"), {"name.of": 1})
    (tmp_path / "broken.toml").write_text("title = 3")
    with pytest.raises(ValueError, match="not a usable table"):
        read_table(str(tmp_path / "broken.toml"))
