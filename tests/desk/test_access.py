"""Who gets into the desk, and what do the others get to see?"""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership
from apps.conversations.models import Conversation, Message
from tests.desk.factories import asked

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

PAGES = ["desk:home", "desk:list", "desk:counts"]
CONVERSATION_PAGES = ["desk:conversation", "desk:state", "desk:messages"]
DEEDS = ["desk:reply", "desk:take", "desk:return", "desk:close", "desk:reopen", "desk:read"]
AS_SCRIPT = {"Accept": "application/json"}
FORM = {"client_id": str(uuid4()), "text": "Hello", "expected_owner_version": "1", "seq": "1"}


def address(name: str, conversation_id: UUID) -> str:
    return reverse(name) if name in PAGES else reverse(name, args=[conversation_id])


@pytest.mark.parametrize("name", PAGES + CONVERSATION_PAGES)
def test_a_stranger_is_sent_to_the_sign_in(name: str, db: None, client: Client) -> None:
    place = address(name, uuid4())

    response = client.get(place)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={place}"


@pytest.mark.parametrize("name", PAGES + CONVERSATION_PAGES)
def test_a_script_whose_session_has_ended_is_told_so(name: str, db: None, client: Client) -> None:
    response = client.get(address(name, uuid4()), headers=AS_SCRIPT)

    assert response.status_code == 401
    assert response.json()["code"] == "desk.sign_in_needed"


@pytest.mark.parametrize("name", DEEDS)
def test_a_stranger_changes_nothing(name: str, in_acme: "Organisation", inbox: "Inbox", client: Client) -> None:
    conversation = asked(inbox)

    response = client.post(address(name, conversation.id), FORM, headers=AS_SCRIPT)

    assert response.status_code == 401
    assert _state(conversation) == (1, 1, "ai", "open")


@pytest.mark.parametrize("name", CONVERSATION_PAGES)
def test_an_agent_of_another_organisation_finds_nothing(
    name: str, in_acme: "Organisation", inbox: "Inbox", oskar: Membership, client: Client
) -> None:
    conversation = asked(inbox, "Where is my secret parcel?")
    client.force_login(oskar.user)

    response = client.get(address(name, conversation.id), headers=AS_SCRIPT)

    assert response.status_code == 404
    assert b"secret parcel" not in response.content


@pytest.mark.parametrize("name", DEEDS)
def test_an_agent_of_another_organisation_changes_nothing(
    name: str, in_acme: "Organisation", inbox: "Inbox", oskar: Membership, client: Client
) -> None:
    conversation = asked(inbox)
    client.force_login(oskar.user)

    response = client.post(address(name, conversation.id), FORM, headers=AS_SCRIPT)

    assert response.status_code == 404
    assert response.json()["code"] == "conversation.not_found"
    assert _state(conversation) == (1, 1, "ai", "open")


def test_an_agent_of_another_organisation_sees_an_empty_desk(
    in_acme: "Organisation", inbox: "Inbox", oskar: Membership, client: Client
) -> None:
    asked(inbox, "Where is my secret parcel?")
    client.force_login(oskar.user)

    page = client.get(reverse("desk:home"), {"view": "open"})
    found = client.get(reverse("desk:search"), {"q": "secret"})

    assert b"secret parcel" not in page.content
    assert b"secret parcel" not in found.content


@pytest.mark.parametrize("name", PAGES + CONVERSATION_PAGES)
def test_a_role_without_a_desk_is_told_why(
    name: str, in_acme: "Organisation", inbox: "Inbox", author: Membership, client: Client
) -> None:
    conversation = asked(inbox, "Where is my secret parcel?")
    client.force_login(author.user)

    response = client.get(address(name, conversation.id))

    assert response.status_code == 403
    assert "Your role does not include the desk." in response.content.decode()
    assert b"secret parcel" not in response.content


@pytest.mark.parametrize("name", DEEDS)
def test_a_role_without_a_desk_changes_nothing(
    name: str, in_acme: "Organisation", inbox: "Inbox", author: Membership, client: Client
) -> None:
    conversation = asked(inbox)
    client.force_login(author.user)

    response = client.post(address(name, conversation.id), FORM, headers=AS_SCRIPT)

    assert response.status_code == 403
    assert response.json()["code"] == "desk.role_missing"
    assert _state(conversation) == (1, 1, "ai", "open")


def test_a_user_without_a_membership_is_told_why(in_acme: "Organisation", ana: Membership, client: Client) -> None:
    Membership.objects.filter(id=ana.id).update(is_active=False)
    client.force_login(ana.user)

    response = client.get(reverse("desk:home"))

    assert response.status_code == 403
    assert "You are not a member of this organisation." in response.content.decode()


@pytest.mark.parametrize("name", DEEDS)
def test_a_form_from_a_foreign_page_changes_nothing(
    name: str, in_acme: "Organisation", inbox: "Inbox", ana: Membership
) -> None:
    conversation = asked(inbox)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)

    response = browser.post(address(name, conversation.id), FORM)

    assert response.status_code == 403
    assert _state(conversation) == (1, 1, "ai", "open")


@pytest.mark.parametrize("name", DEEDS)
def test_a_link_cannot_do_what_needs_a_form(name: str, as_ana: Client) -> None:
    assert as_ana.get(address(name, uuid4())).status_code == 405


def test_nothing_of_the_desk_is_kept_in_caches(as_ana: Client) -> None:
    response = as_ana.get(reverse("desk:home"))

    assert response["Cache-Control"] == "no-store"
    assert {"HX-Request", "Accept", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}


def _state(conversation: Conversation) -> tuple[int, int, str, str]:
    conversation.refresh_from_db()
    messages = Message.objects.filter(conversation=conversation).count()
    return messages, conversation.owner_version, conversation.owner_kind, conversation.status
