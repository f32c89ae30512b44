"""What do conversations announce?"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from apps.core.eventbus import IN_HAND, Event

if TYPE_CHECKING:
    from apps.conversations.models import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStored(Event):
    """A message or event joined a conversation; whoever has it open should see it.

    ``stored`` is the message as it was stored, with its conversation and the people of that.
    """

    conversation_id: UUID
    message_id: UUID
    stored: "Message | None" = field(default=None, compare=False, repr=False, metadata=IN_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWanted(Event):
    """A customer wrote to a conversation that the AI owns."""

    conversation_id: UUID
    question_seq: int
