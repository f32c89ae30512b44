"""What do all recognisers look at? One folded text with its words, read once."""

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from apps.privacy.types import KnownIdentities

WORD: Final = re.compile(r"[^\W\d_]+(?:['-](?!s\b)[^\W\d_]+)*")
_SEPARATORS: Final = " \t.()/[]*-"
_RUN: Final = re.compile(r"\d[\d \t.()/\[\]*-]*")
# How far before and after a number words still speak of it.
BEFORE, AFTER = 70, 25


@dataclass(frozen=True, slots=True)
class Word:
    """A word of letters: where it stands, as written and in lower case."""

    start: int
    end: int
    text: str
    lower: str


@dataclass(frozen=True, slots=True)
class Run:
    """Digits with what usually stands between them: where they begin and end, and how many there are."""

    start: int
    end: int
    digits: int


@dataclass(frozen=True)
class Reading:
    """A folded text, and what is known beside it."""

    text: str
    known: KnownIdentities
    region: str | None
    spared: frozenset[str] = field(default_factory=frozenset)
    own_words: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)

    @cached_property
    def lower(self) -> str:
        """The text in lower case, of the same length."""
        return self.text.lower()

    @cached_property
    def words(self) -> list[Word]:
        """The words in order."""
        return [Word(found.start(), found.end(), found[0], found[0].lower()) for found in WORD.finditer(self.text)]

    @cached_property
    def runs(self) -> list[Run]:
        """The runs of digits in order."""
        return [
            Run(found.start(), found.start() + len(found[0].rstrip(_SEPARATORS)), sum(map(str.isdigit, found[0])))
            for found in _RUN.finditer(self.text)
        ]

    @cached_property
    def own_places(self) -> list[tuple[int, int]]:
        """Where the organisation's own words stand as they are written, in order and without overlaps."""
        places: list[tuple[int, int]] = []
        for word in self.words if self.own_words else ():
            for ahead, phrase in self.own_words.get(word.lower, ()):
                start, end = word.start - ahead, word.start - ahead + len(phrase)
                if start < (places[-1][1] if places else 0) or not self.lower.startswith(phrase, start):
                    continue
                if not self.lower[max(0, start - 1) : start].isalnum() and not self.lower[end : end + 1].isalnum():
                    places.append((start, end))
                    break
        return places

    @cached_property
    def own_starts(self) -> frozenset[int]:
        """Where the words begin that stand in the organisation's own ones."""
        starts = [word.start for word in self.words] if self.own_places else []
        return frozenset(
            one
            for start, end in self.own_places
            for one in starts[bisect.bisect_left(starts, start) : bisect.bisect_left(starts, end)]
        )

    def is_own(self, start: int, end: int) -> bool:
        """Say whether a stretch lies within the organisation's own words."""
        index = bisect.bisect_right(self.own_places, (start, len(self.text))) - 1
        return index >= 0 and end <= self.own_places[index][1]

    @property
    def has_digits(self) -> bool:
        """Whether there is any digit at all."""
        return bool(self.runs)

    def before(self, start: int, reach: int = BEFORE) -> str:
        """Return what stands before a place, in lower case."""
        return self.lower[max(0, start - reach) : start]

    def after(self, end: int, reach: int = AFTER) -> str:
        """Return what stands after a place, in lower case."""
        return self.lower[end : end + reach]
