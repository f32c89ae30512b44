"""What happens when the AI or an agent answers?"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from apps.conversations.errors import OwnerChanged
from apps.conversations.models import Conversation, Message
from apps.conversations.services import ownership, protecting, receiving, recording
from apps.conversations.types import Accepted, AuthorKind, Citation, OwnerKind, Status

if TYPE_CHECKING:
    from apps.accounts.models import Membership


@transaction.atomic
def send_answer(
    *,
    conversation_id: UUID,
    answer_id: UUID,
    question_seq: int,
    owner_version: int,
    text: str,
    citations: Sequence[Citation],
    engine: str,
    confidence: float,
    now: datetime,
) -> Accepted:
    """Post the AI's answer to everything up to ``question_seq`` as message ``answer_id``, once.

    ``text`` has the conversation's tokens where it means personal data; people are shown what they stand for.
    Repeating the call after a crash returns what was stored. Raises ``OwnerChanged`` when the owner is no longer what
    it was when the run began (the AI never talks over a person), ``VaultUnavailable`` and ``KeyShredded``.
    """
    prepared = protecting.prepare_answer(conversation_id=conversation_id, text=text, citations=citations)
    conversation = recording.lock_conversation(conversation_id)
    earlier = Message.objects.filter(id=answer_id).first()
    if earlier is not None:
        return Accepted(conversation.id, earlier.id, earlier.seq, is_new=False)
    if conversation.owner_version != owner_version or conversation.owner_kind != OwnerKind.AI:
        raise OwnerChanged
    kept = protecting.settle(conversation, prepared)
    draft = recording.Draft(
        id=answer_id,
        author_kind=AuthorKind.AI,
        text=kept.text,
        original=kept.original,
        citations=citations,
        answers_seq=question_seq,
        engine=engine,
        confidence=confidence,
    )
    message = recording.record_message(conversation, draft, now=now)
    _mark_answered(conversation)
    return Accepted(conversation.id, message.id, message.seq, is_new=True)


@transaction.atomic
def send_agent_reply(
    *,
    actor: "Membership",
    conversation_id: UUID,
    client_id: UUID,
    text: str,
    now: datetime,
    prepared: protecting.Prepared | None = None,
) -> Accepted:
    """Post an agent's reply, once for each ``client_id``; the agent becomes the owner if they were not.

    Whoever holds the conversation's lock already has ``prepared`` the text before. Raises ``MessageEmpty``,
    ``MessageTooLong``, ``ClientIdTaken``, ``ConversationNotFound``, ``VaultUnavailable`` and ``KeyShredded``.
    """
    cleaned = receiving.clean_text(text)
    prepared = prepared or protecting.prepare_message(conversation_id=conversation_id, text=cleaned)
    conversation = recording.lock_conversation(conversation_id)
    earlier = receiving.find_sent(conversation, client_id, cleaned)
    if earlier is not None:
        return earlier
    kept = protecting.settle(conversation, prepared)
    ownership.hand_to_member(conversation, actor, now=now)
    draft = recording.Draft(
        author_kind=AuthorKind.AGENT,
        author_member=actor,
        text=kept.text,
        original=kept.original,
        answers_seq=conversation.last_seq,
        client_id=client_id,
    )
    message = recording.record_message(conversation, draft, now=now)
    _mark_answered(conversation)
    return Accepted(conversation.id, message.id, message.seq, is_new=True)


def _mark_answered(conversation: Conversation) -> None:
    conversation.status = Status.WAITING.value
    conversation.waiting_since = None
    conversation.save(
        update_fields=[
            "last_seq",
            "last_message_at",
            "status",
            "waiting_since",
            "owner_kind",
            "owner_member",
            "owner_version",
            "tokens",
        ]
    )
