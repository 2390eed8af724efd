"""The states of which there are reference pictures, all in one process: `python -m tests.e2e.panels` renews them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.e2e import pictures
from tests.e2e.program import Steps, drive, environment, succeeded

REFERENCES = Path(__file__).parent / "references"
FONTS = Path(__file__).parent / "fonts.conf"
STILL = '{"theme": "light", "reduce_motion": true}'
STATUS = "Status"
SPEED = ["Decoders", 0.72, 0.0, 0.83, 1.0]  # milliseconds a token
TIME = ["Explain", 0.0, 0.1, 1.0, 0.24]  # milliseconds of a search
NEWS = ["Explain", 0.0, 0.1, 1.0, 0.29]  # what is new since the sentence before, which may have been skipped
DELAY = ["Latent space", 0.55, 0.0, 0.77, 0.05]  # milliseconds of the last point
SMALL = [1024, 700]
LARGE = [1440, 900]


def shots(folder: Path) -> Steps:
    """Drive every panel to a state that looks the same each time, and take its picture."""

    def shot(name: str, *live: list[str | float]) -> Steps:
        return [{"shot": str(folder / f"{name}.png"), "mask": [STATUS, *live]}]

    dark, light = [{"click": "Light or dark"}], [{"click": "Light or dark"}]
    return [
        {"resize": LARGE},
        {"models": 60},
        {"click": "Sampler"},
        {"click": "juice, natural, brand: run it"},
        {"reads": "20 | ", "in": "Proposals"},
        {"click": "Pause"},
        {"idle": 90},
        {"click": "To the start"},
        *([{"click": "One step on"}] * 12),
        {"reads": "step 12 of"},
        *shot("sampler"),
        *dark,
        *shot("sampler-dark"),
        *light,
        {"click": "Beams"},
        {"click": "Compare six decoders"},
        {"reads": "; 6  ", "in": "Decoders"},
        {"idle": 90},
        {"lacks": "reading the attention"},
        *shot("beams", SPEED),
        {"click": "Clusters"},
        {"click": "Model"},
        {"click": "errands-dgmvae  (DGMVAE)"},
        {"reads": "of 180 points", "in": "Map of clusters"},
        {"idle": 60},
        {"click": "Map of clusters", "at": [0.48, 0.7]},
        {"reads": "The mean of component 2"},
        {"idle": 60},
        *shot("clusters", TIME),
        {"resize": SMALL},
        *shot("clusters-small"),
        {"resize": LARGE},
        {"click": "Exact toy"},
        {"click": "Enumerate and run"},
        {"reads": "after 4,000"},
        {"idle": 60},
        *shot("toy"),
        {"click": "Latent space"},
        {"click": "Sentence A"},
        {"type": "I like coffee."},
        {"click": "Sentence B"},
        {"type": "Where is the station?"},
        {"click": "Place on the pad"},
        {"reads": "different in 24 of 24 steps"},
        {"idle": 60},
        {"click": "Pad", "at": [0.5, 0.6]},
        {"reads": "beam 5   ·"},
        {"reads": "nearest to t = ", "in": "Along the walk, t from 0 to 1"},
        {"idle": 60},
        *shot("latent", DELAY, NEWS),
        {"quit": 0},
    ]


def take(folder: Path) -> list[Path]:
    """The pictures as they are now, in full size."""
    home = folder / "home"
    settings = home / "xdg_config_home" / "textscape" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(STILL)
    succeeded(drive(home, shots(folder), env=environment(home, FONTCONFIG_FILE=str(FONTS))))
    return sorted(folder.glob("*.png"))


def main() -> int:
    """Take them and keep them."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in take(Path(scratch)):
            pictures.keep(pictures.halved(pictures.read(path)), REFERENCES / path.name)
            sys.stdout.write(f"{REFERENCES / path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
