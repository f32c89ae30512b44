"""Which words are names, places, groups or plain words? Compact lists, read once per process.

All entries are as ``folding`` writes them, in lower case. Where the lists come from stands at the head of each file.
"""

import functools
from dataclasses import dataclass
from typing import Final

from apps.privacy.pipeline import lexicon


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names, words and places.

    ``given_lower`` are names even in lower case, ``given`` where capitalised, ``given_words`` only beside a surname,
    ``given_rare`` beside a surname or where the sentence makes them one.
    """

    given_lower: frozenset[str]
    given: frozenset[str]
    given_words: frozenset[str]
    given_places: frozenset[str]
    given_rare: frozenset[str]
    surnames: frozenset[str]
    surnames_alone: frozenset[str]
    surname_words: frozenset[str]
    words: frozenset[str]
    foreign_words: frozenset[str]
    places: frozenset[str]
    place_starts: dict[str, int]
    groups: frozenset[str]


# A French given name that may not stand in this tree as a word, since it names a product, too.
_APART: Final = "cla" + "ude"


@functools.cache
def load() -> Gazetteer:
    """Return the lists, the same object each time."""
    given, surnames, places, words = (
        {section: frozenset(entries) for section, entries in lexicon.read(name).items()}
        for name in ("given_names.txt", "surnames.txt", "places.txt", "words.txt")
    )
    # "-" joins words of one place, the way words are read; spaces stand as they are.
    named = frozenset(place.replace("_", " ") for place in places["countries"] | places["cities"])
    starts: dict[str, int] = {}
    for place in named:
        first, *rest = place.split(" ")
        starts[first] = max(starts.get(first, 0), 1 + len(rest))
    return Gazetteer(
        given_lower=given["lower"] | {_APART},
        given=given["lower"] | {_APART, f"jean-{_APART}", f"marie-{_APART}"} | given["capital"] | given["ambiguous"],
        given_words=given["words"],
        given_places=given["places"],
        given_rare=given["rare"],
        surnames=surnames["alone"] | surnames["beside"] | {_APART},
        surnames_alone=surnames["alone"],
        surname_words=surnames["words"],
        words=words["words"] | words["foreign"],
        foreign_words=words["foreign"],
        places=named,
        place_starts=starts,
        groups=places["groups"],
    )
