"""Where do postal addresses stand? A street with its number, grown over flat, postcode, town and country.

A street is told by its word ("Road", "-straße", "Rue de …", "Calle …"), by its number in front and behind, or by what
introduces it. What follows belongs to it as long as it looks like the next line of an address.
"""

import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import gazetteer, lexicon
from apps.privacy.pipeline.reading import Reading, Word
from apps.privacy.types import Kind, Span

# Texts are folded: Latin letters have no accents any more; Greek and Cyrillic ones stay.
Street = tuple[int, int, float]
_UPPER: Final = "A-Z\u0391-\u03a9\u0410-\u042f"
# Only short words are abbreviated: after others a full stop ends the sentence.
_CAP: Final = rf"(?:[{_UPPER}][^\W\d_]{{0,3}}\.|[{_UPPER}][^\W\d_]{{0,40}}(?:['-][^\W\d_]{{1,40}}){{0,3}})"
_ANY: Final = r"(?:[^\W\d_]{1,4}\.|[^\W\d_]{1,40}(?:['-][^\W\d_]{1,40}){0,3})"
_NUMBER: Final = (
    r"(?:(?i:no)[.:]? ?|(?i:nr)[.:]? ?|n° ?|# ?)?\d{1,6}(?: ?[-/] ?\d{1,4}){0,3}(?: ?[a-zA-Z](?![a-zA-Z]|[.:]? ?\d))?"
    r"(?: (?:bis|ter)(?!\w))?"
)
_STREETS: Final = lexicon.alternatives("streets")

# No other word ends like these.
_SURE_ENDINGS: Final = ("strasse", "straat", "gasse", "gatan")
_STREET_ENDINGS: Final = tuple(sorted(lexicon.words("street_endings")))


# Which of the readings below a word calls for.
_AFTER, _BEFORE, _SURE, _UNIT_WORD, _BOX, _CORNER_WORD = range(6)
_TRIGGERS: Final[dict[str, tuple[int, ...]]] = {}
for _words, _what in (
    (lexicon.alternatives("streets_after"), _AFTER),
    (lexicon.alternatives("streets_before"), _BEFORE),
    (lexicon.alternatives("sure_streets"), _SURE),
    ("apt|suite|flat|apartment|plot|sector", _UNIT_WORD),
    ("unit|po|p|psc|psd|postfach|apartado|dpo|apo|fpo|usns|usnv|uscgc|uss", _BOX),
    ("corner", _CORNER_WORD),
):
    for _word in _words.split("|"):
        _TRIGGERS[_word] = (*_TRIGGERS.get(_word, ()), _what)
_UNIT: Final = (
    r"(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|building|bldg|block|dept|lot|trailer|appt|"
    r"appartement|wohnung|whg|apto|apartamento|bloco|lgh|daire|kat|lok|sector|plot|"
    r"piso|puerta|interno|scala|etage)\.?,? ?#?(?:[a-z]?\d{1,5}[a-z]?|[a-z])"
)
_ENGLISH: Final = re.compile(
    rf"\d{{1,6}}(?:[-/]\d{{1,4}})?[a-z]?,? (?:{_ANY} |\d{{1,4}}(?:st|nd|rd|th)? ){{1,5}}?(?:{_STREETS})(?![a-z])\.?"
    r"(?: (?:north|south|east|west|[nsew]{1,2})(?![a-z]))?",
    re.IGNORECASE,
)
# A number in front and one behind, or a flat behind: "6750 Koskikatu 25 Apt. 864".
_FRAMED: Final = re.compile(
    rf"\d{{3,6}} (?:(?:{_CAP}|[a-z]{{1,3}}) ){{1,5}}\d{{1,4}}\.?(?![\w%])"
    rf"|\d{{1,6}} (?:{_ANY} |\d{{1,4}}\.? ){{1,6}}?(?=(?i:apt|suite)\b)"
)
_AHEAD: Final = re.compile(r"(?<![\w.,$€£#-])")
_BEHIND: Final = re.compile(rf"\.?,? ?{_NUMBER}(?!\w)")
_LEFT: Final = re.compile(rf"(?<![\w-])(?:\d{{1,6}} )?(?:{_CAP}[ -]){{1,4}}\Z")
_LEFT_NUMBER: Final = re.compile(r"(?<![\w.-])\d{1,6}(?: ?(?:bis|ter))?,? \Z")
_LEFT_NAMES: Final = re.compile(rf"(?<![\w-])(?:{_CAP} ){{1,3}}\Z")
_HOUSE: Final = re.compile(r"\.?(?: \d{1,5}[a-zA-Z]?(?![\w.,]\d))?")
# "Strasse des 17. Juni 135".
_GERMAN_MONTHS: Final = "januar|februar|marz|april|mai|juni|juli|august|september|oktober|november|dezember"
_TO_NUMBER: Final = re.compile(
    rf"[./]?(?: (?:der|do|da|du|de|del))? "
    rf"(?:{_ANY} |\d{{1,2}}\.? (?=[a-z]{{2}})){{0,4}}?{_ANY},? {_NUMBER}(?!\w|\. (?:{_GERMAN_MONTHS})(?!\w))",
    re.IGNORECASE,
)
_TO_NAME: Final = re.compile(rf"\.? (?:(?i:de la |de l'|du |des |de |d'|la |le |les ))?(?:{_CAP}[ -]?){{1,4}}")
_TO_SMALL_NAME: Final = re.compile(r" (?:de la |de l'|du |des |de |d')?[a-z]{4,20}(?!\w)")
_BOXED: Final = re.compile(
    r"(?:unit \d{1,5},? box \d{1,5}|p\.? ?o\.? ?box \d{1,6}|ps[cd] \d{1,5},? box \d{1,5}|postfach \d{1,6}|"
    r"apartado \d{1,6}|"
    r"(?:us[a-z]{1,3} [^\W\d_]{2,20}\s)?(?:dpo|apo|fpo),? (?:ap|ae|aa) \d{5})(?!\w)",
    re.IGNORECASE,
)
_UNIT_ALONE: Final = re.compile(r"\w{3,9}\.? #?[a-z]?\d{1,5}[a-z]?(?!\w)", re.IGNORECASE)
_CORNER: Final = re.compile(rf"corner of [^\n,;!?]{{3,50}}? and (?:(?:{_CAP}|\d{{1,4}}) ?){{1,5}}")
_CALLED: Final = re.compile(rf"(?:{lexicon.alternatives('called_address')})[\s:*]{{1,4}}\Z")
_NUMBER_ALONE: Final = re.compile(r"\d{1,5}[a-zA-Z]?(?![\w%:])")
_REACH: Final = 70
# What may stand between and after the lines of an address.
_GAP: Final = re.compile(r"\.?(?:[ \t]{0,20}[,;\n>?|-]){0,6}[ \t]{0,20}")
_PART: Final = re.compile(
    rf"(?:{_UNIT}(?!\w)|(?:m|d|no|kat)[.:]? ?\d{{1,4}}(?!\w)|izq(?!\w)|dcha(?!\w)|"
    r"in \d{5}(?!\w)|\d{1,2} ?[oa\u00b0](?: ?[A-H])?(?!\w)|"
    r"\d{4,6}(?:-\d{3,4})?(?!\w|[.,]\d)|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?!\w)|"
    r"[A-Z]\d[A-Z] ?\d[A-Z]\d(?!\w)|"
    r"\d{4} ?[A-Z]{2}(?!\w)|(?:A|CH|D|F|B|NL|DK|SE?|N|L|I|E|P|PL|CZ|FIN?)-\d{4,5}(?!\w)|\d{3} \d{2}(?!\w)|"
    r"\d{2}-\d{3}(?!\w)|"
    r"(?:dpo|apo|fpo),? (?:ap|ae|aa) \d{5}(?!\w))",
    re.IGNORECASE,
)
_TOWN: Final = re.compile(
    rf"{_CAP}(?!\d)(?:(?:(?<!\.)|(?<=\bSt\.)|(?<=\bSte\.))[ -](?:{_CAP}(?!\w)|"
    r"(?:de|del|la|le|sur|en|am|an der|upon|on|und|i|of|the|les|di|do|da|dos|u|nad|"
    rf"na)(?= [{_UPPER}]))){{0,4}}"
)
_LOWER_TOWN: Final = re.compile(r"[^\W\d_]{3,20}(?: [^\W\d_]{3,20})?,? (?:[a-z]{2} )?\d{5}(?!\d)")
_MOST_PARTS: Final = 8
_STATES: Final = frozenset(word.upper() for word in lexicon.words("states"))
# German streets that begin with a preposition ("Am Markt 5") are short and capitalised.
_PREPOSITIONS: Final = frozenset({"am", "an", "im", "auf", "unter", "zum", "zur"})
_SHORT: Final = 3
# Plain words that no address has in lower case.
_SMALL: Final = (
    lexicon.words("particles") | frozenset(lexicon.alternatives("streets_before").split("|")) | {"des", "l", "d"}
)
_SENTENCE_WORDS: Final = lexicon.words("sentence_words")


def find(reading: Reading) -> Iterator[Span]:
    """Yield addresses, from the street to the last line that belongs to it."""
    if not reading.has_digits:
        return
    ends = 0
    for start, end, score in sorted(_find_streets(reading), key=lambda street: (street[0], -street[2])):
        if start < ends:
            continue
        ends = _grow(reading.text, end)
        yield Span(start, ends, Kind.ADDRESS, score, "address")


def _find_streets(reading: Reading) -> Iterator[Street]:
    for run in reading.runs:
        if _AHEAD.match(reading.text, run.start):
            yield from _read_number(reading, run.start)
    for word in reading.words:
        lower = word.lower
        for what in _TRIGGERS.get(lower, ()):
            if (street := _READERS[what](reading.text, word)) is not None:
                yield street
        if len(lower) > 5 and lower.endswith(_STREET_ENDINGS) and lower not in _TRIGGERS:
            street = _read_before_number(reading.text, word)
            if street is not None:
                yield street


def _read_number(reading: Reading, start: int) -> Iterator[Street]:
    """Read a street that begins with a number, or a called one that ends with it."""
    text = reading.text
    for pattern, score in ((_ENGLISH, 0.91), (_FRAMED, 0.89)):
        found = pattern.match(text, start)
        if found is not None and _is_plausible(found[0]):
            yield start, found.end(), score
    left = _LEFT_NAMES.search(text, max(0, start - _REACH), start) if text[start - 1 : start] == " " else None
    if left is not None and _CALLED.search(reading.before(left.start(), 40)):
        number = _NUMBER_ALONE.match(text, start)
        if number is not None:
            yield left.start(), number.end(), 0.76


def _read_before_number(text: str, word: Word) -> Street | None:
    """Read "Hauptstrasse 12", "Villacher Strasse 89"."""
    number = _BEHIND.match(text, word.end)
    if number is None:
        return None
    left = _LEFT.search(text, max(0, word.start - _REACH), word.start)
    start = left.start() if left is not None else word.start
    if left is None and (word.lower in _TRIGGERS or word.lower in gazetteer.load().words):
        return None
    alone = left is None and word.lower.endswith(_SURE_ENDINGS)
    return (start, number.end(), 0.91) if alone or _is_plausible(text[start : number.end()]) else None


def _read_after_street(text: str, word: Word) -> Street | None:
    """Read "Calle Mayor 5" and "12 rue de la Paix"."""
    if word.lower in _PREPOSITIONS and not word.text[0].isupper():
        return None
    left = _LEFT_NUMBER.search(text, max(0, word.start - 14), word.start)
    start = left.start() if left is not None else word.start
    # With a number in front the street may end without one, and what follows may be a sentence with one of its own.
    patterns = (_TO_NUMBER,) if left is None else (_TO_NUMBER, _TO_NAME, _TO_SMALL_NAME)
    readings = (pattern.match(text, word.end) for pattern in patterns)
    found = next((one for one in readings if one and _is_street(text, start, one)), None)
    if found is None:
        return None
    if word.lower in _PREPOSITIONS and len(found[0].split()) > _SHORT:
        return None
    return start, found.end(), 0.9


def _is_street(text: str, start: int, found: re.Match[str]) -> bool:
    """Say whether what follows a street's word is its name; one in lower case is a word that nobody uses otherwise."""
    if found.re is _TO_SMALL_NAME:
        return found[0].split()[-1] not in gazetteer.load().words
    return _is_plausible(text[start : found.end()])


def _read_named(text: str, word: Word) -> Street | None:
    """Read "Mill Lane", with or without a number behind."""
    left = _LEFT_NAMES.search(text, max(0, word.start - _REACH), word.start)
    house = _HOUSE.match(text, word.end)
    if left is None or house is None:
        return None
    common = left[0].split()[0].lower() in gazetteer.load().words
    return None if common and not house[0].strip(".") else (left.start(), house.end(), 0.74)


def _read_unit(text: str, word: Word) -> Street | None:
    found = _UNIT_ALONE.match(text, word.start)
    return (word.start, found.end(), 0.74) if found is not None else None


def _read_box(text: str, word: Word) -> Street | None:
    found = _BOXED.match(text, word.start)
    return (word.start, found.end(), 0.94) if found is not None else None


def _read_corner(text: str, word: Word) -> Street | None:
    found = _CORNER.match(text, word.start)
    start = word.start - 4 if text[max(0, word.start - 4) : word.start].lower() == "the " else word.start
    return (start, found.end(), 0.8) if found is not None else None


_READERS: Final = {
    _AFTER: _read_before_number,
    _BEFORE: _read_after_street,
    _SURE: _read_named,
    _UNIT_WORD: _read_unit,
    _BOX: _read_box,
    _CORNER_WORD: _read_corner,
}


def _is_plausible(written: str) -> bool:
    """Refuse sentences: an address has more capitals than plain words, or is in lower case throughout and short."""
    written_words = re.findall(r"[^\W\d_]+", written)
    words = [word for word in written_words if word.lower() not in _SMALL]
    if not words:
        return True
    common = gazetteer.load().words
    capitals = sum(word[0].isupper() for word in words)
    if any(word in _SENTENCE_WORDS for word in words):
        return False
    if capitals * 2 < len(words):
        return capitals == 0 and 2 <= len(words) <= 4 and sum(word in common for word in words) <= 2
    # "During 1984", "May 12": one plain word and a number are no street.
    return len(written_words) > 1 or words[0].lower() not in common


def _grow(text: str, end: int) -> int:
    """Return where the address ends that has been read up to a place."""
    lists = gazetteer.load()
    for _ in range(_MOST_PARTS):
        gap = _GAP.match(text, end)
        start = gap.end() if gap else end
        if start == end and end < len(text) and not text[end - 1].isspace():
            break
        separated = "," in text[end:start] or "\n" in text[end:start]
        # After a full stop a postcode may go on, a capital begins a sentence.
        stopped = not separated and "." in text[end - 1 : start] and start > end
        part_end = _measure_part(text, start, lists, separated=separated, stopped=stopped)
        if part_end <= start:
            break
        end = part_end
    return end - (text[end - 1] in "., ")


def _measure_part(text: str, start: int, lists: gazetteer.Gazetteer, *, separated: bool, stopped: bool) -> int:
    if (part := _PART.match(text, start)) is not None:
        return part.end()
    if stopped:
        return 0
    if separated and (lower := _LOWER_TOWN.match(text, start)) is not None:
        return lower.end()
    found = _TOWN.match(text, start)
    if found is None:
        return 0
    first = found[0].split()[0].rstrip(".,")
    if first in _STATES or (separated and len(first) == 2 and first.isupper()):
        return start + len(first)
    whole = found[0].lower()
    if first.lower() in lists.words and whole not in lists.places and first.lower() not in lists.surname_words:
        return 0
    return (
        found.end() if separated or first.isupper() or whole in lists.places or first.lower() not in lists.words else 0
    )
