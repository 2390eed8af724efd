"""`eval --bleu` on pairs of sentences, with the bundled translator."""

from __future__ import annotations

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
    again = CliRunner().invoke(app, [*arguments, "--column", "1", "--target", "0"])
    assert json.loads(again.stdout)["bleu"] < figures["bleu"]
