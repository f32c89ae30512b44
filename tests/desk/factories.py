"""Conversations in every state an agent meets, made through the services."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from apps.accounts import services as account_services
from apps.accounts.types import Role
from apps.conversations.models import Conversation
from apps.conversations.services import closing, ownership, replying
from apps.conversations.types import Citation
from tests.conftest import PASSWORD
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox


def make_member(organisation: "Organisation", name: str, role: Role) -> "Membership":
    """Create a member with this role."""
    email = f"{name.lower()}@{organisation.slug}.example"
    return account_services.save_member(organisation=organisation, email=email, name=name, role=role, password=PASSWORD)


def asked(inbox: "Inbox", text: str = "Where is my parcel?", *, minute: int = 0) -> Conversation:
    """Return a conversation that the AI owns and in which the customer has written once."""
    conversation = start_conversation(inbox)
    write(conversation, text, minute=minute)
    conversation.refresh_from_db()
    return conversation


def waiting(inbox: "Inbox", text: str = "I want to talk to somebody", *, minute: int = 0) -> Conversation:
    """Return a conversation that needs a person since ``minute``."""
    conversation = asked(inbox, text, minute=minute)
    ownership.request_person(conversation_id=conversation.id, now=NOON + timedelta(minutes=minute))
    conversation.refresh_from_db()
    return conversation


def taken(inbox: "Inbox", member: "Membership", text: str = "It is broken", *, minute: int = 0) -> Conversation:
    """Return a conversation that ``member`` owns."""
    conversation = asked(inbox, text, minute=minute)
    take(conversation, member, minute=minute)
    return conversation


def closed(inbox: "Inbox", member: "Membership", text: str = "Thank you", *, minute: int = 0) -> Conversation:
    """Return a closed conversation."""
    conversation = asked(inbox, text, minute=minute)
    now = NOON + timedelta(minutes=minute)
    closing.close_conversation(actor=member, conversation_id=conversation.id, now=now)
    conversation.refresh_from_db()
    return conversation


def take(conversation: Conversation, member: "Membership", *, minute: int = 0) -> None:
    """Let ``member`` take the conversation."""
    now = NOON + timedelta(minutes=minute)
    ownership.take_conversation(actor=member, conversation_id=conversation.id, now=now)
    conversation.refresh_from_db()


def answer(conversation: Conversation, text: str, *, minute: int = 0, answer_id: UUID | None = None) -> None:
    """Let the AI answer with one citation."""
    citation = Citation(n=1, document_id=uuid4(), passage_id=uuid4(), title="Parcels", passage="Parcels take two days.")
    replying.send_answer(
        conversation_id=conversation.id,
        answer_id=answer_id or uuid4(),
        question_seq=conversation.last_seq,
        owner_version=conversation.owner_version,
        text=text,
        citations=[citation],
        engine="builtin",
        confidence=0.82,
        now=NOON + timedelta(minutes=minute),
    )
    conversation.refresh_from_db()
