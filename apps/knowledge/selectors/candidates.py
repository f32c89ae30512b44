"""Which passages might answer a question? The nearest by meaning and the best by words, each with both scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from pgvector import HalfVector

from apps.core import tenancy
from apps.knowledge.types import Vectors

# BM25: how soon repetition stops counting, and how much length counts. Passages are of like length, so little.
K1, B = 0.9, 0.4
# Up to so many passages every vector of the organisation is compared, which is exact and takes a few milliseconds;
# beyond, the graph is walked.
EXACT_UP_TO = 10_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage worth a look. ``dense`` is None where the passage has no vector of this encoder."""

    passage_id: UUID
    document_id: UUID
    ordinal: int
    dense: float | None
    lexical: float
    coverage: float


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a search needs to know beforehand. ``text_configs`` are the ways words were reduced."""

    epoch: int
    passage_count: int
    term_total: int
    text_configs: tuple[str, ...]


def get_index_state() -> IndexState:
    """Return the state of the index of the organisation in scope; all zero before the first document."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, passage_count, term_total, text_configs FROM knowledge_knowledgeindex"
            " WHERE organisation_id = %s",
            [tenancy.current_organisation_id()],
        )
        row = cursor.fetchone()
    return IndexState(0, 0, 0, ()) if row is None else IndexState(row[0], row[1], row[2], tuple(row[3]))


_LIVE = "document.is_live AND document.audience = ANY(%(audiences)s)"
_IN_LOCALE = " AND document.locale = ANY(%(locales)s)"

# Words are numbered because sorting and joining numbers is cheaper than text. The best are joined to their documents
# after sorting, so that only some fifty are looked up, however common a word is.
_WORDS = """
    word AS MATERIALIZED (
        SELECT row_number() OVER () AS number, term
        FROM (
            SELECT DISTINCT lexeme AS term
            FROM unnest(%(configs)s::regconfig[]) AS config, unnest(to_tsvector(config, %(words)s))
        ) AS lexeme
    ), posting AS MATERIALIZED (
        SELECT number, passage_id, frequency, length
        FROM word JOIN knowledge_posting AS posting
            ON posting.organisation_id = %(organisation_id)s AND posting.term = word.term
    ), weight AS MATERIALIZED (
        SELECT number,
            ln(1 + (greatest(%(count)s - count(passage_id), 0) + 0.5::float8) / (count(passage_id) + 0.5)) AS idf
        FROM word LEFT JOIN posting USING (number)
        GROUP BY number
    ), scored AS MATERIALIZED (
        SELECT passage_id, sum(idf) AS covered,
            sum(idf * frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * length / average))) AS bm25
        FROM posting JOIN weight USING (number),
            (SELECT %(k1)s::float8 AS k1, %(b)s::float8 AS b, %(average)s::float8 AS average) AS constant
        GROUP BY passage_id
    ), lexical AS MATERIALIZED (
        SELECT ranked.passage_id
        FROM (SELECT passage_id, bm25 FROM scored ORDER BY bm25 DESC) AS ranked
            JOIN knowledge_passage AS passage ON passage.id = ranked.passage_id
            JOIN knowledge_document AS document ON document.id = passage.document_id
        WHERE {live}
        ORDER BY bm25 DESC
        LIMIT %(pool)s
    )
"""

# Every vector compared, the nearest joined to their documents as above.
_DENSE_EXACT = """
    , dense AS MATERIALIZED (
        SELECT near.passage_id
        FROM (
            SELECT passage_id, embedding <#> %(vector)s::halfvec AS distance
            FROM knowledge_passagevector
            WHERE organisation_id = %(organisation_id)s AND encoder_key = %(encoder_key)s
            ORDER BY embedding <#> %(vector)s::halfvec
        ) AS near
            JOIN knowledge_passage AS passage ON passage.id = near.passage_id
            JOIN knowledge_document AS document ON document.id = passage.document_id
        WHERE {live}
        ORDER BY distance
        LIMIT %(pool)s
    )
"""

# The cast is what makes the expression that of the encoder's graph. All in one query: the planner takes the graph only
# where it sees the limit, and hnsw.iterative_scan walks on until enough rows have passed the filters.
_DENSE_GRAPH = """
    , dense AS MATERIALIZED (
        SELECT vector.passage_id
        FROM knowledge_passagevector AS vector
            JOIN knowledge_passage AS passage ON passage.id = vector.passage_id
            JOIN knowledge_document AS document ON document.id = passage.document_id
        WHERE vector.organisation_id = %(organisation_id)s AND vector.encoder_key = %(encoder_key)s AND {live}
        ORDER BY vector.embedding::halfvec({dimensions}) <#> %(vector)s::halfvec({dimensions})
        LIMIT %(pool)s
    )
"""

_CANDIDATES = """
    SELECT passage.id, passage.document_id, passage.ordinal, {dense} AS dense,
        coalesce(scored.bm25, 0), coalesce(scored.covered / nullif((SELECT sum(idf) FROM weight), 0), 0)
    FROM ({candidates}) AS candidate
        JOIN knowledge_passage AS passage ON passage.id = candidate.passage_id
        LEFT JOIN scored ON scored.passage_id = candidate.passage_id
        {vectors}
"""
_VECTORS = """
    LEFT JOIN knowledge_passagevector AS vector
        ON vector.passage_id = candidate.passage_id AND vector.encoder_key = %(encoder_key)s
"""


def search_candidates(
    *,
    state: IndexState,
    words: str,
    vector: Vectors | None,
    encoder_key: str,
    pool: int,
    audiences: Sequence[str],
    locales: Sequence[str] | None = None,
) -> list[Candidate]:
    """Return the ``pool`` best passages by each of meaning and words, in no order, every one with both scores.

    Only live documents for these audiences (and, if given, locales) of the organisation in scope. ``words`` is what
    ``cleaning.as_words`` makes of the question; without ``vector`` only words count.
    """
    live = _LIVE + (_IN_LOCALE if locales is not None else "")
    sql, parts = "WITH " + _WORDS.format(live=live), ["SELECT passage_id FROM lexical"]
    parameters: dict[str, Any] = {
        "organisation_id": tenancy.current_organisation_id(),
        "configs": list(state.text_configs),
        "words": words,
        "count": state.passage_count,
        "average": max(state.term_total / max(state.passage_count, 1), 1.0),
        "k1": K1,
        "b": B,
        "pool": pool,
        "audiences": list(audiences),
        "locales": list(locales or ()),
        "encoder_key": encoder_key,
    }
    if vector is not None:
        dense = _DENSE_EXACT if state.passage_count <= EXACT_UP_TO else _DENSE_GRAPH
        sql += dense.format(live=live, dimensions=len(vector))
        parts.append("SELECT passage_id FROM dense")
        parameters["vector"] = HalfVector(vector).to_text()
    sql += _CANDIDATES.format(
        dense="NULL" if vector is None else "-(vector.embedding <#> %(vector)s::halfvec)",
        candidates=" UNION ".join(parts),
        vectors="" if vector is None else _VECTORS,
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Candidate(*row) for row in cursor.fetchall()]
