"""What is asked, word by word, and which words in the passages stand for these?"""

from collections.abc import Iterable

from apps.ai.providers.builtin import words
from apps.ai.types import DraftRequest

Credits = dict[int, float]  # index of a word in the question -> how well it is met, 0 to 1

SYNONYM = 0.6
# A stem inside another, as in German compounds: "versand" in "versandkost".
PART_OF_WORD, COMPOUND_PART = 0.7, 5
EARLIER_TURN = 0.35
FEW_WORDS = 3
MOST_WORDS = 24


class AskedWords:
    """The words of a question that say what it is about, with their stems and their weight in the question."""

    def __init__(self, request: DraftRequest) -> None:
        self.stems: list[str] = []
        self.factors: list[float] = []
        self._add(request.question, 1.0)
        if len(self.stems) < FEW_WORDS:
            # "and to Austria?" is about what was asked before.
            earlier = [turn.text for turn in request.turns if turn.author == "customer"]
            self._add(" ".join(earlier[-1:])[:500], EARLIER_TURN)
        self._met: dict[str, Credits] = {}

    def learn(self, vocabulary: set[str]) -> None:
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
                self.stems.append(stemmed)
                self.factors.append(factor)


_NONE: Credits = {}
