"""Text as it comes in, read the same way by training, commands and panels. Knows no model, no torch and no Qt."""

from engine.reading.characters import clean, graphemes, require_text
from engine.reading.files import LONGEST_LINE, SUFFIXES, is_text, patterns, read_lines, split_lines, without_mark
from engine.reading.numbers import read_number, read_numbers, split_numbers
from engine.reading.tables import Columns, Labelled, Table, choose, guess, guess_pair, labelled, read_table, table_of
from engine.reading.words import (
    ATTACHED,
    END_MARK,
    SPACE_MARK,
    capitalised,
    join_words,
    normalise,
    split_spaced,
    split_words,
)

__all__ = [
    "ATTACHED",
    "END_MARK",
    "LONGEST_LINE",
    "SPACE_MARK",
    "SUFFIXES",
    "Columns",
    "Labelled",
    "Table",
    "capitalised",
    "choose",
    "clean",
    "graphemes",
    "guess",
    "guess_pair",
    "is_text",
    "join_words",
    "labelled",
    "normalise",
    "patterns",
    "read_lines",
    "read_number",
    "read_numbers",
    "read_table",
    "require_text",
    "split_lines",
    "split_numbers",
    "split_spaced",
    "split_words",
    "table_of",
    "without_mark",
]
