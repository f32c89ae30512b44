"""Conversations as they were stored before messages were protected."""

from datetime import timedelta
from uuid import uuid4

from apps.conversations.models import Conversation, Message
from apps.conversations.types import Citation
from tests.conversations.factories import NOON

CITED = Citation(
    n=1, document_id=uuid4(), passage_id=uuid4(), title="Contact", passage="Write to help@acme.example."
).model_dump(mode="json")


def store(conversation: Conversation, *texts: tuple[str, str]) -> list[Message]:
    """Store texts by author as rows of the old form, at one minute each; the first becomes the title."""
    rows = [
        Message(
            organisation_id=conversation.organisation_id,
            conversation=conversation,
            seq=seq,
            author_kind=author,
            text=text,
            client_id=uuid4() if author == "customer" else None,
            citations=[CITED] if author == "ai" else [],
            redaction=0,
            created_at=NOON + timedelta(minutes=seq),
        )
        for seq, (author, text) in enumerate(texts, start=1)
    ]
    Message.objects.bulk_create(rows)
    conversation.title, conversation.last_seq = texts[0][1][:80], len(texts)
    conversation.save(update_fields=["title", "last_seq"])
    return rows
