"""How is a document cut into passages? At headings and between sentences, small enough to be encoded whole."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from apps.knowledge.types import PassageDraft

# Part of every document's hash: a new number makes all passages anew at the next import.
VERSION = 1
PASSAGE_TOKENS = 200
# A passage shorter than this goes on past a heading: a line or two found alone says too little.
ENOUGH_TOKENS = 90
OVERLAP_TOKENS = 50
# Room kept for the repeated sentence when a section is divided evenly.
SPARED_TOKENS = 25
# What is prefixed to every encoded passage must leave room for the passage.
TITLE_CHARACTERS = 120
HEADING_CHARACTERS = 80
HEADING_LIMIT = 400
# Text without sentences or even spaces is cut by force; long enough for any sentence people write.
UNIT_CHARACTERS = 500
PASSAGE_CHARACTERS = 2000

# A full stop or its like, closing quotes, a blank; or the full stops of scripts that need no blank after them.
# The look-behind lets a run of dots be tried once, not once for each dot.
_SENTENCE_END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019\u00bb)\]]*+(?=\s)|[\u3002\uff01\uff1f\u0964\u061f]++"
)
_LIST_NUMBER = re.compile(r"\s{0,6}\d{1,3}\.")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(slots=True)
class _Unit:
    """What is never parted: a sentence, a line, or a forced cut of one. ``level`` is above 0 for headings."""

    start: int
    end: int
    level: int
    heading: str
    tokens: int = 0


def split_passages(*, title: str, body: str, count_tokens: CountTokens) -> list[PassageDraft]:
    """Cut ``body`` into passages of about 200 tokens; neighbours share a sentence where a section was cut.

    A document without a body is one passage holding its title. Linear in the length of ``body``.
    """
    units = _measure(body, list(_find_units(body)), count_tokens)
    if not units:
        return [PassageDraft(0, "", title, 0, 0, count_tokens([title])[0])] if title else []
    passages: list[PassageDraft] = []
    for run in _cut(units):
        start, end = units[run.start].start, units[run.stop - 1].end
        text = body[start:end]
        tokens = sum(unit.tokens for unit in units[run.start : run.stop])
        heading = _heading_of(units, run)
        passages.append(PassageDraft(len(passages), heading, text, start, end, tokens))
    return passages


def text_to_encode(*, title: str, heading: str, text: str) -> str:
    """Return what the encoder sees of a passage: it means more under its title and heading."""
    lines = [title[:TITLE_CHARACTERS], heading[-HEADING_CHARACTERS:], text]
    return "\n".join(line for line in lines if line)


def _find_units(body: str) -> Iterator[_Unit]:
    path: list[tuple[int, str]] = []
    position = 0
    for line in body.split("\n"):
        start, position = position, position + len(line) + 1
        match = _HEADING.match(line) if len(line) <= UNIT_CHARACTERS else None
        if match:
            level, text = len(match.group(1)), match.group(2).strip(" \t#")
            path = [(above, name) for above, name in path if above < level]
            path.append((level, text))
            heading = _join(path)
            yield _Unit(start, start + len(line), level, heading)
        else:
            heading = _join(path)
            yield from _find_sentences(body, start, start + len(line), heading)


def _join(path: list[tuple[int, str]]) -> str:
    return " > ".join(name for _, name in path if name)[:HEADING_LIMIT]


def _find_sentences(body: str, start: int, end: int, heading: str) -> Iterator[_Unit]:
    ends = [match.end() for match in _SENTENCE_END.finditer(body, start, end)]
    if not ends or ends[-1] < end:
        ends.append(end)
    for stop in ends:
        if _LIST_NUMBER.fullmatch(body, start, min(stop, start + 12)) and stop < end:
            continue
        for left, right in _force(body, start, stop):
            yield _Unit(left, right, 0, heading)
        start = stop


def _force(body: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of at most ``UNIT_CHARACTERS`` without blanks around them, cut at a blank where there is one."""
    while start < end:
        while start < end and body[start].isspace():
            start += 1
        stop = min(start + UNIT_CHARACTERS, end)
        if stop < end:
            blank = body.rfind(" ", start + UNIT_CHARACTERS // 2, stop)
            stop = blank if blank > start else stop
        right = stop
        while right > start and body[right - 1].isspace():
            right -= 1
        if right > start:
            yield start, right
        start = stop


def _measure(body: str, units: list[_Unit], count_tokens: CountTokens) -> list[_Unit]:
    """Count tokens, and part what is too long for one passage although it has few characters."""
    counts = count_tokens([body[unit.start : unit.end] for unit in units]) if units else []
    measured = []
    for unit, tokens in zip(units, counts, strict=True):
        pieces = max(1, -(-tokens // PASSAGE_TOKENS))
        width = -(-(unit.end - unit.start) // pieces)
        for left in range(unit.start, unit.end, width):
            right = min(left + width, unit.end)
            measured.append(_Unit(left, right, unit.level, unit.heading, -(-tokens // pieces)))
    return measured


def _cut(units: list[_Unit]) -> Iterator[range]:
    """Yield the units of each passage, as ranges of indexes."""
    section = 0
    for border in [*_borders(units), len(units)]:
        yield from _cut_section(units, section, border)
        section = border


def _borders(units: list[_Unit]) -> Iterator[int]:
    """Yield where a heading begins a new stretch: whenever the one before it has enough to stand alone."""
    tokens, words = 0, False
    for index, unit in enumerate(units):
        if unit.level and words and tokens >= ENOUGH_TOKENS:
            yield index
            tokens, words = 0, False
        tokens += unit.tokens
        words = words or not unit.level


def _cut_section(units: list[_Unit], start: int, end: int) -> Iterator[range]:
    """Cut one stretch into passages of about equal size, so that none is left with a few words."""
    total = sum(unit.tokens for unit in units[start:end])
    target = total / -(-total // (PASSAGE_TOKENS - SPARED_TOKENS)) if total > PASSAGE_TOKENS else PASSAGE_TOKENS
    first, tokens, fresh = start, 0, 0
    for index in range(start, end):
        unit = units[index]
        too_much = tokens + unit.tokens > PASSAGE_TOKENS or unit.end - units[first].start > PASSAGE_CHARACTERS
        if index > first and (too_much or fresh >= target):
            yield range(first, index)
            first, fresh = _overlap(units, first, index), 0
            tokens = sum(kept.tokens for kept in units[first:index])
        tokens += unit.tokens
        fresh += unit.tokens
    yield range(first, end)


def _overlap(units: list[_Unit], first: int, index: int) -> int:
    """Return where the next passage begins: at the sentence before the cut, if it is short and not all there is."""
    previous = units[index - 1]
    repeats = index - 1 > first and not previous.level and previous.tokens <= OVERLAP_TOKENS
    fits = repeats and previous.tokens + units[index].tokens <= PASSAGE_TOKENS
    return index - 1 if fits else index


def _heading_of(units: list[_Unit], run: range) -> str:
    """Return the heading over the first words of a passage, not that of a title standing above them."""
    words = next((units[index] for index in run if not units[index].level), units[run.start])
    return words.heading
