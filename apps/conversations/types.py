"""What do other apps and the outside hold of a conversation? Frozen shapes that doors serialise."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

MESSAGE_LIMIT = 4000
MISSED_LIMIT = 100


class Channel(StrEnum):
    WEB = "web"
    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"


class Status(StrEnum):
    """``waiting`` means: on the customer."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


class OwnerKind(StrEnum):
    """Who answers. With ``nobody`` the conversation waits for a person and the AI keeps silent."""

    AI = "ai"
    PERSON = "person"
    NOBODY = "nobody"


class AuthorKind(StrEnum):
    CUSTOMER = "customer"
    AI = "ai"
    AGENT = "agent"
    SYSTEM = "system"


class MessageKind(StrEnum):
    TEXT = "text"
    EVENT = "event"


class EventName(StrEnum):
    """What a message of kind ``event`` says."""

    OWNER_CHANGED = "owner.changed"
    PERSON_REQUESTED = "person.requested"
    CLOSED = "conversation.closed"
    REOPENED = "conversation.reopened"


class Sealed(StrEnum):
    """Why the text of a message cannot be read.

    ``unavailable``: not just now; ``text`` is then the redacted one, with tokens in place of personal details.
    ``erased``: never again, by right. ``damaged``: it is not what was stored. ``text`` is then empty.
    """

    UNAVAILABLE = "unavailable"
    ERASED = "erased"
    DAMAGED = "damaged"


Instant = Annotated[
    datetime,
    PlainSerializer(lambda value: value.isoformat(timespec="milliseconds").replace("+00:00", "Z"), return_type=str),
]


class Outward(BaseModel):
    """Base of everything that leaves the suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Citation(Outward):
    """Where a claim in an answer comes from: marker ``[n]`` and the passage as it read then."""

    n: int
    document_id: UUID
    passage_id: UUID
    title: str
    passage: str


class PersonView(Outward):
    """Who owns or wrote something, as shown."""

    kind: str
    name: str


class EventView(Outward):
    """What happened, for messages of kind ``event``."""

    name: EventName
    owner: PersonView | None = None


class MessageView(Outward):
    """One message as everyone who may see the conversation sees it, personal details included.

    ``sealed`` says why ``text`` is not what was written: ``unavailable`` (not just now; ``text`` has tokens such as
    ``[EMAIL_1]`` in place of personal details), ``erased`` or ``damaged`` (``text`` is empty).
    """

    id: UUID
    seq: int
    kind: MessageKind
    author: PersonView
    text: str
    event: EventView | None
    citations: tuple[Citation, ...]
    engine: str
    confidence: float | None
    client_id: UUID | None
    created_at: Instant
    sealed: Sealed | None = None


class MessageCreated(Outward):
    """The one durable frame: a message or event joined the conversation. ``seq`` has no gaps."""

    type: Literal["message.created"] = "message.created"
    conversation_id: UUID
    seq: int
    message: MessageView


class Typing(Outward):
    """Somebody types. Transient."""

    type: Literal["typing"] = "typing"
    conversation_id: UUID
    author: PersonView
    on: bool


class TimelineEntry(Outward):
    """One message or event of a customer, in whichever conversation it happened."""

    conversation_id: UUID
    customer_id: UUID
    inbox_id: UUID
    channel: Channel
    title: str
    message: MessageView


@dataclass(frozen=True, slots=True)
class TimelineCursor:
    """Where the next page of a timeline begins: below this moment and message."""

    at: datetime
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened with a customer in all conversations, newest first; ``next`` is None on the last page."""

    entries: tuple[TimelineEntry, ...]
    next: TimelineCursor | None


@dataclass(frozen=True, slots=True)
class Updates:
    """Messages after a known ``seq``; ``more`` when the page was full."""

    events: tuple[MessageCreated, ...]
    more: bool
    last_seq: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message is stored. ``is_new`` is False when the same client id had been stored before."""

    conversation_id: UUID
    message_id: UUID
    seq: int
    is_new: bool
