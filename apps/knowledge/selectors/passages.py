"""Which passage is this? Always of the organisation in scope."""

from collections.abc import Sequence
from uuid import UUID

from apps.knowledge.errors import PassageNotFound
from apps.knowledge.models import Passage
from apps.knowledge.types import PassageView

_COLUMNS = ("id", "document_id", "document__title", "heading", "text", "document__is_live")


def get_passage(passage_id: UUID) -> PassageView:
    """Return a passage as it is shown beside a citation. Raises ``PassageNotFound`` once its document has changed."""
    passage = list_passages([passage_id]).get(passage_id)
    if passage is None:
        raise PassageNotFound
    return passage


def list_passages(passage_ids: Sequence[UUID]) -> dict[UUID, PassageView]:
    """Return those of the passages that exist, by id."""
    rows = Passage.objects.filter(id__in=passage_ids).values_list(*_COLUMNS)
    return {row[0]: PassageView(*row) for row in rows}


def find_passage_quoting(*, source_name: str, external_id: str, quotation: str) -> PassageView | None:
    """Return the first passage of a document that contains ``quotation`` (white space apart), or None."""
    passages = Passage.objects.filter(document__source__name=source_name, document__external_id=external_id)
    wanted = " ".join(quotation.split())
    views = (PassageView(*row) for row in passages.order_by("ordinal").values_list(*_COLUMNS))
    return next((view for view in views if wanted in " ".join(view.text.split())), None)
