"""How do documents get into the index? Rows, vectors and words in one transaction, under the organisation's lock."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import Copy

from apps.core import eventbus, tenancy
from apps.core.ids import uuid7
from apps.knowledge.events import KnowledgeChanged
from apps.knowledge.models import Document, KnowledgeIndex, Passage
from apps.knowledge.services import chunking, cleaning
from apps.knowledge.types import DocumentDraft, PassageDraft, Vectors

# How words are reduced, by language; every other language is indexed word for word.
TEXT_CONFIGS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "nb": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
DEFAULT_TEXT_CONFIG = "simple"
_TABLES_OF_A_PASSAGE = (
    ("passage_id", "knowledge_posting"),
    ("passage_id", "knowledge_passagevector"),
    ("id", "knowledge_passage"),
)
# A word in the title counts as often as this many in the text; one in a heading as one more.
TITLE_WEIGHT = 3


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document with its passages and their vectors, ready to be written. ``vectors`` has one row per passage."""

    draft: DocumentDraft
    passages: Sequence[PassageDraft]
    vectors: Vectors


def text_config_for(locale: str) -> str:
    """Return the PostgreSQL text-search configuration for ``locale`` (``de``, ``de-AT``, ``pt_BR`` …)."""
    return TEXT_CONFIGS.get(locale.replace("_", "-").split("-")[0].lower(), DEFAULT_TEXT_CONFIG)


def content_hash(draft: DocumentDraft) -> bytes:
    """Return what changes when the passages of ``draft`` would. 32 bytes."""
    parts = [chunking.VERSION, TITLE_WEIGHT, draft.title, draft.body, draft.locale, draft.audience.value]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


@transaction.atomic
def write_documents(*, source_id: UUID, documents: Sequence[PreparedDocument], encoder_key: str) -> list[UUID]:
    """Insert or replace documents of one source in the organisation in scope, and make them live at once.

    Returns their ids in the order given; a replaced document keeps its id. Publishes ``KnowledgeChanged``.
    """
    index = lock_index()
    ids = [document.draft.external_id for document in documents]
    known = dict(Document.objects.filter(source_id=source_id, external_id__in=ids).values_list("external_id", "id"))
    _delete_passages(index, list(known.values()))
    _update(documents, known, encoder_key)
    new = [document for document in documents if document.draft.external_id not in known]
    known.update(_insert(source_id, new, encoder_key))
    _insert_passages(index, documents, known, encoder_key)
    announce_change(index)
    return [known[external_id] for external_id in ids]


@transaction.atomic
def delete_documents(*, document_ids: Sequence[UUID]) -> int:
    """Take documents out of the organisation in scope for good; returns how many there were."""
    index = lock_index()
    ids = list(Document.objects.filter(id__in=document_ids).values_list("id", flat=True))
    if not ids:
        return 0
    _delete_passages(index, ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM knowledge_document WHERE organisation_id = %s AND id = ANY(%s)",
            [tenancy.current_organisation_id(), ids],
        )
    announce_change(index)
    return len(ids)


def lock_index() -> KnowledgeIndex:
    """Return the organisation's index row, locked until the end of the transaction: one writer at a time."""
    organisation_id = tenancy.current_organisation_id()
    index = KnowledgeIndex.objects.select_for_update().first()
    if index is None:
        KnowledgeIndex.objects.bulk_create([KnowledgeIndex(organisation_id=organisation_id)], ignore_conflicts=True)
        index = KnowledgeIndex.objects.select_for_update().get()
    return index


def announce_change(index: KnowledgeIndex) -> None:
    """Store the sums kept in ``index`` with a new epoch, and say so."""
    index.epoch += 1
    index.save(update_fields=["epoch", "passage_count", "term_total", "text_configs"])
    eventbus.publish(KnowledgeChanged(organisation_id=index.organisation_id, epoch=index.epoch))


def _delete_passages(index: KnowledgeIndex, document_ids: list[UUID]) -> None:
    if not document_ids:
        return
    passages = Passage.objects.filter(document_id__in=document_ids)
    sums = passages.aggregate(terms=Sum("term_count", default=0))
    ids = list(passages.values_list("id", flat=True))
    # By hand: the collector would fetch every posting before deleting it. A passage's own rows come first.
    with connection.cursor() as cursor:
        for column, table in _TABLES_OF_A_PASSAGE:
            cursor.execute(
                f"DELETE FROM {table} WHERE organisation_id = %s AND {column} = ANY(%s)",  # noqa: S608  constants
                [tenancy.current_organisation_id(), ids],
            )
    index.passage_count -= len(ids)
    index.term_total -= sums["terms"]


_FIELDS = ("title", "locale", "audience", "body", "content_hash", "encoder_key", "is_live")


def _fields(document: PreparedDocument, encoder_key: str) -> dict[str, Any]:
    draft = document.draft
    return {
        "title": draft.title,
        "locale": draft.locale,
        "audience": draft.audience.value,
        "body": draft.body,
        "content_hash": content_hash(draft),
        "encoder_key": encoder_key,
        "is_live": True,
    }


def _update(documents: Sequence[PreparedDocument], known: dict[str, UUID], encoder_key: str) -> None:
    for document in documents:
        document_id = known.get(document.draft.external_id)
        if document_id is not None:
            Document.objects.filter(id=document_id).update(**_fields(document, encoder_key), updated_at=Now())


def _insert(source_id: UUID, documents: Sequence[PreparedDocument], encoder_key: str) -> dict[str, UUID]:
    organisation_id = tenancy.current_organisation_id()
    ids = {document.draft.external_id: uuid7() for document in documents}
    names = ["id", "organisation_id", "source_id", "external_id", *_FIELDS]
    with connection.cursor() as cursor, _rows_for(cursor, "knowledge_document", ", ".join(names)) as copy:
        for document in documents:
            fields = _fields(document, encoder_key)
            external_id = document.draft.external_id
            values = [ids[external_id], organisation_id, source_id, external_id, *(fields[name] for name in _FIELDS)]
            copy.write_row(values)
    return ids


def _insert_passages(
    index: KnowledgeIndex, documents: Sequence[PreparedDocument], ids: dict[str, UUID], encoder_key: str
) -> None:
    organisation_id = tenancy.current_organisation_id()
    passage_ids = [[uuid7() for _ in document.passages] for document in documents]
    flat = [
        (passage_id, document.draft, passage)
        for document, keys in zip(documents, passage_ids, strict=True)
        for passage_id, passage in zip(keys, document.passages, strict=True)
    ]
    if not flat:
        return
    _teach_vectors()
    with connection.cursor() as cursor:
        term_counts = _insert_postings(cursor, organisation_id, flat)
        _copy_passages(cursor, organisation_id, flat, ids, term_counts)
        vectors = np.concatenate([document.vectors for document in documents])
        _copy_vectors(cursor, organisation_id, [row[0] for row in flat], vectors, encoder_key)
    index.passage_count += len(flat)
    index.term_total += sum(term_counts.values())
    configs = {text_config_for(document.draft.locale) for document in documents}
    index.text_configs = sorted({*index.text_configs, *configs})


@contextmanager
def _rows_for(cursor: Any, table: str, columns: str, *, options: str = "") -> Iterator[Copy]:
    """Copy rows into a table by way of a temporary one: COPY does not reach behind row-level security.

    It lives as long as the connection, since making one for each batch costs more than filling it. Emptied at once for
    a transaction that copies twice, and by itself at the end, also after a failure.
    """
    incoming = f"incoming_{table}"
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {incoming} ON COMMIT DELETE ROWS"  # noqa: S608  constants
        f" AS SELECT {columns} FROM {table} WITH NO DATA"
    )
    with cursor.copy(f"COPY {incoming} ({columns}) FROM STDIN {options}") as copy:
        yield copy
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {incoming}")  # noqa: S608  constants
    cursor.execute(f"DELETE FROM {incoming}")  # noqa: S608  a constant


def _teach_vectors() -> None:
    """Let this connection send vectors in binary; cursors opened from here on know how."""
    connection.ensure_connection()
    if connection.connection.adapters.types.get("halfvec") is None:
        register_vector(connection.connection)


_INSERT_POSTINGS = """
    WITH passage AS (
        SELECT *
        FROM unnest(
            %(ids)s::uuid[], %(configs)s::regconfig[], %(titles)s::text[], %(headings)s::text[], %(texts)s::text[]
        ) AS passage (id, config, title, heading, text)
    ), word AS (
        SELECT passage.id, lexeme,
            least(sum(CASE weight WHEN 'A' THEN %(title_weight)s ELSE 1 END), 32767) AS frequency
        FROM passage,
            unnest(setweight(to_tsvector(config, title), 'A') || to_tsvector(config, heading || ' ' || text)),
            unnest(weights) AS weight
        GROUP BY passage.id, lexeme
    ), posted AS (
        INSERT INTO knowledge_posting (organisation_id, term, passage_id, frequency, length)
        SELECT %(organisation_id)s, lexeme, id, frequency, least(sum(frequency) OVER (PARTITION BY id), 32767)
        FROM word
        ORDER BY lexeme
        RETURNING passage_id, length
    )
    SELECT passage_id, max(length) FROM posted GROUP BY passage_id
"""


def _insert_postings(
    cursor: Any, organisation_id: UUID, rows: Sequence[tuple[UUID, DocumentDraft, PassageDraft]]
) -> dict[UUID, int]:
    """Index the words of passages; returns the length of each in words. PostgreSQL reduces them to stems."""
    cursor.execute(
        _INSERT_POSTINGS,
        {
            "organisation_id": organisation_id,
            "title_weight": TITLE_WEIGHT,
            "ids": [passage_id for passage_id, _, _ in rows],
            "configs": [text_config_for(draft.locale) for _, draft, _ in rows],
            "titles": [cleaning.as_words(draft.title) for _, draft, _ in rows],
            "headings": [cleaning.as_words(passage.heading) for _, _, passage in rows],
            "texts": [cleaning.as_words(passage.text) for _, _, passage in rows],
        },
    )
    return dict(cursor.fetchall())


def _copy_passages(
    cursor: Any,
    organisation_id: UUID,
    rows: Sequence[tuple[UUID, DocumentDraft, PassageDraft]],
    document_ids: dict[str, UUID],
    term_counts: dict[UUID, int],
) -> None:
    columns = (
        "id, organisation_id, document_id, ordinal, heading, text, start_offset, end_offset, token_count, term_count"
    )
    with _rows_for(cursor, "knowledge_passage", columns) as copy:
        for passage_id, draft, passage in rows:
            copy.write_row(
                (
                    passage_id,
                    organisation_id,
                    document_ids[draft.external_id],
                    passage.ordinal,
                    passage.heading,
                    passage.text,
                    passage.start,
                    passage.end,
                    passage.token_count,
                    term_counts.get(passage_id, 0),
                )
            )


def _copy_vectors(
    cursor: Any, organisation_id: UUID, passage_ids: Sequence[UUID], vectors: Vectors, encoder_key: str
) -> None:
    columns = "organisation_id, passage_id, encoder_key, embedding"
    with _rows_for(cursor, "knowledge_passagevector", columns, options="(FORMAT BINARY)") as copy:
        copy.set_types(["uuid", "uuid", "varchar", "halfvec"])
        for passage_id, vector in zip(passage_ids, vectors, strict=True):
            copy.write_row((organisation_id, passage_id, encoder_key, HalfVector(vector)))
