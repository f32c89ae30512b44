"""Which passage is this?"""

from apps.knowledge.models import Passage
from apps.knowledge.types import PassageView


def find_passage_quoting(*, source_name: str, external_id: str, quotation: str) -> PassageView | None:
    """Return the first passage of a document that contains ``quotation`` (white space apart), or None."""
    passages = Passage.objects.select_related("document").filter(
        document__source__name=source_name, document__external_id=external_id
    )
    wanted = " ".join(quotation.split())
    for passage in passages.order_by("ordinal"):
        if wanted in " ".join(passage.text.split()):
            return PassageView(
                passage_id=passage.id,
                document_id=passage.document_id,
                title=passage.document.title,
                heading=passage.heading,
                text=passage.text,
                is_live=passage.document.is_live,
            )
    return None
