"""What a person asks for: one input and any number of decoders, each a model with its settings."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.messages import Search, SearchOptions, problems

WIDEN = 64
"""Finished hypotheses asked for, so that all of them can be ranked anew; a search's result does not depend on it."""
PLAIN = SearchOptions()


class Decoder(msgspec.Struct, frozen=True):
    """A column of the comparison."""

    id: int
    model: str
    options: SearchOptions = SearchOptions()
    penalty: float | None = None  # length penalty the finished set is ranked by; None: the one it was searched with

    @property
    def ranked_by(self) -> SearchOptions:
        """The options the finished set is ranked by."""
        if self.penalty is None:
            return self.options
        rule = "power" if self.options.normalisation == "off" else self.options.normalisation
        return msgspec.structs.replace(self.options, length_penalty=self.penalty, normalisation=rule)


class Setup(msgspec.Struct, frozen=True):
    """Everything in the input region."""

    text: str = ""
    reference: str = ""
    decoders: tuple[Decoder, ...] = ()
    chosen: int = 0  # id of the decoder whose settings, tree and hypotheses are shown

    @property
    def decoder(self) -> Decoder | None:
        """The chosen decoder."""
        return self.find(self.chosen) or (self.decoders[0] if self.decoders else None)

    def find(self, name: int) -> Decoder | None:
        """A decoder by its id."""
        return next((d for d in self.decoders if d.id == name), None)

    def number(self, name: int) -> int:
        """The place of a decoder, from 0."""
        return next((i for i, d in enumerate(self.decoders) if d.id == name), 0)

    def with_source(self, text: str, reference: str) -> Setup:
        """Another input; tokens forced on sentences of the old one are let go."""
        decoders = self.decoders if text == self.text else tuple(released(d) for d in self.decoders)
        return msgspec.structs.replace(self, text=text, reference=reference, decoders=decoders)

    def with_option(self, field: str, value: Any) -> Setup:
        """One field of the chosen decoder changed: `model`, `penalty`, or a field of its options.

        Another model lets go of forced tokens, which are ids of the old one's vocabulary.
        """
        decoder = self.decoder
        if decoder is None:
            return self
        if field == "model" and value != decoder.model:
            return self.with_decoder(msgspec.structs.replace(released(decoder), model=value))
        if field in ("model", "penalty"):
            return self.with_decoder(msgspec.structs.replace(decoder, **{field: value}))
        options = msgspec.structs.replace(decoder.options, **{field: value})
        if field == "prefix":
            options = msgspec.structs.replace(options, prefix_ids=(), prefix_pieces=())
        if field == "strategy":
            off = {n: v for n, v in options.info.starts_with.items() if getattr(options, n) == getattr(PLAIN, n)}
            options = msgspec.structs.replace(options, **off)
        return self.with_decoder(msgspec.structs.replace(decoder, options=options))

    def with_decoder(self, decoder: Decoder) -> Setup:
        """One decoder put in place of the one with its id."""
        return msgspec.structs.replace(
            self, decoders=tuple(decoder if d.id == decoder.id else d for d in self.decoders)
        )

    def added(self, decoder: Decoder) -> Setup:
        """A further decoder, chosen; it gets a fresh id."""
        fresh = msgspec.structs.replace(decoder, id=max((d.id for d in self.decoders), default=0) + 1)
        place = self.number(self.chosen) + 1 if self.decoders else 0
        decoders = (*self.decoders[:place], fresh, *self.decoders[place:])
        return msgspec.structs.replace(self, decoders=decoders, chosen=fresh.id)

    def removed(self, name: int) -> Setup:
        """A decoder less; its neighbour is chosen."""
        place = self.number(name)
        decoders = tuple(d for d in self.decoders if d.id != name)
        chosen = decoders[min(place, len(decoders) - 1)].id if decoders else 0
        return msgspec.structs.replace(self, decoders=decoders, chosen=chosen)

    def moved(self, by: int) -> Setup:
        """The chosen decoder moved up or down."""
        decoders = list(self.decoders)
        place = self.number(self.chosen)
        other = min(max(place + by, 0), len(decoders) - 1)
        decoders[place], decoders[other] = decoders[other], decoders[place]
        return msgspec.structs.replace(self, decoders=tuple(decoders))

    def request(
        self, decoder: Decoder, *, text: str | None = None, reference: str | None = None, trace: bool = True
    ) -> Search:
        """What the engine is asked for a decoder: with a trace, for all finished hypotheses; without, for the best."""
        options = decoder.options.used()
        if not trace:
            options = msgspec.structs.replace(options, n_best=1)
        elif options.info.cuts:
            options = msgspec.structs.replace(options, n_best=max(WIDEN, options.n_best))
        return Search(
            model=decoder.model,
            text=self.text if text is None else text,
            options=options,
            trace=trace,
            reference=self.reference if reference is None else reference,
        )

    def errors(self) -> dict[str, str]:
        """What is wrong with the input or the chosen decoder, by field; empty when it can be run."""
        wrong: dict[str, str] = {}
        if not self.text.strip():
            wrong["text"] = "Type a sentence to translate, or the beginning of a text to continue."
        decoder = self.decoder
        if decoder is None:
            wrong["decoders"] = "Add a decoder to compare."
            return wrong
        if not decoder.model:
            wrong["model"] = "Choose a model; the library lists those it has."
        return wrong | problems(decoder.options)


def released(decoder: Decoder) -> Decoder:
    """A decoder without tokens forced on it; a beginning that was typed stays."""
    if not decoder.options.prefix_ids:
        return decoder
    options = msgspec.structs.replace(decoder.options, prefix_ids=(), prefix_pieces=())
    return msgspec.structs.replace(decoder, options=options)


def title(decoder: Decoder) -> str:
    """A decoder in a few words: what makes it different."""
    o = decoder.options
    words = [o.info.title.format(o=o).strip()]
    if o.reads("normalisation"):
        if o.normalisation == "off" or o.length_penalty == 0:
            words.append("no length norm.")
        elif o.normalisation == "gnmt":
            words.append(f"GNMT a = {o.length_penalty:g}")
        elif o.length_penalty != 1:
            words.append(f"a = {o.length_penalty:g}")
    if o.prefix or o.prefix_ids:
        words.append("forced prefix")
    return ", ".join(words)


def asked(setup: Setup, decoder: Decoder) -> Search:
    """What a decoder is asked, with only the settings that it reads: to be copied as a command line."""
    options = decoder.options.used()
    return Search(model=decoder.model, text=setup.text, options=options, reference=setup.reference)


def six(model: str) -> tuple[Decoder, ...]:
    """The six decoders of the demonstration."""
    options = (
        SearchOptions(strategy="greedy", n_best=1),
        SearchOptions(strategy="beam", beam=5),
        SearchOptions(strategy="beam", beam=8, n_best=8, normalisation="off"),
        SearchOptions(strategy="diverse", beam=8, n_best=8, groups=4, diversity=0.8),
        SearchOptions(strategy="stochastic", beam=8, n_best=8),
        SearchOptions(strategy="sample", top_p=0.9, n_best=8, seed=1),
    )
    return tuple(Decoder(i + 1, model, o) for i, o in enumerate(options))
