"""What do customers announce?"""

from dataclasses import dataclass
from uuid import UUID

from apps.core.eventbus import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIdentified(Event):
    """Something new is known of a customer: an identity, how well it is verified, or a fact."""

    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWithdrawn(Event):
    """Somebody took back what they had said of a customer."""

    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersMerged(Event):
    """Two customers are taken for one person from here on; ``root_id`` names their family."""

    merge_id: UUID
    root_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUndone(Event):
    """A merge was taken back; the families of the two customers it had joined are two again."""

    merge_id: UUID
    low_id: UUID
    high_id: UUID
