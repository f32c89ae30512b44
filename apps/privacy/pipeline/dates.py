"""Where are dates, and which of them is a birth date? And where is somebody's age?

Numeric dates are read at runs of digits, written ones at the names of months and days.
"""

import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import lexicon
from apps.privacy.pipeline.reading import Reading, Run, Word
from apps.privacy.types import Kind, Span

_MONTH: Final = lexicon.compile_alternatives("months")
_DAY: Final = lexicon.compile_alternatives("days")
_BIRTH: Final = lexicon.compile_alternatives("births")
_BORN_AFTER: Final = re.compile(
    rf"[\s,:(]{{1,3}}(?:is |was |ist |war |est |es |on |in [a-z]{{2,14}} )?"
    rf"(?:my |mein |meine |mon |ma |mi |le |la |el )?"
    rf"(?:date de |{lexicon.alternatives('births')})"
)
_YEARS_AFTER: Final = re.compile(rf"(?:\b(?:{lexicon.alternatives('years_after')})\s|^|\()\s*\Z")

_TIME: Final = r"(?:[T ,]{1,2}\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]m\b)?(?:Z|[+-]\d{2}:?\d{2})?)"
_NUMERIC: Final = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}{_TIME}?"
    r"|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2})(?!\d)"
    r"|(?:0?[1-9]|1[0-2])/(?:19|20)\d\d"
    r"|(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9])(?![\d/]))(?![A-Za-z/]|-\d)"
)
_ALONE_BEFORE: Final = re.compile(r"(?<![\w/])(?<!\d[-.])")
_DAY_BEFORE: Final = re.compile(r"(?<![a-z0-9])\d{1,2}(?:st|nd|rd|th|\.|er|o)?(?: (?:de|of))?[ -]{1,2}\Z")
_YEAR_AFTER: Final = re.compile(r"\.?(?:,? ?(?:de |del )?[-/ ]?'?(?:\d{4}|\d{2}(?!\d|:)))?(?![a-z0-9])")
_AFTER_MONTH: Final = re.compile(
    r"\.?(?: |/|-)(?:\d{4}(?!\d)|\d{1,2}(?:st|nd|rd|th)?(?!\d|:)(?:,? ?(?:\d{4}(?!\d)))?)(?![a-z])"
)
_MONTH_ALONE: Final = frozenset({"in", "since", "until", "by", "last", "next", "this", "every", "on", "im", "en", "em"})
_YEAR: Final = re.compile(r"(?:1[89]\d\d|20\d\d)s?(?![\w/]|[.,-]\d)")
_NO_YEAR_BEFORE: Final = re.compile(r"(?<![\w.,/$€£#-])")
_AGE: Final = re.compile(
    r"\d{1,3}(?=[- ]?(?:years?[- ]old|years? of age|y/?o\b|yrs?(?:[. -]old)?\b|yr[- ]old|-year-old|year old"
    r"|jahre alt|jahrig|-jahrig|ans\b(?! de)|anos\b(?! de)|anni\b|jaar oud|f\b(?=,|\.|\s(?:with|presents))))"
)
_AGE_BARE: Final = re.compile(r"\d{1,3}(?=[\s.,;!?]{0,4}(?:$|[.,;!?)]|and\b|years?|yrs?|but\b|\n))")
_AGE_BEFORE: Final = re.compile(
    r"\b(?:aged?|age:|alter:?|edad:?|turn(?:ed|s|ing)?|(?:when|now|and|just) (?:he|she|i|they) (?:was|is|am|were)"
    r"|(?:he|she|i|they)(?:'s| is|'m| am| was| are)(?: only| just| now)?)\s{1,3}\Z"
)
_OLDEST: Final = 120


def find(reading: Reading) -> Iterator[Span]:
    """Yield dates, birth dates and ages."""
    for run in reading.runs:
        yield from _read_run(reading, run)
    for word in reading.words:
        if 2 < len(word.lower) < 12:
            if _MONTH.fullmatch(word.lower):
                yield from _read_month(reading, word)
            elif _DAY.fullmatch(word.lower):
                yield Span(word.start, word.end, Kind.DATE, 0.6, "day")


def _read_run(reading: Reading, run: Run) -> Iterator[Span]:
    numeric = _NUMERIC.match(reading.text, run.start) if _ALONE_BEFORE.match(reading.text, run.start) else None
    if numeric is not None and _is_plausible(numeric[0]):
        yield _tell(reading, run.start, numeric.end())
        return
    year = _YEAR.match(reading.text, run.start) if _NO_YEAR_BEFORE.match(reading.text, run.start) else None
    if year is not None and _YEARS_AFTER.search(reading.before(run.start, 14)):
        yield Span(run.start, year.end(), Kind.DATE, 0.55, "year")
    elif year is None:
        yield from _read_age(reading, run.start)


def _read_age(reading: Reading, start: int) -> Iterator[Span]:
    found = (
        _AGE.match(reading.lower, start) if reading.text[start - 1 : start] not in ("$", "€", "£", ".", "-") else None
    )
    if found is None and _AGE_BEFORE.search(reading.before(start, 24)):
        found = _AGE_BARE.match(reading.lower, start)
    if found is not None and 0 < int(found[0]) <= _OLDEST:
        yield Span(start, found.end(), Kind.AGE, 0.8, "age")


def _read_month(reading: Reading, word: Word) -> Iterator[Span]:
    """Read a day before the month's name, or what follows it, or the month alone after "in"."""
    lower = reading.lower
    before = _DAY_BEFORE.search(lower, max(0, word.start - 12), word.start)
    if before is not None:
        after = _YEAR_AFTER.match(lower, word.end)
        yield _tell(reading, before.start(), after.end() if after else word.end)
        return
    following = _AFTER_MONTH.match(lower, word.end)
    if following is not None:
        yield _tell(reading, word.start, following.end())
    elif lower[max(0, word.start - 7) : word.start].strip().rpartition(" ")[2] in _MONTH_ALONE:
        yield Span(word.start, word.end, Kind.DATE, 0.6, "month")


def _is_plausible(written: str) -> bool:
    parts = [int(part) for part in re.split(r"\D+", written)[:3] if part]
    if len(parts) < 3:
        return True
    year, first, second = (parts[0], parts[1], parts[2]) if parts[0] > 31 else (parts[2], parts[0], parts[1])
    return (year < 100 or 1850 <= year <= 2150) and 1 <= min(first, second) <= 12 and max(first, second) <= 31


def _tell(reading: Reading, start: int, end: int) -> Span:
    # "born on 12 April", "am 12.04. geboren", "14/03/86 is my dob".
    born = _BIRTH.search(reading.before(start, 34)) is not None or _BORN_AFTER.match(reading.after(end, 30)) is not None
    return Span(start, end, Kind.BIRTH_DATE if born else Kind.DATE, 0.97 if born else 0.8, "birth" if born else "date")
