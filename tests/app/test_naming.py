"""Models in lists: titles, and files where titles are shared."""

from app.naming import labels
from engine.messages import ModelCard, ModelInfo


def info(name: str, title: str) -> ModelInfo:
    return ModelInfo(name, "", "lstm-lm", (), 1, 1.0, 5, {}, ModelCard(title=title))


def test_models_of_one_title_are_told_apart_by_their_files():
    models = [info("a", "Everyday"), info("a-copy", "Everyday"), info("b", "Errands"), info("c", "")]
    assert labels(models) == ["Everyday (a)", "Everyday (a-copy)", "Errands", "c"]
