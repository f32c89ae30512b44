"""Who answers a conversation, and how does that change hands?"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.conversations.errors import ConversationClosed
from apps.conversations.events import AnswerWanted
from apps.conversations.models import Conversation, Message
from apps.conversations.services import recording
from apps.conversations.types import AuthorKind, EventName, EventView, OwnerKind, PersonView, Status
from apps.core import eventbus

if TYPE_CHECKING:
    from apps.accounts.models import Membership

OWNER_FIELDS = ["last_seq", "last_message_at", "waiting_since", "owner_kind", "owner_member", "owner_version"]


@transaction.atomic
def take_conversation(*, actor: "Membership", conversation_id: UUID, now: datetime) -> Conversation:
    """Make ``actor`` the owner. Raises ``ConversationNotFound`` and ``ConversationClosed``."""
    conversation = recording.lock_conversation(conversation_id)
    if conversation.status == Status.CLOSED:
        raise ConversationClosed
    if hand_to_member(conversation, actor, now=now):
        conversation.save(update_fields=OWNER_FIELDS)
    return conversation


@transaction.atomic
def return_to_ai(*, conversation_id: UUID, now: datetime) -> Conversation:
    """Let the AI answer again, beginning with what the customer is still waiting for.

    Raises ``ConversationNotFound`` and ``ConversationClosed``.
    """
    conversation = recording.lock_conversation(conversation_id)
    if conversation.status == Status.CLOSED:
        raise ConversationClosed
    if conversation.owner_kind == OwnerKind.AI:
        return conversation
    _change_owner(conversation, OwnerKind.AI, None)
    event = EventView(name=EventName.OWNER_CHANGED, owner=PersonView(kind=OwnerKind.AI.value, name=""))
    recording.record_message(conversation, recording.Draft(author_kind=AuthorKind.SYSTEM, event=event), now=now)
    conversation.save(update_fields=OWNER_FIELDS)
    if conversation.waiting_since is not None:
        newest = Message.objects.filter(conversation=conversation, author_kind=AuthorKind.CUSTOMER.value)
        question_seq = newest.order_by("-seq").values_list("seq", flat=True)[0]
        wanted = AnswerWanted(
            organisation_id=conversation.organisation_id,
            conversation_id=conversation.id,
            question_seq=question_seq,
        )
        eventbus.publish(wanted)
    return conversation


@transaction.atomic
def request_person(*, conversation_id: UUID, now: datetime) -> Conversation:
    """Stop the AI and let the conversation wait for a person. Repeating it changes nothing.

    Raises ``ConversationNotFound``.
    """
    conversation = recording.lock_conversation(conversation_id)
    if conversation.owner_kind != OwnerKind.AI:
        return conversation
    _change_owner(conversation, OwnerKind.NOBODY, None)
    conversation.waiting_since = conversation.waiting_since or now
    if conversation.status == Status.WAITING:
        conversation.status = Status.OPEN.value
    owner = PersonView(kind=OwnerKind.NOBODY.value, name="")
    event = EventView(name=EventName.PERSON_REQUESTED, owner=owner)
    recording.record_message(conversation, recording.Draft(author_kind=AuthorKind.SYSTEM, event=event), now=now)
    conversation.save(update_fields=[*OWNER_FIELDS, "status"])
    return conversation


def hand_to_member(conversation: Conversation, member: "Membership", *, now: datetime) -> bool:
    """Make ``member`` the owner of a locked conversation and record it; False if they already are. Does not save."""
    if conversation.owner_kind == OwnerKind.PERSON and conversation.owner_member_id == member.id:
        return False
    _change_owner(conversation, OwnerKind.PERSON, member)
    owner = PersonView(kind=OwnerKind.PERSON.value, name=member.user.get_short_name())
    event = EventView(name=EventName.OWNER_CHANGED, owner=owner)
    draft = recording.Draft(author_kind=AuthorKind.SYSTEM, author_member=member, event=event)
    recording.record_message(conversation, draft, now=now)
    return True


def _change_owner(conversation: Conversation, kind: OwnerKind, member: "Membership | None") -> None:
    conversation.owner_kind = kind.value
    conversation.owner_member = member
    conversation.owner_version += 1
