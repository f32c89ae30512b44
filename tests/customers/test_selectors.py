"""What is known of a customer."""

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.customers import selectors
from apps.customers.errors import CustomerNotFound
from apps.customers.models import Customer, TokenSecret
from apps.customers.services import merging
from apps.customers.types import Level
from apps.privacy.types import KnownIdentities
from apps.vault.services import caching
from apps.vault.services import keys as vault_keys
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from apps.accounts.models import Organisation


def test_nothing_is_asked_about_a_visitor_without_identities(in_acme: "Organisation") -> None:
    vera = make_customer()

    with CaptureQueriesContext(connections["default"]) as data, CaptureQueriesContext(connections["keyvault"]) as keys:
        known = selectors.find_known_identities(vera)

    assert known == KnownIdentities()
    assert (len(data), len(keys)) == (0, 0)


def test_redaction_learns_what_is_known_of_the_whole_family(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    identify(first.id, introduce(external_id="kunde-4711", email="v@example.com", name="Vera"))
    identify(second.id, introduce(external_id="7", phone="+442079460018", name="Vera Wood", level=Level.CLAIMED))
    merging.merge_customers(first_id=first.id, second_id=second.id, actor=None, now=NOON)
    anonymous = make_customer()
    merging.merge_customers(first_id=second.id, second_id=anonymous.id, actor=None, now=NOON)

    known = selectors.find_known_identities(Customer.objects.get(id=anonymous.id))

    assert set(known.names) == {"Vera", "Vera Wood"}
    # 7 is a number like any other.
    assert (known.emails, known.phones, known.others) == (("v@example.com",), ("+442079460018",), ("kunde-4711",))


def test_the_keys_of_a_family_are_opened_with_one_query(in_acme: "Organisation") -> None:
    customers = [make_customer() for _ in range(5)]
    for one in customers:
        identify(one.id, introduce(email="v@example.com"))
    caching.cache.clear()

    with CaptureQueriesContext(connections["keyvault"]) as asked:
        identities = selectors.list_identities(Customer.objects.get(id=customers[0].id))

    assert len(identities) == 5
    assert len(asked) == 1


def test_what_has_been_erased_is_left_out(in_acme: "Organisation") -> None:
    first, second = make_customer(), make_customer()
    for one, name in ((first, "Vera"), (second, "Veronica")):
        identify(one.id, introduce(email="v@example.com", name=name))
    vault_keys.shred_keys(owner_ids=[second.id])

    known = selectors.find_known_identities(Customer.objects.get(id=first.id))

    assert (known.names, known.emails) == (("Vera",), ("v@example.com",))


def test_a_customer_of_another_organisation_is_not_found(in_acme: "Organisation", orbis: "Organisation") -> None:
    with tenancy.scope(orbis.id):
        stranger = make_customer()

    for customer_id in (stranger.id, uuid7()):
        with pytest.raises(CustomerNotFound):
            selectors.get_customer(customer_id)


def test_the_command_prints_a_secret(acme: "Organisation", capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token_secret", "--org", "acme", "--name", "Website")

    printed = capsys.readouterr().out.strip()
    with tenancy.scope(acme.id):
        assert TokenSecret.objects.get().secret == printed
