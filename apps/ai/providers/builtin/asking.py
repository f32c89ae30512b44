"""What is asked, word by word, and which words in the passages stand for these?"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from apps.ai.providers.builtin import words
from apps.ai.types import DraftRequest

Credits = dict[int, float]  # index of a word in the question -> how well it is met, 0 to 1
# One unit vector a word: words of like meaning lie close together ("xmas" and "Christmas", "Dublin" and "Ireland").
WordVectors = Callable[[Sequence[str]], NDArray[np.float32]]

SYNONYM = 0.6
# A stem inside another, as in German compounds: "versand" in "versandkost".
PART_OF_WORD, COMPOUND_PART = 0.7, 5
# A cosine from which two words have to do with one another, one at which they mean the same, and what that is worth.
RELATED, ALIKE, ALIKE_CREDIT = 0.2, 0.62, 1.0
EARLIER_TURN = 0.35
FEW_WORDS = 3
MOST_WORDS = 24
LATIN_ENDS = "\u0250"
CACHED_WORDS = 8_000


class AskedWords:
    """The words of a question that say what it is about, with their stems and their weight in the question."""

    def __init__(self, request: DraftRequest) -> None:
        self.words: list[str] = []
        self.stems: list[str] = []
        self.factors: list[float] = []
        self._add(request.question, 1.0)
        if len(self.stems) < FEW_WORDS:
            # "and to Austria?" is about what was asked before.
            earlier = [turn.text for turn in request.turns if turn.author == "customer"]
            self._add(" ".join(earlier[-1:])[:500], EARLIER_TURN)
        self._met: dict[str, Credits] = {}

    def learn(self, vocabulary: set[str], vectors: WordVectors | None) -> None:
        """Work out which of these words stand for which words of the question."""
        exact = {stemmed: index for index, stemmed in enumerate(self.stems)}
        like: dict[str, Credits] = {}
        for index, stemmed in enumerate(self.stems):
            for synonym in words.synonyms(stemmed):
                like.setdefault(synonym, {})[index] = SYNONYM
        long = [(index, stemmed) for index, stemmed in enumerate(self.stems) if len(stemmed) >= COMPOUND_PART]
        for word in vocabulary:
            stemmed = words.stem(word)
            met = dict(like.get(stemmed, _NONE))
            if len(stemmed) >= COMPOUND_PART:
                for index, asked in long:
                    if asked in stemmed or stemmed in asked:
                        met[index] = PART_OF_WORD
            if stemmed in exact:
                met[exact[stemmed]] = 1.0
            if met:
                self._met[word] = met
        if vectors is not None:
            self._learn_alike(vocabulary, vectors)

    def credits_in(self, found: Iterable[str]) -> Credits:
        """Return how well each word of the question is met in a text with these words."""
        best: Credits = {}
        for word in found:
            for index, credit in self._met.get(word, _NONE).items():
                if credit > best.get(index, 0.0):
                    best[index] = credit
        return best

    def _add(self, text: str, factor: float) -> None:
        for word in dict.fromkeys(words.content_tokens(text)):
            stemmed = words.stem(word)
            if stemmed not in self.stems and len(self.stems) < MOST_WORDS:
                self.words.append(word)
                self.stems.append(stemmed)
                self.factors.append(factor)

    def _learn_alike(self, vocabulary: set[str], vectors: WordVectors) -> None:
        asked = [index for index, word in enumerate(self.words) if _has_meaning(word)]
        found = [word for word in vocabulary if _has_meaning(word)]
        if not asked or not found:
            return
        matrix = vectors(found)
        for index, vector in zip(asked, vectors([self.words[index] for index in asked]), strict=True):
            # One word at a time: a product of two matrices would wake the threads of the linear algebra library.
            cosines = matrix @ vector
            for row in np.flatnonzero(cosines > RELATED):
                credit = ALIKE_CREDIT * min(1.0, (float(cosines[row]) - RELATED) / (ALIKE - RELATED))
                word = found[row]
                if credit > self._met.get(word, _NONE).get(index, 0.0):
                    self._met[word] = {**self._met.get(word, _NONE), index: credit}


class CachedVectors:
    """Word vectors that remember: support articles use the same few thousand words over and over."""

    def __init__(self, source: WordVectors) -> None:
        self._source = source
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, asked: Sequence[str]) -> NDArray[np.float32]:
        # When full, a new dictionary takes the place of the old one, which other threads may still be reading.
        if len(self._known) > CACHED_WORDS:
            self._known = {}
        known = self._known
        missing = [word for word in asked if word not in known]
        if missing:
            known.update(zip(missing, self._source(missing), strict=True))
        return np.stack([known[word] for word in asked])


def _has_meaning(word: str) -> bool:
    """Whether a vector can say something: light encoders know words in Latin letters, and spell out the others."""
    return len(word) > 2 and not word[0].isdigit() and word[0] < LATIN_ENDS


_NONE: Credits = {}
