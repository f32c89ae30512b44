"""How does a single document change? Saved or removed at once, with the passages and vectors it is found by."""

from uuid import UUID

from django.db import transaction

from apps.core import tenancy
from apps.knowledge.errors import DocumentInvalid, DocumentNotFound, DocumentTooLarge
from apps.knowledge.models import Document, Source
from apps.knowledge.services import chunking, cleaning, encoding, indexing
from apps.knowledge.types import Audience, DocumentDraft, Encoder

MAX_BODY_CHARACTERS = 1_000_000
MAX_ID_CHARACTERS = 400
MAX_TITLE_CHARACTERS = 400


def save_document(
    *,
    source_name: str,
    external_id: str,
    title: str,
    body: str,
    locale: str = "en",
    audience: Audience = Audience.PUBLIC,
) -> UUID:
    """Create a document of the organisation in scope, or bring it up to date; returns its id.

    An unchanged document costs one query. Raises ``DocumentInvalid``, ``DocumentTooLarge``, ``EncoderMissing``,
    ``EncoderFailed``, ``EncoderRefused``.
    """
    draft = make_draft(external_id=external_id, title=title, body=body, locale=locale, audience=audience)
    source = save_source(name=source_name)
    encoder = encoding.get_encoder()
    same = Document.objects.filter(
        source=source,
        external_id=draft.external_id,
        content_hash=indexing.content_hash(draft),
        encoder_key=encoder.key,
        is_live=True,
    )
    document_id = same.values_list("id", flat=True).first()
    if document_id is not None:
        return document_id
    # Encoded before the transaction begins: nobody waits for the lock meanwhile.
    prepared = prepare_document(draft, encoder)
    return indexing.write_documents(source_id=source.id, documents=[prepared], encoder_key=encoder.key)[0]


def remove_document(*, document_id: UUID) -> None:
    """Take a document out of the organisation in scope and of every later answer. Raises ``DocumentNotFound``."""
    if not indexing.delete_documents(document_ids=[document_id]):
        raise DocumentNotFound


@transaction.atomic
def set_document_live(*, document_id: UUID, is_live: bool) -> None:
    """Show a document to searches, or hide it, at once. Raises ``DocumentNotFound``."""
    index = indexing.lock_index()
    if not Document.objects.filter(id=document_id).update(is_live=is_live):
        raise DocumentNotFound
    indexing.announce_change(index)


def save_source(*, name: str) -> Source:
    """Return the source called ``name`` of the organisation in scope, created if need be."""
    source, _ = Source.objects.get_or_create(
        organisation_id=tenancy.current_organisation_id(), name=cleaning.clean_line(name, limit=80)
    )
    return source


def make_draft(*, external_id: str, title: str, body: str, locale: str, audience: Audience) -> DocumentDraft:
    """Return a cleaned draft. Raises ``DocumentInvalid`` and ``DocumentTooLarge``, saying what is wrong."""
    if len(body) > MAX_BODY_CHARACTERS:
        raise DocumentTooLarge(f"the text has more than {MAX_BODY_CHARACTERS:,} characters")
    draft = DocumentDraft(
        external_id=cleaning.clean_line(external_id, limit=MAX_ID_CHARACTERS + 1),
        title=cleaning.clean_line(title, limit=MAX_TITLE_CHARACTERS),
        body=cleaning.clean_text(body),
        locale=cleaning.clean_line(locale, limit=16) or "en",
        audience=audience,
    )
    if not draft.external_id:
        raise DocumentInvalid("the id is empty")
    if len(draft.external_id) > MAX_ID_CHARACTERS:
        raise DocumentInvalid(f"the id has more than {MAX_ID_CHARACTERS} characters")
    if not draft.body and not draft.title:
        raise DocumentInvalid("there is neither a title nor text")
    return draft


def prepare_document(draft: DocumentDraft, encoder: Encoder) -> indexing.PreparedDocument:
    """Return ``draft`` cut into passages, with their vectors. Raises what the encoder raises."""
    passages = chunking.split_passages(title=draft.title, body=draft.body, count_tokens=encoder.count_tokens)
    texts = [
        chunking.text_to_encode(title=draft.title, heading=passage.heading, text=passage.text) for passage in passages
    ]
    return indexing.PreparedDocument(draft=draft, passages=passages, vectors=encoder.encode_passages(texts))
