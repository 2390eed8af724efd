"""`eval --bleu` on pairs of sentences, with the bundled translator; and the slot test that lies in the examples."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path

from typer.testing import CliRunner

from engine.__main__ import app
from engine.assets import EXAMPLES
from engine.metrics.slots import missing, read_slots
from engine.training.phrases import Phrases

PAIRS = [("Ich habe heute keine Zeit.", "I don't have time today."), ("Tom mag Hunde.", "Tom likes dogs.")]


def test_bleu_of_the_bundled_translator(tmp_path: Path) -> None:
    text = tmp_path / "pairs.tsv"
    text.write_text("".join(f"{german}\t{english}\n" for german, english in PAIRS))
    arguments = ["eval", "--model", "german-english-transformer", "--text", str(text), "--bleu", "--json"]
    result = CliRunner().invoke(app, arguments)
    figures = json.loads(result.stdout)
    assert figures["sentences"] == 2
    assert figures["bleu"] > 50
    assert figures["chrf"] > 50
    marked = tmp_path / "marked.csv"
    rows = "".join(f'"{german}";"{english}"\n' for german, english in PAIRS)
    marked.write_bytes(codecs.BOM_UTF8 + f"Deutsch;English\n{rows}".encode())
    other = CliRunner().invoke(app, [str(marked) if a == str(text) else a for a in arguments])
    assert json.loads(other.stdout)["bleu"] == figures["bleu"], "neither a byte order mark nor quotes are text"
    again = CliRunner().invoke(app, [*arguments, "--text-column", "1", "--target-column", "0"])
    assert json.loads(again.stdout)["bleu"] < figures["bleu"]


def test_slots_and_repetition_are_counted_beside_bleu(tmp_path: Path) -> None:
    text = tmp_path / "slots.tsv"
    text.write_text("Ich habe heute keine Zeit.\tI don't have time today.\ttoday|Budapest\n" * 2)
    arguments = ["eval", "--model", "german-english-transformer", "--text", str(text), "--bleu", "--slots-column", "2"]
    figures = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert (figures["slots"], figures["slots_right"], figures["slot_share"]) == (4, 2, 0.5)
    assert [line.split(":")[0] for line in figures["missed"]] == ["Budapest", "Budapest"]
    assert figures["repeated_3gram_share"] == figures["repeated_3gram_share_of_references"] == 0
    assert figures["repeated_characters"] == 0
    shown = CliRunner().invoke(app, arguments).stdout
    assert re.search(r"slot_share\s+0\.5\n", shown)
    assert shown.count("missed") == 2


SLOTS = [line.split("\t") for line in (EXAMPLES / "slots-german-english.tsv").read_text("utf-8").splitlines()]


def test_the_slot_test_holds_two_hundred_pairs_whose_references_have_their_slots() -> None:
    assert len(SLOTS) == len({german for german, _, _ in SLOTS}) == 200
    assert all(read_slots(slots) for _, _, slots in SLOTS)
    assert [english for _, english, slots in SLOTS if missing(english, read_slots(slots))] == []


def test_no_four_words_of_a_training_template_stand_in_the_slot_test() -> None:
    """Templates teach the translator; the test must not ask for what they say."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+|\{", text.lower())
        return {run for run in zip(*(words[i:] for i in range(4)), strict=False) if "{" not in run}

    taught: set[tuple[str, ...]] = set()
    for german, _ in Phrases("german-english").templates:
        versions = [re.sub(r"\{[^}]*\}", "{", german)]
        for options in re.findall(r"\[[^\]]*\]", german):
            versions = [v.replace(options, one, 1) for v in versions for one in options[1:-1].split("|")]
        taught |= set().union(*map(runs, versions))
    assert len(taught) > 100
    assert [german for german, _, _ in SLOTS if runs(german) & taught] == []
