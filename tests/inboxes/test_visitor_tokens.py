"""What a visitor token changes about a visit."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.conversations.models import Conversation, Message
from apps.core import tenancy
from apps.customers.errors import TokenAudienceWrong
from apps.customers.models import Customer, Identity, Merge
from apps.customers.services import identifying, token_secrets, tokens
from apps.inboxes import services
from apps.inboxes.errors import SessionChanged
from apps.inboxes.models import WebSession
from apps.vault.errors import VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import NOON
from tests.customers.factories import introduce

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.customers.types import Introduction
    from apps.inboxes.models import Inbox
    from apps.inboxes.types import Visit

WILL_SECRET = "s_" + "w" * 43
PAUL = introduce(external_id="u-paul", email="paul@example.com", name="Paul Reed")
RUTH = introduce(external_id="u-ruth", email="ruth@example.com", name="Ruth Ames")


def write(
    inbox: "Inbox",
    secret: str,
    text: str = "Hello",
    *,
    introduction: "Introduction | None" = None,
    known_as: UUID | None = None,
) -> "Visit":
    visit, _ = services.accept_web_message(
        inbox=inbox,
        secret=secret,
        client_id=uuid4(),
        text=text,
        now=NOON,
        introduction=introduction,
        known_as=known_as,
    )
    return visit


def meet(inbox: "Inbox", secret: str, introduction: "Introduction") -> "Visit | None":
    return services.introduce_visitor(inbox=inbox, secret=secret, introduction=introduction, now=NOON)


def count_everything() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Customer, Identity, Merge, WebSession, Conversation, Message))


def test_of_a_newcomer_nothing_is_stored_before_the_first_message(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    assert meet(inbox, vera, PAUL) is None
    assert count_everything() == (0, 0, 0, 0, 0, 0)


def test_the_first_message_of_a_newcomer_makes_a_known_customer(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    visit = write(inbox, vera, introduction=PAUL)

    customer = Customer.objects.get()
    assert (customer.id, customer.name, customer.root_id) == (visit.customer_id, "Paul Reed", None)
    assert count_everything() == (1, 2, 0, 1, 1, 1)


def test_an_anonymous_visitor_who_becomes_known_keeps_the_conversation(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    known = identifying.resolve_customer(introduction=PAUL, now=NOON)
    before = write(inbox, vera)

    after = meet(inbox, vera, PAUL)

    assert after == before
    assert {one.root_id for one in Customer.objects.all()} == {known.id}
    assert Conversation.objects.get().customer_id == before.customer_id


def test_the_same_token_again_writes_nothing(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    write(inbox, vera, introduction=PAUL)
    with CaptureQueriesContext(connection) as queries:
        meet(inbox, vera, PAUL)

    assert [one["sql"] for one in queries if not one["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))] == []
    assert [one["sql"] for one in queries if " FOR " in one["sql"] or "advisory" in one["sql"]] == []


def test_a_known_customer_finds_the_conversation_in_another_browser(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    first = write(inbox, vera, introduction=PAUL)

    second = meet(inbox, WILL_SECRET, PAUL)

    assert second is not None
    assert (second.customer_id, second.conversation_id) == (first.customer_id, first.conversation_id)
    assert services.find_visit(inbox=inbox, secret=WILL_SECRET) == second


def test_another_person_on_the_same_browser_begins_afresh(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    pauls = write(inbox, vera, "Paul's question", introduction=PAUL)

    ruths = meet(inbox, vera, RUTH)

    assert ruths is not None
    assert (ruths.conversation_id, ruths.session_id) == (None, pauls.session_id)
    assert ruths.customer_id != pauls.customer_id
    assert Conversation.objects.get().customer_id == pauls.customer_id
    assert Merge.objects.count() == 0


def test_whoever_comes_back_to_the_browser_finds_their_own(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    pauls = write(inbox, vera, "Paul's question", introduction=PAUL)
    meet(inbox, vera, RUTH)
    ruths = write(inbox, vera, "Ruth's question")

    assert meet(inbox, vera, PAUL) == pauls
    assert meet(inbox, vera, RUTH) == ruths
    assert Customer.objects.count() == 2


def test_a_tab_of_somebody_else_cannot_write_for_them(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    pauls = write(inbox, vera, introduction=PAUL)
    meet(inbox, vera, RUTH)
    before = count_everything()

    with pytest.raises(SessionChanged):
        write(inbox, vera, "From Paul's tab", introduction=PAUL, known_as=pauls.customer_id)
    with pytest.raises(SessionChanged):
        services.request_person(inbox=inbox, secret=vera, now=NOON, known_as=pauls.customer_id)

    assert count_everything() == before


def test_a_tab_of_somebody_else_fetches_nothing(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    pauls = write(inbox, vera, introduction=PAUL)
    meet(inbox, vera, RUTH)
    write(inbox, vera, "Ruth's question")

    client = APIClient(headers={"Authorization": f"Session {vera}"})
    address = f"/api/v1/chat/{inbox.id}/updates"
    foreign = client.get(address, {"conversation": str(pauls.conversation_id)}).json()
    own = client.get(address).json()

    assert foreign == {"events": [], "more": False, "last_seq": 0}
    assert [event["message"]["text"] for event in own["events"]] == ["Ruth's question"]


def test_a_browser_handed_over_by_staff_is_somebody_elses(in_acme: "Organisation", inbox: "Inbox", vera: str) -> None:
    anonymous = write(inbox, vera)
    identifying.identify_customer(customer_id=anonymous.customer_id, introduction=RUTH, now=NOON)

    visit = meet(inbox, vera, PAUL)

    assert visit is not None
    assert visit.customer_id != anonymous.customer_id


def test_with_the_keys_away_nobody_is_identified_and_nothing_is_stored(
    in_acme: "Organisation", inbox: "Inbox", vera: str
) -> None:
    write(inbox, vera)
    before = count_everything()

    with vault.away(), pytest.raises(VaultUnavailable) as raised:
        meet(inbox, vera, PAUL)

    assert raised.value.retryable is True
    assert count_everything() == before
    assert (Customer.objects.get().identified_at, Customer.objects.get().name) == (None, None)


@pytest.mark.parametrize("audience", ["inbox", "organisation"])
def test_a_token_may_name_the_inbox_or_the_organisation(in_acme: "Organisation", inbox: "Inbox", audience: str) -> None:
    secret = token_secrets.create_token_secret(name="Website").secret
    named = {"inbox": str(inbox.id), "organisation": str(in_acme.id)}[audience]
    token = tokens.sign_token(secret=secret, claims={"sub": "u-paul", "aud": named}, now=NOON)

    introduction = services.read_visitor_token(inbox=inbox, token=token, now=NOON)

    assert introduction.identities[0].value == "u-paul"


def test_a_token_for_another_inbox_is_refused(in_acme: "Organisation", inbox: "Inbox") -> None:
    other = services.save_inbox(organisation=in_acme, name="Partners")
    secret = token_secrets.create_token_secret(name="Website").secret
    token = tokens.sign_token(secret=secret, claims={"sub": "u-paul", "aud": str(other.id)}, now=NOON)

    with pytest.raises(TokenAudienceWrong):
        services.read_visitor_token(inbox=inbox, token=token, now=NOON)


def test_a_customer_of_one_organisation_is_nobody_in_another(
    acme: "Organisation", orbis: "Organisation", inbox: "Inbox", vera: str
) -> None:
    ferries = services.save_inbox(organisation=orbis, name="Ferries")
    with tenancy.scope(acme.id):
        write(inbox, vera, introduction=PAUL)

    with tenancy.scope(orbis.id):
        assert meet(ferries, vera, PAUL) is None
        assert count_everything() == (0, 0, 0, 0, 0, 0)
