"""Columns: divided, named, guessed and said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.reading import Columns, choose, guess, guess_pair, labelled, read_table

SENTENCES = [
    "book a flight to madrid for two nights",
    'she said "how nice", and left',
    "will it freeze in london tonight?",
    "play my sleep list",
    "what is the weather like in rome; is it warm?",
    "yes please",
    "remind me to lock the door",
    "stop",
]
LABELS = ["travel", "other", "weather", "music", "weather", "other", "reminders", "music"]


def tabs(rows: list[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def quoted(rows: list[tuple[str, ...]], delimiter: str) -> str:
    return "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


def table(folder: Path, text: str, name: str = "some.tsv", names: tuple[str, ...] = ()):
    (folder / name).write_text(text, encoding="utf-8")
    return read_table(folder / name, names)


BY_LABEL = list(zip(LABELS, SENTENCES, strict=True))
BY_TEXT = [(text, label) for label, text in BY_LABEL]
WITH_MORE = [(str(i), text, "en", label) for i, (label, text) in enumerate(BY_LABEL)]


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(BY_LABEL, Columns(1, 0)), (BY_TEXT, Columns(0, 1)), (WITH_MORE, Columns(1, 3))],
    ids=["label first", "text first", "more columns"],
)
@pytest.mark.parametrize("named", [False, True], ids=["bare", "header"])
@pytest.mark.parametrize("kind", ["tabs", ",", ";", "|"])
def test_sentences_and_labels_are_found_by_what_they_hold(tmp_path, rows, columns, named, kind) -> None:
    names = {"travel": "kind", SENTENCES[0]: "what", "0": "number", "en": "language"}
    whole = [tuple(names[cell] for cell in rows[0]), *rows] if named else rows
    text = tabs(whole) if kind == "tabs" else quoted(whole, kind)
    read = table(tmp_path, text, "some.tsv" if kind == "tabs" else "some.csv")
    assert read.header == (whole[0] if named else ())
    assert guess(read) == columns
    found = labelled(read, guess(read))
    assert list(found.texts) == SENTENCES
    assert list(found.labels) == LABELS
    text_name, label_name = ("what", "kind") if named else (f"column {columns.text}", f"column {columns.label}")
    header = "; the first line names the columns" if named else ""
    assert found.said == (f"{read.name}: sentences from {text_name}, labels from {label_name} (5 different){header}",)


def test_names_decide_before_looks(tmp_path) -> None:
    rows = [("id", "speaker", "intent", "utterance"), *((str(i), "user", s, t) for i, (s, t) in enumerate(BY_LABEL))]
    assert guess(table(tmp_path, tabs(rows))) == Columns(3, 2)


def test_a_column_is_named_by_its_name_or_its_number(tmp_path) -> None:
    read = table(tmp_path, tabs([("Label", "Text"), *BY_LABEL]))
    assert choose(read, "text", "label") == choose(read, "1", "0") == choose(read, "-1", "-2") == Columns(1, 0)
    assert choose(read, "0").text == 0
    with pytest.raises(ValueError, match=r"has no column kind: its columns are Label, Text$"):
        choose(read, label="kind")
    with pytest.raises(ValueError, match="in one column, Text"):
        choose(read, "1", "1")
    bare = table(tmp_path, tabs(BY_LABEL))
    assert choose(bare, label="1") == Columns(0, 1), "the sentences are then in the other one"
    with pytest.raises(ValueError, match="its columns are 0 to 1"):
        choose(bare, "2")
    with pytest.raises(ValueError, match="hold a sentence each and nothing else"):
        choose(table(tmp_path, "one line\nanother\n"), label="0")


@pytest.mark.parametrize("name", ["some.csv", "some.txt"])
@pytest.mark.parametrize("first", ["sep=%s", '"sep=%s"', "SEP=%s"])
@pytest.mark.parametrize("delimiter", ";,|\t^")
def test_a_first_line_may_say_what_divides_the_cells(tmp_path, name: str, first: str, delimiter: str) -> None:
    rows = [("text", "label"), ("well, yes; or | no", "good"), ("no; never, ever", "bad")]
    read = table(tmp_path, first % delimiter + "\n" + quoted(rows, delimiter), name)
    assert read.header == rows[0]
    assert list(read.rows) == rows[1:]
    assert read.numbers == (3, 4)


def test_a_first_line_is_known_by_the_name_asked_for(tmp_path) -> None:
    rows = [("farbe", "wort"), ("red", "house"), ("blue", "sea")]
    assert table(tmp_path, tabs(rows)).header == ()
    assert table(tmp_path, tabs(rows), names=("Farbe",)).header == ("farbe", "wort")
    assert table(tmp_path, "a b\t1\nc d\t0\n", names=("1",)).header == (), "a number is the place of a column"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("text\nI like tea.\n", ("text",)),
        ("text\n", ()),
        ("text\ntext\n", ()),
        ("sentence\tlabel\nlabel me\tsentence\n", ("sentence", "label")),
        ("question\tWhat is it?\nanswer\tA cat.\n", ()),
        ("label\tI like it\nlabel\tI do not\n", ()),
        ("I like tea.\tgood\nI do not.\tbad\n", ()),
        ('text,label\n"Well, yes",a\n', ("text", "label")),
        ("Sentence number 1\tSatz nummer 1\nSentence number 2\tSatz nummer 2\n", ()),
        ("question mark\tFragezeichen\nfull stop\tPunkt\n", ()),
        ("Frage\tquestion\nHaus\thouse\n", ()),
        ("stop\tcommand\nplay music\tmusic\nplay jazz\tmusic\n", ()),
        ("sentence_1\tsentence_2\tgold_label\na b\tc d\tx\n", ("sentence_1", "sentence_2", "gold_label")),
        ("text\nword\n", ()),
        ("# text\tlabel\nI like tea\tgood\nI do not\tbad\n", ("text", "label")),
        ("#label\ttext\ngood\tI like tea\n", ("label", "text")),
        ("# 1\tI like tea\n# 2\tI do not\n", ()),
    ],
)
def test_a_header_is_told_from_a_sentence(tmp_path, text: str, header: tuple[str, ...]) -> None:
    assert table(tmp_path, text, "some.txt").header == header


PAIRS = [("Ja.", "Yes."), ("Ich habe keine Zeit.", "I have no time."), ("Gute Nacht!", "Good night!")]


def test_two_texts_side_by_side_are_no_labels(tmp_path) -> None:
    read = table(tmp_path, tabs(PAIRS * 3))
    found = labelled(read, choose(read))
    assert found.columns == Columns(0, None)
    assert found.said == ("some.tsv: sentences from column 0, no column that looks like labels",)
    assert guess_pair(read) == (0, 1)
    assert guess_pair(table(tmp_path, tabs([("en", "de"), *((e, d) for d, e in PAIRS)]))) == (1, 0)
    assert guess_pair(table(tmp_path, tabs([(str(i), *pair) for i, pair in enumerate(PAIRS)]))) == (1, 2)
    assert guess_pair(table(tmp_path, tabs(BY_LABEL))) == (1, None), "a label is no translation"


NEWS = [
    ("4", "Oil and economy cloud the outlook", "Soaring crude prices are expected to hang over the stock market."),
    ("4", "Iraq halts oil exports from the south", "Authorities have halted the flow from the main pipeline."),
    ("1", "A title of five words", "A description that has eight words in it."),
    ("1", "Talks go on", "Both sides will meet again in March, a speaker says."),
]


@pytest.mark.parametrize("header", [(), ("Class Index", "Title", "Description"), ("art", "kurz", "lang")])
def test_a_title_is_not_the_text_below_it(tmp_path, header: tuple[str, ...]) -> None:
    read = table(tmp_path, quoted([header, *NEWS] if header else NEWS, ","), "some.csv")
    assert read.header == header
    assert guess(read) == Columns(2, 0)
    swapped = [(row[0], row[2], row[1]) for row in NEWS]
    assert guess(table(tmp_path, quoted(swapped, ","), "some.csv")) == Columns(1, 0)


NAMES = ("CK", "Pfirsichbaeumchen", "CM", "Spamster", "lukaszpp")
MORE = [*PAIRS, ("Wo ist der Bahnhof?", "Where is the station?"), ("Es regnet seit gestern.", "It has rained.")]
REMARKS = {
    "attribution": lambda i: f"CC-BY 2.0 (France) Attribution: tatoeba.org #{71 * i} ({NAMES[i]}) & #{i + 5} (CM)",
    "address": lambda i: f"https://example.org/{i}",
    "number": lambda i: f"#{i + 1}",
    "licence": lambda i: "CC-BY 2.0 (France)",
    "remark": lambda i: f"Translated for the reader by {NAMES[i]}",
}


@pytest.mark.parametrize("remark", REMARKS.values(), ids=REMARKS)
@pytest.mark.parametrize("rows", [4, 5])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_where_a_sentence_comes_from_is_no_sentence(tmp_path, remark, rows: int, place: int) -> None:
    whole = [(*pair[:place], remark(i), *pair[place:]) for i, pair in enumerate(MORE[:rows])]
    read = table(tmp_path, tabs(whole))
    expected = tuple(c for c in range(3) if c != place)
    assert guess(read).text == expected[0]
    assert guess_pair(read) == expected


def test_one_pair_with_its_attribution_is_a_pair(tmp_path) -> None:
    assert guess_pair(table(tmp_path, tabs([("Go.", "Geh.", REMARKS["attribution"](0))]))) == (0, 1)


def test_sentences_of_one_pattern_are_still_sentences(tmp_path) -> None:
    read = table(tmp_path, tabs([(name, f"the name of this person is {name}") for name in NAMES]))
    assert guess(read).text == 1


def test_a_table_of_a_spreadsheet_mostly_begins_with_names(tmp_path) -> None:
    rows = [("wunsch", "art"), ("spiel musik ab", "musik"), ("wie wird es", "wetter"), ("mach lauter", "musik")]
    assert table(tmp_path, quoted(rows, ";"), "some.csv").header == ("wunsch", "art")
    assert table(tmp_path, tabs(rows), "some.tsv").header == ()


def test_what_is_missing_is_said(tmp_path) -> None:
    read = table(tmp_path, tabs([*BY_LABEL, ("", "no label here")]) + "\n" + "music\t\n")
    found = labelled(read, Columns(1, 0))
    assert found.labels == ()
    assert len(found.texts) == 9
    assert (
        "1 of 9 sentences of some.tsv have no label in column 0 (the first is line 9): no label is used" in found.said
    )
    assert (
        "1 of 10 lines of some.tsv have no sentence in column 1 and are left out (the first is line 11)" in found.said
    )


def test_a_tab_in_some_sentences_makes_no_columns(tmp_path) -> None:
    read = table(tmp_path, "one sentence\nanother\tone\nand a third\n")
    assert read.width == 1
    assert read.cells(0) == ["one sentence", "another one", "and a third"]
    assert labelled(read, guess(read)).said == ()


@pytest.mark.parametrize("text", ['a,"b\nc,d\n', '"a"b,c\n'])
def test_csv_that_is_none_is_one_sentence(tmp_path, text: str) -> None:
    with pytest.raises(ValueError, match=r"^some\.csv is not readable as CSV from line 1 on .*written twice$"):
        table(tmp_path, text, "some.csv")


CELL = st.text(st.sampled_from('ab ,;"\n\tü'), max_size=6).filter(str.strip)


@given(st.lists(st.tuples(CELL, CELL), min_size=2, max_size=6), st.sampled_from(",;|"))
@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quotes_hold_anything(tmp_path, rows: list[tuple[str, str]], delimiter: str) -> None:
    rows = [*rows, ("last: a sentence.", "x"), ("one: more.", "y")]
    found = table(tmp_path, quoted(rows, delimiter), "some.csv")
    if found.width == 2:  # of so few characters another delimiter may divide as evenly
        assert [found.rows[i] for i in range(len(rows))] == [tuple(" ".join(c.split()) for c in row) for row in rows]


def test_an_empty_file_is_an_empty_table(tmp_path) -> None:
    read = table(tmp_path, "\n \n")
    assert read.rows == ()
    assert labelled(read, choose(read)).texts == ()
