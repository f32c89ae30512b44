"""What do other apps hold of an inbox?"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor's session with one inbox; ``conversation_id`` is None before the first message."""

    session_id: UUID
    organisation_id: UUID
    inbox_id: UUID
    customer_id: UUID
    conversation_id: UUID | None
