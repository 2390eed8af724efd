"""What is asked for: the input and the decoders, edited so that every change can be undone."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack

from app.bridge import Bridge
from app.panels.beams.decoders import Decoder, Setup, six
from app.panels.beams.examples import PAIRS, PROMPTS
from app.undo import edit
from engine.messages import ModelInfo, SearchOptions, with_preset


def _quality(model: ModelInfo) -> float:
    """BLEU on the model's own test split, -1 where its card has none."""
    bleu = model.card.metrics.get("bleu")
    return bleu.value if bleu else -1.0


class Asking(QObject):
    """Holds a `Setup` and changes it through the undo stack."""

    changed = Signal(bool)  # whether another decoder is chosen now
    released = Signal(str)  # forced tokens were let go, in a sentence

    def __init__(self, bridge: Bridge, undo: QUndoStack, key: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._undo, self._key = bridge, undo, key
        self._example = -1
        self.setup = Setup()

    def set(self, setup: Setup) -> None:
        """Take over what is asked, past the undo stack."""
        other = setup.chosen != self.setup.chosen
        self.setup = setup
        self.changed.emit(other)

    def change(self, key: str, title: str, setup: Setup) -> None:
        """Change what is asked; edits under one key merge to one step."""
        before = self.setup
        edit(self._undo, f"{self._key}.{key}", title, before, setup, self.set)
        if (setup.text, *(d.model for d in setup.decoders)) != (before.text, *(d.model for d in before.decoders)):
            self._tell_released(before)

    @Slot(str, object)
    def edit(self, field: str, value: Any) -> None:
        """Change the input ("text", "reference") or a field of the chosen decoder."""
        match field:
            case "text":
                after = self.setup.with_source(value, self.setup.reference)
            case "reference":
                after = self.setup.with_source(self.setup.text, value)
            case _:
                after = self.setup.with_option(field, value)
        self.change(f"{self.setup.chosen}.{field}", f"change {field.replace('_', ' ')}", after)

    def _tell_released(self, before: Setup) -> None:
        """Say which decoders lost forced tokens with their input or model."""
        now = {d.id: d for d in self.setup.decoders}
        lost = [
            before.number(d.id) + 1
            for d in before.decoders
            if d.options.prefix_ids and d.id in now and not now[d.id].options.prefix_ids
        ]
        if lost:
            which = f"Decoder {lost[0]}" if len(lost) == 1 else f"Decoders {', '.join(map(str, lost))}"
            what = "another sentence" if before.text != self.setup.text else "another model's vocabulary"
            self.released.emit(f"{which}: the forced beginning belonged to {what} and was let go; Undo brings it back.")

    @Slot(str)
    def use_preset(self, name: str) -> None:
        """Settings as another program means them."""
        decoder = self.setup.decoder
        if decoder is not None:
            changed = msgspec.structs.replace(decoder, options=with_preset(decoder.options, name), penalty=None)
            self.change("preset", f"preset {name}", self.setup.with_decoder(changed))

    def force(self, ids: tuple[int, ...], pieces: tuple[str, ...] = ()) -> None:
        """A beginning that every sentence of the chosen decoder must have, as token ids and what they stand for."""
        decoder = self.setup.decoder
        if decoder is not None:
            options = msgspec.structs.replace(decoder.options, prefix="", prefix_ids=ids, prefix_pieces=pieces)
            changed = msgspec.structs.replace(decoder, options=options)
            self.change("force", "force a prefix", self.setup.with_decoder(changed))

    def adopt_penalty(self) -> None:
        """Search with the length penalty that the finished set is ranked by."""
        decoder = self.setup.decoder
        if decoder is not None:
            changed = msgspec.structs.replace(decoder, options=decoder.ranked_by, penalty=None)
            self.change("adopt", "search with this penalty", self.setup.with_decoder(changed))

    # --- decoders --------------------------------------------------------------------------------------------------

    @Slot()
    def add(self) -> None:
        """One more decoder, like the chosen one."""
        models = self.models()
        fresh = self.setup.decoder or Decoder(0, models[0].name if models else "", SearchOptions())
        self.change("add", "add a decoder", self.setup.added(fresh))

    @Slot()
    def remove(self) -> None:
        """The chosen decoder goes."""
        if self.setup.decoder is not None:
            self.change("remove", "remove a decoder", self.setup.removed(self.setup.decoder.id))

    @Slot(int)
    def move(self, by: int) -> None:
        """The chosen decoder up or down; the first one is what the others are compared with."""
        if self.setup.decoder is not None:
            self.change("move", "move a decoder", self.setup.moved(by))

    @Slot(int)
    def choose(self, name: int) -> None:
        """Look at a decoder."""
        if name != self.setup.chosen and self.setup.find(name) is not None:
            self.set(msgspec.structs.replace(self.setup, chosen=name))

    def choose_next(self, by: int) -> None:
        """The decoder below or above."""
        if self.setup.decoders:
            place = (self.setup.number(self.setup.chosen) + by) % len(self.setup.decoders)
            self.choose(self.setup.decoders[place].id)

    # --- models and examples ---------------------------------------------------------------------------------------

    def models(self) -> list[ModelInfo]:
        """What can write: translators first, the best by its card ahead, then language models that read forwards."""
        writers = [m for m in self._bridge.models_with("NextToken") if m.role != "backward"]
        translators = sorted(self._bridge.models_with("Seq2Seq"), key=_quality, reverse=True)
        return translators + [m for m in writers if m not in translators]

    @property
    def translates(self) -> bool:
        """Whether the chosen decoder reads a source; False when it continues a prompt."""
        decoder = self.setup.decoder
        info = self._bridge.model(decoder.model) if decoder else None
        return info is None or "Seq2Seq" in info.capabilities

    def meet_models(self) -> None:
        """Models are known: begin with two decoders where there are none."""
        models = self.models()
        if models and not self.setup.decoders:
            options = (SearchOptions(strategy="greedy", n_best=1), SearchOptions())
            decoders = tuple(Decoder(i + 1, models[0].name, o) for i, o in enumerate(options))
            self.set(msgspec.structs.replace(self.setup, decoders=decoders, chosen=1))
        else:
            self.set(self.setup)

    @Slot()
    def next_example(self) -> None:
        """Another example input for the kind of model that is chosen."""
        self._example += 1
        if self.translates:
            text, reference = PAIRS[self._example % len(PAIRS)]
        else:
            text, reference = PROMPTS[self._example % len(PROMPTS)], ""
        self.change("example", "another example", self.setup.with_source(text, reference))

    def demonstrate(self) -> bool:
        """Six decoders on one German sentence, or on a prompt where there is no translator; False without a model."""
        models = self.models()
        if not models:
            return False
        self._example = 0
        text, reference = PAIRS[0] if "Seq2Seq" in models[0].capabilities else (PROMPTS[0], "")
        setup = Setup(text=text, reference=reference, decoders=six(models[0].name), chosen=2)
        self.change("demo", "show an example", setup)
        return True
