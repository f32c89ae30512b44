"""In which order do passages answer a question? Meaning and words weighed against each other, passage by passage.

The two scores are added as evidence, not as ranks. BM25 is a sum of logarithms of rarity: where the question's words
are common in the collection its differences are small and meaning decides; where they are rare it speaks up. Ranks
(reciprocal rank fusion) or scores stretched to 0..1 throw exactly that away. Weights were chosen on eight judged sets
of very different kinds; any of them alone would have asked for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.knowledge.selectors.candidates import Candidate
from apps.knowledge.types import Encoder

# A long message repeats itself in many words; beyond this much, more of them is not more evidence.
MOST_WORDS = 40.0
# In a language the encoder does not know, its cosines tell little.
FOREIGN_WORD_WEIGHT = 0.04


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score, 0 to 1."""

    candidate: Candidate
    score: float


def rank(candidates: Sequence[Candidate], *, word_weight: float) -> list[Ranked]:
    """Return candidates by cosine + ``word_weight`` times BM25, best first; without vectors BM25 alone orders them."""
    most = max((candidate.lexical for candidate in candidates), default=0.0)
    scale = word_weight * min(1.0, MOST_WORDS / most) if most > 0 else 0.0
    # A passage that has no vector yet is taken to be as far as the farthest of the others.
    farthest = min((candidate.dense for candidate in candidates if candidate.dense is not None), default=0.0)
    perfect = 1.0 + word_weight * MOST_WORDS
    ranked = []
    for candidate in candidates:
        cosine = farthest if candidate.dense is None else candidate.dense
        ranked.append(Ranked(candidate, (max(cosine, 0.0) + scale * candidate.lexical) / perfect))
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.passage_id))


def word_weight_of(encoder: Encoder | None, text_configs: Sequence[str]) -> float:
    """Return what a point of BM25 is worth with ``encoder`` on documents in these languages."""
    if encoder is None:
        return 1.0
    if encoder.text_configs is None or encoder.text_configs & set(text_configs):
        return encoder.word_weight
    return max(encoder.word_weight, FOREIGN_WORD_WEIGHT)
