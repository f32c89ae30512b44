"""What happens when somebody takes back what they said about a customer."""

from typing import TYPE_CHECKING

import pytest

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.customers import selectors
from apps.customers.errors import ClaimNotFound, CustomerNotFound
from apps.customers.models import Customer, Fact, Identity, MergeSuggestion
from apps.customers.services import canonical, merging, suggesting, withdrawing
from apps.customers.types import CanonicalIdentity, IdentityKind, Level
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from uuid import UUID

    from apps.accounts.models import Membership, Organisation

EMAIL = "vera@example.org"


def claim(customer: Customer, *, name: str | None = None, email: str | None = None, source: str = "agent") -> None:
    identify(customer.id, introduce(name=name, email=email, level=Level.CLAIMED, source=source))


def address() -> CanonicalIdentity:
    return canonical.make_identity(IdentityKind.EMAIL, EMAIL, Level.CLAIMED)


def withdraw(customer_id: "UUID", *, source: str = "agent") -> None:
    withdrawing.withdraw_identity(customer_id=customer_id, identity=address(), source=source)


def withdraw_name(customer: Customer, name: str, *, source: str = "agent") -> None:
    withdrawing.withdraw_fact(customer_id=customer.id, key="name", value=name, source=source)


def test_a_claim_goes_with_the_suggestion_that_rests_on_it(in_acme: "Organisation") -> None:
    vera, other = make_customer(), make_customer()
    identify(vera.id, introduce(email=EMAIL))
    claim(other, email=EMAIL)

    withdraw(other.id)

    assert [row.customer_id for row in Identity.objects.all()] == [vera.id]
    assert not MergeSuggestion.objects.exists()


def test_what_was_decided_about_a_suggestion_stays(in_acme: "Organisation", ana: "Membership") -> None:
    vera, other = make_customer(), make_customer()
    identify(vera.id, introduce(email=EMAIL))
    claim(other, email=EMAIL)
    suggesting.dismiss_suggestion(suggestion_id=MergeSuggestion.objects.get().id, actor=ana, now=NOON)

    withdraw(other.id)

    assert MergeSuggestion.objects.get().state == "dismissed"


@pytest.mark.parametrize("level", [Level.OBSERVED, Level.VERIFIED])
def test_what_is_more_than_a_claim_stays(level: Level, in_acme: "Organisation") -> None:
    vera = make_customer()
    claim(vera, email=EMAIL)
    identify(vera.id, introduce(email=EMAIL, level=level, source="email"))

    with pytest.raises(ClaimNotFound):
        withdraw(vera.id)

    assert Identity.objects.get().level == level


def test_a_source_takes_back_its_own_words_only(in_acme: "Organisation") -> None:
    vera = make_customer()
    claim(vera, email=EMAIL, name="Vera", source="visitor")

    with pytest.raises(ClaimNotFound):
        withdraw(vera.id)
    with pytest.raises(ClaimNotFound):
        withdraw_name(vera, "Vera")

    assert (Identity.objects.count(), Fact.objects.count()) == (1, 1)


def test_a_claim_is_found_in_the_whole_family(in_acme: "Organisation", ana: "Membership") -> None:
    vera, other = make_customer(), make_customer()
    claim(other, email=EMAIL, name="Vera")
    merging.merge_customers(first_id=vera.id, second_id=other.id, actor=ana, now=NOON)

    withdraw(vera.id)
    withdraw_name(vera, "Vera")

    assert (Identity.objects.exists(), Fact.objects.exists()) == (False, False)
    assert Customer.objects.get(id=other.id).name is None


def test_without_the_name_taken_back_the_one_before_counts(in_acme: "Organisation") -> None:
    vera = make_customer()
    identify(vera.id, introduce(name="Vera Lund"))
    claim(vera, name="Veronica")

    withdraw_name(vera, "Veronica")

    assert Customer.objects.get(id=vera.id).name == "Vera Lund"
    assert [fact.value for fact in selectors.list_facts(vera)] == ["Vera Lund"]


def test_a_join_that_rested_on_a_claim_stays(in_acme: "Organisation", ana: "Membership") -> None:
    vera, other = make_customer(), make_customer()
    identify(vera.id, introduce(email=EMAIL))
    claim(other, email=EMAIL)
    suggesting.accept_suggestion(suggestion_id=MergeSuggestion.objects.get().id, actor=ana, now=NOON)

    withdraw(other.id)

    assert Customer.objects.get(id=other.id).root_id == vera.id


def test_nobody_takes_back_what_was_said_in_another_organisation(
    in_acme: "Organisation", orbis: "Organisation"
) -> None:
    vera = make_customer()
    claim(vera, email=EMAIL)

    with tenancy.scope(orbis.id), pytest.raises(CustomerNotFound):
        withdraw(vera.id)
    with pytest.raises(CustomerNotFound):
        withdraw(uuid7())

    assert Identity.objects.count() == 1


def test_customers_are_found_by_an_identity_best_verified_first(in_acme: "Organisation") -> None:
    claimed, verified, other = make_customer(), make_customer(), make_customer()
    claim(claimed, email=EMAIL)
    identify(verified.id, introduce(email=EMAIL))
    claim(other, email="somebody.else@example.org")

    found = selectors.list_with_identity(address())

    assert [(one.id, level) for one, level in found] == [(verified.id, Level.VERIFIED), (claimed.id, Level.CLAIMED)]
