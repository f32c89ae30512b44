"""What does the organisation know about it? Passages good enough to rest an answer on."""

from apps.ai.types import Grounding, GroundingPassage, Question
from apps.knowledge.services import searching as knowledge_searching
from apps.knowledge.types import Hit

PASSAGE_LIMIT = 8
# Below both of these a passage is about something else. Between them and the strong marks it may help beside others.
WEAK_DENSE, STRONG_DENSE = 0.30, 0.62
WEAK_COVERAGE, STRONG_COVERAGE = 0.34, 0.80


def retrieve(question: Question) -> Grounding:
    """Search the live knowledge of the organisation in scope; weak passages are left out, so there may be none."""
    if not question.has_words:
        return Grounding(
            passages=(), confidence=0.0, epoch=0, encode_ms=0.0, search_ms=0.0, considered=0, degraded=False
        )
    found = knowledge_searching.search_passages(query=question.query, limit=PASSAGE_LIMIT)
    kept = [hit for hit in found.hits if _strength(hit) > 0]
    return Grounding(
        passages=tuple(_as_grounding(number, hit) for number, hit in enumerate(kept, start=1)),
        confidence=max((_strength(hit) for hit in kept), default=0.0),
        epoch=found.epoch,
        encode_ms=found.encode_ms,
        search_ms=found.search_ms,
        considered=len(found.hits),
        degraded=found.degraded,
    )


def _strength(hit: Hit) -> float:
    """Return how likely the passage is about the question, 0 to 1: the mean of meaning and wording, each scaled."""
    coverage = _scaled(hit.coverage, WEAK_COVERAGE, STRONG_COVERAGE)
    if hit.dense is None:
        return coverage
    return (_scaled(hit.dense, WEAK_DENSE, STRONG_DENSE) * 2 + coverage) / 3


def _scaled(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _as_grounding(number: int, hit: Hit) -> GroundingPassage:
    return GroundingPassage(
        n=number,
        passage_id=hit.passage_id,
        document_id=hit.document_id,
        title=hit.title,
        heading=hit.heading,
        text=hit.text,
        score=hit.score,
        coverage=hit.coverage,
        dense=hit.dense,
    )
