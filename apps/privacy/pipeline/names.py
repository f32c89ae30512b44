"""Where do names of people stand? Introductions, fields, titles, signatures, the lists of names, and what is known.

A name is judged by its words and by what stands around them; the clearer the surroundings, the less the words need to
be known. Capitals count for much, but texts in lower case are read, too.
"""

from collections.abc import Iterator
from typing import Final

from apps.privacy.pipeline import cues, gazetteer, introductions
from apps.privacy.pipeline.lens import Lens
from apps.privacy.pipeline.reading import Reading, Word
from apps.privacy.types import Kind, Span

_MOST_PARTS: Final = 6
_INTRODUCED, _CALLED, _FULL, _GIVEN, _ALONE, _LOWER, _GUESSED = 0.95, 0.9, 0.88, 0.72, 0.6, 0.58, 0.56
_TITLE_GAPS: Final = frozenset({" ", ". ", ".", "  ", ".  "})
_NO_ARTICLE: Final = frozenset(
    {
        "the",
        "a",
        "an",
        "our",
        "your",
        "this",
        "these",
        "that",
        "those",
        "another",
        "new",
        "el",
        "la",
        "le",
        "les",
        "los",
        "der",
        "die",
        "das",
        "een",
        "het",
    }
)
# Particles that are articles as well: "Anna, das Paket".
_ARTICLES: Final = frozenset({"das", "der", "die", "den", "le", "la", "el", "e"})
Found = tuple[int, Span | None]


def find(reading: Reading) -> Iterator[Span]:
    """Yield names, forms of address, and organisations that carry names."""
    if reading.words:
        yield from _Tagger(Lens(reading, gazetteer.load())).find()


class _Tagger:
    """Reads the words of one text from left to right."""

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self.text = lens.text
        self.words = lens.words
        self.lists = lens.lists
        self.parts: set[str] = set()
        # Where the last name ended, for those that are joined to it.
        self.ended = -1

    def find(self) -> Iterator[Span]:
        spans: list[Span] = []
        index = 0
        while index < len(self.words):
            end, span = self._read(index)
            if span is not None:
                spans.append(span)
                if span.kind is Kind.NAME:
                    self.ended = end
                    if span.score >= _GIVEN:
                        self._remember(index, end)
            index = max(end, index + 1)
        yield from spans
        if self.parts:
            yield from self._find_again(spans)

    # One word -------------------------------------------------------------------------------------------------

    def _read(self, index: int) -> Found:
        """Return where to go on, and the name that begins at a word, if one does."""
        word, lens = self.words[index], self.lens
        lower = word.lower
        if lower in cues.TITLES and (title := self._read_title(index)) is not None:
            return index + 1, title
        cue = introductions.find_cue(lens, index)
        if cue and introductions.opens(lens, index, cue):
            end = self._extend(index, introduced=True)
            score = _INTRODUCED if cue == introductions.STRONG else _CALLED
            return end, self._make(index, end, score, "called")
        if lens.is_capital(word):
            return self._read_capital(index)
        if lower in self.lists.given_lower and not lens.is_spared(word):
            end = self._extend(index)
            return end, self._make(index, end, _GIVEN if end > index + 1 else _LOWER, "lower")
        return index + 1, None

    def _read_title(self, index: int) -> Span | None:
        word, lens = self.words[index], self.lens
        if index + 1 >= len(self.words):
            return None
        following = self.words[index + 1]
        gap = self.text[word.end : following.start]
        if gap not in _TITLE_GAPS or not introductions.opens(lens, index + 1, introductions.TITLE):
            return None
        return Span(word.start, word.end + gap.startswith("."), Kind.TITLE, 0.7, "title")

    def _read_capital(self, index: int) -> Found:
        word, lists = self.words[index], self.lists
        lower = word.lower
        if lower in cues.CLOSINGS:
            return index + 1, None
        is_named = self.lens.is_given(lower) and self.lens.is_surnamed(index)  # "Alexa Johnson" is somebody
        if (self.lens.is_spared(word) or lower in cues.BRANDS) and not is_named:
            return self._skip_run(index), None
        if self.lens.is_acronym(index):
            return index + 1, None
        if lower in lists.given_places:
            return self._read_place_name(index)
        if lower in lists.given:
            return self._read_given(index)
        if lower in lists.given_words:
            return self._read_given_word(index)
        if lower in lists.given_rare:
            return self._read_given_rare(index)
        if self._is_joined(index) and (lower in lists.surname_words or self.lens.is_surname(lower)):
            end = self._extend(index)
            return end, self._make(index, end, _ALONE, "joined")
        return self._read_surname(index)

    def _read_given(self, index: int) -> Found:
        lower = self.words[index].lower
        end = self._extend(index)
        if self.lens.german and end > index + 1 and not self._has_surname(index + 1, end):
            end = index + 1
        if end == index + 1:
            before = self.lens.get_before(index)
            if self.lens.german and lower not in self.lists.given_lower:
                return end, None
            if (lower in self.lists.places and self._is_place_here(index)) or before in _NO_ARTICLE:
                return end, None
        return end, self._make(index, end, _FULL if end > index + 1 else _GIVEN, "given")

    def _read_given_word(self, index: int) -> Found:
        lower = self.words[index].lower
        end = self._extend(index)
        surnamed = self._has_surname(index + 1, end) or self._has_surname_word(index + 1, end)
        if (
            end > index + 1
            and (surnamed or not self._opens_sentence(end))
            and not (self.lens.begins(index) and lower in cues.OPENING_WORDS and self._opens_sentence(end))
        ):
            return end, self._make(index, end, _GIVEN, "given_word")
        if lower not in cues.OPENING_WORDS and self.lens.get_after(index + 1) in cues.HUMAN_VERBS:
            return index + 1, self._make(index, index + 1, _GUESSED, "acting")
        return index + 1, None

    def _read_given_rare(self, index: int) -> Found:
        """Read a name few people have: alone it may as well be a product, unless the sentence treats it as a person."""
        lens, end = self.lens, self._extend(index)
        if end > index + 1 and self._has_surname(index + 1, end):
            return end, self._make(index, end, _GIVEN, "given_rare")
        if lens.get_after(index + 1) in cues.HUMAN_VERBS:
            return index + 1, self._make(index, index + 1, _GUESSED, "acting")
        return self._read_surname(index)

    def _opens_sentence(self, end: int) -> bool:
        """Say whether "Will Turner …" may be a question rather than a person: nothing that people do follows."""
        return self.lens.get_after(end) not in cues.HUMAN_VERBS

    def _read_place_name(self, index: int) -> Found:
        """Read a name that is a place as well: what stands around it decides."""
        end = self._extend(index)
        lower = self.words[index].lower
        before, after = self.lens.get_before(index), self.lens.get_after(end)
        if end > index + 1:
            return end, self._make(index, end, _GIVEN, "given_place")
        if after in cues.HUMAN_VERBS and before not in cues.PLACE_BEFORE:
            return end, self._make(index, end, _GIVEN, "given_place")
        if before in cues.PLACE_BEFORE or before == "the" or lower not in cues.NAMELIKE_PLACES:
            return end, None
        if before in cues.PERSON_BEFORE or after in cues.PERSONAL_VERBS or after.endswith("ed"):
            return end, self._make(index, end, _GIVEN, "given_place")
        if after and self.words[end].text[0].isupper():
            return end, None
        return end, self._make(index, end, _ALONE, "given_place")

    def _read_surname(self, index: int) -> Found:
        word, lens = self.words[index], self.lens
        lower, end = word.lower, index + 1
        if len(lower) == 1 and lower != "i" and (initials := self._read_initials(index)):
            return initials, self._make(index, initials, _GIVEN, "initials")
        if (
            lens.is_common(lower)
            or lower in self.lists.groups
            or len(lower) < 3
            or lower in cues.FIELDS
            or lower in self.lists.places
        ):
            return end, None
        if lens.german:
            return end, None
        following = self.words[end] if lens.get_after(end) else None
        if following is not None and lens.is_capital(following):
            return self._read_unknown_pair(index, following)
        if self._is_called_here(index):
            return end, self._make(index, end, _GUESSED, "around")
        if not lens.is_surname(lower) or (lower not in self.lists.surnames_alone and lower in self.lists.surnames):
            return end, None
        if word.text.isupper() or self._is_place_here(index) or lens.get_before(index) in _NO_ARTICLE:
            return end, None
        return end, self._make(index, end, _ALONE, "surname_alone")

    def _read_unknown_pair(self, index: int, following: Word) -> Found:
        """Read an unknown capitalised word with another after it."""
        lens, end = self.lens, index + 1
        if following.lower in cues.ORGANISATIONS:
            return self._skip_run(index), None
        if len(following.text) == 1 and following.text != "I" and (initials := self._read_initials(end)):
            return initials, self._make(index, initials, _GIVEN, "initials")
        if lens.is_name_like(following) and lens.is_surname(following.lower):
            end = self._extend(index)
            return end, self._make(index, end, _GIVEN, "surname")
        end = self._extend(index)
        if end == index + 1 or self.words[index].text.isupper():
            return index + 1, None
        words = [word.lower for word in self.words[index:end]]
        if any(lens.is_common(lower) or lower in self.lists.places for lower in words):
            return index + 1, None
        expected = (
            lens.get_before(index) in cues.PERSON_BEFORE
            or introductions.precedes_mail(lens, following)
            or self._fills_line(index)
        )
        if expected or self._is_unheard_of(index, end):
            return end, self._make(index, end, _GUESSED, "pair")
        return index + 1, None

    def _is_unheard_of(self, index: int, end: int) -> bool:
        """Say whether two words stand here that nobody uses, as names are: not a product's, a tag or a place."""
        words = self.words[index:end]
        return (
            len(words) == 2
            and all(word.text[1:].islower() and not self.lens.is_inflected(word.lower) for word in words)
            and self.text[max(0, words[0].start - 1) : words[0].start] not in ("#", "_", "@")
            and self.lens.get_before(index) not in _NO_ARTICLE
            and not self._is_place_here(index)
        )

    def _fills_line(self, index: int) -> bool:
        """Say whether only capitalised words stand on a word's line, as at the head of a letter."""
        start = self.words[index].start
        if start and self.text[start - 1] != "\n" and self.text[max(0, start - 2) : start] != "> ":
            return False
        end = self.text.find("\n", start, start + 60)
        line = self.text[start : end if end >= 0 else start + 60]
        return end >= 0 and len(line.split()) <= 4 and line.replace(" ", "").replace(".", "").replace("-", "").isalpha()

    def _is_called_here(self, index: int) -> bool:
        """Say whether an unknown word is spoken to, acts like a person, or has an e-mail address."""
        lens, word = self.lens, self.words[index]
        if word.text.isupper() or any(lens.is_inflected(part) for part in word.lower.split("-")):
            return False
        if introductions.precedes_mail(lens, word):
            return True
        if lens.get_after(index + 1) in cues.HUMAN_VERBS:
            return True
        if not lens.begins(index):
            return False
        return (
            index + 1 < len(self.words)
            and self.text[word.end : self.words[index + 1].start] == ", "
            and self.words[index + 1].lower in cues.ADDRESSING
        )

    # How far ---------------------------------------------------------------------------------------------------

    def _extend(self, index: int, *, introduced: bool = False) -> int:
        """Return the word after the name that begins at ``index``; one that is introduced may have unheard parts."""
        end = index + 1
        small = not self.lens.is_capital(self.words[index])
        while end < len(self.words) and end - index < _MOST_PARTS and self.lens.follows(end):
            step = self._measure_part(end, small=small, introduced=introduced, is_second=end == index + 1)
            if not step:
                break
            end += step
        return self._trim(index, min(end, len(self.words)))

    def _measure_part(self, index: int, *, small: bool, introduced: bool, is_second: bool) -> int:
        """Return how many words go on with a name at ``index``: 0 where it ends before."""
        word, lens = self.words[index], self.lens
        lower = word.lower
        if (
            lower in cues.PARTICLES
            and lens.get_after(index + 1)
            and (count := self._measure_particle(index, small=small))
        ):
            return count
        if lens.is_capital(word):
            return int(lens.is_name_like(word) or self._is_in_the_middle(index))
        if not small or lens.is_spared(word):
            return 0
        if len(lower) == 1:
            return self._measure_small_initial(index)
        if lower in self.lists.given:
            # "peter johnson", but not "emma ryan sophie".
            return int(is_second and lens.is_surname(lower))
        return int(self._is_small_surname(lower, introduced=introduced))

    def _measure_particle(self, index: int, *, small: bool) -> int:
        """Return how many words a particle and what follows add to a name, as in "von der Leyen"."""
        lens, lower, following = self.lens, self.words[index].lower, self.words[index + 1]
        if lens.german and lower in _ARTICLES:
            return 0
        if lens.is_capital(following) and (lens.is_name_like(following) or following.lower not in cues.NEVER):
            return 2
        if following.lower in cues.PARTICLES and lens.get_after(index + 2):
            return 3 if lens.is_capital(self.words[index + 2]) else 0
        return 2 if small and lower not in _ARTICLES and lens.is_surname(following.lower) else 0

    def _is_small_surname(self, lower: str, *, introduced: bool) -> bool:
        """Say whether a word in lower case goes on with a name; after an introduction it need not be known."""
        lens = self.lens
        if lower in self.lists.surname_words:
            return lower not in cues.SMALL_WORDS
        if lens.is_surname(lower):
            return len(lower) > 3 and not lens.is_common(lower)
        return introduced and len(lower) > 4 and lower not in cues.SLANG and not lens.is_inflected(lower)

    def _is_in_the_middle(self, index: int) -> bool:
        """Say whether a plain word stands between a name and a surname, or after an initial."""
        word, lens = self.words[index], self.lens
        if lens.is_spared(word) or word.lower in cues.NEVER or word.lower in cues.ORGANISATIONS:
            return False
        if len(self.words[index - 1].text) == 1 and len(word.text) > 2:
            return True
        after = lens.get_after(index + 1)
        return (
            bool(after)
            and lens.is_capital(self.words[index + 1])
            and after in self.lists.surnames
            and len(word.text) > 2
        )

    def _measure_small_initial(self, index: int) -> int:
        after = self.lens.get_after(index + 1)
        return 2 if self.words[index].lower != "i" and len(after) > 3 and not self.lens.is_inflected(after) else 0

    def _trim(self, index: int, end: int) -> int:
        """Leave off what cannot end a name: single letters of the next sentence, particles."""
        while end > index + 1:
            last = self.words[end - 1]
            particle = last.lower in cues.PARTICLES and not self.lens.is_capital(last)
            if not particle and not (last.text in ("I", "A", "a") or last.lower == "i"):
                break
            end -= 1
        return end

    def _read_initials(self, index: int) -> int:
        """Return the word after "J. K. Rowling" or "M. Shaw", 0 where it is none."""
        end = index + 1
        while end < len(self.words) and end - index < 3 and self.lens.follows(end) and len(self.words[end].text) == 1:
            end += 1
        if not self.lens.get_after(end) or not self.lens.is_capital(self.words[end]):
            return 0
        surname = self.words[end]
        if "." not in self.text[self.words[index].end : surname.start] and not self.lens.is_surname(surname.lower):
            return 0
        known = self.lens.is_surname(surname.lower) or surname.lower in self.lists.surname_words
        return (
            end + 1
            if known
            or (not self.lens.is_common(surname.lower) and len(surname.text) > 2 and not surname.text.isupper())
            else 0
        )

    # Small questions -------------------------------------------------------------------------------------------

    def _is_joined(self, index: int) -> bool:
        """Say whether "and", "&" or a comma joins a word to the name just before it."""
        if not index or self.ended < 0:
            return False
        if self.ended == index:
            return self.text[self.words[index - 1].end : self.words[index].start] in (", ", " & ")
        return self.ended == index - 1 and self.words[index - 1].lower in ("and", "und", "et", "y", "e", "en")

    def _is_place_here(self, index: int) -> bool:
        return self.lens.get_before(index) in ("in", "near", "at", "downtown", "visit")

    def _has_surname(self, start: int, end: int) -> bool:
        return any(
            self.lens.is_surname(word.lower) or (not self.lens.is_common(word.lower) and len(word.text) > 2)
            for word in self.words[start:end]
        )

    def _has_surname_word(self, start: int, end: int) -> bool:
        """Say whether a plain word among these is a surname too, and no colour or thing: "Miller", not "Gold"."""
        surnames = self.lists.surname_words
        return any(word.lower in surnames and word.lower not in cues.SMALL_WORDS for word in self.words[start:end])

    def _skip_run(self, index: int) -> int:
        """Return the word after a run of capitalised words: what belongs to a brand is not looked at again."""
        end = index + 1
        while (
            end < len(self.words)
            and self.lens.follows(end)
            and self.lens.is_capital(self.words[end])
            and end - index < _MOST_PARTS
        ):
            end += 1
        return end

    def _make(self, index: int, end: int, score: float, scheme: str) -> Span:
        stop = self.words[end - 1].end
        after = self.lens.get_after(end)
        if after in cues.ORGANISATIONS and self.lens.is_capital(self.words[end]):
            if scheme == "called":
                return Span(self.words[index].start, self.words[end].end, Kind.NAME, score, scheme)
            return Span(self.words[index].start, self.words[end].end, Kind.ORGANISATION, 0.75, "organisation")
        if self.text[stop : stop + 1] == "." and len(self.words[end - 1].text) == 1:
            stop += 1
        return Span(self.words[index].start, stop, Kind.NAME, score, scheme)

    # The same person again ---------------------------------------------------------------------------------------

    def _remember(self, index: int, end: int) -> None:
        for word in self.words[index:end]:
            if len(word.text) > 2 and not self.lens.is_common(word.lower) and word.lower not in cues.PARTICLES:
                self.parts.add(word.lower)

    def _find_again(self, spans: list[Span]) -> Iterator[Span]:
        """Yield the places where a part of a name stands again."""
        inside = iter(sorted(spans, key=lambda span: span.start))
        current = next(inside, None)
        for word in self.words:
            while current is not None and current.end <= word.start:
                current = next(inside, None)
            if (
                word.lower in self.parts
                and self.lens.is_capital(word)
                and not (current is not None and current.start <= word.start)
            ):
                yield Span(word.start, word.end, Kind.NAME, 0.7, "again")
