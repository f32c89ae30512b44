"""What happens when a visitor comes."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.conversations.errors import MessageEmpty
from apps.conversations.models import Conversation, Message
from apps.core import tenancy
from apps.customers.models import Customer
from apps.inboxes import selectors, services
from apps.inboxes.errors import InboxNotFound, OriginRefused, SessionRejected
from apps.inboxes.models import WebSession
from tests.conversations.factories import NOON

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox


def test_looking_stores_nothing(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    visit = services.find_visit(inbox=inbox, secret=vera)

    assert visit is None
    assert (WebSession.objects.count(), Customer.objects.count(), Conversation.objects.count()) == (0, 0, 0)


def test_the_first_message_makes_session_customer_and_conversation(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    visit, accepted = services.accept_web_message(inbox=inbox, secret=vera, client_id=uuid4(), text="Hello", now=NOON)

    assert visit.conversation_id == accepted.conversation_id
    assert services.find_visit(inbox=inbox, secret=vera) == visit
    session = WebSession.objects.get()
    assert vera.encode() not in bytes(session.secret_hash)


def test_a_resent_first_message_makes_nothing_twice(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    client_id = uuid4()
    for _ in range(2):
        services.accept_web_message(inbox=inbox, secret=vera, client_id=client_id, text="Hello", now=NOON)

    counts = (WebSession.objects.count(), Customer.objects.count(), Conversation.objects.count())
    assert counts == (1, 1, 1)
    assert Message.objects.count() == 1


def test_an_empty_first_message_makes_nothing(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    with pytest.raises(MessageEmpty):
        services.accept_web_message(inbox=inbox, secret=vera, client_id=uuid4(), text=" ", now=NOON)

    assert (WebSession.objects.count(), Customer.objects.count(), Conversation.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("secret", ["", "s_short", "x_" + "v" * 43, "s_" + "v" * 42 + "!", "s_" + "v" * 44])
def test_what_cannot_be_a_secret_is_refused(in_acme: "Organisation", inbox: "Inbox", secret: str) -> None:
    with pytest.raises(SessionRejected):
        services.accept_web_message(inbox=inbox, secret=secret, client_id=uuid4(), text="Hello", now=NOON)

    assert WebSession.objects.count() == 0


def test_a_secret_of_one_inbox_says_nothing_in_another(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    services.accept_web_message(inbox=inbox, secret=vera, client_id=uuid4(), text="Hello", now=NOON)

    other = services.save_inbox(organisation=in_acme, name="Partners")

    assert services.find_visit(inbox=other, secret=vera) is None


def test_an_inbox_that_is_off_is_not_found(in_acme: "Organisation", inbox: "Inbox") -> None:
    services.save_inbox(organisation=in_acme, name=inbox.name, is_active=False)

    with pytest.raises(InboxNotFound):
        selectors.get_inbox(inbox.id)


@pytest.mark.parametrize("origin", [None, "http://chat.example", "https://shop.example"])
def test_our_own_pages_and_listed_origins_may_embed_the_chat(inbox: "Inbox", origin: str | None) -> None:
    inbox.allowed_origins = ["https://shop.example"]

    services.check_origin(inbox, origin=origin, host="chat.example")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://shop.example", "https://shop.example.evil.example", "null", ""]
)
def test_foreign_origins_are_refused(inbox: "Inbox", origin: str) -> None:
    inbox.allowed_origins = ["https://shop.example"]

    with pytest.raises(OriginRefused):
        services.check_origin(inbox, origin=origin, host="chat.example")


def test_asking_for_a_person_first_starts_a_conversation(acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    with tenancy.scope(acme.id):
        services.request_person(inbox=inbox, secret=vera, now=NOON)

        assert Conversation.objects.get().owner_kind == "nobody"
