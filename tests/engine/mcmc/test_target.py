from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.mcmc.support import Requirement, Support
from engine.mcmc.target import Target
from engine.mcmc.terms import Edits, Fluency, Length, Similarity
from engine.mcmc.terms.similarity import KEPT, Kept, content_words, distinctive, is_kept

WORDS = (4, 5, 6)
ALL = [s for n in range(5) for s in itertools.product(WORDS, repeat=n)]


def holds_in_order(words: tuple[int, ...], sentence: tuple[int, ...]) -> bool:
    return words in itertools.combinations(sentence, len(words))


@pytest.mark.parametrize("words", [(4,), (4, 5), (5, 4, 5), (4, 4)])
def test_a_requirement_is_met_in_order_or_in_any_order(words: tuple[int, ...]) -> None:
    ordered, loose = Requirement(words, True), Requirement(words, False)
    for sentence in ALL:
        assert ordered.met(sentence) == holds_in_order(words, sentence)
        assert loose.met(sentence) == any(holds_in_order(p, sentence) for p in itertools.permutations(words))


@pytest.mark.parametrize("words", [(4,), (4, 5), (5, 4, 5), (4, 4)])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_word_is_free_exactly_when_some_change_of_it_alone_keeps_the_requirement(
    words: tuple[int, ...], ordered: bool
) -> None:
    requirement = Requirement(words, ordered)
    for sentence in filter(requirement.met, ALL):
        for place, free in enumerate(requirement.free(sentence)):
            left, right = sentence[:place], sentence[place + 1 :]
            changes = [requirement.met((*left, w, *right)) for w in (*WORDS, 7) if w != sentence[place]]
            assert set(changes) == {free}
            assert requirement.met((*left, *right)) == free


def test_words_outside_the_vocabulary_stay_as_they_are() -> None:
    support = Support(1, 4, (), known=7, unknown=(7, 8))
    assert support.holds((7, 4, 8))
    for other in ((8, 7), (7, 4), (7, 7, 8), (7, 4, 4, 4, 8)):
        assert not support.holds(other)
    assert support.free((7, 4, 8)) == [False, True, False]


def test_similarity_is_zero_for_identical_words_and_grows_with_the_best_match() -> None:
    vectors = np.random.default_rng(0).normal(size=(7, 3))
    matcher = Similarity([4, 6, 7], vectors, 9)  # 7 lies outside the vocabulary
    sentences = np.asarray([[4, 7, 6, 5], [4, 5, 5, 0], [5, 8, 0, 0]])
    counted = np.asarray([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]], bool)
    scores = matcher.log_score(matcher.best(sentences, counted))
    unit = distinctive(vectors)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, 1)
    best = [[max(cosine[4, 4], cosine[5, 4]), max(cosine[4, 6], cosine[5, 6]), 0.0]]
    best.append([max(cosine[5, 4], 0.0), max(cosine[5, 6], 0.0), 0.0])  # 8 is like nothing but itself
    assert scores[0] == 0.0
    np.testing.assert_allclose(scores[1:], np.log((1 + np.asarray(best)) / 2).sum(1), rtol=1e-12)
    assert (scores <= 0).all()


def test_the_score_of_a_candidate_is_that_of_the_whole_sentence() -> None:
    vectors = np.random.default_rng(1).normal(size=(7, 3))
    terms = ((0.5, Fluency()), (2.0, Similarity([4, 6], vectors, 7)), (0.3, Length(3)))
    target = Target(Support(1, 5, (), 7), terms)
    sentence, words = np.asarray([[5, 6, 5, 0]]), np.asarray([[4, 5, 6, -1]])
    at, log_prob = np.asarray([1]), np.asarray([[-3.0, -4.0, -5.0, 0.0, -2.0]])
    asked = np.asarray([[True, True, True, False, True]])
    edits = Edits(sentence, np.asarray([3]), at, at + 1, words, log_prob, asked)
    together = target.score(edits)
    made = list(edits.sentences())
    assert [s for _, _, s in made] == [[5, 4, 5], [5, 5, 5], [5, 6, 5], [5, 5]]
    for row, column, ids in made:
        alone = target.score(Edits.whole(np.asarray([ids]), np.asarray([len(ids)]), log_prob[:, column]))
        np.testing.assert_allclose(together[row, column], alone[0, 0], rtol=1e-12)
    assert target.names == ("fluency", "similarity", "length")
    assert together[0, 0, 0] == -1.5
    assert together[0, 0, 2] == 0.0
    assert together[0, 4, 2] == -0.15


def test_content_words_leave_function_words_and_punctuation_out() -> None:
    assert content_words(["The", "movie", "is", "a", "great", "success", "."]) == [1, 4, 5]
    assert content_words(["it", "is"]) == [0, 1]


def test_kept_words_count_by_themselves_and_vectors_do_not_replace_them() -> None:
    words = ["<pad>", "<unk>", "<s>", "</s>", "not", "couldn't", "never", "Tom", "Mary", "three", "four", "dog", "the"]
    ids = {word: i for i, word in enumerate(words)}
    vectors = np.ones((len(words), 3)) + 0.01 * np.random.default_rng(0).normal(size=(len(words), 3))
    source = [ids[w] for w in ("Tom", "not", "three", "dog")]
    matcher = Similarity([ids["dog"]], vectors, len(words), Kept.of(source, words))

    def score(text: str) -> float:
        row = np.asarray([[ids[w] for w in text.split()]])
        return float(matcher.score(Edits.whole(row, np.asarray([row.shape[1]]), np.zeros(1)))[0, 0])

    lost = KEPT * np.log(2)
    assert score("Tom not three dog") == score("dog three couldn't Tom") == 0
    assert score("Mary not three dog") == pytest.approx(-lost)
    assert score("Tom not four dog") == pytest.approx(-lost)
    assert score("Tom three dog") == pytest.approx(-lost)
    assert score("Tom never three dog") == pytest.approx(KEPT * np.log(0.75))  # a negation, if not the same
    assert score("Tom not three not dog") == pytest.approx(-lost)  # one that the source lacks
    assert score("dog") == pytest.approx(-3 * lost)
    plain = Similarity([ids["dog"]], vectors, len(words))
    row = np.asarray([[ids["dog"], ids["not"], ids["not"]]])
    assert plain.score(Edits.whole(row, np.asarray([3]), np.zeros(1)))[0, 0] == 0


@pytest.mark.parametrize("word", ["not", "Don't", "cannot", "nobody", "3", "twelve", "Tom"])
def test_negations_numbers_and_names_are_kept(word: str) -> None:
    assert is_kept(word)


@pytest.mark.parametrize("word", ["I", "I'm", "one", "dog", "another", "want", "."])
def test_other_words_are_not(word: str) -> None:
    assert not is_kept(word)
