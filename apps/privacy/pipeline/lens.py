"""How does a word look where names are sought? Its capital, its lists, its neighbours: small questions, one place."""

import re
from typing import Final

from apps.privacy.pipeline import cues
from apps.privacy.pipeline.gazetteer import Gazetteer
from apps.privacy.pipeline.reading import Reading, Word

_SENTENCE_GAP: Final = re.compile(r"[.!?:;\n\r|\"*>#(\[~]|\d\s*\Z")
# Of a text in which more words than this are in capitals, capitals say nothing.
_SHOUTING: Final = 0.6
# "you're" and "I'm" are as common as "you" and "I".
_CONTRACTED: Final = re.compile(r"(.+)'(?:re|m|ve|ll|d|t|s)\Z")
_ENDINGS: Final = ("s", "es", "ed", "d", "ing", "ly", "er", "r", "ers", "rs", "y", "in")
_VOWEL: Final = re.compile(r"[aeiouy]")
_STRETCHED: Final = re.compile(r"(.)\1\1")


class Lens:
    """One text's words beside the lists."""

    def __init__(self, reading: Reading, lists: Gazetteer) -> None:
        self.reading = reading
        self.text = reading.text
        self.words = reading.words
        self.lists = lists
        capital = sum(word.text.isupper() and len(word.text) > 1 for word in self.words)
        self.german = sum(word.lower in cues.GERMAN for word in self.words) > 1
        self.shouted = len(self.words) > 3 and capital > _SHOUTING * len(self.words)

    def is_capital(self, word: Word) -> bool:
        """Say whether a word begins with a capital that means something."""
        return not self.shouted and word.text[0].isupper()

    def is_acronym(self, index: int) -> bool:
        """Say whether a short word in capitals stands among others that are not."""
        word = self.words[index]
        if not word.text.isupper() or not 1 < len(word.text) <= 4:
            return False
        return not (index + 1 < len(self.words) and self.follows(index + 1) and self.words[index + 1].text.isupper())

    def is_spared(self, word: Word) -> bool:
        """Say whether the organisation itself uses the word, alone or where it stands."""
        return word.lower in self.reading.spared or word.start in self.reading.own_starts

    def is_listed(self, lower: str) -> bool:
        """Say whether a word is a name in any of the lists."""
        lists = self.lists
        return (
            lower in lists.given
            or lower in lists.surnames
            or lower in lists.given_words
            or lower in lists.given_places
            or lower in lists.surname_words
        )

    def is_given(self, lower: str) -> bool:
        """Say whether a word is a given name, often or seldom."""
        lists = self.lists
        return (
            lower in lists.given
            or lower in lists.given_rare
            or lower in lists.given_words
            or lower in lists.given_places
            or ("-" in lower and all(part in lists.given for part in lower.split("-")))
        )

    def is_common(self, lower: str) -> bool:
        """Say whether a word is a plain one, contracted or not."""
        if lower in self.lists.words:
            return True
        if "'" not in lower:
            return False
        contracted = _CONTRACTED.match(lower)
        return contracted is not None and (contracted[1] in self.lists.words or len(contracted[1]) < 2)

    def is_inflected(self, lower: str) -> bool:
        """Say whether a word is a plain one with an ending, or no word at all ("sooo")."""
        words = self.lists.words
        if self.is_common(lower) or _STRETCHED.search(lower) or not _VOWEL.search(lower):
            return True
        for ending in _ENDINGS:
            if lower.endswith(ending):
                stem = lower[: -len(ending)]
                if stem in words or stem + "e" in words or (stem[-1:] == stem[-2:-1] and stem[:-1] in words):
                    return True
        return False

    def is_surname(self, lower: str) -> bool:
        """Say whether a word is a surname, by the lists, by its ending, or in both of its parts."""
        if lower in self.lists.surnames or cues.SUFFIX_SURNAME.match(lower) is not None:
            return True
        if "-" in lower:
            parts = lower.split("-")
            return all(
                part in self.lists.surnames or part in self.lists.given or part in self.lists.surname_words
                for part in parts
            )
        return False

    def is_surnamed(self, index: int) -> bool:
        """Say whether a surname follows: one that may be a plain word as well, but no brand and no colour."""
        following = self.words[index + 1] if self.get_after(index + 1) else None
        if following is None or not self.is_capital(following):
            return False
        lower = following.lower
        listed = lower in self.lists.surname_words or self.is_surname(lower)
        return listed and lower not in cues.SMALL_WORDS and lower not in cues.BRANDS

    def follows(self, index: int) -> bool:
        """Say whether a word goes on directly after the one before it."""
        if not index:
            return False
        before, word = self.words[index - 1], self.words[index]
        gap = self.text[before.end : word.start]
        if gap in (" ", "-", "  "):
            return True
        return gap in (". ", ".") and (
            len(before.text) == 1 or before.lower in cues.TITLES or before.lower in ("jr", "sr", "st")
        )

    def begins(self, index: int) -> bool:
        """Say whether a sentence, line or field begins at a word."""
        if index == 0:
            return True
        return _SENTENCE_GAP.search(self.text[self.words[index - 1].end : self.words[index].start]) is not None

    def get_before(self, index: int) -> str:
        """Return the word directly before, in lower case, or nothing."""
        return self.words[index - 1].lower if index and self.follows(index) else ""

    def get_after(self, index: int) -> str:
        """Return the word at an index, in lower case, if it follows directly, or nothing."""
        return self.words[index].lower if index < len(self.words) and self.follows(index) else ""

    def ends_text(self, index: int) -> bool:
        """Say whether at most three words remain."""
        return len(self.words) - index <= 3

    def is_name_like(self, word: Word) -> bool:
        """Say whether a capitalised word may go on with a name."""
        lower, lists = word.lower, self.lists
        if len(lower) == 1 or lower in cues.SUFFIXES:
            return word.text.isupper() or lower in cues.SUFFIXES
        if self.is_spared(word):
            # "Peter Miller" has his name from his parents, whatever the shop is called.
            return lower in lists.surnames or lower in lists.surname_words
        if lower in cues.ORGANISATIONS or lower in lists.groups or lower in cues.TITLES:
            return False
        if self.is_common(lower):
            return lower in lists.surname_words or lower in lists.given or lower in lists.foreign_words
        return (
            lower not in lists.places or lower in lists.surnames or lower in lists.given or lower in lists.given_places
        )
