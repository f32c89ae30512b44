"""What happens when a customer writes?"""

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.conversations.errors import ClientIdTaken, MessageEmpty, MessageTooLong
from apps.conversations.events import AnswerWanted
from apps.conversations.models import Conversation, Message
from apps.conversations.services import recording
from apps.conversations.types import (
    MESSAGE_LIMIT,
    Accepted,
    AuthorKind,
    Channel,
    EventName,
    EventView,
    OwnerKind,
    Status,
)
from apps.core import eventbus, tenancy
from apps.core.ids import uuid7

if TYPE_CHECKING:
    from apps.customers.models import Customer

TITLE_LENGTH = 80


@transaction.atomic
def start_conversation(
    *,
    inbox_id: UUID,
    channel: Channel,
    customer: "Customer",
    now: datetime,
    conversation_id: UUID | None = None,
) -> Conversation:
    """Open a conversation for ``customer`` in the organisation in scope. The AI owns it at first.

    Whoever must listen before anything happens in it chooses the ``conversation_id``.
    """
    return Conversation.objects.create(
        id=conversation_id or uuid7(),
        organisation_id=tenancy.current_organisation_id(),
        inbox_id=inbox_id,
        channel=channel.value,
        customer=customer,
        last_message_at=now,
        created_at=now,
    )


@transaction.atomic
def receive_message(
    *, conversation_id: UUID, client_id: UUID, text: str, now: datetime, wants_answer: bool = True
) -> Accepted:
    """Store what the customer wrote, once for each ``client_id``, and ask for an answer if the AI is the owner.

    A closed conversation opens again. ``wants_answer=False`` when the caller answers itself. Raises
    ``MessageEmpty``, ``MessageTooLong``, ``ConversationNotFound``, and ``ClientIdTaken`` when the id was used for a
    different text.
    """
    cleaned = clean_text(text)
    conversation = recording.lock_conversation(conversation_id)
    earlier = find_sent(conversation, client_id, cleaned)
    if earlier is not None:
        return earlier
    if conversation.status == Status.CLOSED:
        reopened = recording.Draft(author_kind=AuthorKind.SYSTEM, event=EventView(name=EventName.REOPENED))
        recording.record_message(conversation, reopened, now=now)
    draft = recording.Draft(author_kind=AuthorKind.CUSTOMER, text=cleaned, client_id=client_id)
    message = recording.record_message(conversation, draft, now=now)
    conversation.status = Status.OPEN.value
    conversation.waiting_since = conversation.waiting_since or now
    conversation.title = conversation.title or _title(cleaned)
    conversation.save(update_fields=["last_seq", "last_message_at", "status", "waiting_since", "title"])
    if wants_answer and conversation.owner_kind == OwnerKind.AI:
        wanted = AnswerWanted(
            organisation_id=conversation.organisation_id,
            conversation_id=conversation.id,
            question_seq=message.seq,
        )
        eventbus.publish(wanted)
    return Accepted(conversation.id, message.id, message.seq, is_new=True)


def find_sent(conversation: Conversation, client_id: UUID, text: str) -> Accepted | None:
    """Return the message already stored under ``client_id``. Raises ``ClientIdTaken`` when it reads differently."""
    earlier = Message.objects.filter(conversation=conversation, client_id=client_id).first()
    if earlier is None:
        return None
    if earlier.text != text:
        raise ClientIdTaken
    return Accepted(conversation.id, earlier.id, earlier.seq, is_new=False)


def clean_text(text: str) -> str:
    """Return ``text`` as it is stored: trimmed, without NUL and other control characters but tab and line feed.

    Raises ``MessageEmpty`` and ``MessageTooLong`` (more than 4,000 characters).
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    # PostgreSQL cannot store NUL; lone surrogates cannot be encoded; the other controls only ever hide something.
    cleaned = "".join(
        letter for letter in unified if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"}
    ).strip()
    if not cleaned:
        raise MessageEmpty
    if len(cleaned) > MESSAGE_LIMIT:
        raise MessageTooLong
    return cleaned


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1].rstrip()}…"
