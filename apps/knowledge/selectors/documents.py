"""Which documents are there? Always of the organisation in scope."""

from uuid import UUID

from apps.knowledge.errors import DocumentNotFound
from apps.knowledge.models import Document, KnowledgeIndex


def get_document(document_id: UUID) -> Document:
    """Return a document with its source. Raises ``DocumentNotFound``."""
    document = Document.objects.select_related("source").filter(id=document_id).first()
    if document is None:
        raise DocumentNotFound
    return document


def list_document_ids(*, source_name: str) -> dict[str, UUID]:
    """Return the ids of all documents of a source, by their external id."""
    documents = Document.objects.filter(source__name=source_name)
    return dict(documents.order_by("id").values_list("external_id", "id"))


def count_documents() -> int:
    """Return how many live documents the organisation in scope has."""
    return Document.objects.filter(is_live=True).count()


def get_epoch() -> int:
    """Return the number of the knowledge's present state; 0 before the first document."""
    return KnowledgeIndex.objects.values_list("epoch", flat=True).first() or 0
