"""Where are telephone numbers of any region? By prefix, grouping, numbering plan, or beside a word for them."""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from apps.privacy.pipeline import identifiers, lexicon
from apps.privacy.pipeline.reading import Reading
from apps.privacy.types import Kind, Span

_CANDIDATE: Final = re.compile(
    r"(?<![A-Za-z0-9/_])(?<![A-Za-z0-9][-.])(?:\(?\+ ?|00(?= ?[1-9])|\(0+\)|[(\[]|(?=\d))"
    r"\d(?:[ \t\u2022.()/\[\]*-]{0,4}\d){4,17}(?!\d)(?:[ ,;]{0,2}(?:ext|x|#|extension|durchwahl|"
    r"poste)\.?:? ?\d{1,6}(?!\d))?",
    re.IGNORECASE,
)
_WORDS: Final = lexicon.compile_alternatives("telephone")
_NOT_WORDS: Final = re.compile(rf"(?:{lexicon.alternatives('not_telephone')})[^a-z]{{0,12}}\Z")
_DATE_LIKE: Final = re.compile(
    r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?:\D.*)?\Z|(?:0?[1-9]|[12]\d|"
    r"3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:19|20)?\d\d(?![-./]\d)(?:\D.*)?\Z"
)
_NUMERIC_ONLY: Final = re.compile(r"\d+\Z")
# Grouped in a way that only telephone numbers are: (415) 555-0132, 0170-188 955, 03.93.92.16.85, 0866-16087810.
_GROUPED: Final = re.compile(
    r"\(\d{2,5}\)[ .-]{0,2}\d{2,4}[ .-]?\d{2,}.*|\d{3}([-.])\d{3}\1\d{4}|\d{3} \d{3} \d{4}|"
    r"1[-. ]\d{3}[-. ]\d{3}[-. ]\d{4}"
    r"|0\d(?:[ .-]\d\d){4}|0\d{1,4}[-/ .]{1,3}\d{3,8}(?:[ .-]\d{2,5}){0,3}|0\d{2,4}(?:[ .-]\d{2,4}){2,4}|"
    r"\d{4}[ -]\d{3}[ -]\d{3}"
    r"|\d{3}[-. ]\d{3}[- .]\d{4}|[2-9]\d(?:-\d\d){3}|3\d\d[ .-]\d{6,7}"
)
# How many digits a number has; fewer than seven only where the region's plan knows it.
_LEAST, _LEAST_CALLED, _MOST_CALLED, _MOST = 5, 7, 15, 16
# Digits in one piece, of which nothing says that they are a telephone number.
_LEAST_BARE, _MOST_BARE = 9, 11
_MOBILE_REGIONS: Final = ("GB", "FR", "DE", "NL", "TR", "BE", "IE", "AU", "ZA", "CH", "AT", "SE")
_DIALLED, _CERTAIN, _CALLED, _PLANNED, _SHAPED = 0.985, 0.93, 0.9, 0.72, 0.65


def find(reading: Reading) -> Iterator[Span]:
    """Yield telephone numbers; groups that were joined by mere spaces are taken apart where the whole is none."""
    for run in reading.runs:
        if run.digits < _LEAST:
            continue
        for found in _CANDIDATE.finditer(reading.text, max(0, run.start - 3), min(len(reading.text), run.end + 16)):
            for first, last in _list_parts(reading.text, found.start(), found.end()):
                span = _judge(reading, first, last)
                if span is not None:
                    yield span


def canonicalise(written: str, region: str | None) -> str:
    """Return one writing for all writings of a number: E.164 where the plan of a region knows it, else its digits."""
    number = _parse(written, region)
    if number is not None:
        return f"+{number.country_code}{'0' if number.italian_leading_zero else ''}{number.national_number}"
    digits = re.sub(r"\D", "", written)
    return digits.removeprefix("00") if written.lstrip(" (").startswith(("+", "00")) else digits


def is_valid(written: str, region: str | None) -> bool:
    """Say whether a numbering plan knows the number."""
    number = _parse(written, region)
    return number is not None and phonenumbers.is_valid_number(number)


def _is_mobile_somewhere(written: str) -> bool:
    """Say whether a number with its trunk zero is a mobile one where many people write theirs in one piece."""
    for region in _MOBILE_REGIONS:
        number = _parse(written, region)
        if number is not None and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE:
            return True
    return False


def _parse(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written[:60], region)
    except phonenumbers.NumberParseException:
        return None


def _list_parts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the stretches that may be one number each: the whole, or what is left and right of wide gaps."""
    if sum(char.isdigit() for char in text[start:end]) <= _MOST and not re.search(r"[ \t]{2}|\. ", text[start:end]):
        return [(start, end)]
    parts, position = [], start
    for gap in re.finditer(r"[ \t]{2,}|\. |(?<=\d{6}) (?=\d{6})", text[start:end]):
        parts.append((position, start + gap.start()))
        position = start + gap.end()
    return [*parts, (position, end)]


def _judge(reading: Reading, start: int, end: int) -> Span | None:
    written = reading.text[start:end].rstrip(" .-/(*[")
    end = start + len(written)
    if written.startswith(("(", "[")) and ")" not in written and "]" not in written:
        start, written = start + 1, written[1:]
    digits = sum(char.isdigit() for char in written)
    if not _LEAST <= digits <= _MOST + 6 or _DATE_LIKE.match(written):
        return None
    score = _score(reading, written, digits, start)
    return Span(start, end, Kind.PHONE, score, "phone") if score else None


def _score(reading: Reading, written: str, digits: int, start: int) -> float:
    before = reading.before(start, 60)
    dialled = written.lstrip("([").startswith("+")
    if dialled and (digits >= _LEAST_CALLED or is_valid(written, None)):
        return _DIALLED if is_valid(written, None) else _CERTAIN
    if _NOT_WORDS.search(before[-24:]) and not dialled:
        return 0
    if not dialled and identifiers.follows_order_word(reading, start):
        return 0
    called = near = False
    for word in _WORDS.finditer(before):
        called, near = True, word.start() >= len(before) - 30
    if called and digits <= _MOST_CALLED:
        if digits >= _LEAST_CALLED:
            return _CALLED if near else _PLANNED
        return _CALLED if near and reading.region and is_valid(written, reading.region) else 0
    return _score_alone(written, digits, reading.region)


def _score_alone(written: str, digits: int, region: str | None) -> float:
    """Score a number that nothing around it calls one: by the numbering plan, or by its grouping."""
    bare = _NUMERIC_ONLY.match(written) is not None
    if written.startswith("00") and digits >= 10 and is_valid("+" + written[2:], None):
        return _CERTAIN
    if region and is_valid(written, region) and (not bare or digits >= _LEAST_BARE):
        return _PLANNED
    if bare and written[0] == "0" and _LEAST_BARE < digits <= _MOST_BARE and _is_mobile_somewhere(written):
        return _SHAPED
    grouped = not bare and digits >= _LEAST_CALLED
    if grouped and (_GROUPED.fullmatch(written) or written.startswith("00")):
        return _SHAPED if digits > _LEAST_CALLED else 0.55
    return 0
