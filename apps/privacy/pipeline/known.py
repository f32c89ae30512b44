"""Where does what is known of the customer stand? Their names, addresses and numbers, in whatever writing."""

import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import folding, gazetteer
from apps.privacy.pipeline.reading import Reading
from apps.privacy.types import Kind, Span

# More or longer entries than a person has are not looked for.
_MOST, _LONGEST = 50, 200
_LEAST_SIGNS: Final = 5
# How umlauts are written where there are none.
_UMLAUTS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "ø": "oe"}
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNSPACED: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_NUMBER: Final = re.compile(r"\+?\d(?:[ \t.()/-]{0,3}\d){5,18}")


def find(reading: Reading) -> Iterator[Span]:
    """Yield every place where something known of the customer stands."""
    known = reading.known
    if known.names:
        yield from _find_names(reading, known.names)
    for kind, values in ((Kind.EMAIL, known.emails), (Kind.ACCOUNT, known.others)):
        for value in _fold_all(values):
            yield from _find_literal(reading.lower, value, kind)
            if kind is Kind.ACCOUNT:
                yield from _find_without_signs(reading.lower, value, kind)
    if known.phones and reading.has_digits:
        yield from _find_phones(reading.text, known.phones)


def _fold_all(values: tuple[str, ...]) -> list[str]:
    folded = (folding.fold(value[:_LONGEST]).text.lower().strip() for value in values[:_MOST])
    return [value for value in folded if len(value) >= 3]


def _find_literal(lower: str, value: str, kind: Kind) -> Iterator[Span]:
    position = lower.find(value)
    while position >= 0:
        end = position + len(value)
        if not (position and lower[position - 1].isalnum()) and not (end < len(lower) and lower[end].isalnum()):
            yield Span(position, end, kind, 1.0, "known")
        position = lower.find(value, end)


def _find_without_signs(lower: str, value: str, kind: Kind) -> Iterator[Span]:
    """Find "WX77Z" where "WX-77-Z" is known, and the other way round."""
    signs = [sign for sign in value if sign.isalnum()][:_LONGEST]
    if len(signs) < _LEAST_SIGNS:
        return
    pattern = r"(?<![^\W_])" + r"[ ./_-]?".join(map(re.escape, signs)) + r"(?![^\W_])"
    for found in re.finditer(pattern, lower):
        yield Span(found.start(), found.end(), kind, 1.0, "known")


def _find_phones(text: str, phones: tuple[str, ...]) -> Iterator[Span]:
    """Numbers match by their last digits: national and international writings differ in front only."""
    tails = {digits[-8:] for phone in phones[:_MOST] if len(digits := re.sub(r"\D", "", phone[:_LONGEST])) >= 6}
    for found in _NUMBER.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if any(digits.endswith(tail) or (len(digits) >= 6 and tail.endswith(digits)) for tail in tails):
            yield Span(found.start(), found.end(), Kind.PHONE, 1.0, "known")


def _find_names(reading: Reading, names: tuple[str, ...]) -> Iterator[Span]:
    """Runs of the customer's names; a name that is a plain word as well counts alone only with a capital."""
    spelled = (*names, *(name.translate(_UMLAUTS) for name in names[:_MOST]))
    parts = {part for name in dict.fromkeys(_fold_all(spelled)) for part in _WORD.findall(name) if len(part) >= 2}
    for part in parts:
        # Scripts without spaces: no word begins or ends with the name.
        if _UNSPACED.match(part):
            for found in re.finditer(re.escape(part), reading.lower):
                yield Span(found.start(), found.end(), Kind.NAME, 1.0, "known")
    words, lists = reading.words, gazetteer.load()
    index = 0
    while index < len(words):
        end = index
        while end < len(words) and all(part in parts for part in _WORD.findall(words[end].lower)):
            if end > index and reading.text[words[end - 1].end : words[end].start].strip(" .,") and end > index:
                break
            end += 1
        alone = end == index + 1 and (words[index].lower in lists.words or len(words[index].text) < 3)
        if end > index and not (alone and not words[index].text[0].isupper()):
            yield Span(words[index].start, words[end - 1].end, Kind.NAME, 1.0, "known")
        index = max(end, index + 1)
