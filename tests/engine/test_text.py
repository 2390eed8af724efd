"""Words, ids and clean sentences."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reading import join_words, normalise, split_words
from engine.text import BOS, EOS, MARKS, PAD, UNK, Tokenizer, truecase


@pytest.mark.parametrize(
    "sentence",
    [
        "Tom's dog doesn't like me, \"I'm afraid\".",
        "It is 3.5 o'clock, isn't it?",
        "I've got 1,000 things (really)!",
        "The sports-car of daily life...",
        "He said: wait; then left.",
        "Don't go!",
    ],
)
def test_split_then_join_gives_the_sentence_back(sentence: str) -> None:
    assert join_words(split_words(sentence)) == sentence


def test_clitics_stand_alone_and_negations_stay_whole() -> None:
    assert split_words("Tom's isn't I'm we'll") == ["Tom", "'s", "isn't", "I", "'m", "we", "'ll"]


def test_curly_quotes_and_spaces_are_made_plain() -> None:
    assert normalise("  \u201cit\u2019s\u201d\tfine \n") == '"it\'s" fine'


def test_truecase_keeps_names_and_lowers_sentence_starts() -> None:
    lines = [["The", "dog"], ["Tom", "ran"], ["see", "the", "Tom"]]
    assert truecase(lines) == [["the", "dog"], ["Tom", "ran"], ["see", "the", "Tom"]]


def test_unknown_words_stay_verbatim_on_screen(tokenizer: Tokenizer) -> None:
    words = tokenizer.words("The dog likes Zyzzyva's bed.")
    assert words == ["the", "dog", "likes", "Zyzzyva", "'s", "bed", "."]
    ids = tokenizer.ids(words)
    assert [w for w, i in zip(words, ids, strict=True) if i == UNK] == ["Zyzzyva", "'s"]
    assert tokenizer.join(words) == "The dog likes Zyzzyva's bed."


def test_other_capitals_are_tried_before_unknown(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("tom") == tokenizer.encode("Tom") == tokenizer.encode("TOM")
    assert UNK not in tokenizer.encode("THE DOG")


def test_encode_decode_round_trip(tokenizer: Tokenizer) -> None:
    sentence = "The dog and the cat sleep."
    ids = tokenizer.encode(sentence)
    assert min(ids) >= MARKS
    assert tokenizer.decode([*ids, EOS]) == sentence


def test_ids_fall_in_frequency(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("the")[0] in (MARKS, MARKS + 1)


def test_unigram_pieces_round_trip() -> None:
    text = [f"the quick brown fox number {i} jumps over lazy dogs" for i in range(60)]
    tokenizer = Tokenizer.train("unigram", text, 44)
    assert tokenizer.decode(tokenizer.encode("the brown dogs jump")) == "the brown dogs jump"


@pytest.fixture(scope="module")
def spelling() -> Tokenizer:
    text = [f"the quick brown fox number {i} jumps over lazy dogs" for i in range(60)]
    return Tokenizer.train("unigram", text, 298, spelling=True)


@given(st.text(st.characters(exclude_characters="\u2581", exclude_categories=["Cs"]), max_size=30))
def test_spelling_pieces_write_any_text(spelling: Tokenizer, text: str) -> None:
    ids = spelling.encode(text)
    assert UNK not in ids
    assert spelling.decode(ids) == normalise(text)


def test_spelling_pieces_take_digits_one_by_one_and_show_bytes_as_sentencepiece_does(spelling: Tokenizer) -> None:
    assert spelling.words("over 1750")[-4:] == ["1", "7", "5", "0"]
    assert spelling.words("\u015e") == ["\u2581", "<0xC5>", "<0x9E>"]
    assert spelling.decode(spelling.encode("\u015e")[:2]) == "\ufffd"
    assert spelling.decode(spelling.encode("<0x41>")) == "<0x41>"


def test_training_the_same_text_twice_gives_the_same_bytes(tokenizer: Tokenizer) -> None:
    from tests.engine.conftest import SENTENCES

    assert Tokenizer.train("word", SENTENCES, 40).model == tokenizer.model


def test_a_broken_model_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="not a readable SentencePiece model"):
        Tokenizer("word", b"nonsense")


def test_too_little_text_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="cannot train a unigram tokenizer"):
        Tokenizer.train("unigram", ["a b"], 5000)


@given(st.text(max_size=80))
def test_any_text_can_be_split_and_joined_and_split_again(text: str) -> None:
    words = split_words(text)
    assert all(w and not w.isspace() for w in words)
    assert "".join(words).casefold() == "".join(normalise(text).split()).casefold()
    join_words(words)


@given(st.text(max_size=60))
def test_encoding_any_text_gives_ids_in_range(text: str) -> None:
    from tests.engine.conftest import SENTENCES

    tokenizer = Tokenizer.train("word", SENTENCES, 40) if not _CACHE else _CACHE[0]
    _CACHE[:] = [tokenizer]
    ids = tokenizer.encode(text)
    assert all(i == UNK or MARKS <= i < tokenizer.size for i in ids)


_CACHE: list[Tokenizer] = []


def test_text_cut_into_words_before_keeps_its_words_and_its_unknown_marks() -> None:
    lines = ["the N cats do n't sleep", "<unk> cats sleep in u.s. towns"]
    spaced = Tokenizer.train("spaced", lines, 40)
    ids = spaced.encode("<unk> cats do n't rust")
    assert ids[0] == UNK == ids[-1]
    assert len(ids) == 5
    assert spaced.decode(ids[1:4]) == "cats do n't"
    assert spaced.size == MARKS + 9


LINES = ["the cat sleeps in the park .", "a dog runs and a cat sleeps .", "the small dog likes the park ."]
TOKENIZERS = {"word": 20, "spaced": 20, "unigram": 26}


@pytest.fixture(scope="module", params=TOKENIZERS)
def any_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.train(request.param, LINES * 10, TOKENIZERS[request.param])


@pytest.mark.parametrize(
    "text", ["</s>", "<s> <pad>", "\u2581 \u2581cat", "a\0b", "\u00a0\u3000\t", "\u200f\u202e", "<0x41>"]
)
def test_nothing_that_is_typed_becomes_a_mark(any_tokenizer: Tokenizer, text: str) -> None:
    ids = any_tokenizer.encode(f"the {text} cat")
    assert not {PAD, BOS, EOS} & set(ids)
    assert any_tokenizer.encode("the cat")[0] == ids[0]


@pytest.mark.parametrize("text", ["caf\u00e9 \u00fcber", "the dog\u2019s"])
def test_normal_forms_and_invisible_marks_make_no_other_tokens(any_tokenizer: Tokenizer, text: str) -> None:
    marked = "\ufeff" + unicodedata.normalize("NFD", text).replace("e", "e\u00ad").replace(" ", "\u200b \x85 ")
    assert any_tokenizer.encode(marked) == any_tokenizer.encode(text)


def test_bytes_that_are_no_text_are_one_sentence(any_tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="the text holds bytes that are not UTF-8"):
        any_tokenizer.encode(b"the \xff cat".decode("utf-8", "surrogateescape"))


def test_what_a_word_vocabulary_does_not_hold_is_one_unknown_word_kept_verbatim(tokenizer: Tokenizer) -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    for strange in ("हिन्दी", family, "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "m\u0303a"):
        words = tokenizer.words(f"the {strange} dog")
        assert words == ["the", strange, "dog"]
        assert tokenizer.ids(words)[1] == UNK
        assert tokenizer.join(words) == f"The {strange} dog"
