"""How does a whole file become knowledge? Read, encoded and written at once, in pieces that survive a crash."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from django.db import connection, connections

from apps.knowledge.errors import ImportRunning, ImportUnreadable
from apps.knowledge.models import Document
from apps.knowledge.services import chunking, documents, encoding, indexing, reading
from apps.knowledge.types import DocumentDraft, Encoder, PassageDraft, Vectors

# One transaction's worth: about a second of encoding, well below a second of writing.
PIECE_TOKENS = 16_384
PIECE_PASSAGES = 512
LOOKUP_ROWS = 200
BAD_ROWS_KEPT = 1000
# Pieces encoded at once. The second fills the processor while the last batch of the first leaves a part of it idle.
PIECES_ENCODED = 2
# Pieces between reading and the end of writing: one being written, two encoded, one waiting, so nobody stands idle.
PIECES_UNDER_WAY = 4

T = TypeVar("T")


@dataclass(slots=True)
class ImportSummary:
    """What an import did. ``bad`` lists the first thousand rows that are no documents: place and reason."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    passages: int = 0
    bad_count: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many rows were documents."""
        return self.added + self.changed + self.unchanged

    def note_bad(self, place: str, reason: str) -> None:
        """Count a row that is no document; the first thousand are kept."""
        self.bad_count += 1
        if len(self.bad) < BAD_ROWS_KEPT:
            self.bad.append((place, reason))


@dataclass(slots=True)
class _Piece:
    """Documents that are encoded together and written in one transaction."""

    documents: list[tuple[DocumentDraft, list[PassageDraft]]] = field(default_factory=list)
    tokens: int = 0
    passages: int = 0
    changed: int = 0

    @property
    def is_full(self) -> bool:
        return self.tokens >= PIECE_TOKENS or self.passages >= PIECE_PASSAGES


Progress = Callable[[int], None]


def import_documents(
    *, source_name: str, path: Path, options: reading.ReadingOptions, progress: Progress = lambda _rows: None
) -> ImportSummary:
    """Import ``path`` into a source of the organisation in scope; ``progress`` gets the number of rows just done.

    Unchanged documents are skipped, so an interrupted import continues where it was. Raises ``ImportRunning`` if the
    source is being imported already, ``ImportUnreadable`` if nothing in it is a document, and what reading and the
    encoder raise.
    """
    encoder = encoding.get_encoder()
    source = documents.save_source(name=source_name)
    with _only_import_of(source.id, source_name):
        summary = ImportSummary()
        rows = _fresh_rows(source.id, reading.read_rows(path, options), encoder.key, summary, progress)
        _encode_and_write(source.id, _make_pieces(rows, encoder), encoder, summary, progress)
    if not summary.read:
        reason = f" First problem: {summary.bad[0][0]}: {summary.bad[0][1]}." if summary.bad else " It is empty."
        raise ImportUnreadable(f"Nothing in {path} could be imported.{reason}")
    return summary


@contextmanager
def _only_import_of(source_id: UUID, source_name: str) -> Iterator[None]:
    """Hold the source for this process. PostgreSQL lets go of it when the connection ends, however that happens."""
    key = source_id.int % (1 << 63)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise ImportRunning(f"The source {source_name!r} is being imported by another process. Try again later.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _fresh_rows(
    source_id: UUID, rows: Iterator[reading.Row], encoder_key: str, summary: ImportSummary, progress: Progress
) -> Iterator[tuple[DocumentDraft, bool]]:
    """Yield drafts that are new or changed (with whether they replace one); counts all the others."""
    seen: set[int] = set()
    for block in _blocks(rows, LOOKUP_ROWS):
        drafts = [row.draft for row in block if row.draft is not None]
        known = _find_known(source_id, [draft.external_id for draft in drafts])
        for row in block:
            problem = _problem(row, seen)
            if row.draft is None or problem:
                summary.note_bad(row.place, problem)
                progress(1)
            elif known.get(row.draft.external_id) == (indexing.content_hash(row.draft), encoder_key, True):
                summary.unchanged += 1
                progress(1)
            else:
                yield row.draft, row.draft.external_id in known


def _problem(row: reading.Row, seen: set[int]) -> str:
    if row.draft is None:
        return row.problem
    # Only hashes are kept, so that millions of rows fit; two ids of one file with one hash are as good as impossible.
    mark = hash(row.draft.external_id)
    if mark in seen:
        return f"the id {row.draft.external_id[:80]!r} was used by an earlier row"
    seen.add(mark)
    return ""


def _find_known(source_id: UUID, external_ids: list[str]) -> dict[str, tuple[bytes, str, bool]]:
    rows = Document.objects.filter(source_id=source_id, external_id__in=external_ids)
    values = rows.values_list("external_id", "content_hash", "encoder_key", "is_live")
    return {external_id: (bytes(digest), key, is_live) for external_id, digest, key, is_live in values}


def _blocks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    block: list[T] = []
    for item in items:
        block.append(item)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def _make_pieces(rows: Iterator[tuple[DocumentDraft, bool]], encoder: Encoder) -> Iterator[_Piece]:
    piece = _Piece()
    for draft, replaces in rows:
        passages = chunking.split_passages(title=draft.title, body=draft.body, count_tokens=encoder.count_tokens)
        piece.documents.append((draft, passages))
        piece.changed += replaces
        piece.passages += len(passages)
        piece.tokens += sum(passage.token_count for passage in passages)
        if piece.is_full:
            yield piece
            piece = _Piece()
    if piece.documents:
        yield piece


def _encode_and_write(
    source_id: UUID, pieces: Iterator[_Piece], encoder: Encoder, summary: ImportSummary, progress: Progress
) -> None:
    """Encode pieces on some threads and write them in order on another, while this one reads the next."""
    encoding_threads = ThreadPoolExecutor(PIECES_ENCODED, thread_name_prefix="import-encode")
    writing_thread = ThreadPoolExecutor(1, thread_name_prefix="import-write")
    under_way: deque[tuple[_Piece, Future[None]]] = deque()

    def settle_oldest() -> None:
        piece, written = under_way.popleft()
        written.result()
        summary.changed += piece.changed
        summary.added += len(piece.documents) - piece.changed
        summary.passages += piece.passages
        progress(len(piece.documents))

    try:
        for piece in pieces:
            vectors = encoding_threads.submit(_encode, piece, encoder)
            # A context of its own: the writing thread works in the scope of this organisation, too.
            written = writing_thread.submit(copy_context().run, _write, source_id, piece, vectors, encoder.key)
            under_way.append((piece, written))
            while under_way and (len(under_way) >= PIECES_UNDER_WAY or under_way[0][1].done()):
                settle_oldest()
        while under_way:
            settle_oldest()
    finally:
        encoding_threads.shutdown(cancel_futures=True)
        writing_thread.submit(connections.close_all)
        writing_thread.shutdown()


def _encode(piece: _Piece, encoder: Encoder) -> list[Vectors]:
    """Return the vectors of each document's passages. One call: the encoder sorts by length across documents."""
    texts = [
        chunking.text_to_encode(title=draft.title, heading=passage.heading, text=passage.text)
        for draft, passages in piece.documents
        for passage in passages
    ]
    vectors = encoder.encode_passages(texts)
    split, start = [], 0
    for _, passages in piece.documents:
        split.append(vectors[start : start + len(passages)])
        start += len(passages)
    return split


def _write(source_id: UUID, piece: _Piece, vectors: Future[list[Vectors]], encoder_key: str) -> None:
    prepared = [
        indexing.PreparedDocument(draft=draft, passages=passages, vectors=rows)
        for (draft, passages), rows in zip(piece.documents, vectors.result(), strict=True)
    ]
    indexing.write_documents(source_id=source_id, documents=prepared, encoder_key=encoder_key)
