"""Every panel of the real process by mouse, and what a person then reads."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e.program import Steps, drive, succeeded

pytestmark = pytest.mark.timeout(400)
LOOP = [[0.68, 0.62], [0.8, 0.62], [0.8, 0.88], [0.68, 0.88], [0.68, 0.63]]  # around the sentences of component 4


def command(words: str) -> Steps:
    """Find a command in the palette and click it."""
    return [{"click": "Search all commands"}, {"type": words}, {"click": "Commands", "at": [0.3, 0.05]}]


SAMPLER: Steps = [
    {"resize": [1440, 900]},
    {"click": "Sampler"},
    {"click": "Sentence"},
    {"click": "Words or sentence"},
    {"type": "a man is riding a horse"},
    {"reads": "Click a word to lock it"},
    {"click": "The sentence now", "at": [0.09, 0.44]},
    {"click": "Chains", "at": [0.3, 0.5], "twice": True},
    {"type": "2\t"},
    {"click": "Steps", "at": [0.3, 0.5], "twice": True},
    {"type": "0\t"},  # without end
    {"click": "Run"},
    {"reads": "12 | ", "in": "Proposals"},
    {"click": "Pause"},
    {"click": "Stop"},
    {"lacks": "Run anew"},
    {"drag": "Step shown", "way": [[0.5, 0.5], [0.0, 0.5]]},
    {"reads": ["step 0 of", "The first sentence."]},
    {"click": "One step on"},
    {"reads": "step 1 of"},
    {"click": "Chain 2"},
    {"reads": "step 1, chain 2"},
    {"click": "All"},
    {"reads": "man", "in": "Chains of the run"},
    {"click": "All"},
    {"click": "Trace of log π, nats", "at": [0.15, 0.5]},
    {"lacks": "step 1, chain 2"},
    {"click": "Mixing"},
    {"reads": "⇄ replace"},
    *command("copy as command line"),
    {"clipboard": "--locked"},
]
BEAMS: Steps = [
    {"click": "Beams"},
    {"click": "Compare six decoders"},
    {"reads": ["1  greedy: ", "; 6  "], "in": "Decoders"},
    {"idle": 90},
    {"click": "Decoders", "at": [0.3, 0.95]},
    {"reads": "decoder 6: "},
    {"click": "Decoders", "at": [0.1, 0.15]},
    {"reads": ["decoder 1: ", "what else could have stood here"]},
    {"click": "Remove this decoder"},
    {"reads": "Decoder 1 of 5"},
    {"press": "Ctrl+Z"},
    {"reads": "of 6"},
    {"drag": "Step shown", "way": [[0.9, 0.5], [0.0, 0.5]]},
    {"reads": "step 0 of"},
    {"wheel": "Search tree", "notches": 2, "keys": "Ctrl"},
    {"drag": "Search tree", "way": [[0.5, 0.8], [0.6, 0.7]]},
    {"click": "Attention"},
    {"click": "Length penalty"},
    {"reads": "the winner has"},
    *command("copy as command line"),
    {"clipboard": "python -m engine beam"},
]
LATENT: Steps = [
    {"click": "Latent space"},
    {"click": "Drag between two sentences"},
    {"reads": "different in"},
    {"idle": 60},
    {"read": "Decoded sentence"},
    {"drag": "Pad", "way": [[0.45, 0.5], [0.9, 0.1], [0.1, 0.9]]},
    {"changes": "Decoded sentence"},
    {"press": "Ctrl+Z"},
    {"changes": "Decoded sentence"},
    {"click": "Pad", "at": [0.8, 0.2], "twice": True},
    {"changes": "Decoded sentence"},
    {"wheel": "Pad", "notches": 30},
    {"changes": "Decoded sentence"},
    {"drag": "Along the walk, t from 0 to 1", "way": [[0.1, 0.5], [0.9, 0.5]]},
    {"changes": "Decoded sentence"},
    {"click": "Dimensions"},
    {"click": "Sentences"},
    {"idle": 60},
    *command("copy as command line: decode"),
    {"clipboard": "python -m engine decode"},
]
CLUSTERS: Steps = [
    {"click": "Clusters"},
    {"click": "Model"},
    {"click": "errands-dgmvae  (DGMVAE)"},
    {"reads": "of 180 points", "in": "Map of clusters"},
    {"idle": 60},
    {"click": "Map of clusters", "at": [0.48, 0.7]},
    {"reads": "The mean of component 2"},
    {"read": "Decoded sentence"},
    {"drag": "Map of clusters", "way": [[0.48, 0.7], [0.7, 0.9]]},
    {"reads": "Component 2 of variable 1, moved by hand"},
    {"changes": "Decoded sentence"},
    {"click": "Map of clusters", "at": [0.2, 0.2]},
    {"reads": "The place ("},
    {"drag": "Map of clusters", "way": LOOP, "keys": "Shift"},
    {"click": "Sentences", "in": "Linked views"},
    {"reads": "of 180 sentences selected"},
    {"click": "Training", "in": "Linked views"},
    {"click": "Colour by: Label"},
    {"drag": "Step shown", "way": [[0.9, 0.5], [0.0, 0.5]]},
    {"reads": "frame 0 of 39"},
]
TOY: Steps = [
    {"click": "Exact toy"},
    {"click": "Longest, words (1 to 5)", "at": [0.3, 0.5], "twice": True},
    {"type": "2\t"},
    {"click": "Steps", "at": [0.3, 0.5], "twice": True},
    {"type": "1000\t"},
    {"click": "Enumerate and run"},
    {"reads": ["20 sentences, every one listed", "The kernel leaves the target as it is"]},
    {"lacks": ["<span", "<b>", "<br"]},
    {"click": "No insertion at the front", "at": [0.1, 0.5]},
    {"reads": "The kernel's own law is off by"},
    {"press": "Ctrl+Z"},
    {"reads": "The kernel leaves the target as it is"},
]
WINDOW: Steps = [
    {"click": "Show the library"},
    {"reads": "● in memory"},
    {"click": "Menu"},
    {"click": "Help"},
    {"click": "What does this panel show?"},
    {"reads": "Is the sampler right?"},
    {"press": "Esc"},
    {"click": "Light or dark"},
    {"click": "Show the library"},
    {"lacks": "● in memory"},
]


def test_every_panel_by_mouse(tmp_path: Path) -> None:
    steps = [{"models": 60}, *SAMPLER, *BEAMS, *LATENT, *CLUSTERS, *TOY, *WINDOW, {"quit": 0}]
    answers = succeeded(drive(tmp_path, steps))
    sampler, beams, latent = (shlex.split(text) for text in answers.texts("clipboard"))
    assert "a man is riding a horse" in sampler
    assert sampler[sampler.index("--chains") + 1] == "2"
    assert [words[3] for words in (sampler, beams, latent)] == ["mh", "beam", "decode"]
