"""What do agents see of a customer, and what can they say about them?"""

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.conversations.types import Channel
from apps.customers.models import Customer, Fact, Identity, Merge, MergeSuggestion
from apps.customers.types import Level, Reason
from apps.desk import policies
from apps.desk.errors import JoiningRoleMissing
from apps.vault.models import DataKey
from apps.vault.services import caching
from tests.conversations.vault import away
from tests.customers.factories import identify, introduce, make_customer
from tests.desk.customer_factories import erase, joined, known, suggested, talk
from tests.desk.factories import asked

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.inboxes.models import Inbox

pytestmark = [pytest.mark.usefixtures("in_acme"), pytest.mark.django_db(databases=["default", "keyvault"])]

PART = {"HX-Request": "true"}


def page_of(browser: Client, customer: Customer) -> Any:
    return browser.get(reverse("desk:customer", args=[customer.id]), headers=PART)


def timeline_of(browser: Client, customer: Customer, cursor: str = "") -> Any:
    return browser.get(reverse("desk:customer-timeline", args=[customer.id]), {"cursor": cursor}).json()


def said_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def done(response: Any) -> Any:
    assert response.status_code == 204
    return json.loads(response["HX-Trigger"])["customer:done"]


# Beside a conversation ---------------------------------------------------------------------------------------


def test_beside_a_conversation_stands_who_it_is(inbox: "Inbox", as_ana: Client) -> None:
    vera = known("Vera Lund", email="vera@example.org")
    conversation = talk(inbox, vera, "Hello")

    response = as_ana.get(reverse("desk:conversation", args=[conversation.id]), headers=PART)

    profile = response.context["details"].profile
    assert (profile.person.name, profile.person.reference, profile.sealed) == ("Vera Lund", str(vera), None)
    assert [(one.value, one.level, one.sources) for one in profile.identities] == [
        ("vera@example.org", Level.VERIFIED, ("visitor_token",))
    ]
    assert "Verified. Proven by your website&#x27;s token, or by an answer to a code." in said_of(response)


def test_nobody_is_made_up_for_a_visitor_whom_nobody_knows(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox)

    response = as_ana.get(reverse("desk:conversation", args=[conversation.id]), headers=PART)

    profile = response.context["details"].profile
    assert (profile.person.name, profile.identities, profile.size) == ("", (), 1)
    assert "Nobody has said who this is." in said_of(response)


def test_several_names_are_shown_with_whoever_said_them(as_ana: Client) -> None:
    vera = known("Vera Lund", email="vera@example.org")
    identify(vera.id, introduce(name="Veronica", level=Level.CLAIMED, source="agent"))

    response = page_of(as_ana, vera)

    text = said_of(response)
    assert "<strong>Two names:</strong>" in text
    assert "“<bdi>Vera Lund</bdi>” from your website" in text
    assert "“<bdi>Veronica</bdi>” from an agent" in text


def test_a_name_that_its_source_has_changed_is_no_disagreement(as_ana: Client) -> None:
    vera = known("Vera Lund", email="vera@example.org")
    identify(vera.id, introduce(name="Vera Berg"))

    profile = page_of(as_ana, vera).context["profile"]

    assert (profile.person.name, profile.disagreements) == ("Vera Berg", ())


def test_a_suggestion_says_why_and_how_far_it_can_be_trusted(as_ana: Client) -> None:
    vera, other, suggestion = suggested()

    of_other, of_vera = page_of(as_ana, other), page_of(as_ana, vera)

    (line,) = of_other.context["profile"].suggestions
    assert (line.id, line.other.id, line.other.name, line.value) == (suggestion.id, vera.id, "Vera", "vera@example.org")
    assert "Same e-mail address, said by the visitor, not verified" in said_of(of_other)
    assert "Same e-mail address, verified of this customer" in said_of(of_vera)


def test_markup_in_a_name_is_only_text(as_ana: Client) -> None:
    vera = known("<b>Vera</b>", email="vera@example.org")

    page = page_of(as_ana, vera).content.decode()

    assert "<b>Vera" not in page
    assert "&lt;b&gt;Vera&lt;/b&gt;" in page


# The page ----------------------------------------------------------------------------------------------------


def test_the_page_is_the_desk_with_a_customer_in_it(as_ana: Client) -> None:
    vera = known("Vera Lund", email="vera@example.org")

    response = as_ana.get(reverse("desk:customer", args=[vera.id]))

    assert response.templates[0].name == "desk/desk.html"
    assert response["Cache-Control"] == "no-store"
    assert "<title>All open · Desk · Switchboard</title>" in response.content.decode()


def test_a_customer_who_is_not_there_leaves_the_desk_standing(as_ana: Client) -> None:
    response = as_ana.get(reverse("desk:customer", args=[uuid4()]))

    assert response.status_code == 404
    assert response.templates[0].name == "desk/desk.html"
    assert "There is no such customer." in response.content.decode()


def test_one_timeline_holds_all_conversations_of_the_family(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    first, second = known("Vera", email="vera@example.org"), make_customer()
    talk(inbox, first, "by chat", minute=1)
    talk(inbox, second, "by e-mail", minute=2, channel=Channel.EMAIL)
    talk(inbox, make_customer(), "somebody else", minute=3)
    joined(first, second, ana)

    for one in (first, second):
        entries = timeline_of(as_ana, one)["entries"]
        assert [(entry["message"]["text"], entry["channel"]) for entry in entries] == [
            ("by e-mail", "email"),
            ("by chat", "web"),
        ]


def test_a_timeline_is_fetched_page_by_page(inbox: "Inbox", as_ana: Client) -> None:
    vera = make_customer()
    talk(inbox, vera, *(f"line {number}" for number in range(55)))

    first = timeline_of(as_ana, vera)
    second = timeline_of(as_ana, vera, first["next"])

    texts = [entry["message"]["text"] for entry in (*first["entries"], *second["entries"])]
    assert texts == [f"line {number}" for number in reversed(range(55))]
    assert (len(first["entries"]), second["next"]) == (50, "")


def test_a_cursor_that_is_none_is_refused(as_ana: Client) -> None:
    vera = make_customer()

    response = as_ana.get(
        reverse("desk:customer-timeline", args=[vera.id]),
        {"cursor": "yesterday"},
        headers={"Accept": "application/json"},
    )

    assert (response.status_code, response.json()["code"]) == (400, "request.invalid")


def test_a_family_says_what_each_has_brought(ana: "Membership", as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    other = known("V. Lund", external_id="u-7")
    joined(vera, other, ana)

    page = page_of(as_ana, vera).context["page"]

    assert [(one.person.id, one.names, [each.value for each in one.identities]) for one in page.family] == [
        (vera.id, ("Vera",), ["vera@example.org"]),
        (other.id, ("V. Lund",), ["u-7"]),
    ]
    assert (page.profile.size, page.profile.root_id) == (2, vera.id)


def test_somebody_without_a_name_is_called_as_their_family_is(ana: "Membership", as_ana: Client) -> None:
    vera, visitor = known("Vera", email="vera@example.org"), make_customer()
    joined(vera, visitor, ana)

    assert page_of(as_ana, visitor).context["profile"].person.label == "Vera"


def test_the_history_says_who_joined_and_who_undid(ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), known("V. Lund", external_id="u-7")
    merge = joined(vera, other, ana)

    as_ana.post(reverse("desk:undo-merge", args=[other.id, merge.id]), headers=PART)
    (line,) = page_of(as_ana, vera).context["page"].history

    assert (line.first.name, line.second.name, line.reason) == ("Vera", "V. Lund", Reason.STAFF)
    assert (line.merged_by, line.undone_by, line.undone_at is None) == ("Ana", "Ana", False)


def test_equal_verified_identities_were_joined_automatically(as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    known("Vera", email="vera@example.org")

    text = said_of(page_of(as_ana, vera))

    assert "Joined automatically," in text
    assert ": same e-mail address, verified of both." in text


# What it costs -----------------------------------------------------------------------------------------------


def _fill(vera: Customer, inbox: "Inbox", ana: "Membership", *, size: int) -> None:
    for number in range(size):
        identify(vera.id, introduce(email=f"vera{number}@example.org"))
        known(f"Other {number}", email=f"vera{number}@example.org", level=Level.CLAIMED)
        member = known(f"Vera {number}", external_id=f"u-{number}", level=Level.CLAIMED)
        joined(vera, member, ana, minute=number)
        talk(inbox, member, f"Hello {number}", minute=number)


@pytest.mark.parametrize("size", [2, 12])
@pytest.mark.parametrize(("place", "data", "keys"), [("desk:customer", 15, 3), ("desk:customer-state", 11, 3)])
def test_a_page_costs_the_same_whatever_it_holds(
    place: str,
    data: int,
    keys: int,
    size: int,
    inbox: "Inbox",
    ana: "Membership",
    as_ana: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    vera = known("Vera", external_id="root")
    _fill(vera, inbox, ana, size=size)
    address = reverse(place, args=[vera.id])
    caching.cache.clear()

    with django_assert_num_queries(data), django_assert_num_queries(keys, using="keyvault"):
        response = as_ana.get(address, headers=PART)

    assert response.context["profile"].size == size + 1
    assert len(response.context["profile"].suggestions) == size


# What cannot be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["desk:customer", "desk:customer-state", "desk:join-customer", "desk:customer-entry"])
def test_without_the_vault_everything_but_personal_details_is_shown(
    place: str, inbox: "Inbox", ana: "Membership", as_ana: Client
) -> None:
    vera, other, _ = suggested()
    joined(vera, make_customer(), ana)

    with away():
        response = as_ana.get(reverse(place, args=[vera.id]), headers=PART)

    assert response.status_code == 200
    assert "vera@example.org" not in response.content.decode()
    profile = response.context["profile"]
    assert (profile.sealed, profile.person.label, profile.size) == ("unavailable", str(vera), 2)
    assert [one.other.label for one in profile.suggestions] == [str(other)]


def test_a_panel_without_the_vault_tries_again_by_itself(inbox: "Inbox", as_ana: Client) -> None:
    conversation = talk(inbox, known("Vera", email="vera@example.org"), "Hello")

    with away():
        response = as_ana.get(reverse("desk:state", args=[conversation.id]), headers=PART)

    assert "Personal details cannot be read just now." in said_of(response)
    assert "data-again" in said_of(response)


def test_of_somebody_erased_nothing_is_shown_but_that(inbox: "Inbox", as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    talk(inbox, vera, "Write to vera@example.org")

    erase(vera.id)
    response = page_of(as_ana, vera)

    assert response.context["profile"].sealed == "erased"
    assert "The personal details of this customer have been erased." in said_of(response)
    assert "Vera" not in response.content.decode()
    assert [entry["message"]["sealed"] for entry in response.context["customer_timeline"]["entries"]] == ["erased"]


def test_whoever_was_erased_without_a_name_is_shown_as_erased(as_ana: Client) -> None:
    vera = known(email="vera@example.org")

    erase(vera.id)

    assert page_of(as_ana, vera).context["profile"].sealed == "erased"


def test_an_erased_member_of_a_family_hides_nobody_else(ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), known("V. Lund", external_id="u-7")
    joined(vera, other, ana)

    erase(other.id)
    page = page_of(as_ana, vera).context["page"]

    assert (page.profile.sealed, [one.value for one in page.profile.identities]) == (None, ["vera@example.org"])
    assert [one.person.sealed for one in page.family] == [None, "erased"]


def test_what_is_damaged_says_so(as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")

    DataKey.objects.using("keyvault").filter(owner_id=vera.id).delete()
    caching.cache.clear()
    response = page_of(as_ana, vera)

    assert response.status_code == 200
    assert response.context["profile"].sealed == "damaged"


# Joining and parting ------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_disagree(as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org", external_id="u-1")
    other = known("V. Lund", external_id="u-2")

    response = as_ana.get(reverse("desk:compare-customers", args=[vera.id, other.id]), headers=PART)

    preview = response.context["preview"]
    assert [(one.key, [said.value for said in one.said]) for one in preview.disagreements] == [
        ("external_id", ["u-1", "u-2"]),
        ("name", ["Vera", "V. Lund"]),
    ]
    assert preview.are_rivals is True
    assert "Their verified customer ids differ." in said_of(response)


def test_a_preview_of_a_suggestion_accepts_it(as_ana: Client) -> None:
    vera, other, suggestion = suggested()

    response = as_ana.get(reverse("desk:compare-customers", args=[vera.id, other.id]), headers=PART)

    assert response.context["preview"].suggestion_id == suggestion.id
    assert reverse("desk:accept-suggestion", args=[suggestion.id]) in response.content.decode()


def test_an_agent_joins_two_customers_and_is_offered_to_undo_it(ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()

    told = done(as_ana.post(reverse("desk:join-customers", args=[other.id, vera.id]), headers=PART))

    merge = Merge.objects.get()
    assert (merge.low_id, merge.high_id, merge.merged_by_id, merge.undone_at) == (vera.id, other.id, ana.id, None)
    assert told == {
        "text": "Joined: one person, one timeline.",
        "undo": reverse("desk:undo-merge", args=[vera.id, merge.id]),
    }


def test_what_undoes_a_join_leaves_everything_as_it_was(as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()
    before = list(Identity.objects.order_by("id").values_list("customer_id", "blind_index"))
    undo = done(as_ana.post(reverse("desk:join-customers", args=[vera.id, other.id]), headers=PART))["undo"]

    told = done(as_ana.post(undo, headers=PART))

    assert told == {"text": "Two people again. Nothing was lost.", "undo": ""}
    assert list(Customer.objects.filter(id__in=[vera.id, other.id]).values_list("root_id", flat=True)) == [None, None]
    assert list(Identity.objects.order_by("id").values_list("customer_id", "blind_index")) == before


def test_accepting_a_suggestion_joins_and_decides_it(ana: "Membership", as_ana: Client) -> None:
    vera, _, suggestion = suggested()

    done(as_ana.post(reverse("desk:accept-suggestion", args=[suggestion.id]), headers=PART))

    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.decided_by_id) == ("accepted", ana.id)
    assert Merge.objects.get().reason == Reason.SAME_EMAIL
    assert page_of(as_ana, vera).context["profile"].suggestions == ()


def test_a_dismissed_suggestion_does_not_come_back(ana: "Membership", as_ana: Client) -> None:
    _, other, suggestion = suggested()

    told = done(as_ana.post(reverse("desk:dismiss-suggestion", args=[suggestion.id]), headers=PART))

    suggestion.refresh_from_db()
    assert told["text"] == "Kept apart. This will not be suggested again."
    assert (suggestion.state, suggestion.decided_by_id) == ("dismissed", ana.id)
    assert page_of(as_ana, other).context["profile"].suggestions == ()
    assert not Merge.objects.exists()


@pytest.mark.parametrize("deed", ["desk:accept-suggestion", "desk:dismiss-suggestion"])
def test_what_somebody_else_has_decided_stays_decided(deed: str, as_ana: Client) -> None:
    _, _, suggestion = suggested()
    done(as_ana.post(reverse("desk:dismiss-suggestion", args=[suggestion.id]), headers=PART))

    response = as_ana.post(reverse(deed, args=[suggestion.id]), headers=PART)

    assert (response.status_code, response.json()["code"]) == (409, "suggestion.decided")
    assert not Merge.objects.exists()


def test_one_person_is_not_joined_with_themselves(ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()
    joined(vera, other, ana)
    pair = [other.id, vera.id]

    answers = [
        as_ana.get(reverse("desk:compare-customers", args=pair), headers=PART),
        as_ana.post(reverse("desk:join-customers", args=pair), headers=PART),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "merge.already_merged")] * 2
    assert Merge.objects.count() == 1


def test_a_preview_of_an_undo_says_what_comes_apart(ana: "Membership", as_ana: Client) -> None:
    first, second, third = known("First", external_id="u-1"), make_customer(), make_customer()
    middle = joined(first, second, ana)
    joined(second, third, ana, minute=1)

    response = as_ana.get(reverse("desk:merge", args=[third.id, middle.id]), headers=PART)

    preview = response.context["preview"]
    assert [one.id for one in preview.first] == [first.id]
    assert [one.id for one in preview.second] == [second.id, third.id]


def test_a_merge_of_others_is_not_undone_from_here(ana: "Membership", as_ana: Client) -> None:
    merge = joined(make_customer(), make_customer(), ana)
    stranger = make_customer()

    answers = [
        as_ana.get(reverse("desk:merge", args=[stranger.id, merge.id]), headers=PART),
        as_ana.post(reverse("desk:undo-merge", args=[stranger.id, merge.id]), headers=PART),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "merge.not_found")] * 2
    assert Merge.objects.get().undone_at is None


def test_an_undo_is_done_once(ana: "Membership", as_ana: Client) -> None:
    vera, other = make_customer(), make_customer()
    place = reverse("desk:undo-merge", args=[vera.id, joined(vera, other, ana).id])
    done(as_ana.post(place, headers=PART))

    response = as_ana.post(place, headers=PART)

    assert (response.status_code, response.json()["code"]) == (409, "merge.already_undone")


def test_a_role_that_may_not_join_is_told_so(author: "Membership") -> None:
    with pytest.raises(JoiningRoleMissing):
        policies.check_joining(author)


# Entering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("email", " Vera@Example.ORG ", "vera@example.org"),
        ("phone", "+44 20 7946 0018", "+442079460018"),
        ("external_id", "U-7", "U-7"),
    ],
)
def test_what_an_agent_enters_is_claimed(kind: str, value: str, kept: str, as_ana: Client) -> None:
    vera = make_customer()

    told = done(as_ana.post(reverse("desk:enter-claim", args=[vera.id]), {"kind": kind, "value": value}, headers=PART))

    row = Identity.objects.get()
    assert (row.customer_id, row.kind, row.value, row.level, row.source) == (
        vera.id,
        kind,
        kept,
        Level.CLAIMED,
        "agent",
    )
    assert told["text"] == "Noted as said by an agent, not verified."


def test_a_name_an_agent_enters_stands_beside_others(as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")

    as_ana.post(reverse("desk:enter-claim", args=[vera.id]), {"kind": "name", "value": "V. Lund"}, headers=PART)

    assert {(fact.value, fact.source) for fact in Fact.objects.all()} == {
        ("Vera", "visitor_token"),
        ("V. Lund", "agent"),
    }


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"kind": "email", "value": "vera"}, 400, "identity.email_unreadable"),
        ({"kind": "phone", "value": "7946 0018"}, 400, "identity.phone_unreadable"),
        ({"kind": "external_id", "value": "a\u200bb"}, 400, "identity.external_id_unreadable"),
        ({"kind": "name", "value": "\u200b"}, 400, "fact.unreadable"),
        ({"kind": "name", "value": "x" * 1001}, 400, "request.invalid"),
        ({"kind": "shoe size", "value": "42"}, 400, "request.invalid"),
        ({"kind": "name"}, 400, "request.invalid"),
    ],
)
def test_what_cannot_be_entered_is_refused_without_being_repeated(
    fields: dict[str, str], status: int, code: str, as_ana: Client
) -> None:
    vera = make_customer()

    response = as_ana.post(reverse("desk:enter-claim", args=[vera.id]), fields, headers=PART)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Identity.objects.exists()
    assert not Fact.objects.exists()


@pytest.mark.parametrize(("kind", "value"), [("email", "vera@example.org"), ("name", "V. Lund")])
def test_what_an_agent_has_entered_can_be_removed(kind: str, value: str, as_ana: Client) -> None:
    vera = make_customer()
    as_ana.post(reverse("desk:enter-claim", args=[vera.id]), {"kind": kind, "value": value}, headers=PART)
    assert f'aria-label="Remove {value}"' in page_of(as_ana, vera).content.decode()

    place = reverse("desk:withdraw-claim", args=[vera.id])
    told = done(as_ana.post(place, {"kind": kind, "value": value}, headers=PART))

    assert told["text"] == "Removed."
    assert (Identity.objects.exists(), Fact.objects.exists()) == (False, False)


def test_what_others_have_said_cannot_be_removed(as_ana: Client) -> None:
    vera = known("Vera", email="vera@example.org")
    place = reverse("desk:withdraw-claim", args=[vera.id])

    answers = [
        as_ana.post(place, {"kind": kind, "value": value}, headers=PART)
        for kind, value in (("email", "vera@example.org"), ("name", "Vera"))
    ]

    assert "Remove" not in page_of(as_ana, vera).content.decode()
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "identity.claim_not_found")] * 2
    assert (Identity.objects.count(), Fact.objects.count()) == (1, 1)


def test_other_conversations_are_those_of_the_whole_family(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()
    here, there = talk(inbox, vera, "here"), talk(inbox, other, "there", minute=5)
    joined(vera, other, ana)

    response = as_ana.get(reverse("desk:state", args=[here.id]), headers=PART)

    assert [row.id for row in response.context["details"].earlier] == [there.id]


def test_an_equal_claim_is_suggested_and_never_joined(as_ana: Client) -> None:
    vera, other = known("Vera", email="vera@example.org"), make_customer()

    done(
        as_ana.post(
            reverse("desk:enter-claim", args=[other.id]),
            {"kind": "email", "value": "vera@example.org"},
            headers=PART,
        )
    )

    assert [(one.low_id, one.high_id) for one in MergeSuggestion.objects.all()] == [(vera.id, other.id)]
    assert not Merge.objects.exists()


def test_nothing_is_entered_while_the_vault_is_away(as_ana: Client) -> None:
    vera = make_customer()

    with away():
        response = as_ana.post(
            reverse("desk:enter-claim", args=[vera.id]), {"kind": "email", "value": "v@example.org"}, headers=PART
        )

    assert (response.status_code, response.json()["code"]) == (503, "vault.unavailable")
    assert not Identity.objects.exists()


# Other organisations ------------------------------------------------------------------------------------------

LOOKS = ["desk:customer", "desk:customer-state", "desk:customer-timeline", "desk:customer-entry", "desk:join-customer"]


@pytest.mark.parametrize("place", LOOKS)
def test_an_agent_of_another_organisation_finds_nobody(
    place: str, inbox: "Inbox", oskar: "Membership", client: Client
) -> None:
    vera = known("Vera Lund", email="vera@example.org")
    client.force_login(oskar.user)

    response = client.get(reverse(place, args=[vera.id]), headers=PART)

    assert (response.status_code, response.json()["code"]) == (404, "customer.not_found")


def _deeds(vera: UUID, other: UUID, merge: UUID, suggestion: UUID) -> list[str]:
    return [
        reverse("desk:enter-claim", args=[vera]),
        reverse("desk:withdraw-claim", args=[vera]),
        reverse("desk:find-customers", args=[vera]),
        reverse("desk:join-customers", args=[vera, other]),
        reverse("desk:undo-merge", args=[vera, merge]),
        reverse("desk:accept-suggestion", args=[suggestion]),
        reverse("desk:dismiss-suggestion", args=[suggestion]),
    ]


def test_an_agent_of_another_organisation_changes_nothing(
    ana: "Membership", oskar: "Membership", client: Client
) -> None:
    vera, other, suggestion = suggested()
    merge = joined(vera, make_customer(), ana)
    client.force_login(oskar.user)
    entry = {"kind": "name", "value": "Oskar"}

    answers = [client.post(one, entry, headers=PART) for one in _deeds(vera.id, other.id, merge.id, suggestion.id)]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert (Merge.objects.get().undone_at, MergeSuggestion.objects.get().state) == (None, "open")
    assert not Fact.objects.filter(source="agent").exists()
