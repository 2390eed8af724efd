"""Every panel looks as it did: pictures of the real process beside references, and what a comparison must see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.e2e.panels import REFERENCES, take
from tests.e2e.pictures import Pixels, difference, halved, read

NAMES = sorted(path.stem for path in REFERENCES.glob("*.png"))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pixels]:
    """The panels now."""
    return {path.stem: halved(read(path)) for path in take(tmp_path_factory.mktemp("pictures"))}


@pytest.mark.timeout(400)
def test_every_panel_looks_as_it_did(seen: dict[str, Pixels]) -> None:
    assert sorted(seen) == NAMES
    wrong = {name: said for name in NAMES if (said := difference(seen[name], read(REFERENCES / f"{name}.png")))}
    assert wrong == {}


def test_references_are_small() -> None:
    sizes = [path.stat().st_size for path in REFERENCES.glob("*.png")]
    assert max(sizes) < 150_000
    assert sum(sizes) < 1_000_000


def shifted(pixels: Pixels) -> Pixels:
    """Moved by a pixel, two of the screen's."""
    return np.roll(pixels, 1, 1)


def recoloured(pixels: Pixels) -> Pixels:
    """The accent in another colour."""
    accent = np.abs(pixels - (0x55, 0x57, 0xD6)).max(2) < 40
    return np.where(accent[..., None], pixels[..., ::-1], pixels)


def without_a_word(pixels: Pixels) -> Pixels:
    """One of the tabs has lost its name."""
    blank = pixels.copy()
    blank[4:18, 85:115] = blank[3, 100]
    return blank


@pytest.mark.parametrize("spoil", [shifted, recoloured, without_a_word])
def test_what_is_spoilt_is_seen(spoil: Callable[[Pixels], Pixels]) -> None:
    reference = read(REFERENCES / "sampler.png")
    assert difference(reference, reference) == ""
    assert "differ" in difference(spoil(reference), reference)


def test_antialiasing_and_a_digit_are_not() -> None:
    reference = read(REFERENCES / "sampler.png")
    noise = np.random.default_rng(1).integers(-12, 13, reference.shape)
    touched = np.clip(reference + noise, 0, 255).astype(np.int16)
    touched[200:206, 300:303] = 128
    assert difference(touched, reference) == ""
    assert "by" in difference(reference[:-2], reference)
