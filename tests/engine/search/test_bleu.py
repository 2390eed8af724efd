"""`eval --bleu` on pairs of sentences, with the bundled translator."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

from typer.testing import CliRunner

from engine.__main__ import app

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
