"""Example inputs written for the project: sentences with a trap for a decoder, their references, and prompts."""

from __future__ import annotations

PAIRS = (
    ("Der Mann, den ich gestern im Zug getroffen habe, hat mir ein Buch geschenkt.",
     "The man I met on the train yesterday gave me a book."),
    ("Kaum war sie nach Hause gekommen, klingelte schon wieder das Telefon.",
     "As soon as she came home, the phone rang again."),
    ("Er hat mit dem Rauchen, das ihm der Arzt verboten hatte, nie wirklich aufgehört.",
     "He never really stopped smoking, which the doctor had forbidden him to do."),
    ("Die Frau, die den Mann kennt, dem der Hund gehört, ist meine Lehrerin.",
     "The woman who knows the man the dog belongs to is my teacher."),
    ("Tom hat vergessen, dass er Maria versprochen hatte, ihr beim Umzug zu helfen.",
     "Tom forgot that he had promised Mary to help her move."),
    ("Ich weiß nicht, ob sie heute Abend noch kommt.", "I don't know whether she will still come this evening."),
    ("Das Fahrrad, das ich gestern gekauft habe, ist schon wieder kaputt.",
     "The bicycle I bought yesterday is already broken again."),
    ("Warum hast du mir nicht gesagt, dass du krank bist?", "Why didn't you tell me you were ill?"),
    ("Wenn ich mehr Zeit hätte, würde ich ein Buch schreiben.", "If I had more time, I would write a book."),
    ("Sie rief an, als ich gerade das Haus verlassen wollte.", "She called just as I was about to leave the house."),
    ("Er gab zu, den Brief gelesen zu haben.", "He admitted having read the letter."),
    ("Je länger ich warte, desto ungeduldiger werde ich.", "The longer I wait, the more impatient I become."),
    ("Meine Eltern wollten nicht, dass ich allein nach Berlin fahre.",
     "My parents didn't want me to go to Berlin alone."),
    ("Es ist mir egal, was die Leute über mich denken.", "I don't care what people think about me."),
)  # fmt: skip
PROMPTS = ("I have never", "The man who lost his dog", "She told me that", "If I had more time")
