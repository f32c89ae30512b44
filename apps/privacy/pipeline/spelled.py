"""Which numbers are spelled out? "oh seven nine one one, double two …", digit by digit, in several languages."""

import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import checksums
from apps.privacy.pipeline.reading import Reading
from apps.privacy.types import Kind, Span

_DIGITS: Final = {
    word: digit
    for digit, words in enumerate((
        "zero oh o nought null nulla cero nul",
        "one eins ein un une uno um een",
        "two zwei zwo deux dos due dois duas twee",
        "three drei trois tres tre drie",
        "four vier quatre cuatro quattro quatro",
        "five funf fuenf cinq cinco cinque vijf",
        "six sechs seis sei zes",
        "seven sieben sept siete sette sete zeven",
        "eight acht huit ocho otto oito",
        "nine neun neuf nueve nove negen",
    ))
    for word in words.split()
}  # fmt: skip
_TIMES: Final = {"double": 2, "triple": 3, "doppel": 2}
_JOINED: Final = re.compile(r"[\s,.;/-]{1,4}\Z")
_LEAST: Final = 6


def find(reading: Reading) -> Iterator[Span]:
    """Yield runs of spelled digits: a card where the check digit agrees, else a telephone number."""
    run: list[int] = []
    # Where the run begins, where its last digit ends, and where its last word ends ("double" is not yet a digit).
    start = end = last = 0
    times = 1
    for word in reading.words:
        multiple = _TIMES.get(word.lower)
        digits = () if multiple is not None else _read_digits(word.lower)
        if run and (digits is None or _JOINED.match(reading.text[last : word.start]) is None):
            yield from _close(run, start, end)
            run, times = [], 1
        if digits is None:
            times = 1
            continue
        if not run and times == 1:
            start = word.start
        last = word.end
        if multiple is not None:
            times = multiple
            continue
        run += digits * times
        times, end = 1, word.end
    if run:
        yield from _close(run, start, end)


def _read_digits(lower: str) -> tuple[int, ...] | None:
    """Return the digits that a word names, of "five-five" both; None for any other word."""
    if (digit := _DIGITS.get(lower)) is not None:
        return (digit,)
    parts = lower.split("-") if "-" in lower else ()
    return tuple(_DIGITS[part] for part in parts) if parts and all(part in _DIGITS for part in parts) else None


def _close(run: list[int], start: int, end: int) -> Iterator[Span]:
    if len(run) < _LEAST:
        return
    digits = "".join(map(str, run))
    is_card = 13 <= len(run) <= 19 and checksums.check_luhn(digits)
    yield Span(start, end, Kind.CARD if is_card else Kind.PHONE, 0.9, "spelled")
