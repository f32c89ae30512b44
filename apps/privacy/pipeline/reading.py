"""What do all recognisers look at? One folded text with its words, read once."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from apps.privacy.types import KnownIdentities

WORD: Final = re.compile(r"[^\W\d_]+(?:['-](?!s\b)[^\W\d_]+)*")
_SEPARATORS: Final = " \t.()/[]*-"
_RUN: Final = re.compile(r"\d[\d \t.()/\[\]*-]*")
_PHRASE_GAP: Final = re.compile(r"[ '-]{1,2}| & ")
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
    own_words: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

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
        """Where the organisation's own words stand, from the first to the last word of each."""
        places: list[tuple[int, int]] = []
        for index, word in enumerate(self.words if self.own_words else ()):
            for phrase in self.own_words.get(word.lower, ()):
                run = self.words[index : index + len(phrase)]
                if tuple(one.lower for one in run) == phrase and self._is_one_phrase(run):
                    places.append((word.start, run[-1].end))
                    break
        return places

    def _is_one_phrase(self, run: "list[Word]") -> bool:
        """Say whether nothing ends between these words: "Rose. Gold" and "Rose, gold" are not "Rose Gold"."""
        return all(
            _PHRASE_GAP.fullmatch(self.text, before.end, after.start) for before, after in itertools.pairwise(run)
        )

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
