"""What is recognised in a text? All recognisers read it once; where two claim the same place, the surer one has it."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from apps.privacy.pipeline import (
    addresses,
    dates,
    folding,
    identifiers,
    known,
    labelled,
    money,
    names,
    online,
    organisations,
    spelled,
    telephones,
)
from apps.privacy.pipeline.reading import WORD, Reading
from apps.privacy.types import TOKEN_PATTERN, Kind, KnownIdentities, Span

Recogniser = Callable[[Reading], Iterator[Span]]
# What must contain a digit to be found is not looked for where there is none.
_OF_DIGITS: Final[tuple[Recogniser, ...]] = (identifiers.find, money.find, telephones.find)
_OF_ALL: Final[tuple[Recogniser, ...]] = (
    known.find, online.find, labelled.find, dates.find, spelled.find, addresses.find, names.find, organisations.find,
)  # fmt: skip
THRESHOLD: Final = 0.5
# Shorter than this, what is left of an address is none.
_LEAST_ADDRESS: Final = 8
_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBERS: Final = frozenset(
    {
        *(Kind.PHONE, Kind.CARD, Kind.BANK, Kind.NATIONAL_ID, Kind.DOCUMENT, Kind.HEALTH_ID, Kind.COMPANY_ID),
        *(Kind.ACCOUNT, Kind.VEHICLE, Kind.POSTCODE),
    }
)
# What a product or a street of the organisation may be taken for.
_OWNED: Final = frozenset({Kind.NAME, Kind.USER_NAME, Kind.ADDRESS})
# Kinds that one writing may be taken for.
_SORTS: Final = (frozenset({Kind.NAME, Kind.USER_NAME}), _NUMBERS)


def find_spans(
    text: str,
    *,
    known: KnownIdentities,
    region: str | None,
    spared: tuple[str, ...] = (),
    own_words: tuple[str, ...] = (),
) -> list[Span]:
    """Return what is recognised, in order and without overlaps, with offsets of ``text``."""
    folded = folding.fold(text)
    reading = Reading(folded.text, known, region, _read_spared(spared), _read_own_words(own_words))
    candidates = [span for span in _collect(reading) if span.score >= THRESHOLD and not _is_spared(reading, span)]
    candidates += _complete(candidates)
    found = [_translate(span, folded) for span in _choose(candidates, len(folded.text))]
    literal = [Span(match.start(), match.end(), Kind.TEXT, 2.0, "token") for match in TOKEN_PATTERN.finditer(text)]
    return _choose([*literal, *found], len(text)) if literal or folded.offsets is not None else found


@functools.lru_cache(maxsize=256)
def _read_spared(phrases: tuple[str, ...]) -> frozenset[str]:
    """Return what the organisation calls its own, whole and in words, folded and in lower case."""
    folded = [folding.fold(phrase).text.lower().strip() for phrase in phrases]
    return frozenset({*folded, *(word for phrase in folded for word in _WORD.findall(phrase) if len(word) > 2)})


@functools.lru_cache(maxsize=256)
def _read_own_words(phrases: tuple[str, ...]) -> dict[str, tuple[tuple[int, str], ...]]:
    """Return the phrases, folded and in lower case, by their first word and what stands ahead of it; longest first."""
    found: dict[str, set[tuple[int, str]]] = {}
    for phrase in phrases:
        folded = " ".join(folding.fold(phrase).text.lower().split())
        if (first := WORD.search(folded)) is not None:
            found.setdefault(first[0], set()).add((first.start(), folded))
    return {first: tuple(sorted(rest, key=lambda one: -len(one[1]))) for first, rest in found.items()}


def _is_spared(reading: Reading, span: Span) -> bool:
    """Say whether a span is the organisation's own; what is known of the customer never is."""
    if span.scheme == "known":
        return False
    if span.kind in _OWNED and reading.is_own(span.start, span.end):
        return True
    written = reading.lower[span.start : span.end]
    return written in reading.spared or (span.kind is Kind.EMAIL and written.rpartition("@")[2] in reading.spared)


def _collect(reading: Reading) -> Iterable[Span]:
    for recogniser in _OF_ALL:
        yield from recogniser(reading)
    if reading.has_digits:
        for recogniser in _OF_DIGITS:
            yield from recogniser(reading)


def _complete(candidates: list[Span]) -> list[Span]:
    """Return the surest spans once more where a longer one of their sort holds them, so that no rest is left over.

    "Otto" may be what is known of the customer and "Otto Berg" somebody else; six digits may be a document's number and
    eleven a telephone's.
    """
    completed: list[Span] = []
    around: list[Span] = []
    for inner in sorted(candidates, key=lambda span: (span.start, -span.end)):
        around = [outer for outer in around if outer.end > inner.start]
        completed += [
            replace(inner, start=outer.start, end=outer.end)
            for outer in around
            if inner.end <= outer.end
            and (outer.start, outer.end) != (inner.start, inner.end)
            and inner.score > outer.score
            and any(inner.kind in sort and outer.kind in sort for sort in _SORTS)
        ]
        around.append(inner)
    return completed


def _choose(candidates: list[Span], length: int) -> list[Span]:
    """Return the surest spans that do not overlap; between equals the longer one.

    An address that has grown over something surer keeps what stands before that.
    """
    taken = bytearray(length)
    chosen = []
    for span in sorted(candidates, key=lambda span: (-span.score, span.start - span.end, span.start)):
        end = taken.find(1, span.start, span.end)
        if 0 <= end - span.start < _LEAST_ADDRESS or (end >= 0 and span.kind is not Kind.ADDRESS):
            continue
        kept = span if end < 0 else replace(span, end=end)
        taken[kept.start : kept.end] = b"\x01" * (kept.end - kept.start)
        chosen.append(kept)
    return sorted(chosen, key=lambda span: span.start)


def _translate(span: Span, folded: folding.Folded) -> Span:
    if folded.offsets is None:
        return span
    start, end = folded.locate(span.start, span.end)
    return Span(start, end, span.kind, span.score, span.scheme)
