"""What happens when two customers turn out to be one person, or not to be."""

import itertools
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.customers import selectors
from apps.customers.errors import (
    AlreadyMerged,
    CustomerNotFound,
    FamilyTooLarge,
    MergeAlreadyUndone,
    MergeNotFound,
    SuggestionDecided,
    SuggestionNotFound,
)
from apps.customers.models import Customer, Identity, Merge, MergeSuggestion
from apps.customers.services import merging, suggesting
from apps.customers.types import Conflict, Level
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from uuid import UUID

    from apps.accounts.models import Membership, Organisation


def merge(first: Customer, second: Customer, actor: "Membership | None" = None) -> Merge:
    return merging.merge_customers(first_id=first.id, second_id=second.id, actor=actor, now=NOON)


def roots(*customers: Customer) -> "list[UUID | None]":
    return [Customer.objects.get(id=customer.id).root_id for customer in customers]


def test_a_merge_moves_nothing(in_acme: "Organisation", ana: "Membership") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1", name="Vera"))
    identify(second.id, introduce(email="v@example.com", name="Veronica"))
    before = {row.id: (row.customer_id, bytes(row.blind_index)) for row in Identity.objects.all()}

    merge(second, first, ana)

    assert roots(first, second) == [first.id, first.id]
    assert {row.id: (row.customer_id, bytes(row.blind_index)) for row in Identity.objects.all()} == before
    assert [Customer.objects.get(id=one.id).name for one in (first, second)] == ["Vera", "Veronica"]


def test_the_family_is_one_subquery(in_acme: "Organisation") -> None:
    first, second, third, other = (make_customer() for _ in range(4))
    merge(first, second)
    merge(second, third)

    family = selectors.list_family(Customer.objects.get(id=third.id))
    alone = selectors.list_family(Customer.objects.get(id=other.id))

    assert set(Customer.objects.filter(id__in=family)) == {first, second, third}
    assert list(Customer.objects.filter(id__in=alone)) == [other]


def test_an_undo_parts_exactly_the_two_that_were_named(in_acme: "Organisation", ana: "Membership") -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    earlier = merge(second, third)
    merge(third, first)

    undone = merging.undo_merge(merge_id=earlier.id, actor=ana, now=NOON)

    # first and third were said to be one; that second was in between for a while changes nothing about it.
    assert roots(first, second, third) == [first.id, None, first.id]
    assert (undone.undone_at, undone.undone_by_id) == (NOON, ana.id)


def test_all_merges_undone_leave_everybody_as_they_were(in_acme: "Organisation") -> None:
    customers = [make_customer() for _ in range(5)]
    merges = [merge(one, other) for one, other in itertools.pairwise(customers)]

    for one in (merges[2], merges[0], merges[3], merges[1]):
        merging.undo_merge(merge_id=one.id, actor=None, now=NOON)

    assert roots(*customers) == [None] * 5
    assert Merge.objects.filter(undone_at=None).count() == 0


def test_a_family_is_not_tied_twice(in_acme: "Organisation") -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    merge(first, second)
    merge(second, third)

    with pytest.raises(AlreadyMerged):
        merge(third, first)

    assert Merge.objects.count() == 2


def test_nobody_is_merged_with_themselves(in_acme: "Organisation") -> None:
    vera = make_customer()

    with pytest.raises(AlreadyMerged):
        merge(vera, vera)

    assert (Merge.objects.count(), roots(vera)) == (0, [None])


def test_nobody_is_merged_with_a_stranger(acme: "Organisation", orbis: "Organisation", in_acme: "Organisation") -> None:
    vera = make_customer()
    with tenancy.scope(orbis.id):
        stranger = make_customer()

    with pytest.raises(CustomerNotFound):
        merge(vera, stranger)

    with tenancy.everywhere("looks for a merge in either organisation"):
        assert Merge.everywhere.count() == 0
    assert roots(vera) == [None]


def test_a_family_has_a_largest_size(in_acme: "Organisation", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FAMILY_LARGEST", 2)
    first, second, third = make_customer(), make_customer(), make_customer()
    merge(first, second)

    with pytest.raises(FamilyTooLarge):
        merge(second, third)

    assert roots(first, second, third) == [first.id, first.id, None]


def test_a_full_family_is_no_reason_to_refuse_a_visitor(
    in_acme: "Organisation", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "FAMILY_LARGEST", 2)
    first, second, third = make_customer(), make_customer(), make_customer()
    for one in (first, second):
        identify(one.id, introduce(external_id="u-1"))

    identified = identify(third.id, introduce(external_id="u-1"))

    assert (identified.merge_ids, len(identified.suggestion_ids)) == ((), 1)


def test_a_merge_is_undone_once(in_acme: "Organisation", ana: "Membership") -> None:
    first, second = make_customer(), make_customer()
    done = merge(first, second)
    merging.undo_merge(merge_id=done.id, actor=ana, now=NOON)
    merge(first, second)

    with pytest.raises(MergeAlreadyUndone):
        merging.undo_merge(merge_id=done.id, actor=ana, now=NOON)

    assert roots(first, second) == [first.id, first.id]


def test_what_was_never_merged_cannot_be_undone(in_acme: "Organisation") -> None:
    with pytest.raises(MergeNotFound):
        merging.undo_merge(merge_id=uuid7(), actor=None, now=NOON)


def test_the_history_names_who_and_why(in_acme: "Organisation", ana: "Membership", adam: "Membership") -> None:
    first, second = make_customer(), make_customer()
    merging.undo_merge(merge_id=merge(first, second, ana).id, actor=adam, now=NOON)

    (entry,) = selectors.list_merges(first)

    assert (entry.merged_by, entry.undone_by, entry.reason) == (ana, adam, "staff")


# Conflicts --------------------------------------------------------------------------------------------------


def test_conflicts_are_kept_and_listed(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="u-1", name="Vera"))
    identify(second.id, introduce(external_id="u-2", name="Veronica"))
    done = merge(first, second)

    conflicts = selectors.list_conflicts(Customer.objects.get(id=first.id))

    assert {one.key: set(one.values) for one in conflicts} == {
        "external_id": {"u-1", "u-2"},
        "name": {"Vera", "Veronica"},
    }
    merging.undo_merge(merge_id=done.id, actor=None, now=NOON)
    assert selectors.list_conflicts(Customer.objects.get(id=first.id)) == []


def test_two_sources_may_disagree_about_one_customer(in_acme: "Organisation") -> None:
    vera = make_customer()
    identify(vera.id, introduce(name="V. Wood", source="import"))
    identify(vera.id, introduce(name="Vera"))
    identify(vera.id, introduce(name="Vera Wood"))

    assert selectors.list_conflicts(vera) == [Conflict("name", ("Vera Wood", "V. Wood"))]
    assert [fact.value for fact in selectors.list_facts(vera)] == ["Vera Wood", "Vera", "V. Wood"]


# Suggestions ------------------------------------------------------------------------------------------------


def test_a_suggestion_waits_while_its_customers_are_joined_in_another_way(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com"))
    identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED))
    done = merge(first, second)
    while_joined = selectors.list_suggestions()

    merging.undo_merge(merge_id=done.id, actor=None, now=NOON)

    assert while_joined == []
    assert len(selectors.list_suggestions(customer=Customer.objects.get(id=first.id))) == 1


def test_a_suggestion_is_decided_once(in_acme: "Organisation", ana: "Membership") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com"))
    (suggestion_id,) = identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED)).suggestion_ids
    suggesting.dismiss_suggestion(suggestion_id=suggestion_id, actor=ana, now=NOON)

    with pytest.raises(SuggestionDecided):
        suggesting.accept_suggestion(suggestion_id=suggestion_id, actor=ana, now=NOON)

    assert (MergeSuggestion.objects.get().state, Merge.objects.count()) == ("dismissed", 0)


def test_a_suggestion_that_cannot_be_followed_stays_open(in_acme: "Organisation", ana: "Membership") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(email="v@example.com"))
    (suggestion_id,) = identify(second.id, introduce(email="v@example.com", level=Level.CLAIMED)).suggestion_ids
    merge(first, second)

    with pytest.raises(AlreadyMerged):
        suggesting.accept_suggestion(suggestion_id=suggestion_id, actor=ana, now=NOON)

    assert MergeSuggestion.objects.get().state == "open"


def test_a_suggestion_that_does_not_exist_is_not_found(in_acme: "Organisation", ana: "Membership") -> None:
    with pytest.raises(SuggestionNotFound):
        suggesting.dismiss_suggestion(suggestion_id=uuid7(), actor=ana, now=NOON)


# In the database --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "constraint", ["merge_once", "merge_oldest_first", "merge_reason_known", "merge_undone_has_time"]
)
def test_the_database_refuses_a_wrong_edge(in_acme: "Organisation", ana: "Membership", constraint: str) -> None:
    first, second = make_customer(), make_customer()
    merge(first, second)
    right = {"low": first, "high": second, "reason": "staff", "merged_at": NOON}
    wrong: dict[str, object] = {
        "merge_once": right,
        "merge_oldest_first": {**right, "low": second, "high": first},
        "merge_reason_known": {**right, "reason": "mood"},
        "merge_undone_has_time": {**right, "undone_by": ana},
    }[constraint]

    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.create(organisation=in_acme, **wrong)

    assert Merge.objects.count() == 1


def test_the_database_refuses_a_root_that_is_not_the_oldest(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()

    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(id=first.id).update(root=second)

    assert roots(first, second) == [None, None]
