"""Which frames does the visitor's socket speak? docs/realtime.md is generated from here."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from apps.conversations.types import MessageCreated, PersonView
from apps.core.sockets import Inbound, Outbound, Ping

HEARTBEAT_SECONDS = 25


class Hello(Inbound):
    """The first frame. ``session`` is the browser's secret, ``last_seq`` the newest message it has.

    ``token`` is the visitor token of a page that knows who its visitor is. One that is not accepted gets an ``error``
    with a code ``token.…`` after ``welcome``, and the chat goes on without it. May be repeated with a fresh token.
    """

    type: Literal["hello"]
    protocol: Literal[1]
    session: str = Field(max_length=64)
    last_seq: int = Field(default=0, ge=0)
    token: str | None = None


class MessageSend(Inbound):
    """A message of the customer. May be resent with the same ``client_id``: one message, once."""

    type: Literal["message.send"]
    client_id: UUID
    text: str


class PersonRequest(Inbound):
    """The customer wants to talk to a person."""

    type: Literal["person.request"]
    client_id: UUID


class TypingSet(Inbound):
    """The customer begins or stops to type."""

    type: Literal["typing.set"]
    on: bool


VisitorFrame = Annotated[Hello | MessageSend | PersonRequest | TypingSet | Ping, Field(discriminator="type")]


class InboxView(Outbound):
    """How the inbox introduces itself."""

    name: str
    greeting: str
    organisation: str
    assistant: str


class Welcome(Outbound):
    """Answers hello with up to 100 missed messages; ``more`` says that others are to be fetched."""

    type: Literal["welcome"] = "welcome"
    conversation_id: UUID | None
    last_seq: int
    events: tuple[MessageCreated, ...]
    more: bool
    owner: PersonView
    inbox: InboxView
    heartbeat: int = HEARTBEAT_SECONDS


class MessageAccepted(Outbound):
    """The message is stored. Sent after commit, also for a resend."""

    type: Literal["message.accepted"] = "message.accepted"
    client_id: UUID
    message_id: UUID
    conversation_id: UUID
    seq: int


class PersonRequested(Outbound):
    """The wish for a person is stored."""

    type: Literal["person.accepted"] = "person.accepted"
    client_id: UUID
    conversation_id: UUID
