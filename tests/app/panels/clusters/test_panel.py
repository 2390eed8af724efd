from __future__ import annotations


def test_it_begins_with_one_sentence_and_one_button(panel):
    assert panel.hero.currentIndex() == 0
    assert panel.empty.button.isVisible()


def test_the_demonstration_shows_both_trainings_on_the_same_axes(shown):
    shown.grab().save("/tmp/clusters-test.png")
    assert (shown.main.model, shown.beside.model) == ("tiny-gmvae", "tiny-dgmvae")
