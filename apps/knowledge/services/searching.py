"""How is a question answered with passages? Meaning and words, each scored, joined into one ranking."""

import time

from apps.core import errors
from apps.knowledge.models import Passage
from apps.knowledge.selectors import candidates
from apps.knowledge.services import cleaning, encoding
from apps.knowledge.types import Audience, Hit, SearchResult

POOL = 50
DENSE_WEIGHT = 0.7
QUERY_CHARACTERS = 2000


def search_passages(*, query: str, limit: int = 8) -> SearchResult:
    """Return the best live, public passages of the organisation in scope for ``query``."""
    started = time.perf_counter()
    cleaned = cleaning.clean_text(query)[:QUERY_CHARACTERS]
    state = candidates.get_index_state()
    if not cleaned or not state.passage_count:
        return SearchResult((), state.epoch, 0.0, 0.0, "")
    vector, encoder_key, reason = None, "", ""
    try:
        encoder = encoding.get_encoder()
        vector, encoder_key = encoder.encode_query(cleaned), encoder.key
    except errors.SuiteError as error:
        reason = error.code
    encoded = time.perf_counter()
    found = candidates.search_candidates(
        state=state,
        words=cleaning.as_words(cleaned),
        vector=vector,
        encoder_key=encoder_key,
        pool=POOL,
        audiences=[Audience.PUBLIC.value],
    )
    best_lexical = max((candidate.lexical for candidate in found), default=0.0) or 1.0
    ranked = sorted(
        found,
        key=lambda one: DENSE_WEIGHT * (one.dense or 0.0) + (1 - DENSE_WEIGHT) * one.lexical / best_lexical,
        reverse=True,
    )[:limit]
    passages = {
        passage.id: passage
        for passage in Passage.objects.select_related("document").filter(id__in=[one.passage_id for one in ranked])
    }
    hits = tuple(
        Hit(
            passage_id=one.passage_id,
            document_id=one.document_id,
            title=passages[one.passage_id].document.title,
            heading=passages[one.passage_id].heading,
            text=passages[one.passage_id].text,
            score=DENSE_WEIGHT * (one.dense or 0.0) + (1 - DENSE_WEIGHT) * one.lexical / best_lexical,
            dense=one.dense,
            lexical=one.lexical,
            coverage=one.coverage,
        )
        for one in ranked
        if one.passage_id in passages
    )
    done = time.perf_counter()
    return SearchResult(
        hits, state.epoch, (encoded - started) * 1000, (done - encoded) * 1000, encoder_key, reason
    )
