"""The decoder settings as the form shows them; what each is called, its range and its effect stand on the request."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import STRATEGIES, SearchOptions, Setting, settings_of

UNTYPED = frozenset({"strategy", "prefix_ids", "prefix_pieces"})
"""Settings with a place of their own in the form, or none."""
MOST = 2**31 - 1  # what a number field can hold exactly


@dataclass(frozen=True)
class Field:
    """One setting in the form."""

    setting: Setting

    @property
    def name(self) -> str:
        """The option's."""
        return self.setting.name

    @property
    def label(self) -> str:
        """Its title with its unit."""
        return f"{self.setting.title}, {self.setting.unit}" if self.setting.unit else self.setting.title

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.setting.kind == "count"

    @property
    def step(self) -> float:
        """Of the arrows."""
        return self.setting.step or (1 if self.whole else 0.1)

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        return 0 if self.whole else 3 if self.step < 0.01 else 2

    @property
    def low(self) -> float:
        """The lowest value that the field's digits can show."""
        low = self.setting.low or 0
        return low if low <= 0 else max(low, 10**-self.decimals)

    @property
    def high(self) -> float:
        """The highest value."""
        return min(MOST, MOST if self.setting.high is None else self.setting.high)


def _fields() -> tuple[Field, ...]:
    known = {s.name: s for s in settings_of(SearchOptions) if s.name not in UNTYPED}
    places = {name: [i.uses.index(name) for i in STRATEGIES.values() if name in i.uses] for name in known}
    return tuple(Field(known[name]) for name in sorted(known, key=lambda name: max(places[name], default=0)))


FIELDS = _fields()
"""In the order in which decoders name them, what is one decoder's own before what many share."""
