"""Fetching what a socket has missed."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from apps.inboxes import services
from tests.conversations.factories import NOON

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox


@pytest.fixture
def shop(in_acme: "Organisation") -> "Inbox":
    """Return a chat that one shop may embed."""
    return services.save_inbox(organisation=in_acme, name="Website", allowed_origins=["https://shop.example"])


def test_a_visitor_fetches_the_messages_after_a_number(shop: "Inbox", vera: str) -> None:
    for text in ("one", "two", "three"):
        services.accept_web_message(inbox=shop, secret=vera, client_id=uuid4(), text=text, now=NOON)

    client = APIClient(headers={"Authorization": f"Session {vera}"})
    body = client.get(f"/api/v1/chat/{shop.id}/updates", {"after": 1}).json()

    assert [event["message"]["text"] for event in body["events"]] == ["two", "three"]
    assert (body["more"], body["last_seq"]) == (False, 3)


def test_a_visitor_who_has_not_written_gets_nothing(shop: "Inbox", vera: str) -> None:
    client = APIClient(headers={"Authorization": f"Session {vera}"})

    assert client.get(f"/api/v1/chat/{shop.id}/updates").json() == {"events": [], "more": False, "last_seq": 0}


@pytest.mark.parametrize("header", ["", "Session", "Session s_short", "Bearer sb_x"])
def test_without_a_session_nothing_is_read(shop: "Inbox", header: str) -> None:
    response = APIClient(headers={"Authorization": header}).get(f"/api/v1/chat/{shop.id}/updates")

    assert response.status_code == 401


def test_a_listed_page_may_fetch(shop: "Inbox", vera: str) -> None:
    client = APIClient(headers={"Authorization": f"Session {vera}", "Origin": "https://shop.example"})

    asked = client.options(f"/api/v1/chat/{shop.id}/updates")
    answered = client.get(f"/api/v1/chat/{shop.id}/updates")

    assert asked.status_code == 204
    assert asked["Access-Control-Allow-Headers"] == "authorization"
    assert answered["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Credentials" not in answered


def test_a_foreign_page_may_not_fetch(shop: "Inbox", vera: str) -> None:
    client = APIClient(headers={"Authorization": f"Session {vera}", "Origin": "https://evil.example"})

    for response in (
        client.get(f"/api/v1/chat/{shop.id}/updates"),
        client.options(f"/api/v1/chat/{shop.id}/updates"),
    ):
        assert response.status_code == 403
        assert response.json()["code"] == "origin.refused"
        assert "Access-Control-Allow-Origin" not in response
