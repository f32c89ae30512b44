"""What kind of answer does a question ask for? A sum, a time, a number, a way to do it; and which text has one."""

import re
from typing import NamedTuple

_HOW_TO = re.compile(
    r"\b(?:how (?:do|can|to|would|should|does one)|how'?d i|what do i (?:have|need) to do|steps?\b|way to"
    r"|instructions?\b"
    r"|wie (?:kann|mache?|gehe?|geht|funktioniert|stelle|ändere|lösche|bekomme|lege)|comment\b|c[oó]mo\b"
    r"|\u0643\u064a\u0641)",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"\b(?:how much|costs?|prices?|fees?|charges?|pay|quid|pounds?|euros?|dollars?|expensive|cheap|postage|fine|deposit"
    r"|kosten|kostet|preis|gebühr|teuer|wie ?viel|combien|prix|coûte|frais|cuánto (?:cuesta|vale|cobran)|precio)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:how (?:long|soon|quick(?:ly)?|fast|often|late|early)|when|what (?:time|date|day)|which day|until|deadline"
    r"|cut-?off|last day|by what|expire|run out|hours|how old|too late|days?|wie lange|wann|bis wann|frist|dauert"
    r"|quand|combien de temps|délai|cuándo|cuánto (?:tarda|tiempo)|plazo)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?:how (?:many|big|large|heavy|hot|warm|cold|loud|full|far|strong|much|old|long)|number|limit|minimum|maximum"
    r"|smallest|largest|percent|temperature|size|weight|discount|volts?|watts?|wie (?:viele?|heiß|groß|schwer|alt)"
    r"|combien|cuántos?)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|but|please|also)\W+)?(?:can|could|may|do|does|did|is|are|will|would|should|must|am"
    r"|have|has|kann|darf|ist|sind|gibt|muss|haben|werden|est-ce|peut|puis|puede|puedo|es|hay)\b",
    re.IGNORECASE,
)

_HAS_MONEY = re.compile(r"[£€$¥]\s?\d|\d\s?(?:[£€$¥%]|EUR|USD|GBP|euros?\b|pounds?\b|dollars?\b)")
_HAS_TIME = re.compile(
    r"\d{1,2}:\d{2}|\b\d+(?:st|nd|rd|th)\b"
    r"|\b\d{1,2}\.? ?(?:jan|feb|mar|mär|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
    r"|\b\d+ (?:\w+ )?(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?"
    r"|sekunden?|minuten?|stunden?|tage?n?|werktage?n?|nächte?|wochen?|monate?n?|jahre?n?|secondes?|heures?|jours?|semaines?|mois|ans?"
    r"|segundos?|minutos?|horas?|días?|semanas?|mes(?:es)?|años?)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bat once\b|\bimmediately\b|\bsame day\b|\bsofort\b",
    re.IGNORECASE,
)
_HAS_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|half|third|thirds|quarter|zwei|drei|vier|fünf)\b")
_HAS_VERDICT = re.compile(
    r"\b(?:yes|no|not|never|cannot|can|may|must|do|does|is not|are not|only|free|always"
    r"|nein|ja|nicht|nie|kein|keine|darf|dürfen|können|oui|non|ne|jamais|sí|no|nunca)\b",
    re.IGNORECASE,
)


class Cues(NamedTuple):
    """The kinds of answer that would fit a question; several may."""

    how_to: bool
    money: bool
    time: bool
    number: bool
    yes_no: bool

    def fit(self, text: str) -> float:
        """Return how well ``text`` has what is asked for, 0 to 1."""
        wanted = (
            (self.money, _HAS_MONEY, 1.0),
            (self.time, _HAS_TIME, 1.0),
            (self.number, _HAS_NUMBER, 0.6),
            (self.yes_no, _HAS_VERDICT, 0.4),
        )
        asked = [weight for is_asked, _, weight in wanted if is_asked]
        found = [weight for is_asked, pattern, weight in wanted if is_asked and pattern.search(text)]
        return sum(found) / max(sum(asked), 1.0) if asked else 0.0


def read_cues(question: str) -> Cues:
    """Return what kinds of answer ``question`` asks for."""
    return Cues(
        how_to=bool(_HOW_TO.search(question)),
        money=bool(_MONEY.search(question)),
        time=bool(_TIME.search(question)),
        number=bool(_NUMBER.search(question)),
        yes_no=bool(_YES_NO.search(question)),
    )
