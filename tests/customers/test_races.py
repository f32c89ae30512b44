"""What happens when two workers identify, merge and undo at the same moment, on a real database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connections

from apps.core import tenancy
from apps.customers.errors import (
    AlreadyMerged,
    ClaimNotFound,
    MergeAlreadyUndone,
    SuggestionDecided,
    SuggestionNotFound,
    TooManyTokenSecrets,
)
from apps.customers.models import Customer, Identity, Merge, MergeSuggestion, TokenSecret
from apps.customers.services import identifying, merging, suggesting, token_secrets, withdrawing
from apps.customers.types import Level
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation

ANTICIPATED = (
    AlreadyMerged,
    ClaimNotFound,
    MergeAlreadyUndone,
    SuggestionDecided,
    SuggestionNotFound,
    TooManyTokenSecrets,
)
pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 6


@pytest.fixture
def at_once(acme: "Organisation") -> Iterator[Callable[..., list[Any]]]:
    """Run calls at the same moment, each in a thread with a connection of its own; failures come back as results."""
    pool = ThreadPoolExecutor(WORKERS)

    def run(*calls: Callable[[], Any]) -> list[Any]:
        gate = threading.Barrier(len(calls))

        def work(call: Callable[[], Any]) -> Any:
            try:
                with tenancy.scope(acme.id):
                    gate.wait(10)
                    return call()
            except ANTICIPATED as error:
                return error
            finally:
                connections.close_all()

        return list(pool.map(work, calls))

    yield run
    pool.shutdown()


def assert_is_forest(customers: list[UUID]) -> None:
    """Check that edges and roots agree, and that there is no cycle."""
    edges = list(Merge.objects.filter(undone_at=None).values_list("low_id", "high_id"))
    family = {one: {one} for one in customers}
    for low, high in edges:
        assert family[low] is not family[high]
        joined = family[low] | family[high]
        family.update(dict.fromkeys(joined, joined))
    roots = dict(Customer.objects.filter(id__in=customers).values_list("id", "root_id"))
    assert roots == {one: min(family[one]) if len(family[one]) > 1 else None for one in customers}


def test_newcomers_with_one_external_id_become_one_customer(
    in_acme: "Organisation", at_once: Callable[..., list[Any]]
) -> None:
    introduction = introduce(external_id="u-1", email="v@example.com", name="Vera")

    found = at_once(
        *[lambda: identifying.resolve_customer(introduction=introduction, now=NOON).id for _ in range(WORKERS)]
    )

    assert len(set(found)) == 1
    assert (Customer.objects.count(), Identity.objects.count(), Merge.objects.count()) == (1, 2, 0)


def test_customers_identified_at_once_make_one_family(
    in_acme: "Organisation", at_once: Callable[..., list[Any]]
) -> None:
    customers = [make_customer().id for _ in range(WORKERS)]
    introduction = introduce(external_id="u-1", email="v@example.com")

    at_once(*[lambda one=one: identify(one, introduction) for one in customers])

    assert Merge.objects.count() == WORKERS - 1
    assert_is_forest(customers)


def test_one_customer_identified_by_many_workers_is_joined_once(
    in_acme: "Organisation", at_once: Callable[..., list[Any]]
) -> None:
    known, anonymous = make_customer().id, make_customer().id
    identify(known, introduce(external_id="u-1"))

    at_once(*[lambda: identify(anonymous, introduce(external_id="u-1")) for _ in range(WORKERS)])

    assert (Merge.objects.count(), Identity.objects.count()) == (1, 2)
    assert_is_forest([known, anonymous])


def test_suggestions_made_at_once_are_not_doubled(in_acme: "Organisation", at_once: Callable[..., list[Any]]) -> None:
    first, second = make_customer().id, make_customer().id
    introduction = introduce(email="v@example.com", level=Level.CLAIMED)

    at_once(*[lambda one=one: identify(one, introduction) for one in (first, second) * 3])

    assert (MergeSuggestion.objects.count(), Merge.objects.count()) == (1, 0)


def test_suggestions_are_decided_while_claims_are_taken_back(
    in_acme: "Organisation", ana: "Membership", at_once: Callable[..., list[Any]]
) -> None:
    customers: list[UUID] = []
    for number in range(5):
        said = introduce(email=f"v{number}@example.com", level=Level.CLAIMED)
        ends = make_customer().id, make_customer().id
        customers += ends
        for one in ends:
            identify(one, said)
        suggestion = MergeSuggestion.objects.get(low_id=min(ends), high_id=max(ends))
        deciding: dict[str, Any] = {"suggestion_id": suggestion.id, "actor": ana, "now": NOON}
        withdraw = partial(withdrawing.withdraw_identity, identity=said.identities[0], source=said.source)

        results = at_once(
            partial(suggesting.accept_suggestion, **deciding),
            partial(suggesting.dismiss_suggestion, **deciding),
            *(partial(withdraw, customer_id=one) for one in ends),
        )

        # Whoever came first had their way; nobody waited for somebody who waited for them.
        assert {type(one).__name__ for one in results} <= {
            *("Merge", "NoneType", "SuggestionDecided", "SuggestionNotFound", "ClaimNotFound"),
        }
        assert_is_forest(customers)


def test_a_ring_of_merges_does_not_close(in_acme: "Organisation", at_once: Callable[..., list[Any]]) -> None:
    customers = [make_customer().id for _ in range(WORKERS)]

    def tie(number: int) -> Merge:
        ends = customers[number], customers[(number + 1) % WORKERS]
        return merging.merge_customers(first_id=ends[0], second_id=ends[1], actor=None, now=NOON)

    results = at_once(*[lambda number=number: tie(number) for number in range(WORKERS)])

    assert len([one for one in results if isinstance(one, AlreadyMerged)]) == 1
    assert_is_forest(customers)


def test_merges_and_undos_at_once_leave_a_forest(in_acme: "Organisation", at_once: Callable[..., list[Any]]) -> None:
    customers = [make_customer().id for _ in range(WORKERS)]
    tied = [
        merging.merge_customers(first_id=customers[0], second_id=one, actor=None, now=NOON) for one in customers[1:4]
    ]

    at_once(
        *[lambda one=one: merging.undo_merge(merge_id=one.id, actor=None, now=NOON) for one in (*tied[:2], tied[0])],
        lambda: merging.merge_customers(first_id=customers[1], second_id=customers[4], actor=None, now=NOON),
        lambda: merging.merge_customers(first_id=customers[5], second_id=customers[2], actor=None, now=NOON),
        lambda: identify(customers[3], introduce(external_id="u-1")),
    )

    assert Merge.objects.filter(undone_at=None).count() == 3
    assert_is_forest(customers)


def test_secrets_made_at_once_stay_three(in_acme: "Organisation", at_once: Callable[..., list[Any]]) -> None:
    at_once(*[lambda: token_secrets.create_token_secret(name="Website") for _ in range(WORKERS)])

    assert 1 <= TokenSecret.objects.filter(retired_at=None).count() <= 3
