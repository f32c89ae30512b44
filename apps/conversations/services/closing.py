"""How does a conversation end, and begin again?"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.conversations.models import Conversation
from apps.conversations.services import ownership, recording
from apps.conversations.types import AuthorKind, EventName, EventView, OwnerKind, Status

if TYPE_CHECKING:
    from apps.accounts.models import Membership


@transaction.atomic
def close_conversation(*, actor: "Membership", conversation_id: UUID, now: datetime) -> Conversation:
    """Close it; the AI owns whatever comes next. Repeating it changes nothing. Raises ``ConversationNotFound``."""
    return _change_status(actor, conversation_id, Status.CLOSED, EventName.CLOSED, now)


@transaction.atomic
def reopen_conversation(*, actor: "Membership", conversation_id: UUID, now: datetime) -> Conversation:
    """Open it again. Repeating it changes nothing. Raises ``ConversationNotFound``."""
    return _change_status(actor, conversation_id, Status.OPEN, EventName.REOPENED, now)


def _change_status(
    actor: "Membership", conversation_id: UUID, status: Status, event: EventName, now: datetime
) -> Conversation:
    conversation = recording.lock_conversation(conversation_id)
    if (conversation.status == Status.CLOSED) == (status == Status.CLOSED):
        return conversation
    conversation.status = status.value
    if status == Status.CLOSED:
        conversation.owner_kind, conversation.owner_member = OwnerKind.AI.value, None
        conversation.owner_version += 1
        conversation.waiting_since = None
    draft = recording.Draft(author_kind=AuthorKind.SYSTEM, author_member=actor, event=EventView(name=event))
    recording.record_message(conversation, draft, now=now)
    conversation.save(update_fields=[*ownership.OWNER_FIELDS, "status"])
    return conversation
