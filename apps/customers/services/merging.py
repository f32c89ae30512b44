"""What happens when two customers turn out to be one person, or not to be?

A merge is an edge between two customers and moves nothing: conversations, identities and keys stay where they are.
Families are what the edges connect. A second edge within a family is refused, so the edges form a forest, and taking
any one of them away parts its family in exactly two. Roots follow from the edges alone (the oldest member), so an
undo is exact whatever has happened since.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.core import eventbus, tenancy
from apps.customers.errors import AlreadyMerged, CustomerNotFound, FamilyTooLarge, MergeAlreadyUndone, MergeNotFound
from apps.customers.events import CustomersMerged, MergeUndone
from apps.customers.models import Customer, Merge
from apps.customers.services import locking
from apps.customers.types import Reason

if TYPE_CHECKING:
    from apps.accounts.models import Membership

# A person with this many browsers is a mistake; and a family is read at once.
FAMILY_LARGEST = 1000


@transaction.atomic
def merge_customers(
    *, first_id: UUID, second_id: UUID, actor: "Membership | None", now: datetime, reason: Reason = Reason.STAFF
) -> Merge:
    """Take two customers of the organisation in scope for one person.

    Raises ``CustomerNotFound``, ``AlreadyMerged``, ``FamilyTooLarge`` and ``Contended``.
    """
    roots = locking.lock_families(customer_ids=[first_id, second_id])
    return join_locked(first_id=first_id, second_id=second_id, roots=roots, reason=reason, actor=actor, now=now)


def join_locked(
    *,
    first_id: UUID,
    second_id: UUID,
    roots: dict[UUID, UUID],
    reason: Reason,
    now: datetime,
    actor: "Membership | None" = None,
    evidence: bytes = b"",
) -> Merge:
    """Record the edge and the new root, also in ``roots``. The caller holds both families' locks.

    Raises ``CustomerNotFound``, ``AlreadyMerged`` and ``FamilyTooLarge``.
    """
    if first_id not in roots or second_id not in roots:
        raise CustomerNotFound
    old = {roots[first_id], roots[second_id]}
    if len(old) == 1:
        raise AlreadyMerged
    families = Q(id__in=old) | Q(root_id__in=old)
    if Customer.objects.filter(families).count() > FAMILY_LARGEST:
        raise FamilyTooLarge
    low, high = sorted((first_id, second_id))
    merge = Merge.objects.create(
        organisation_id=tenancy.current_organisation_id(),
        low_id=low,
        high_id=high,
        reason=reason.value,
        evidence=evidence,
        merged_at=now,
        merged_by=actor,
    )
    root = min(old)
    Customer.objects.filter(families).update(root_id=root)
    roots.update({one: root for one, before in roots.items() if before in old})
    eventbus.publish(CustomersMerged(organisation_id=merge.organisation_id, merge_id=merge.id, root_id=root))
    return merge


@transaction.atomic
def undo_merge(*, merge_id: UUID, actor: "Membership | None", now: datetime) -> Merge:
    """Take a merge back, in whatever order merges were made; the record of it stays.

    The two will not be joined by themselves again. Raises ``MergeNotFound``, ``MergeAlreadyUndone``, ``Contended``.
    """
    merge = Merge.objects.filter(id=merge_id).first()
    if merge is None:
        raise MergeNotFound
    locking.lock_families(customer_ids=[merge.low_id])
    undone = Merge.objects.filter(id=merge_id, undone_at=None).update(undone_at=now, undone_by=actor)
    if undone == 0:
        raise MergeAlreadyUndone
    merge.refresh_from_db()
    _set_roots(merge)
    eventbus.publish(
        MergeUndone(
            organisation_id=merge.organisation_id, merge_id=merge.id, low_id=merge.low_id, high_id=merge.high_id
        )
    )
    return merge


def _set_roots(parted: Merge) -> None:
    """Give the two families that an undone merge leaves their own roots."""
    root_id = Customer.objects.values_list("root_id", flat=True).get(id=parted.low_id)
    edges = Merge.objects.filter(undone_at=None, low__root_id=root_id).values_list("low_id", "high_id")
    neighbours = _list_neighbours(edges)
    for start in (parted.low_id, parted.high_id):
        members = _reach(start, neighbours)
        Customer.objects.filter(id__in=members).update(root_id=min(members) if len(members) > 1 else None)


def _list_neighbours(edges: Iterable[tuple[UUID, UUID]]) -> dict[UUID, set[UUID]]:
    neighbours: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for low, high in edges:
        neighbours[low].add(high)
        neighbours[high].add(low)
    return neighbours


def _reach(start: UUID, neighbours: dict[UUID, set[UUID]]) -> set[UUID]:
    reached, waiting = {start}, [start]
    while waiting:
        fresh = neighbours.get(waiting.pop(), set()) - reached
        reached |= fresh
        waiting += fresh
    return reached
