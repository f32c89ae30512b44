"""How does a message get its place? The one function that numbers and inserts, used by every other step."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from apps.conversations.errors import ConversationNotFound
from apps.conversations.events import MessageStored
from apps.conversations.models import Conversation, Message
from apps.conversations.types import AuthorKind, Citation, EventView, MessageKind
from apps.core import eventbus
from apps.core.ids import uuid7
from apps.privacy.types import GENERATION

if TYPE_CHECKING:
    from apps.accounts.models import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message about to be recorded. ``text`` is redacted; ``original`` is None where it would say nothing more."""

    author_kind: AuthorKind
    author_member: "Membership | None" = None
    text: str = field(default="", repr=False)
    original: str | None = field(default=None, repr=False)
    event: EventView | None = None
    citations: Iterable[Citation] = ()
    answers_seq: int | None = None
    engine: str = ""
    confidence: float | None = None
    client_id: UUID | None = None
    id: UUID = field(default_factory=uuid7)


def lock_conversation(conversation_id: UUID) -> Conversation:
    """Return the conversation with its people, locked until the transaction ends. Raises ``ConversationNotFound``.

    Everything that changes a conversation or adds to it takes this lock first, so steps never interleave.
    """
    # With all that a frame shows, so that screens are told without reading anything back.
    rows = Conversation.objects.select_related("customer", "organisation", "owner_member__user")
    conversation = rows.select_for_update(of=("self",)).filter(id=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


def record_message(conversation: Conversation, draft: Draft, *, now: datetime) -> Message:
    """Append ``draft`` to a locked conversation. The caller saves the conversation's own fields afterwards."""
    conversation.last_seq += 1
    conversation.last_message_at = now
    message = Message.objects.create(
        id=draft.id,
        organisation_id=conversation.organisation_id,
        conversation=conversation,
        customer_id=conversation.customer_id,
        seq=conversation.last_seq,
        kind=(MessageKind.TEXT if draft.event is None else MessageKind.EVENT).value,
        author_kind=draft.author_kind.value,
        author_member=draft.author_member,
        text=draft.text,
        original=draft.original,
        redaction=GENERATION,
        event=None if draft.event is None else draft.event.model_dump(mode="json"),
        citations=[citation.model_dump(mode="json") for citation in draft.citations],
        answers_seq=draft.answers_seq,
        engine=draft.engine,
        confidence=draft.confidence,
        client_id=draft.client_id,
        created_at=now,
    )
    eventbus.publish(
        MessageStored(
            organisation_id=conversation.organisation_id,
            conversation_id=conversation.id,
            message_id=message.id,
            stored=message,
        )
    )
    return message
