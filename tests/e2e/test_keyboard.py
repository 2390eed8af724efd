"""Every panel of the real process by keyboard alone, and what a person then reads."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e.program import Steps, drive, succeeded

pytestmark = pytest.mark.timeout(400)


def command(words: str) -> Steps:
    """Find a command in the palette and run it."""
    return [{"press": "Ctrl+Shift+P"}, {"tab": "Search commands"}, {"type": words}, {"press": "Return"}]


def number(name: str, value: str) -> Steps:
    """Type a number over the one that is there."""
    return [{"tab": name}, {"press": "Ctrl+A"}, {"type": f"{value}\n"}]


SAMPLER: Steps = [
    {"press": "Ctrl+Alt+1"},
    {"tab": "Words or sentence"},
    {"type": "juice natural brand"},
    *number("Steps", "30"),
    {"tab": "Chains", "back": True},
    {"press": "Up"},  # the field's own key, not the player's
    {"reads": "2", "in": "Chains"},
    {"press": "Ctrl+Z"},
    {"reads": "1", "in": "Chains"},
    {"press": "Ctrl+Return"},
    {"reads": "of 30"},
    {"tab": "Pause"},
    {"press": "Space"},
    {"press": "Home"},
    {"reads": ["step 0 of 30", "The first sentence."]},
    {"reads": "juice natural brand", "in": "Words or sentence"},
    {"press": "Right"},
    {"reads": "step 1 of 30"},
    {"press": "Shift+Right"},
    {"reads": "step 11 of 30"},
    {"press": "Left"},
    {"reads": ["step 10 of 30", "10 | "]},
    {"tab": "The sentence now"},
    {"press": "Space"},  # the first word: a keyword, so locked already; now it is freed
    {"reads": "Go on from here with these locks"},
    {"tab": "Go on from here with these locks (B)"},
    {"press": "Space"},
    {"lacks": "Go on from here with these locks"},
    {"reads": "of 30"},
    {"tab": "Pause"},
    {"press": "Space"},
    {"reads": "2 | ", "in": "Proposals"},
    {"press": "Esc"},
    {"tab": "Proposals"},
    {"press": "Ctrl+Home"},
    {"press": "Down"},
    {"press": "Return"},
    {"reads": "step 1 of "},
    {"tab": "Tables of the run", "back": True},
    {"press": "Right", "times": 2},
    {"reads": "Mixing figures follow"},
    *command("copy as command line"),
    {"clipboard": "python -m engine mh"},
]

BEAMS: Steps = [
    {"press": "Ctrl+Alt+2"},
    {"tab": "Source sentence or prompt"},
    {"type": "Ich habe heute keine Zeit."},
    {"tab": "Strategy"},
    {"press": "Down"},
    {"reads": "beam search", "in": "Strategy"},
    {"press": "Ctrl+Z"},
    {"reads": "greedy", "in": "Strategy"},
    {"press": "Ctrl+Return"},
    {"reads": ["1  greedy: I ", "2  beam 5: I "], "in": "Decoders"},
    {"idle": 60},
    {"tab": "Decoders"},
    {"press": "Down"},
    {"reads": "decoder 2: beam 5"},
    {"press": "Ctrl+D"},
    {"reads": "Decoder 3 of 3"},
    {"press": "Ctrl+Z"},
    {"reads": "of 2"},
    {"press": "Home"},
    {"reads": "step 0 of "},
    {"press": "Right", "times": 2},
    {"reads": "step 2 of "},
    {"press": "Alt+2"},
    {"tab": "Tokens and their alternatives"},
    {"press": "Right"},
    {"press": "Alt+4"},
    {"reads": "the winner has"},
    *command("copy as command line"),
    {"clipboard": "python -m engine beam"},
]
LATENT: Steps = [
    {"press": "Ctrl+Alt+3"},
    {"reads": "Every point of a latent space is a sentence."},
    {"tab": "Sentence A"},
    {"type": "I like coffee."},
    {"tab": "Sentence B"},
    {"type": "Where is the station?"},
    {"press": "Return"},
    {"reads": "different in 24 of 24 steps"},
    {"idle": 60},
    {"read": "Decoded sentence"},
    {"press": "Ctrl+2"},
    {"changes": "Decoded sentence"},
    {"press": "Ctrl+1"},
    {"changes": "Decoded sentence"},
    {"tab": "Pad"},
    {"press": "Right", "times": 60},
    {"changes": "Decoded sentence"},
    {"tab": "Steps of each leg, 2 to 200", "back": True},
    {"press": "Up"},
    {"reads": "different in 25 of 25 steps"},
    {"press": "Ctrl+Z"},
    {"reads": "different in 24 of 24 steps"},
    {"tab": "Along the walk, t from 0 to 1"},
    {"press": "End"},
    {"idle": 60},
    {"read": "Decoded sentence"},
    {"press": "Home"},
    {"changes": "Decoded sentence"},
    {"tab": "Ways through the space", "back": True},
    {"press": "Right"},
    {"tab": "Latent dimensions"},
    {"press": "Right", "times": 40},
    {"changes": "Decoded sentence"},
    *command("copy as command line: interpolate"),
    {"clipboard": "python -m engine interpolate"},
]
CLUSTERS: Steps = [
    {"press": "Ctrl+Alt+4"},
    {"tab": "Model"},
    {"press": "Down", "times": 2},
    {"reads": "errands-dgmvae", "in": "Model"},
    {"reads": "of 180 points", "in": "Map of clusters"},
    {"idle": 60},
    {"tab": "Map of clusters"},
    {"press": "2"},
    {"reads": "The mean of component 2"},
    {"read": "Decoded sentence"},
    {"press": "Ctrl+Right", "times": 4},
    {"reads": "Component 2 of variable 1, moved by hand"},
    {"changes": "Decoded sentence"},
    {"press": "Return"},
    {"reads": "The place ("},
    {"press": "B"},
    {"reads": "Label"},
    {"press": "Ctrl+Z"},
    {"tab": "Linked views"},
    {"reads": "frame 39 of 39"},
    {"press": "Ctrl+Shift+P"},
    {"tab": "Search commands"},
    {"type": "to the beginning of the training"},
    {"press": "Return"},
    {"reads": "frame 0 of 39"},
    {"tab": "Step shown"},
    {"press": "Right"},
    {"reads": "frame 1 of 39"},
    *command("copy as command line"),
    {"clipboard": "python -m engine decode"},
]
TOY: Steps = [
    {"press": "Ctrl+Alt+5"},
    *number("Longest, words (1 to 5)", "2"),
    *number("Steps", "1000"),
    {"press": "Ctrl+Return"},
    {"reads": ["20 sentences, every one listed", "The kernel leaves the target as it is"]},
    {"lacks": ["<span", "<b>", "<br"]},
    {"idle": 60},
    {"tab": "Replace always accepted"},
    {"press": "Space"},
    {"reads": "The kernel's own law is off by"},
    {"press": "Ctrl+Z"},
    {"reads": "The kernel leaves the target as it is"},
    *command("all defects off"),
]


def test_every_panel_by_keyboard_alone(tmp_path: Path) -> None:
    steps = [{"models": 60}, *SAMPLER, *BEAMS, *LATENT, *CLUSTERS, *TOY, {"quit": 0}]
    answers = succeeded(drive(tmp_path, steps))
    commands = [shlex.split(text) for text in answers.texts("clipboard")]
    assert [words[3] for words in commands] == ["mh", "beam", "interpolate", "decode"]
    assert {"juice natural brand", "Ich habe heute keine Zeit.", "I like coffee."} <= {w for c in commands for w in c}
