"""The admin shows what is in the knowledge base and lets nobody change it past the services."""

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.knowledge.models import Document
from tests.knowledge.factories import save_articles

if TYPE_CHECKING:
    from apps.accounts.models import Organisation


@pytest.fixture
def operator(client: Client, in_acme: "Organisation") -> Client:
    """Sign in as a superuser, with three articles to look at."""
    save_articles()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery", name="Root"))
    return client


def test_documents_are_listed_and_filtered(operator: Client) -> None:
    page = operator.get("/admin/knowledge/document/", {"q": "refund", "is_live__exact": "1"})

    assert page.status_code == 200
    assert b"Returns and refunds" in page.content
    assert b"Delivery times" not in page.content


def test_a_document_and_a_source_are_shown(operator: Client) -> None:
    document = Document.objects.get(external_id="delivery")

    assert b"two working days" in operator.get(f"/admin/knowledge/document/{document.id}/change/").content
    assert b"Help" in operator.get(f"/admin/knowledge/source/{document.source_id}/change/").content


@pytest.mark.parametrize("action", ["delete", "change"])
def test_nothing_is_changed_there(operator: Client, action: str) -> None:
    document = Document.objects.get(external_id="delivery")

    answer = operator.post(f"/admin/knowledge/document/{document.id}/{action}/", {"post": "yes", "title": "Other"})

    assert answer.status_code == 403
    assert operator.get("/admin/knowledge/document/add/").status_code == 403
    assert Document.objects.get(external_id="delivery").title == "Delivery times"
