"""Which frames does the desk's socket speak? docs/realtime.md is generated from here."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from apps.conversations.types import MessageCreated, PersonView, TimelineEntry
from apps.core.sockets import Inbound, Outbound, Ping
from apps.desk.types import ConversationSummary

HEARTBEAT_SECONDS = 25


class Watch(Inbound):
    """Follow a conversation; ``last_seq`` is the newest message the window already has."""

    type: Literal["watch"]
    conversation_id: UUID
    last_seq: int = Field(default=0, ge=0)


class Unwatch(Inbound):
    """Stop following a conversation."""

    type: Literal["unwatch"]
    conversation_id: UUID


class TypingSet(Inbound):
    """The agent begins or stops to type."""

    type: Literal["typing.set"]
    conversation_id: UUID
    on: bool


DeskFrame = Annotated[Watch | Unwatch | TypingSet | Ping, Field(discriminator="type")]


class MemberView(Outbound):
    """Whose desk this is."""

    id: UUID
    name: str
    short_name: str
    role: str


class DeskWelcome(Outbound):
    """The first frame: the socket is authorised and follows the member's lists."""

    type: Literal["desk.welcome"] = "desk.welcome"
    member: MemberView
    heartbeat: int = HEARTBEAT_SECONDS


class Watching(Outbound):
    """Answers watch with up to 100 missed messages; ``more`` says that others are to be fetched."""

    type: Literal["watching"] = "watching"
    conversation_id: UUID
    events: tuple[MessageCreated, ...]
    more: bool
    last_seq: int


class Typing(Outbound):
    """Somebody types. Transient."""

    type: Literal["typing"] = "typing"
    conversation_id: UUID
    author: PersonView
    on: bool


class ConversationUpdated(Outbound):
    """A conversation began or changed: how its row reads now. Goes to all who may work at the desk."""

    type: Literal["conversation.updated"] = "conversation.updated"
    conversation: ConversationSummary


class CustomerChanged(Outbound):
    """What is known of a person has changed, or who is the same person. Windows that show one of these look again."""

    type: Literal["customer.changed"] = "customer.changed"
    customer_ids: tuple[UUID, ...]


class Rows(Outbound):
    """A page of a list, over HTTP. ``read``: how far this member has read; ``next`` is empty at the end."""

    rows: tuple[ConversationSummary, ...]
    read: dict[UUID, int]
    next: str


class Messages(Outbound):
    """A page of a conversation, over HTTP: ``more`` messages exist beyond the end that was asked for."""

    events: tuple[MessageCreated, ...]
    more: bool
    last_seq: int


class CustomerTimeline(Outbound):
    """A page of all that happened with a person, newest first, over HTTP. ``next`` is empty at the end."""

    entries: tuple[TimelineEntry, ...]
    next: str
