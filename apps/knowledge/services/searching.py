"""Which passages answer a question? Searched by meaning and by words at once, within one organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from prometheus_client import Counter, Histogram

from apps.core import clock
from apps.knowledge.errors import EncoderFailed, EncoderMissing, EncoderRefused
from apps.knowledge.selectors import candidates as candidate_selectors
from apps.knowledge.selectors import passages as passage_selectors
from apps.knowledge.services import cleaning, encoding, fusing
from apps.knowledge.types import Audience, Encoder, Hit, PassageView, SearchResult, Vectors

# What a customer may write in one message; of anything longer, the beginning is searched for.
QUERY_CHARACTERS = 4000
POOL = 50
PASSAGES_PER_DOCUMENT = 3
# So many times the passages wanted are looked at, to have others where one repeats a better one.
SHORTLIST = 3
# A passage that shares this much of its words with a better one of the same document adds nothing.
REPEATED_SHARE = 0.8

# The reason given when the vectors in the index were made by another encoder than this process uses.
NOT_ENCODED = "knowledge.not_encoded"

SECONDS = Histogram(
    "switchboard_knowledge_search_seconds",
    "Time of a search by stage: encode, search.",
    ["stage"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
DEGRADED = Counter("switchboard_knowledge_searches_degraded", "Searches that went by words alone.", ["reason"])


def search_passages(
    *,
    query: str,
    limit: int = 8,
    audiences: Sequence[Audience] = (Audience.PUBLIC,),
    locales: Sequence[str] | None = None,
) -> SearchResult:
    """Return up to ``limit`` passages of live documents of the organisation in scope, best first.

    At most three of one document, none repeating another. A query without a letter or digit finds nothing. Where the
    encoder fails, words alone decide and the result says so; raises only what the database raises.
    """
    started = clock.monotonic()
    text = cleaning.clean_line(query, limit=QUERY_CHARACTERS)
    words = cleaning.as_words(text).strip()
    state = candidate_selectors.get_index_state()
    if not words or not state.passage_count:
        return SearchResult((), state.epoch, 0.0, _milliseconds_since(started), "")
    encoding_started = clock.monotonic()
    question = _encode(text)
    encode_ms = _milliseconds_since(encoding_started)
    found = candidate_selectors.search_candidates(
        state=state,
        words=words,
        vector=question.vector,
        encoder_key=question.encoder_key,
        pool=max(POOL, limit),
        audiences=[audience.value for audience in audiences],
        locales=locales,
    )
    reason = question.problem
    if not reason and found and all(candidate.dense is None for candidate in found):
        reason = NOT_ENCODED
    weight = fusing.word_weight_of(question.encoder, state.text_configs)
    hits = _collapse(fusing.rank(found, word_weight=weight), limit)
    total_ms = _milliseconds_since(started)
    _record(encode_ms, total_ms - encode_ms, reason)
    return SearchResult(hits, state.epoch, encode_ms, total_ms - encode_ms, question.encoder_key, reason)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as the encoder sees it, or why it does not."""

    encoder: Encoder | None = None
    vector: Vectors | None = None
    encoder_key: str = ""
    problem: str = ""


def _encode(text: str) -> _Question:
    try:
        encoder = encoding.get_encoder()
        return _Question(encoder=encoder, vector=encoder.encode_query(text), encoder_key=encoder.key)
    except (EncoderMissing, EncoderFailed, EncoderRefused) as error:
        # A customer is better served by words alone than by nothing; the metric and the result say that it was so.
        return _Question(problem=error.code)


def _collapse(ranked: list[fusing.Ranked], limit: int) -> tuple[Hit, ...]:
    """Return the best passages as hits, without those that repeat a better one or crowd out other documents."""
    shortlist = ranked[: limit * SHORTLIST]
    passages = passage_selectors.list_passages([one.candidate.passage_id for one in shortlist])
    hits: list[Hit] = []
    kept: dict[UUID, list[set[str]]] = {}
    for one in shortlist:
        passage = passages.get(one.candidate.passage_id)
        if passage is None or len(hits) == limit:
            continue  # removed since it was found, or enough
        words = set(cleaning.as_words(passage.text).split())
        better = kept.setdefault(passage.document_id, [])
        repeats = any(len(words & other) > REPEATED_SHARE * len(words) for other in better)
        if not repeats and len(better) < PASSAGES_PER_DOCUMENT:
            better.append(words)
            hits.append(_as_hit(one, passage))
    return tuple(hits)


def _as_hit(one: fusing.Ranked, passage: PassageView) -> Hit:
    candidate = one.candidate
    return Hit(
        passage_id=candidate.passage_id,
        document_id=candidate.document_id,
        title=passage.title,
        heading=passage.heading,
        text=passage.text,
        score=one.score,
        dense=candidate.dense,
        lexical=candidate.lexical,
        coverage=candidate.coverage,
    )


def _milliseconds_since(started: float) -> float:
    return (clock.monotonic() - started) * 1000


def _record(encode_ms: float, search_ms: float, reason: str) -> None:
    SECONDS.labels("encode").observe(encode_ms / 1000)
    SECONDS.labels("search").observe(search_ms / 1000)
    if reason:
        DEGRADED.labels(reason).inc()
