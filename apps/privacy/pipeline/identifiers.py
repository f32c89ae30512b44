"""Which stretches of a text are numbers of persons and companies? The table of schemes, applied around digits only."""

import functools
import re
from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import gazetteer, lexicon, schemes_europe, schemes_world
from apps.privacy.pipeline.reading import Reading
from apps.privacy.pipeline.schemes import Scheme
from apps.privacy.types import Kind, Span

SCHEMES: Final[tuple[Scheme, ...]] = (*schemes_europe.SCHEMES, *schemes_world.SCHEMES)
BY_NAME: Final[dict[str, Scheme]] = {row.name: row for row in SCHEMES}
# What a number is not, whatever its digits: these words before it name something that answers need.
_ORDER_WORDS: Final = re.compile(
    rf"(?:{lexicon.alternatives('orders')})"
    r"(?:\s?(?:number|nummer|numero|no|nr|id|code|ref|is|ist|est|es)\b)*[\s.:#°-]*\Z"
)
# Where a number may begin: at the first digit of a run, or at letters just before it ("AB 12 34", "DE129273398").
_START: Final = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[-. ])(?:\d|([A-Za-z]{1,6})(?=\d|[ -](?:[A-Za-z]{1,3}[ -]?)?\d))|"
    r"(?<=\d )[A-Za-z]{1,6}(?=\d)"
)
_MORE: Final = re.compile(r"[ -]?[A-Za-z]{1,6}(?:[ -]?[A-Za-z]{1,4})?[ -]?\d?")
_AROUND: Final = 12
# With fewer digits nothing is a number of anybody.
_LEAST: Final = 3
_SURE, _POSTCODE, _REGIONAL, _WEAK = 0.97, 0.8, 0.7, 0.1


def find(reading: Reading) -> Iterator[Span]:
    """Yield every candidate; the weak ones have a score that says so."""
    ahead, glued, words = _combine(), [row for row in SCHEMES if row.glued], gazetteer.load().words
    for start, end in _list_stretches(reading):
        for begin in _START.finditer(reading.text, start, end):
            # "on 44" begins with a word, "DE 129" with a part of the number.
            if begin[1] and begin[1].islower() and begin[1] in words and not reading.text[begin.end()].isdigit():
                continue
            shapes = ahead.match(reading.text, begin.start())
            if shapes is not None and shapes.lastindex:
                yield from _read_shapes(reading, shapes)
        for row in glued:
            yield from _find_scheme(reading, row, start, end)


@functools.cache
def _combine() -> re.Pattern[str]:
    """Return one expression that looks for all shapes at one place: a single call instead of hundreds."""
    return re.compile("".join(f"(?:(?=(?P<{row.name}>{row.core}))|)" for row in SCHEMES), re.IGNORECASE | re.ASCII)


def _read_shapes(reading: Reading, shapes: re.Match[str]) -> Iterator[Span]:
    for index, written in enumerate(shapes.groups(), start=1):
        if written is not None and (row := _list_groups()[index]) is not None and row.passes(written):
            start, end = shapes.span(index)
            yield Span(start, end, row.kind, _score(reading, row, start, end), row.name)


@functools.cache
def _list_groups() -> list[Scheme | None]:
    """Return the scheme of each group of the expression; None for groups inside a shape."""
    rows: list[Scheme | None] = [None] * (_combine().groups + 1)
    for name, index in _combine().groupindex.items():
        rows[index] = BY_NAME.get(name)
    return rows


def find_scheme(reading: Reading, name: str) -> list[Span]:
    """Return every candidate of one scheme in the whole text, weak ones included."""
    return list(_find_scheme(reading, BY_NAME[name], 0, len(reading.text)))


def verify(name: str, written: str) -> bool:
    """Say whether a writing is a well-formed number of a scheme."""
    row = BY_NAME[name]
    found = row.pattern.fullmatch(written.strip())
    return found is not None and row.passes(found[0])


def follows_order_word(reading: Reading, start: int) -> bool:
    """Say whether a number is introduced as that of an order, a parcel or a product."""
    return _ORDER_WORDS.search(reading.before(start, 40)) is not None


def _list_stretches(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the surroundings of digits, joined where they overlap."""
    start = end = -1
    for run in reading.runs:
        if run.digits < _LEAST and not _has_digits_near(reading.text, run.end):
            continue
        low, high = max(0, run.start - _AROUND), min(len(reading.text), run.end)
        if start >= 0 and low <= end:
            end = high
            continue
        if start >= 0:
            yield start, end
        start, end = low, high
    if start >= 0:
        yield start, end


def _has_digits_near(text: str, end: int) -> bool:
    """Say whether letters just after a short run lead to more digits, as in "1EG4-TE5-MK73" or "12AB 345"."""
    return text[end : end + 1].isalnum() or _MORE.match(text, end) is not None


def _find_scheme(reading: Reading, row: Scheme, start: int, end: int) -> Iterator[Span]:
    for found in row.pattern.finditer(reading.text, start, end):
        if row.passes(found[0]):
            yield Span(found.start(), found.end(), row.kind, _score(reading, row, *found.span()), row.name)


def _score(reading: Reading, row: Scheme, start: int, end: int) -> float:
    if row.is_named(reading.before(start), reading.after(end)):
        # A postcode belongs to the address around it.
        return _SURE if row.kind is not Kind.POSTCODE else _POSTCODE
    if row.is_proved(reading.text[start:end]):
        return row.likely
    if row.check and row.region == reading.region and not follows_order_word(reading, start):
        return _REGIONAL
    return _WEAK
