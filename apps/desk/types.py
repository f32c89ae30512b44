"""What does the desk show? Frozen shapes of rows, counts and details."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from apps.conversations.types import Instant, MessageCreated, MessageView, Outward


class View(StrEnum):
    """The lists an agent works from."""

    NEEDS_PERSON = "needs-a-person"
    MINE = "mine"
    AI = "ai"
    OPEN = "open"
    CLOSED = "closed"


class Deed(StrEnum):
    """What an agent can do to a conversation besides writing in it; also the last part of its address."""

    TAKE = "take"
    RETURN = "return"
    CLOSE = "close"
    REOPEN = "reopen"


class OwnerView(Outward):
    """Who answers a conversation. ``member_id`` tells two colleagues of one name apart."""

    kind: str
    name: str
    member_id: UUID | None


class Snippet(Outward):
    """The beginning of the newest text."""

    author_kind: str
    text: str


class ConversationSummary(Outward):
    """One row of a list, the same for every member. ``last_seq`` orders two summaries of one conversation."""

    id: UUID
    title: str
    reference: str
    channel: str
    status: str
    owner: OwnerView
    owner_version: int
    last_seq: int
    snippet: Snippet | None
    last_message_at: Instant
    waiting_since: Instant | None
    created_at: Instant


class Counts(Outward):
    """How many conversations each list holds; ``unread`` of the member's own have news."""

    needs_person: int
    mine: int
    ai: int
    open: int
    unread: int


@dataclass(frozen=True, slots=True)
class ListCursor:
    """Where the next page of a list begins: the sort time and id of the last row."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows in the order of their list; ``read`` maps ids to the seq this member has read up to."""

    rows: tuple[ConversationSummary, ...]
    read: dict[UUID, int]
    next: ListCursor | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages in order; ``more`` older (or newer, when asked for those) ones exist."""

    events: tuple[MessageCreated, ...]
    more: bool
    last_seq: int


@dataclass(frozen=True, slots=True)
class Details:
    """What stands beside an open conversation."""

    summary: ConversationSummary
    customer_since: datetime
    answer: MessageView | None
    earlier: tuple[ConversationSummary, ...]
