"""What do conversations announce?"""

from dataclasses import dataclass
from uuid import UUID

from apps.core.eventbus import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStored(Event):
    """A message or event joined a conversation; whoever has it open should see it."""

    conversation_id: UUID
    message_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWanted(Event):
    """A customer wrote to a conversation that the AI owns."""

    conversation_id: UUID
    question_seq: int
