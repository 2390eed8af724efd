"""What fills a template's slots: names, clock times, dates, prices, quantities, drawn alike for German and English.

Hours past twelve become p.m. ("17:45 Uhr", "5:45 p.m."), earlier ones stay as they are ("9:15 Uhr", "9:15"); dates
are written "May 3, 2024" and "May 3rd"; the decimal comma becomes a point and the point of the thousands a comma.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from engine.training.phrases import Phrases, TextPair, pairs

MONTHS = pairs(
    """Januar=January Februar=February März=March April Mai=May Juni=June Juli=July August September
    Oktober=October November Dezember=December"""
)
DAYS = pairs(
    """Montag=Monday Dienstag=Tuesday Mittwoch=Wednesday Donnerstag=Thursday Freitag=Friday Samstag=Saturday
    Sonntag=Sunday"""
)
FOODS = pairs(
    """Kaffee=coffee Mehl=flour Zucker=sugar Butter=butter Käse=cheese Reis=rice Kartoffeln=potatoes Äpfel=apples
    Tomaten=tomatoes Fleisch=meat Schinken=ham Wurst=sausage Nudeln=pasta Kirschen=cherries Erdbeeren=strawberries
    Zwiebeln=onions Karotten=carrots Bananen=bananas Trauben=grapes Tee=tea Honig=honey Nüsse=nuts Salz=salt Brot=bread
    Fisch=fish Pilze=mushrooms Bohnen=beans Birnen=pears Schokolade=chocolate Hackfleisch=ground_meat"""
)
NUMBERS = pairs(
    """zwei=two drei=three vier=four fünf=five sechs=six sieben=seven acht=eight neun=nine zehn=ten elf=eleven
    zwölf=twelve"""
)
TENS = pairs(
    """zwanzig=twenty dreißig=thirty vierzig=forty fünfzig=fifty sechzig=sixty siebzig=seventy achtzig=eighty
    neunzig=ninety"""
)
_ONSETS = "b br d dr f fl g gr h j k kl kr l m n p pl qu r s sch sh st t tr v w z y th ch"
_VOWELS = "a e i o u ä ö ü ie ei au é y ai ou"
_CODAS = ["", "", "", "n", "r", "l", "s", "k", "t", "m", "ck", "tz", "nd", "ng", "ski", "ić", "sen"]

Filler = Callable[[Random], TextPair]


def fillers(phrases: Phrases) -> dict[str, Filler]:
    """Ways to fill each kind of slot: German and English form of one drawn value."""
    woman, man, family = _person(phrases.women), _person(phrases.men), _person(phrases.families)
    name, city, country = _one_of(woman, man), _listed(phrases.cities), _listed(phrases.countries)
    return {
        "woman": woman,
        "man": man,
        "name": name,
        "family": family,
        "full": lambda random: _same(f"{name(random)[0]} {family(random)[0]}"),
        "city": city,
        "country": country,
        "place": _one_of(city, city, country),
        "street": _listed(phrases.streets),
        "month": _listed(MONTHS),
        "day": _listed(DAYS),
        "food": _listed(FOODS),
        "date": _date,
        "time": _time,
        "year": _one_of(_integer(1200, 1899), *[_integer(1900, 2035)] * 4),
        "small": _integer(2, 24),
        "n": _one_of(_listed([*NUMBERS, *TENS]), *[_integer(2, 99)] * 4),
        "hundreds": _integer(20, 999),
        "big": _big,
        "decimal": lambda random: _decimal(random.randint(1, 60), random.randint(1, 9), 1),
        "percent": _percent,
        "price": _price,
        "mass": _mass,
        "score": lambda random: _same(f"{random.randint(0, 7)}:{random.randint(0, 7)}"),
        "ordinal": _ordinal,
        "phone": _phone,
        "postcode": lambda random: _same(f"{random.randint(1000, 99999):05}"),
        "flight": _flight,
        "letter": lambda random: _same(random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
    }


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(0 if number % 100 in (11, 12, 13) else number % 10, "th")
    return f"{number}{ending}"


def _same(text: str) -> TextPair:
    return text, text


def _listed(entries: Sequence[TextPair]) -> Filler:
    return lambda random: random.choice(entries)


def _one_of(*options: Filler) -> Filler:
    return lambda random: random.choice(options)(random)


def _integer(low: int, high: int) -> Filler:
    return lambda random: _same(str(random.randint(low, high)))


def _person(names: Sequence[TextPair]) -> Filler:
    return lambda random: _invented(random) if random.random() < 0.12 else random.choice(names)


def _invented(random: Random) -> TextPair:
    """A name that nobody has, so that spelling is learnt and not a list."""
    syllables = [random.choice(_ONSETS.split()) + random.choice(_VOWELS.split()) for _ in range(random.randint(1, 3))]
    return _same(("".join(syllables) + random.choice(_CODAS)).capitalize())


def _date(random: Random) -> TextPair:
    month, year = random.randint(1, 12), random.randint(1900, 2035)
    day = random.randint(1, 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)
    german, english = MONTHS[month - 1]
    forms = (
        (f"{day}. {german} {year}", f"{english} {day}, {year}"),
        (f"{day}. {german}", f"{english} {ordinal(day)}"),
        (f"{day}.{month}.{year}", f"{english} {day}, {year}"),
        (f"{day:02}.{month:02}.{year}", f"{english} {day}, {year}"),
        (f"{day}.{month}.", f"{english} {ordinal(day)}"),
    )
    return random.choices(forms, (35, 35, 10, 12, 8))[0]


def _time(random: Random) -> TextPair:
    kind = random.choices((_full_hour, _spoken_time, _hour_and_minute), (20, 6, 74))[0]
    return kind(random)


def _full_hour(random: Random) -> TextPair:
    hour = random.randint(1, 23)
    return f"{hour} Uhr", f"{hour} o'clock" if hour <= 12 else f"{hour - 12} p.m."


def _spoken_time(random: Random) -> TextPair:
    hours = [("eins", "one"), *NUMBERS]
    hour = random.randrange(11)
    german, english = hours[hour]
    forms = (
        (f"{german if hour else 'ein'} Uhr", f"{english} o'clock"),
        (f"Viertel nach {german}", f"a quarter past {english}"),
        (f"Viertel vor {german}", f"a quarter to {english}"),
        (f"halb {hours[hour + 1][0]}", f"half past {english}"),
    )
    return random.choice(forms)


def _hour_and_minute(random: Random) -> TextPair:
    hour, minute = random.randint(0, 23), random.choice((random.randint(1, 59), random.randrange(5, 60, 5)))
    mark = random.choices((":", "."), (85, 15))[0]
    german = f"{hour:02}{mark}{minute:02} Uhr" if random.random() < 0.2 else f"{hour}{mark}{minute:02} Uhr"
    if hour == 0:
        return german, f"12:{minute:02} a.m."
    if hour > 12:
        return german, f"{hour - 12}:{minute:02} p.m."
    english = f"{hour}:{minute:02}"
    if random.random() < 0.8:
        return german, english
    evening = 6 <= hour <= 11 and random.random() < 0.5
    return (f"{german} abends", f"{english} p.m.") if evening else (f"{german} morgens", f"{english} a.m.")


def _ordinal(random: Random) -> TextPair:
    number = random.randint(2, 40)
    return f"{number}.", ordinal(number)


def _big(random: Random) -> TextPair:
    number = random.randint(1, 9999) * 10 ** random.randint(0, 3) + 1000
    if number < 10_000 and random.random() < 0.4:
        return _same(str(number))
    english = f"{number:,}"
    return english.replace(",", "."), english


def _decimal(whole: int, fraction: int, digits: int) -> TextPair:
    text = f"{whole}.{fraction:0{digits}}"
    return text.replace(".", ","), text


def _percent(random: Random) -> TextPair:
    whole, broken = _integer(2, 99)(random), _decimal(random.randint(0, 40), random.randint(1, 9), 1)
    german, english = random.choices((whole, broken), (70, 30))[0]
    sign, translation = random.choice(((" Prozent", " percent"), (" %", "%"), ("%", "%")))
    return german + sign, english + translation


def _price(random: Random) -> TextPair:
    if random.random() < 0.1:
        cents = random.randint(2, 99)
        return f"{cents} Cent", f"{cents} cents"
    amounts = (
        _decimal(random.randint(1, 199), random.choice((random.randint(1, 99), 50, 99, 95)), 2),
        _one_of(_integer(2, 99), _integer(100, 999))(random),
        _big(random),
    )
    currencies = (
        (" Euro", "", " euros"),
        (" €", "€", ""),
        ("€", "€", ""),
        (" Dollar", "", " dollars"),
        (" $", "$", ""),
        (" Franken", "", " francs"),
        (" Pfund", "", " pounds"),
    )
    german, english = random.choices(amounts, (40, 40, 20))[0]
    after, before, afterwards = random.choices(currencies, (45, 20, 3, 15, 7, 6, 4))[0]
    return german + after, before + english + afterwards


def _mass(random: Random) -> TextPair:
    if random.random() < 0.5:
        grams = random.choice((random.randint(2, 40) * 25, random.randint(2, 999)))
        return f"{grams} Gramm", f"{grams} grams"
    whole, broken = _integer(2, 60)(random), _decimal(random.randint(1, 9), random.choice((5, 5, 2)), 1)
    german, english = random.choices((whole, broken), (60, 40))[0]
    unit, translation = random.choice(((" Kilo", " kilos"), (" Kilogramm", " kilograms"), (" Pfund", " pounds")))
    return german + unit, english + translation


def _phone(random: Random) -> TextPair:
    digits = "".join(random.choices("0123456789", k=random.randint(5, 8)))
    return _same(random.choice(("030", "089", "040", "0171", "0176", "0221", "+49 151")) + random.choice(" /") + digits)


def _flight(random: Random) -> TextPair:
    airline, gap = "".join(random.choices("ABEFKLNRSTUX", k=2)), random.choice(("", " "))
    return _same(f"{airline}{gap}{random.randint(10, 9999)}")
