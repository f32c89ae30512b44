"""What do the desk's pages and forms answer?"""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.conversations.models import Conversation, Message
from tests.conversations.factories import write
from tests.desk.factories import answer, asked, closed, take, taken, waiting

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")

PART = {"HX-Request": "true"}
SCRIPT = {"Accept": "application/json"}


def act(browser: Client, deed: str, conversation: Conversation, version: int) -> Any:
    place = reverse(f"desk:{deed}", args=[conversation.id])
    return browser.post(place, {"expected_owner_version": version}, headers=PART)


def send(browser: Client, conversation: Conversation, **fields: Any) -> Any:
    form = {"client_id": str(uuid4()), "text": "Hello", "expected_owner_version": 1, **fields}
    return browser.post(reverse("desk:reply", args=[conversation.id]), form, headers=SCRIPT)


def test_the_desk_opens_with_those_who_need_a_person(inbox: "Inbox", as_ana: Client) -> None:
    conversation = waiting(inbox, "I want a person")
    asked(inbox, "The AI has this")

    response = as_ana.get(reverse("desk:home"))

    assert response.status_code == 200
    assert response.context["view"] == "needs-a-person"
    assert [row["id"] for row in response.context["boot"]["list"]["rows"]] == [str(conversation.id)]
    assert response.context["boot"]["counts"] == {
        "needs_person": 1, "mine": 0, "ai": 1, "open": 2, "unread": 0,
    }  # fmt: skip


def test_the_desk_opens_with_everything_when_nobody_needs_a_person(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox)

    response = as_ana.get(reverse("desk:home"))

    assert response.context["view"] == "open"
    assert [row["id"] for row in response.context["boot"]["list"]["rows"]] == [str(conversation.id)]


@pytest.mark.parametrize("place", ["desk:home", "desk:conversation"])
def test_pages_have_no_inline_code(place: str, inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox)
    arguments = [conversation.id] if place == "desk:conversation" else []

    page = as_ana.get(reverse(place, args=arguments)).content.decode()

    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("<script src=") + page.count('type="module"') + page.count(
        'type="application/json"'
    )


def test_markup_that_a_customer_writes_stays_text(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox, "<script>alert(1)</script><b>bold</b>")

    page = as_ana.get(reverse("desk:conversation", args=[conversation.id])).content.decode()

    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;bold&lt;/b&gt;" in page


def test_the_whole_desk_with_a_conversation_costs_sixteen_queries(
    inbox: "Inbox", ana: "Membership", as_ana: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = taken(inbox, ana)
    write(conversation, "Hello?", minute=1)
    for number in range(8):
        waiting(inbox, f"question {number}")

    with django_assert_num_queries(16):
        response = as_ana.get(reverse("desk:conversation", args=[conversation.id]))

    assert response.status_code == 200


def test_htmx_gets_the_panes_alone(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox, "Where is my parcel?")
    answer(conversation, "It is on its way [1].")

    response = as_ana.get(reverse("desk:conversation", args=[conversation.id]), headers=PART)

    assert response.templates[0].name == "desk/_workspace.html"
    assert [event["seq"] for event in response.context["timeline"]["events"]] == [1, 2]
    assert response.context["citations"][0]["passage"] == "Parcels take two days."
    assert "<html" not in response.content.decode()


def test_a_conversation_that_is_not_there_leaves_the_desk_standing(as_ana: Client) -> None:
    response = as_ana.get(reverse("desk:conversation", args=[uuid4()]))

    assert response.status_code == 404
    assert response.templates[0].name == "desk/desk.html"
    assert "There is no such conversation." in response.content.decode()


def test_a_list_is_fetched_page_by_page(inbox: "Inbox", as_ana: Client) -> None:
    for number in range(3):
        waiting(inbox, f"question {number}", minute=number)
    place, query = reverse("desk:list"), {"view": "needs-a-person", "limit": "2"}

    first = as_ana.get(place, query).json()
    second = as_ana.get(place, {**query, "cursor": first["next"]}).json()

    assert [row["title"] for row in first["rows"]] == ["question 0", "question 1"]
    assert [row["title"] for row in second["rows"]] == ["question 2"]
    assert second["next"] == ""


@pytest.mark.parametrize(
    "query",
    [
        {"view": "everything"},
        {"limit": "501"},
        {"limit": "0"},
        {"cursor": "yesterday"},
        {"cursor": f"2026-03-02T12:00:00_{uuid4()}"},
        {"cursor": "2026-03-02T12:00:00+00:00_7"},
    ],
)
def test_a_list_that_does_not_exist_is_refused(query: dict[str, str], as_ana: Client) -> None:
    response = as_ana.get(reverse("desk:list"), query, headers=SCRIPT)

    assert response.status_code == 400
    assert response.json()["code"] == "request.invalid"


def test_messages_are_fetched_after_and_before_one_that_is_known(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox)
    for number in range(4):
        write(conversation, f"line {number}", minute=number)
    place = reverse("desk:messages", args=[conversation.id])

    after = as_ana.get(place, {"after": 3}).json()
    before = as_ana.get(place, {"before": 3}).json()

    assert [event["seq"] for event in after["events"]] == [4, 5]
    assert [event["seq"] for event in before["events"]] == [1, 2]
    assert (after["more"], before["more"], after["last_seq"]) == (False, False, 5)
    assert after["events"][0]["message"]["text"] == "line 2"


def test_a_reply_is_stored_once_however_often_it_is_sent(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    conversation = asked(inbox)
    client_id = str(uuid4())

    first = send(as_ana, conversation, client_id=client_id)
    again = send(as_ana, conversation, client_id=client_id)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == {**again.json(), "is_new": True}
    message = Message.objects.get(conversation=conversation, author_kind="agent")
    assert (message.text, message.author_member_id, str(message.client_id)) == ("Hello", ana.id, client_id)


def test_a_reply_against_a_new_owner_is_asked_about(inbox: "Inbox", ben: "Membership", as_ana: Client) -> None:
    conversation = asked(inbox)
    take(conversation, ben)

    refused = send(as_ana, conversation)

    body = refused.json()
    assert (refused.status_code, body["code"]) == (409, "desk.changed_meanwhile")
    assert body["detail"].startswith("Ben took this conversation ")
    assert (body["question"], body["owner_version"]) == ("Send your reply anyway?", conversation.owner_version)
    assert not Message.objects.filter(conversation=conversation, author_kind="agent").exists()
    assert send(as_ana, conversation, expected_owner_version=body["owner_version"]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"text": "   "}, 400, "message.empty"),
        ({"text": "x" * 4001}, 413, "message.too_long"),
        ({"client_id": "7"}, 400, "request.invalid"),
        ({"expected_owner_version": "none"}, 400, "request.invalid"),
    ],
)
def test_a_reply_that_cannot_be_sent_says_why(
    fields: dict[str, str], status: int, code: str, inbox: "Inbox", as_ana: Client
) -> None:
    conversation = asked(inbox)

    response = send(as_ana, conversation, **fields)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"] != ""
    assert not Message.objects.filter(conversation=conversation, author_kind="agent").exists()


def test_a_reply_keeps_its_lines_and_loses_its_edges(inbox: "Inbox", as_ana: Client) -> None:
    conversation = asked(inbox)

    send(as_ana, conversation, text="  Hello,\r\n\r\n  Ana  ")

    assert Message.objects.get(conversation=conversation, author_kind="agent").text == "Hello,\n\n  Ana"


@pytest.mark.parametrize(
    ("deed", "text", "undo", "shown"),
    [
        ("take", "You are answering now.", ["return"], "You are answering"),
        ("close", "Conversation closed.", ["reopen"], "Closed"),
    ],
)
def test_a_deed_shows_the_new_head_and_what_undoes_it(
    deed: str, text: str, undo: list[str], shown: str, inbox: "Inbox", as_ana: Client
) -> None:
    conversation = asked(inbox)

    response = act(as_ana, deed, conversation, 1)

    assert response.status_code == 200
    assert json.loads(response["HX-Trigger"]) == {
        "desk:done": {"conversation": str(conversation.id), "text": text, "undo": undo}
    }
    assert shown in response.content.decode()
    assert 'hx-swap-oob="true"' in response.content.decode()


def test_a_conversation_goes_back_to_the_ai(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    conversation = taken(inbox, ana)

    response = act(as_ana, "return", conversation, conversation.owner_version)

    conversation.refresh_from_db()
    assert response.status_code == 200
    assert (conversation.owner_kind, conversation.owner_member_id) == ("ai", None)


def test_a_closed_conversation_opens_again(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    conversation = closed(inbox, ana)

    response = act(as_ana, "reopen", conversation, conversation.owner_version)

    conversation.refresh_from_db()
    assert response.status_code == 200
    assert conversation.status == "open"


def test_a_deed_against_a_new_owner_is_asked_about(inbox: "Inbox", ben: "Membership", as_ana: Client) -> None:
    conversation = waiting(inbox)
    take(conversation, ben)

    response = act(as_ana, "take", conversation, 2)

    conversation.refresh_from_db()
    assert (response.status_code, response.json()["question"]) == (409, "Take it over?")
    assert conversation.owner_member_id == ben.id


def test_taking_what_is_closed_says_so(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    conversation = closed(inbox, ana)

    response = act(as_ana, "take", conversation, conversation.owner_version)

    assert (response.status_code, response.json()["code"]) == (409, "conversation.closed")


def test_reading_is_remembered(inbox: "Inbox", ana: "Membership", as_ana: Client) -> None:
    conversation = taken(inbox, ana)
    counts = reverse("desk:counts")
    unread_before = as_ana.get(counts).json()["unread"]

    response = as_ana.post(reverse("desk:read", args=[conversation.id]), {"seq": 2}, headers=SCRIPT)

    assert response.status_code == 204
    assert (unread_before, as_ana.get(counts).json()["unread"]) == (1, 0)


def test_the_switcher_shows_what_it_found(inbox: "Inbox", as_ana: Client) -> None:
    kettle = asked(inbox, "The travel kettle leaks")
    asked(inbox, "The travel lamp is dark")

    found = as_ana.post(reverse("desk:search"), {"q": "kettle"}, headers=PART).content.decode()
    nothing = as_ana.post(reverse("desk:search"), {"q": "<b>"}, headers=PART).content.decode()

    assert reverse("desk:conversation", args=[kettle.id]) in found
    assert "lamp" not in found
    assert "Nothing was found for “<bdi>&lt;b&gt;</bdi>”." in nothing
