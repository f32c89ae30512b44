"""Which customers does a search find, and what does it not give away?"""

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.core import tenancy
from apps.customers.models import Customer
from apps.customers.types import Level
from apps.vault.services import caching
from tests.conversations.vault import away
from tests.customers.factories import make_customer
from tests.desk.customer_factories import erase, joined, known, talk

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

pytestmark = [pytest.mark.usefixtures("in_acme"), pytest.mark.django_db(databases=["default", "keyvault"])]

PART = {"HX-Request": "true"}


def find(browser: Client, text: str, besides: Customer | None = None) -> list[tuple[str, str]]:
    place = reverse("desk:find-customers", args=[(besides or make_customer()).id])
    response = browser.post(place, {"q": text}, headers=PART)
    return [(one.person.label, one.by) for one in response.context["found"]]


@pytest.mark.parametrize("text", ["vera@example.org", " VERA@Example.org "])
def test_a_whole_address_finds_whose_it_is(text: str, as_ana: Client) -> None:
    known("Vera", email="vera@example.org")

    assert find(as_ana, text) == [("Vera", "email")]


def test_a_claimed_address_is_found_after_a_verified_one(as_ana: Client) -> None:
    known("Otto", email="vera@example.org", level=Level.CLAIMED)
    known("Vera", email="vera@example.org")

    assert find(as_ana, "vera@example.org") == [("Vera", "email"), ("Otto", "email")]


def test_a_part_of_an_address_finds_nobody(as_ana: Client) -> None:
    known("Vera", email="vera@example.org")

    assert find(as_ana, "vera@example.or") == []
    assert find(as_ana, "example.org") == []


def test_a_customer_id_is_found_exactly(as_ana: Client) -> None:
    known("Vera", external_id="Cust-7")

    assert find(as_ana, "Cust-7") == [("Vera", "external_id")]
    assert find(as_ana, "cust-7") == []


@pytest.mark.parametrize("text", ["lund", "VERA LUND", "lund vera", "\uff36\uff25\uff32\uff21"])
def test_a_name_is_found_among_the_latest_conversations(text: str, inbox: "Inbox", as_ana: Client) -> None:
    talk(inbox, known("Vera Lund", email="vera@example.org"), "Hello")
    talk(inbox, known("Otto Berg", email="otto@example.org"), "Hello")

    assert find(as_ana, text) == [("Vera Lund", "name")]


@pytest.mark.parametrize("spoken", ["{}", "Visitor {}", "visitor {}"])
def test_a_reference_is_found_as_it_is_read_aloud(spoken: str, inbox: "Inbox", as_ana: Client) -> None:
    conversation = talk(inbox, make_customer(), "Hello")
    reference = conversation.customer.reference

    assert find(as_ana, spoken.format(reference)) == [(f"Visitor {reference}", "reference")]


@pytest.mark.parametrize("text", ["", " ", "v", "visitor"])
def test_too_little_to_go_by_finds_nobody(text: str, inbox: "Inbox", as_ana: Client) -> None:
    talk(inbox, known("Vera", email="vera@example.org"), "Hello")

    assert find(as_ana, text) == []


def test_a_family_is_found_once(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), known("Vera L.", external_id="u-7")
    joined(vera, other, ana)
    talk(inbox, vera, "Hello")
    talk(inbox, other, "Hello again", minute=5)

    assert len(find(as_ana, "vera")) == 1


def test_nobody_is_offered_to_be_joined_with_themselves(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()
    joined(vera, other, ana)
    talk(inbox, vera, "Hello")

    assert find(as_ana, "vera", besides=other) == []
    assert find(as_ana, "vera@example.org", besides=other) == []


def test_the_erased_are_found_by_reference_only(inbox: "Inbox", as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    talk(inbox, vera, "Hello")

    erase(vera.id)

    assert find(as_ana, "vera") == []
    assert find(as_ana, vera.reference) == [(str(vera), "reference")]


def test_without_the_vault_references_are_still_found(inbox: "Inbox", as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    talk(inbox, vera, "Hello")

    with away():
        assert find(as_ana, vera.reference) == [(str(vera), "reference")]
        assert find(as_ana, "vera@example.org") == []


def test_customers_of_another_organisation_are_not_found(inbox: "Inbox", orbis: "Organisation", as_ana: Client) -> None:
    with tenancy.scope(orbis.id):
        known("Vera", email="vera@example.org", external_id="u-7")

    assert [find(as_ana, text) for text in ("vera@example.org", "u-7", "vera")] == [[], [], []]


def test_what_is_searched_never_stands_in_an_address(as_ana: Client) -> None:
    places = [reverse("desk:search"), reverse("desk:find-customers", args=[make_customer().id])]

    answers = [as_ana.get(place, {"q": "vera@example.org"}) for place in places]

    assert [answer.status_code for answer in answers] == [405, 405]


def test_the_switcher_shows_customers_beside_conversations(inbox: "Inbox", as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org", level=Level.VERIFIED)
    talk(inbox, vera, "The kettle leaks")

    found = as_ana.post(reverse("desk:search"), {"q": "vera"}, headers=PART).content.decode()

    assert reverse("desk:customer", args=[vera.id]) in found


@pytest.mark.parametrize("size", [2, 12])
def test_a_search_costs_the_same_whomever_it_finds(
    size: int, inbox: "Inbox", as_ana: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = reverse("desk:find-customers", args=[make_customer().id])
    for number in range(size):
        talk(inbox, known(f"Vera Lund {number}", email=f"vera{number}@example.org"), "Hello", minute=number)
    caching.cache.clear()

    with django_assert_num_queries(7), django_assert_num_queries(3, using="keyvault"):
        response = as_ana.post(place, {"q": "vera lund"}, headers=PART)

    assert len(response.context["found"]) == min(size, 10)
