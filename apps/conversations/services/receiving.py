"""What happens when a customer writes?"""

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.conversations import selectors
from apps.conversations.errors import ClientIdTaken, MessageEmpty, MessageTooLong
from apps.conversations.events import AnswerWanted
from apps.conversations.models import Conversation, Message
from apps.conversations.services import protecting, recording
from apps.conversations.types import (
    MESSAGE_LIMIT,
    Accepted,
    AuthorKind,
    Channel,
    EventName,
    EventView,
    OwnerKind,
    Sealed,
    Status,
)
from apps.core import eventbus, tenancy
from apps.core.ids import uuid7
from apps.vault.errors import VaultUnavailable

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
    ``MessageEmpty``, ``MessageTooLong``, ``ConversationNotFound``, ``ClientIdTaken`` when the id was used for a
    different text, and ``VaultUnavailable`` and ``KeyShredded``: what cannot be encrypted is not stored.
    """
    cleaned = clean_text(text)
    prepared = protecting.prepare_message(conversation_id=conversation_id, text=cleaned)
    conversation = recording.lock_conversation(conversation_id)
    earlier = find_sent(conversation, client_id, cleaned)
    if earlier is not None:
        return earlier
    kept = protecting.settle(conversation, prepared)
    if conversation.status == Status.CLOSED:
        reopened = recording.Draft(author_kind=AuthorKind.SYSTEM, event=EventView(name=EventName.REOPENED))
        recording.record_message(conversation, reopened, now=now)
    draft = recording.Draft(
        author_kind=AuthorKind.CUSTOMER, text=kept.text, original=kept.original, client_id=client_id
    )
    message = recording.record_message(conversation, draft, now=now)
    conversation.status = Status.OPEN.value
    conversation.waiting_since = conversation.waiting_since or now
    conversation.title = conversation.title or make_title(kept.text)
    conversation.save(update_fields=["last_seq", "last_message_at", "status", "waiting_since", "title", "tokens"])
    if wants_answer and conversation.owner_kind == OwnerKind.AI:
        wanted = AnswerWanted(
            organisation_id=conversation.organisation_id,
            conversation_id=conversation.id,
            question_seq=message.seq,
        )
        eventbus.publish(wanted)
    return Accepted(conversation.id, message.id, message.seq, is_new=True)


def find_sent(conversation: Conversation, client_id: UUID, text: str) -> Accepted | None:
    """Return the message already stored under ``client_id``. Raises ``ClientIdTaken`` when it reads differently.

    Where it can no longer be read, the id alone says that it is the same. Raises ``VaultUnavailable``.
    """
    earlier = Message.objects.filter(conversation=conversation, client_id=client_id).first()
    if earlier is None:
        return None
    written, sealed = selectors.read_text(earlier)
    if sealed is Sealed.UNAVAILABLE:
        raise VaultUnavailable
    if sealed is None and written != text:
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
    # U+FFFD stands where a character was cut in two or lost its encoding: alone it says nothing.
    if not cleaned.strip("\ufffd \t\n"):
        raise MessageEmpty
    if len(cleaned) > MESSAGE_LIMIT:
        raise MessageTooLong
    return cleaned


def make_title(text: str) -> str:
    """Return the title of a conversation that begins with this redacted text."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{selectors.cut_text(line, TITLE_LENGTH - 1).rstrip()}…"
