"""What is said about a customer, by whom, and how sure are we?"""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class IdentityKind(enum.StrEnum):
    """What an identity is. An external id is the customer's number or name in the organisation's own system."""

    EXTERNAL_ID = "external_id"
    EMAIL = "email"
    PHONE = "phone"


class Level(enum.IntEnum):
    """How well an identity is verified. It only ever rises.

    Claimed: somebody said so. Observed: a channel carried it, such as the sender of an e-mail. Verified: proven, by
    a token of the organisation or by an answer to a code.
    """

    CLAIMED = 1
    OBSERVED = 2
    VERIFIED = 3


class Reason(enum.StrEnum):
    """Why two customers were, or should perhaps be, taken for one person."""

    SAME_EXTERNAL_ID = "same_external_id"
    SAME_EMAIL = "same_email"
    SAME_PHONE = "same_phone"
    STAFF = "staff"


class SuggestionState(enum.StrEnum):
    """What has become of a suggestion."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


SAME = {
    IdentityKind.EXTERNAL_ID: Reason.SAME_EXTERNAL_ID,
    IdentityKind.EMAIL: Reason.SAME_EMAIL,
    IdentityKind.PHONE: Reason.SAME_PHONE,
}


@dataclass(frozen=True, slots=True)
class CanonicalIdentity:
    """An identity in its one written form; made by ``services/canonical.py`` only. Equal values mean the same one."""

    kind: IdentityKind
    value: str
    level: Level


@dataclass(frozen=True, slots=True)
class Introduction:
    """What one source says about who somebody is, checked and canonical.

    ``facts`` are name, locale and whatever else a profile holds, as pairs of key and value.
    """

    source: str
    identities: tuple[CanonicalIdentity, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def external_id(self) -> CanonicalIdentity | None:
        """The verified external id, if the source gave one."""
        found = (one for one in self.identities if one.kind is IdentityKind.EXTERNAL_ID)
        return next((one for one in found if one.level is Level.VERIFIED), None)


@dataclass(frozen=True, slots=True)
class Identified:
    """What an introduction has changed: customers joined, and joins suggested to people."""

    customer_id: UUID
    merge_ids: tuple[UUID, ...] = ()
    suggestion_ids: tuple[UUID, ...] = ()
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class IdentityView:
    """One identity of a person as agents see it."""

    customer_id: UUID
    kind: IdentityKind
    value: str
    level: Level
    source: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class FactView:
    """One thing said about a person as agents see it."""

    customer_id: UUID
    key: str
    value: str
    source: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Different things said about one person under one key: several names, several external ids. All are kept."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenSecretMade:
    """A new secret for visitor tokens; ``secret`` is shown once."""

    id: UUID
    name: str
    secret: str
