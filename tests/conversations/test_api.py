"""Conversations for programs."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from apps.accounts import services as account_services
from apps.accounts.types import Scope
from apps.core import tenancy
from apps.core.ids import uuid7
from tests.conversations.factories import start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox


def client_of(organisation: "Organisation", *scopes: Scope) -> APIClient:
    with tenancy.scope(organisation.id):
        key = account_services.create_api_key(actor=None, name="Reports", scopes=list(scopes))
    return APIClient(headers={"Authorization": f"Bearer {key.secret}"})


@pytest.fixture
def reader(acme: "Organisation") -> APIClient:
    return client_of(acme, Scope.CONVERSATIONS_READ)


def get(client: APIClient, path: str, **query: Any) -> tuple[int, Any]:
    response = client.get(path, query)
    return response.status_code, response.json()


def test_a_program_reads_conversations_page_by_page(in_acme: "Organisation", inbox: "Inbox", reader: APIClient) -> None:
    conversations = [start_conversation(inbox) for _ in range(5)]
    for minute, conversation in enumerate(conversations):
        write(conversation, f"Question {minute}", minute=minute)

    _, first = get(reader, "/api/v1/conversations", limit=3)
    status, second = get(reader, "/api/v1/conversations", limit=3, cursor=first["next"])

    assert status == 200
    titles = [found["title"] for page in (first, second) for found in page["conversations"]]
    assert titles == ["Question 4", "Question 3", "Question 2", "Question 1", "Question 0"]
    assert second["next"] is None


def test_a_program_reads_the_messages_after_a_number(
    in_acme: "Organisation", inbox: "Inbox", reader: APIClient
) -> None:
    conversation = start_conversation(inbox)
    for text in ("one", "two", "three"):
        write(conversation, text)

    status, page = get(reader, f"/api/v1/conversations/{conversation.id}/messages", after=1)

    assert status == 200
    assert [message["text"] for message in page["messages"]] == ["two", "three"]
    assert (page["more"], page["last_seq"]) == (False, 3)


def test_a_key_of_another_organisation_finds_nothing(
    acme: "Organisation", orbis: "Organisation", inbox: "Inbox"
) -> None:
    with tenancy.scope(acme.id):
        conversation = start_conversation(inbox)
    stranger = client_of(orbis, Scope.CONVERSATIONS_READ)

    assert get(stranger, "/api/v1/conversations")[1]["conversations"] == []
    status, body = get(stranger, f"/api/v1/conversations/{conversation.id}/messages")
    assert (status, body["code"]) == (404, "conversation.not_found")


def test_a_key_without_the_scope_is_refused(acme: "Organisation") -> None:
    status, body = get(client_of(acme, Scope.KNOWLEDGE_READ), "/api/v1/conversations")

    assert (status, body["code"]) == (403, "api_key.scope_missing")


@pytest.mark.parametrize("header", ["", "Bearer sb_none_none", "Bearer x", "Bearer sb_", "Bearer ü"])
def test_without_a_valid_key_nothing_is_read(db: None, header: str) -> None:
    status, _ = get(APIClient(headers={"Authorization": header}), "/api/v1/conversations")

    assert status == 401


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"status": "lost"}])
def test_a_bad_query_names_the_field(reader: APIClient, query: dict[str, Any]) -> None:
    status, body = get(reader, "/api/v1/conversations", **query)

    assert (status, body["code"]) == (400, "request.invalid")
    assert list(body["fields"]) == list(query)


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24=", "WzEsIDJd", "%00"])
def test_a_bad_cursor_is_refused(reader: APIClient, cursor: str) -> None:
    status, body = get(reader, "/api/v1/conversations", cursor=cursor)

    assert (status, body["code"]) == (400, "cursor.unreadable")


def test_a_cursor_with_a_time_of_no_zone_is_refused_in_words(reader: APIClient) -> None:
    naive = json.dumps(["2026-11-20T12:00:00", str(uuid7())])

    status, body = get(reader, "/api/v1/conversations", cursor=base64.urlsafe_b64encode(naive.encode()).decode())

    assert (status, body["code"]) == (400, "cursor.unreadable")
    assert "without a time zone" in body["detail"]
