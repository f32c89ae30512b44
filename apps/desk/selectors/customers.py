"""What does the page of a customer show? Family, history, timeline, and what joining or undoing would do."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import prefetch_related_objects

from apps.conversations import selectors as conversation_selectors
from apps.conversations.types import Timeline, TimelineCursor
from apps.customers import policies as customer_policies
from apps.customers import selectors as customer_selectors
from apps.customers.errors import AlreadyMerged, MergeAlreadyUndone, MergeNotFound
from apps.customers.types import Reason
from apps.desk.selectors import people
from apps.desk.types import CustomerPage, FamilyMember, JoinPreview, MergeLine, Person, Profile, UndoPreview

if TYPE_CHECKING:
    from apps.customers.models import Customer, Merge

TIMELINE_PAGE = 50
# Nobody reads more; whoever was joined more often than this was joined by mistake.
HISTORY_LIMIT = 200


def get_customer_page(customer_id: UUID) -> CustomerPage:
    """Return everything about the person but the timeline. Raises ``CustomerNotFound``."""
    customer = customer_selectors.get_customer(customer_id)
    merges, rows = _list_merges(customer)
    reading = people.read_person(customer, besides=rows if merges else ())
    everybody = {row.id: people.as_person(row, erased=reading.erased) for row in rows.values()}
    return CustomerPage(
        profile=reading.profile,
        family=_as_family([everybody[one] for one in reading.family if one in everybody], reading.known),
        history=tuple(_as_line(merge, everybody) for merge in merges[:HISTORY_LIMIT]),
        older_merges=max(0, len(merges) - HISTORY_LIMIT),
    )


def get_customer_profile(customer_id: UUID) -> Profile:
    """Return what is known of a customer. Raises ``CustomerNotFound``."""
    return people.get_profile(customer_selectors.get_customer(customer_id))


def list_timeline(customer_id: UUID, *, before: TimelineCursor | None = None) -> Timeline:
    """Return a page of all that happened with the person, newest first. Raises ``CustomerNotFound``."""
    customer = customer_selectors.get_customer(customer_id)
    return conversation_selectors.list_timeline(customer, before=before, limit=TIMELINE_PAGE)


def preview_join(*, customer_id: UUID, other_id: UUID) -> JoinPreview:
    """Return what joining two customers' families would do. Raises ``CustomerNotFound`` and ``AlreadyMerged``."""
    customer, other = (customer_selectors.get_customer(one) for one in (customer_id, other_id))
    if (customer.root_id or customer.id) == (other.root_id or other.id):
        raise AlreadyMerged
    first, second = people.read_person(customer), people.read_person(other)
    externals = customer_selectors.list_verified_external_ids([customer_id, other_id])
    suggested = (one.id for one in first.profile.suggestions if one.other.id in second.family)
    return JoinPreview(
        first=first.profile,
        second=second.profile,
        disagreements=people.list_disagreements(people.list_said([first.known, second.known])),
        are_rivals=not customer_policies.can_be_one_person(externals[customer_id], externals[other_id]),
        suggestion_id=next(suggested, None),
    )


def preview_undo(*, customer_id: UUID, merge_id: UUID) -> UndoPreview:
    """Return what undoing a merge of the person's family parts.

    Raises ``CustomerNotFound``, ``MergeNotFound`` and ``MergeAlreadyUndone``.
    """
    merges, rows = _list_merges(customer_selectors.get_customer(customer_id))
    merge = next((one for one in merges if one.id == merge_id), None)
    if merge is None:
        raise MergeNotFound
    if merge.undone_at is not None:
        raise MergeAlreadyUndone
    erased = people.unlock(rows)
    everybody = {row.id: people.as_person(row, erased=erased) for row in rows.values()}
    rest = _list_neighbours(one for one in merges if one.undone_at is None and one.id != merge_id)
    first, second = (_reach(end, rest) for end in (merge.low_id, merge.high_id))
    return UndoPreview(
        merge=_as_line(merge, everybody),
        first=tuple(everybody[one] for one in sorted(first)),
        second=tuple(everybody[one] for one in sorted(second)),
    )


def _list_merges(customer: "Customer") -> "tuple[list[Merge], dict[UUID, Customer]]":
    """Return the family's merges, newest first, and every customer they name."""
    merges = customer_selectors.list_merges(customer)
    prefetch_related_objects(merges, "low", "high")
    return merges, {customer.id: customer} | {one.id: one for merge in merges for one in (merge.low, merge.high)}


def _as_family(family: list[Person], known: people.Known) -> tuple[FamilyMember, ...]:
    if len(family) == 1:
        return ()
    names = [fact for fact in known.facts if fact.key == "name"]
    return tuple(
        FamilyMember(
            person=person,
            identities=people.join_identities(one for one in known.identities if one.customer_id == person.id),
            names=tuple(dict.fromkeys(one.value for one in names if one.customer_id == person.id)),
        )
        for person in family
    )


def _as_line(merge: "Merge", everybody: dict[UUID, Person]) -> MergeLine:
    return MergeLine(
        id=merge.id,
        first=everybody[merge.low_id],
        second=everybody[merge.high_id],
        reason=Reason(merge.reason),
        merged_at=merge.merged_at,
        merged_by="" if merge.merged_by is None else str(merge.merged_by.user),
        undone_at=merge.undone_at,
        undone_by="" if merge.undone_by is None else str(merge.undone_by.user),
    )


def _list_neighbours(merges: "Iterable[Merge]") -> dict[UUID, set[UUID]]:
    neighbours: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for merge in merges:
        neighbours[merge.low_id].add(merge.high_id)
        neighbours[merge.high_id].add(merge.low_id)
    return neighbours


def _reach(start: UUID, neighbours: dict[UUID, set[UUID]]) -> set[UUID]:
    reached, waiting = {start}, [start]
    while waiting:
        fresh = neighbours.get(waiting.pop(), set()) - reached
        reached |= fresh
        waiting += fresh
    return reached
