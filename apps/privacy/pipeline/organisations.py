"""Where are places, groups of people and organisations? Recognised so that they are not taken for persons."""

from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import cues, gazetteer
from apps.privacy.pipeline.reading import Reading
from apps.privacy.types import Kind, Span

_AT: Final = frozenset({"in", "near", "downtown"})
_JOINING: Final = frozenset({"of", "and", "the", "for", "de", "du", "des"})


def find(reading: Reading) -> Iterator[Span]:
    """Yield places, groups and organisations."""
    lists = gazetteer.load()
    words = reading.words
    index = 0
    while index < len(words):
        word = words[index]
        capital = word.text[0].isupper()
        if word.lower in lists.place_starts and (end := _measure_place(reading, index, lists)):
            # Of several words, more is sure than that one of them is a name: "San Francisco".
            score = 0.66 if end == index + 1 else 0.73
            yield Span(word.start, words[end - 1].end, Kind.PLACE, score, "place")
            index = end
            continue
        if capital and word.lower in lists.groups:
            yield Span(word.start, word.end, Kind.GROUP, 0.6, "group")
        elif (
            capital and word.lower in cues.ORGANISATIONS and (span := _read_organisation(reading, index)) is not None
        ) or (
            capital
            and index
            and words[index - 1].lower in _AT
            and (span := _guess_place(reading, index, lists)) is not None
        ):
            yield span
        index += 1


def _measure_place(reading: Reading, index: int, lists: gazetteer.Gazetteer) -> int:
    """Return the word after the longest place that begins at a word, 0 where none does."""
    words = reading.words
    longest = min(lists.place_starts[words[index].lower], len(words) - index)
    for length in range(longest, 0, -1):
        start, end = words[index].start, words[index + length - 1].end
        name = reading.lower[start:end]
        if name in lists.places:
            capital = reading.text[start].isupper()
            if not capital and (length == 1 and (name in lists.words or name in lists.given or len(name) < 5)):
                return 0
            return index + length
    return 0


def _guess_place(reading: Reading, index: int, lists: gazetteer.Gazetteer) -> Span | None:
    words = reading.words
    word = words[index]
    if reading.text[words[index - 1].end : word.start] != " " or word.lower in lists.words or word.lower in lists.given:
        return None
    end = index + 1
    while (
        end < len(words)
        and end - index < 3
        and words[end].text[0].isupper()
        and reading.text[words[end - 1].end : words[end].start] == " "
        and words[end].lower not in lists.words
    ):
        end += 1
    return Span(word.start, words[end - 1].end, Kind.PLACE, 0.62, "place_guessed")


def _read_organisation(reading: Reading, index: int) -> Span | None:
    """Read leftwards from a word like "Bank" over capitalised words and what joins them."""
    words, text = reading.words, reading.text
    start = index
    while start and index - start < 6:
        before = words[start - 1]
        gap = text[before.end : words[start].start]
        if gap not in (" ", " & ", "-", ". ") or not (
            before.text[0].isupper()
            or (before.lower in _JOINING and start - 1 > 0 and words[start - 2].text[0].isupper())
        ):
            break
        start -= 1
    while start < index and words[start].lower in (
        "the",
        "our",
        "my",
        "your",
        "this",
        "a",
        "and",
        "for",
        "of",
        "please",
        "contact",
        "dear",
        "hi",
    ):
        start += 1
    end = index + 1
    while (
        end < len(words)
        and end - index < 5
        and text[words[end - 1].end : words[end].start] in (" ", " & ")
        and (
            (words[end].lower in cues.ORGANISATIONS and words[end].text[0].isupper())
            or (words[end].lower == "of" and end + 1 < len(words) and words[end + 1].text[0].isupper())
            or (words[end - 1].lower == "of" and words[end].text[0].isupper())
        )
    ):
        end += 1
    if end - start < 2:
        return None
    stop = words[end - 1].end
    return Span(
        words[start].start,
        stop + (text[stop : stop + 1] == "." and words[end - 1].lower in ("inc", "ltd", "corp", "bros", "co")),
        Kind.ORGANISATION,
        0.76,
        "organisation",
    )
