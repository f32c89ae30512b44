"""What does the desk show? Frozen shapes of rows, counts and details."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from apps.conversations.types import Instant, MessageCreated, MessageView, Outward, Sealed
from apps.customers.types import IdentityKind, Level, Reason


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


# Customers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a line names. ``name`` is empty while none is known, or while ``sealed`` says why it cannot be read."""

    id: UUID
    reference: str
    name: str
    since: datetime
    sealed: Sealed | None = None

    @property
    def label(self) -> str:
        """The name if one is known, else the reference."""
        return self.name or self.reference


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """An identity of a person, once, however many of the family brought it; ``level`` is the best of all."""

    kind: IdentityKind
    value: str
    level: Level
    sources: tuple[str, ...]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One value, and the sources that said so."""

    value: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Several names, or several external ids, of one person: each with its sources. All are kept."""

    key: str
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class SuggestedMerge:
    """Somebody who may be the same person. ``level`` is how well this side's equal identity is verified."""

    id: UUID
    mine_id: UUID
    other: Person
    reason: Reason
    value: str
    level: Level | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is, as far as is known. ``root_id`` names the family; ``size`` counts its members.

    ``facts`` are what all sources agree on. ``sealed`` says why what is known cannot be shown; then all of it is empty.
    """

    person: Person
    root_id: UUID
    size: int
    identities: tuple[KnownIdentity, ...] = ()
    facts: tuple[tuple[str, Said], ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    suggestions: tuple[SuggestedMerge, ...] = ()
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """One of the customers taken for one person, and what it brought."""

    person: Person
    identities: tuple[KnownIdentity, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeLine:
    """A merge in the history of a family: who, when, why, and whether it was undone. Nobody's name: by itself."""

    id: UUID
    first: Person
    second: Person
    reason: Reason
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Everything about one person but the timeline. ``older_merges`` are not listed."""

    profile: Profile
    family: tuple[FamilyMember, ...]
    history: tuple[MergeLine, ...]
    older_merges: int


@dataclass(frozen=True, slots=True)
class JoinPreview:
    """What joining two families would do. ``are_rivals``: each has a verified external id that the other lacks."""

    first: Profile
    second: Profile
    disagreements: tuple[Disagreement, ...]
    are_rivals: bool
    suggestion_id: UUID | None


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What comes apart when a merge is undone."""

    merge: MergeLine
    first: tuple[Person, ...]
    second: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that a search found, and by what; an identity with its level."""

    person: Person
    by: str
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What stands beside an open conversation."""

    summary: ConversationSummary
    profile: Profile
    customer_since: datetime
    answer: MessageView | None
    earlier: tuple[ConversationSummary, ...]
