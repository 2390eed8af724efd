"""More pairs for a German-English translator than its text holds: names, figures, long inputs, careless spelling.

A small parallel text names few people (Tom, Mary) and fewer numbers, so a translator trained on it learns those by
heart instead of copying what it reads. Here each round over the text is drawn anew: names, places and numbers are
swapped for others on both sides at once, templates are filled, neighbouring pairs are joined to longer inputs, and
some sources are written as people write in a hurry. Draws are seeded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Annotated

import msgspec

from engine.training.phrases import Phrases, TextPair
from engine.training.slots import NUMBERS, TENS, fillers

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]

_ALTERNATIVES = re.compile(r"\[([^\]]*)\]")
_SLOT = re.compile(r"\{(\w+)")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_LOWERED = re.compile(
    r"(?:Ich|Du|Er|Sie|Es|Wir|Ihr|Das|Der|Die|Mein|Meine|Dieser|Diese|Dieses|Jeder|Niemand|Man|Ein|Eine|Alle)\b"
)
_LOWERED_ENGLISH = re.compile(
    r"(?:I|It|You|He|She|We|They|That|This|These|The|My|Everyone|Everybody|Nobody|No|One|A|An|There|All|Your)\b"
)
_CONJUNCTIONS: tuple[tuple[str, str], ...] = (
    (" und ", " and "),
    (", und ", ", and "),
    (", aber ", ", but "),
    (", denn ", ", because "),
    (" oder ", " or "),
    ("; ", "; "),
)


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of each kind a round holds, as shares of the text's pairs or of the drawn ones."""

    phrases: str = "german-english"  # the folder of lists beside the recipes
    swapped: Share = 0.6  # of the pairs with a known name, place or number
    templates: Annotated[float, msgspec.Meta(ge=0)] = 0.1  # filled templates, per pair of the text
    joined: Share = 0.25  # of the text's pairs stand in a long input once more
    words: Count = 70  # source words of the longest joined input
    careless: Share = 0.1  # of the sources are misspelt


class Augmenter:
    """Draws rounds of pairs; the same text, settings and seed give the same pairs."""

    def __init__(self, settings: Augmentation) -> None:
        self.settings = settings
        self.phrases = Phrases(settings.phrases)
        self._fillers = fillers(self.phrases)
        self._cities = {german: english for german, english in self.phrases.cities if german not in ("Essen", "Split")}
        self._countries = dict(self.phrases.countries)
        places = sorted({*self._cities, *self._countries}, key=len, reverse=True)
        self._place = re.compile(rf"\b(?:{'|'.join(map(re.escape, places))})\b")
        self._words, self._tens = dict(NUMBERS), dict(TENS)
        self._number_word = re.compile(rf"\b(?:{'|'.join([*self._words, *self._tens])})\b")

    def round(self, pairs: Sequence[TextPair], seed: int, number: int) -> list[TextPair]:
        """One round over the text: every pair once, swapped or not, and what is made of them and of templates."""
        random = Random(f"{seed} {number}")
        settings = self.settings
        out = [self.swap(pair, random) if random.random() < settings.swapped else pair for pair in pairs]
        out += self.join(random.sample(out, round(settings.joined * len(out))), random)
        templates = random.choices(self.phrases.templates, k=round(settings.templates * len(pairs)))
        out += [self.fill(template, random) for template in templates]
        out += self.phrases.idioms
        return [(careless(pair, random) if random.random() < settings.careless else pair) for pair in out]

    def swap(self, pair: TextPair, random: Random) -> TextPair:
        """A pair with its names, places and numbers exchanged on both sides, as far as both sides agree on them."""
        pair = _swap_person(pair, "Tom", "Tom", self._fillers["man"](random)[0])
        pair = _swap_person(pair, "Maria|Mary", "Mary", self._fillers["woman"](random)[0])
        pair = self._swap_place(pair, random)
        return self._swap_number(pair, random)

    def _swap_place(self, pair: TextPair, random: Random) -> TextPair:
        german, english = pair
        for found in dict.fromkeys(self._place.findall(german)):
            city = found in self._cities
            old = self._cities[found] if city else self._countries[found]
            new = random.choice(self.phrases.cities if city else self.phrases.countries)
            if _count(old, english) == _count(found, german):
                german, english = _replace(found, new[0], german), _replace(old, new[1], english)
        return german, english

    def _swap_number(self, pair: TextPair, random: Random) -> TextPair:
        german, english = pair
        if "Uhr" in german or "halb" in german:  # a clock knows no 87
            return pair
        for old in dict.fromkeys(re.findall(r"(?<![\w.,:])[2-9]\d*(?![\w:]|[.,]\d|\. )", german)):
            new = str(random.randint(2, 9)) + "".join(random.choices("0123456789", k=len(old) - 1))
            if _count(old, english) == _count(old, german):
                german, english = _replace(old, new, german), _replace(old, new, english)
        for old in dict.fromkeys(self._number_word.findall(german)):
            words = self._words if old in self._words else self._tens
            new = random.choice(list(words))
            if _count(words[old], english) == _count(old, german) == 1:
                german, english = _replace(old, new, german), _replace(words[old], words[new], english)
        return german, english

    def fill(self, template: TextPair, random: Random) -> TextPair:
        """A template with its alternatives `[a|b]` chosen and its slots `{name}` filled, alike on both sides.

        A slot's name may end in a digit, to tell it from another of its kind; `{name:genitive}` is the German form.
        """
        german, english = template
        for options, translations in zip(_ALTERNATIVES.findall(german), _ALTERNATIVES.findall(english), strict=True):
            index = random.randrange(len(options.split("|")))
            german = _ALTERNATIVES.sub(options.split("|")[index], german, count=1)
            english = _ALTERNATIVES.sub(translations.split("|")[index], english, count=1)
        for slot in dict.fromkeys(_SLOT.findall(german)):
            value = self._fillers[slot.rstrip("0123456789")](random)
            german = german.replace(f"{{{slot}:genitive}}", genitive(value[0])).replace(f"{{{slot}}}", value[0])
            english = english.replace(f"{{{slot}}}", value[1])
        return german, english.replace("m..", "m.")  # p.m. ends a sentence with its own stop

    def join(self, pairs: Sequence[TextPair], random: Random) -> list[TextPair]:
        """Neighbouring pairs one after the other, two of them at times as one sentence, up to the set length."""
        out: list[TextPair] = []
        part: list[TextPair] = []
        length, wanted = 0, 0
        for pair in pairs:
            part.append(pair)
            length += len(pair[0].split())
            if len(part) == 1:
                wanted = random.randint(10, max(10, self.settings.words - 10))
            elif length >= wanted:
                if random.random() < 0.35:
                    part[:2] = [_conjoin(part[0], part[1], random)]
                out.append((" ".join(p[0] for p in part), " ".join(p[1] for p in part)))
                part, length = [], 0
        return out


def _count(word: str, text: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))


def _replace(old: str, new: str, text: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)


def _swap_person(pair: TextPair, german: str, english: str, new: str) -> TextPair:
    """A person renamed, genitives included, where both sides name them equally often."""
    named = re.compile(rf"(?<!\w)(?:{german})(s?)(?!\w)")
    found = named.findall(pair[0])
    if not found or _count(english, pair[1]) != len(found):
        return pair
    return named.sub(lambda m: genitive(new) if m.group(1) else new, pair[0]), _replace(english, new, pair[1])


def genitive(name: str) -> str:
    """The German genitive of a name: Annas, Jonas'."""
    return name + ("'" if name[-1] in "sxzß" else "s")


def _conjoin(first: TextPair, second: TextPair, random: Random) -> TextPair:
    """Two statements as one sentence, where the second may begin in small letters; else one after the other."""
    stated = first[0].endswith(".") and first[1].endswith(".")
    if not (stated and _LOWERED.match(second[0]) and _LOWERED_ENGLISH.match(second[1])):
        return f"{first[0]} {second[0]}", f"{first[1]} {second[1]}"
    joint = random.choice(_CONJUNCTIONS)
    english = second[1] if re.match(r"I\b", second[1]) else _small(second[1])
    return first[0][:-1] + joint[0] + _small(second[0]), first[1][:-1] + joint[1] + english


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def careless(pair: TextPair, random: Random) -> TextPair:
    """A pair whose source is written as people type: without umlauts, in capitals, in small letters, without a stop."""
    source, target = pair
    kind = random.choices(("umlauts", "quotes", "capitals", "small", "start", "stop"), (30, 20, 12, 13, 10, 15))[0]
    if kind == "umlauts":
        return source.translate(_UMLAUTS), target
    if kind == "quotes":
        if '"' not in source:
            return f"„{source}“", f'"{target}"'
        opened = re.sub(r'"(?=\w)', "„", source)
        return opened.replace('"', "“"), target
    if kind == "capitals":
        return source.upper(), target
    if kind == "small":
        return source.lower(), target
    if kind == "start":
        return _small(source), target
    return source.rstrip(".!"), target
