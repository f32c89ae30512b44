"""Conversations for tests, made through the services."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from apps.conversations import selectors
from apps.conversations.models import Conversation
from apps.conversations.services import receiving, replying
from apps.conversations.types import Accepted, Channel
from apps.customers.services import visitors as customer_visitors

if TYPE_CHECKING:
    from apps.inboxes.models import Inbox

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def start_conversation(inbox: "Inbox") -> Conversation:
    """Start a conversation in the scope of the inbox's organisation."""
    return receiving.start_conversation(
        inbox_id=inbox.id, channel=Channel.WEB, customer=customer_visitors.create_visitor(now=NOON), now=NOON
    )


def answer(conversation: Conversation, text: str) -> UUID:
    """Let the AI answer everything so far, in tokens as a model writes."""
    found = selectors.get_conversation(conversation.id)
    answer_id = uuid4()
    replying.send_answer(
        conversation_id=found.id,
        answer_id=answer_id,
        question_seq=found.last_seq,
        owner_version=found.owner_version,
        text=text,
        citations=[],
        engine="model",
        confidence=0.9,
        now=NOON,
    )
    return answer_id


def write(conversation: Conversation, text: str, *, minute: int = 0, client_id: UUID | None = None) -> Accepted:
    """Let the customer write at so many minutes past noon."""
    return receiving.receive_message(
        conversation_id=conversation.id,
        client_id=client_id or uuid4(),
        text=text,
        now=NOON + timedelta(minutes=minute),
    )
