"""Text files with columns: where the cells are, whether the first line names them, which holds sentences, which labels.

Cells are divided by tabs, or in CSV files by what divides them most evenly, with quotes. What is guessed from the
content is said in words, and every guess can be overruled by a column's name or number.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from engine.reading.files import read_lines

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=([^"\w\s]|\t?)"?', re.IGNORECASE)  # a first line that tells Excel what divides cells
_LOOKED_AT = 2000  # rows, from which columns are guessed
_NAME = re.compile(r"[^\W\d][\w .#/()\-]{0,39}|")  # what a column is called; pandas leaves its index without a name
_NUMBER = re.compile(r"-?\d{1,6}")  # of a column
_SENTENCE_END = (".", "!", "?", "…", '."', "。")
_MOST_LABEL = 60  # characters
_CODE = re.compile(r"[\d#@&=\\]|\w[./]\w")  # in a word: a number, an address, a name of a file
_FEW = 40  # rows, in which labels need not come again and again

TEXT_NAMES = (
    *("text", "sentence", "sentences", "utterance", "query", "question", "review", "comment", "message", "content"),
    *("source", "src", "premise", "tweet", "post", "document", "german", "deutsch", "de", "english", "englisch", "en"),
    *("satz", "frage", "texte", "phrase", "texto", "frase", "testo", "paraphrase", "hypothesis", "reference", "target"),
    *("translation", "description", "body", "abstract"),
)
"""What a column of sentences is called, the surest first."""
TARGET_NAMES = ("reference", "target", "translation", "english", "englisch", "en", "german", "deutsch", "de")
"""What a column of translations is called, the surest first."""
LABEL_NAMES = (
    *(
        "label",
        "labels",
        "class",
        "class index",
        "category",
        "intent",
        "sentiment",
        "emotion",
        "topic",
        "domain",
        "scenario",
        "genre",
    ),
    *("act", "action", "tag", "polarity", "gold", "stars", "rating", "klasse", "kategorie", "thema"),
    *("classe", "clase", "categoria", "étiquette", "etiqueta", "etichetta", "kind"),
)
"""What a column of labels is called, the surest first."""
_SURE = {"text", "sentence", "sentences", "label", "labels"}


@dataclass(frozen=True)
class Table:
    """A text file as rows of cells; one without columns has one cell a row. Blank lines and the header are left out."""

    name: str  # of the file
    rows: tuple[tuple[str, ...], ...]  # all of `width` cells, empty where a line had fewer
    numbers: tuple[int, ...]  # the line each row stands in, from 1
    width: int
    header: tuple[str, ...] = ()  # names of the columns, where the first line says them

    def column(self, wanted: str) -> int:
        """The place of a column given by its name or its number; raises ValueError with what there is.

        Numbers count from 0; -1 is the last.
        """
        folded = [name.casefold() for name in self.header]
        if wanted.casefold() in folded:
            return folded.index(wanted.casefold())
        if _NUMBER.fullmatch(wanted) and -self.width <= int(wanted) < self.width:
            return int(wanted) % self.width
        if self.width == 1:
            raise ValueError(f"{self.name} has no column {wanted}: its lines hold a sentence each and nothing else")
        there = f"its columns are {', '.join(self.header)}" if self.header else f"its columns are 0 to {self.width - 1}"
        raise ValueError(f"{self.name} has no column {wanted}: {there}")

    def cells(self, column: int) -> list[str]:
        """One column from top to bottom."""
        return [row[column] for row in self.rows]

    def title(self, column: int) -> str:
        """A column as it is called: its name, or its number."""
        return self.header[column] if self.header and self.header[column] else f"column {column}"

    def titles(self) -> tuple[str, ...]:
        """All columns as a person can tell them apart: by name, or by number and what the first rows hold."""
        if self.header:
            return tuple(self.title(c) for c in range(self.width))
        seen = (dict.fromkeys(cell for cell in self.cells(c)[:50] if cell) for c in range(self.width))
        return tuple(f"column {c}: {_shortened(', '.join(list(cells)[:3]))}" for c, cells in enumerate(seen))


@dataclass(frozen=True)
class Columns:
    """Which column holds the sentences, and which their labels."""

    text: int
    label: int | None = None  # none of them


@dataclass(frozen=True)
class Labelled:
    """Sentences with their labels, and what was taken from where."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]  # one for each sentence, or none at all
    columns: Columns
    said: tuple[str, ...] = field(default=())  # sentences for a person


def read_table(path: Path, names: Iterable[str] = ()) -> Table:
    """A text file with its columns; raises ValueError with one sentence. `names` as in `table_of`."""
    return table_of(path.name, list(read_lines(path)), names)


def table_of(name: str, lines: Sequence[str], names: Iterable[str] = ()) -> Table:
    """The lines of a file called `name` with their columns; raises ValueError with one sentence.

    `names`: columns that will be asked for, by which a first line of names is known.
    """
    divided = _divided(name, lines)
    counts = Counter(len(cells) for _, cells in divided)
    width = counts.most_common(1)[0][0] if counts else 1
    rows = [cells if len(cells) == width else _of_width(cells, width) for _, cells in divided]
    numbers = [number for number, _ in divided]
    asked = {wanted.casefold() for wanted in names if wanted and not _NUMBER.fullmatch(wanted)}
    header: tuple[str, ...] = ()
    if len(rows) > 1:
        first = (rows[0][0].lstrip("# "), *rows[0][1:])  # some write their names as a remark
        if not asked.isdisjoint(map(str.casefold, first)) or _names_columns(
            first, rows[1 : _LOOKED_AT + 1], usual=_is_csv(name)
        ):
            header, rows, numbers = first, rows[1:], numbers[1:]
    return Table(name, tuple(rows), tuple(numbers), width, header)


def guess(table: Table) -> Columns:
    """Which column holds sentences and which labels, by their names, else by what stands in them."""
    looks = _looks(table)
    named = [_stem(name) for name in table.header]
    label = next((named.index(name) for name in LABEL_NAMES if name in named), None)
    text = next((named.index(name) for name in TEXT_NAMES if name in named and named.index(name) != label), None)
    if label is None:
        label = _label_among(looks, text)
    if text is None:
        least = 0.5 if label is None else 0.75  # two languages are as long only roughly; a title is no text
        text = next(iter(_texts_among(looks, [c for c in range(table.width) if c != label], least)), 0)
    return Columns(text, label)


def guess_pair(table: Table) -> tuple[int, int | None]:
    """Which column is to be translated, and which holds its translation; None where there is none, or labels."""
    columns = guess(table)
    looks, named = _looks(table), [_stem(name) for name in table.header]
    if columns.label is not None and looks[columns.label].different > 1:
        return columns.text, None
    rest = [c for c in range(table.width) if c not in (columns.text, columns.label) and not looks[c].numeric]
    others = [c for c in _texts_among(looks, rest) if not looks[c].coded]
    target = next((named.index(name) for name in TARGET_NAMES if name in named and named.index(name) in others), None)
    return columns.text, target if target is not None else next(iter(others), None)


def choose(table: Table, text: str = "", label: str = "") -> Columns:
    """The columns a person names, the others guessed; raises ValueError for one that is not there."""
    if label and table.width == 1:
        raise ValueError(f"{table.name} has no labels: its lines hold a sentence each and nothing else")
    guessed = guess(table)
    chosen_text = table.column(text) if text else guessed.text
    chosen_label = table.column(label) if label else guessed.label
    if label and not text and chosen_text == chosen_label:
        rest = [c for c in range(table.width) if c != chosen_label]
        looks = _looks(table)
        chosen_text = max(rest, key=lambda c: looks[c].words, default=chosen_text)
    if chosen_text == chosen_label:
        if label:
            raise ValueError(f"{table.name} has its sentences and its labels in one column, {table.title(chosen_text)}")
        chosen_label = None
    return Columns(chosen_text, chosen_label)


def labelled(table: Table, columns: Columns) -> Labelled:
    """The sentences, their labels where every sentence has one, and in words what was taken and what left out."""
    full = [i for i, cell in enumerate(table.cells(columns.text)) if cell]
    texts = tuple(table.rows[i][columns.text] for i in full)
    labels: tuple[str, ...] = ()
    said = []
    if columns.label is not None:
        labels = tuple(table.rows[i][columns.label] for i in full)
    if table.width > 1 or table.header:
        said.append(f"{table.name}: {_taken(table, columns, labels)}")
    if bare := [i for i, name in zip(full, labels, strict=False) if not name]:
        line, title = table.numbers[bare[0]], table.title(columns.label or 0)
        said.append(
            f"{len(bare):,} of {len(full):,} sentences of {table.name} have no label in {title} "
            f"(the first is line {line:,}): no label is used"
        )
        labels = ()
    if len(full) < len(table.rows):
        gap = next(i for i, cell in enumerate(table.cells(columns.text)) if not cell)
        said.append(
            f"{len(table.rows) - len(full):,} of {len(table.rows):,} lines of {table.name} have no sentence in "
            f"{table.title(columns.text)} and are left out (the first is line {table.numbers[gap]:,})"
        )
    return Labelled(texts, labels, columns, tuple(said))


def _taken(table: Table, columns: Columns, labels: Sequence[str]) -> str:
    said = f"sentences from {table.title(columns.text)}"
    if columns.label is not None:
        kinds = len(set(labels))
        said += f", labels from {table.title(columns.label)} ({kinds:,} different)"
    elif table.width > 1:
        said += ", no column that looks like labels"
    return said + ("; the first line names the columns" if table.header else "")


def _shortened(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


# --- dividing --------------------------------------------------------------------------------------------------------


def _divided(name: str, lines: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Line number and cells of every line that is not blank."""
    delimiter = _delimiter(name, lines)
    if lines and _SEPARATOR.fullmatch(lines[0]):
        lines = ["", *lines[1:]]
    if delimiter is not None:
        return [row for row in _quoted(name, lines, delimiter) if any(row[1])]
    cells = (tuple(map(str.strip, line.split("\t"))) for line in lines)
    return [row for row in enumerate(cells, start=1) if any(row[1])]


def _is_csv(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(".csv")


def _delimiter(name: str, lines: Sequence[str]) -> str | None:
    """What divides the cells of a CSV file; None for a file of plain lines or of tabs."""
    if lines and (said := _SEPARATOR.fullmatch(lines[0])):
        return said[1] or "\t"
    if _is_csv(name):
        return max(_DELIMITERS, key=lambda d: _evenness(lines[:200], d))
    first = next((line for line in lines if line.strip()), "")
    for delimiter in _DELIMITERS.replace("\t", ""):
        names = first.replace('"', "").split(delimiter)
        if len(names) > 1 and all(_stem(n) in TEXT_NAMES + LABEL_NAMES for n in names):
            return delimiter
    return None


def _evenness(lines: Sequence[str], delimiter: str) -> float:
    """The share of lines with as many cells as most have; 0 where that is one."""
    counts = Counter(len(cells) for cells in csv.reader((f"{line}\n" for line in lines), delimiter=delimiter) if cells)
    if not counts:
        return 0.0
    width, often = counts.most_common(1)[0]
    return often / counts.total() if width > 1 else 0.0


def _quoted(name: str, lines: Sequence[str], delimiter: str) -> list[tuple[int, tuple[str, ...]]]:
    """Rows of CSV with quotes; raises ValueError naming the line that is none."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    rows = []
    started = 1
    try:
        for cells in reader:
            rows.append((started, tuple(" ".join(cell.split()) for cell in cells)))
            started = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{name} is not readable as CSV from line {started:,} on ({error}); a quote inside a cell is written twice"
        ) from error
    return rows


def _of_width(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """A row of so many cells: missing ones are empty, the last one holds what is too much."""
    if len(cells) > width:
        cells = [*cells[: width - 1], " ".join(cell for cell in cells[width - 1 :] if cell)]
    return (*cells, *[""] * (width - len(cells)))


# --- guessing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """What a column looks like."""

    filled: float  # share of rows with something in it
    words: float  # mean
    longest: int  # characters
    different: int
    rows: int
    numeric: bool
    sentences: float  # share that ends as sentences do
    coded: bool  # numbers, addresses and signs rather than words: a source, a licence, an identifier
    formula: bool  # different rows that are mostly the same words: a remark on each sentence

    @property
    def repeats(self) -> bool:
        """Whether the same few things come again and again."""
        return self.rows >= 4 and self.different <= self.rows / 2


def _looks(table: Table) -> list[_Look]:
    return [_look(column) for column in zip(*_some(table.rows), strict=True)] or [_look(())] * table.width


def _some(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """Rows from everywhere in the file."""
    return rows if len(rows) <= _LOOKED_AT else [rows[i * len(rows) // _LOOKED_AT] for i in range(_LOOKED_AT)]


def _look(cells: Sequence[str]) -> _Look:
    there = [cell for cell in cells if cell]
    words = [cell.split() for cell in there]
    total = max(sum(map(len, words)), 1)
    within = Counter(word for row in words for word in set(row))
    usual = sum(within[word] > len(words) / 2 for row in words for word in row)
    return _Look(
        filled=len(there) / max(len(cells), 1),
        words=fmean(map(len, words)) if words else 0.0,
        longest=max(map(len, there), default=0),
        different=len(set(there)),
        rows=len(cells),
        numeric=all(re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", cell) for cell in there),
        sentences=sum(cell.endswith(_SENTENCE_END) for cell in there) / max(len(there), 1),
        coded=sum(_CODE.search(word) is not None for row in words for word in row) >= 0.4 * total,
        formula=len(words) >= 4 and usual >= 0.5 * total,
    )


def _texts_among(looks: Sequence[_Look], columns: Sequence[int], least: float = 0.5) -> list[int]:
    """The columns that look most like sentences, in their order: of words, that do not repeat themselves, and long.

    `least`: their words as a share of the longest one's.
    """
    found = [c for c in columns if not looks[c].coded] or list(columns)
    plain = [c for c in found if not looks[c].formula and (looks[c].words >= 1.5 or looks[c].sentences > 0.5)]
    found = plain or found
    most = max((looks[c].words for c in found), default=0.0)
    return [c for c in found if looks[c].words >= least * most]


def _label_among(looks: Sequence[_Look], text: int | None) -> int | None:
    """The first column that says of which kind each sentence is: short, no sentences, few different ones."""
    others = {c: look for c, look in enumerate(looks) if c != text}

    def is_label(c: int) -> bool:
        look = looks[c]
        if look.filled < 0.5 or look.longest > _MOST_LABEL or look.sentences > 0.1:
            return False
        beside = [other for o, other in enumerate(looks) if o != c and not other.numeric]
        if look.repeats:
            return any(other.different > look.different for other in beside)
        few = look.rows < _FEW and (look.different < look.rows or (look.rows < 8 and not look.coded))
        return (
            few
            and not look.numeric
            and look.words <= 1.5
            and any(other.words >= 2 * look.words and other.different >= look.different for other in beside)
        )

    found = [c for c in others if is_label(c)]
    return min(found, key=lambda c: (looks[c].numeric, looks[c].different < 2, c), default=None)


def _names_columns(first: Sequence[str], body: Sequence[Sequence[str]], *, usual: bool) -> bool:
    """Whether the first row names the columns: by words that name columns, or because it is unlike all the others.

    `usual`: a file of this kind mostly begins with names, so that a few rows are enough to tell.
    """
    if not all(_NAME.fullmatch(cell) for cell in first) or len(set(first)) < len(first) or not any(first):
        return False
    columns = list(zip(*body, strict=True))
    if any(cell and cell in column for cell, column in zip(first, columns, strict=True)):
        return False  # it comes again below: a value
    looks = [_look(column) for column in columns]
    longest = max(look.words for look in looks)
    named = {_stem(cell) for cell in first}.intersection(TEXT_NAMES + LABEL_NAMES)
    if named:  # a list of single words may begin with one that names columns elsewhere
        return sum((not named.isdisjoint(_SURE), len(first) > 1, longest > 1.5)) >= 2
    if len(first) < 2 or len(body) < (2 if usual else 6):
        return False
    if usual and any(look.numeric and look.filled > 0.5 for look in looks):
        return True  # no number stands over the numbers
    if not all(len(cell.split()) == 1 for cell in first):
        return False
    label = _label_among(looks, None)
    several = [min(len(cell.split()) for cell in column) > 1 for column in columns]
    return label is not None and (any(several) or (len(body) >= 6 and longest >= 2))


def _stem(name: str) -> str:
    """What a column is called, without case, numbers and single letters: Sentence_1 is sentence, label_text label."""
    name = name.strip().casefold()
    if name.count(" ") > 1:
        return name
    parts = [part for part in re.split(r"[\W\d_]+", name) if len(part) > 1]
    spaced = " " in name and len(parts) > 1  # words of a text rather than of a name
    return name if spaced or not parts else next((part for part in parts if part in LABEL_NAMES), parts[0])
