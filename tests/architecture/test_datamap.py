"""What libraries write down by themselves tells nothing of customers: names of rows, the admin's log, sessions."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.checks import tag_exists
from django.db import models
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.core.datamap import Category
from apps.inboxes.models import Inbox
from apps.privacy.checks import columns
from apps.privacy.selectors import datamap
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from apps.accounts.models import Membership

# Random names that we gave, and times: they may stand in for a customer.
MAY_BE_SHOWN = {Category.REFERENCE, Category.ACTIVITY}
MARKER = "vera.violet@umbrella.example"
TELLING = {
    entry.model: [
        one.field
        for one in datamap.list_entries_of(entry.model)
        if one.is_personal and one.category not in MAY_BE_SHOWN
    ]
    for entry in datamap.list_personal_fields()
    if entry.category not in MAY_BE_SHOWN
}


def test_there_are_models_that_tell_something_of_customers() -> None:
    assert {"customers.Customer", "customers.Identity", "conversations.Message", "ai.Run"} <= TELLING.keys()


def test_the_check_of_the_data_map_runs_with_every_command() -> None:
    assert tag_exists("datamap")


# Names of rows ------------------------------------------------------------------------------------------------------


def _marked(column: "models.Field[Any, Any]") -> Any:
    # Values as wide as a column takes them; nothing is saved.
    if type(column) is models.BinaryField:
        return MARKER.encode()
    return {"value": MARKER} if "JSON" in type(column).__name__ else MARKER


@pytest.mark.parametrize("label", sorted(TELLING))
def test_the_name_of_a_row_tells_nothing_of_its_customer(label: str) -> None:
    model = datamap.list_models()[label]
    fields = datamap.list_columns(model)

    row = model(**{name: _marked(fields[name]) for name in TELLING[label] if not columns.holds_no_words(fields[name])})

    assert MARKER not in f"{row} {row!r}"


# What Django and allauth write --------------------------------------------------------------------------------------


@pytest.fixture
def operator(db: None) -> Client:
    """Return the operator's browser, signed in at the one sign-in."""
    User.objects.create_superuser("operator@switchboard.example", PASSWORD, name="Operator")
    client = Client()
    client.post(reverse("account_login"), {"login": "operator@switchboard.example", "password": PASSWORD})
    return client


def test_the_admins_log_names_columns_and_never_their_values(operator: Client, inbox: Inbox) -> None:
    form = {"organisation": str(inbox.organisation_id), "name": "Help", "channel": "web", "greeting": MARKER}

    operator.post(reverse("admin:inboxes_inbox_change", args=[inbox.pk]), {**form, "is_active": "on"})

    (entry,) = LogEntry.objects.all()
    assert json.loads(entry.change_message) == [{"changed": {"fields": ["Name", "Greeting"]}}]
    assert (entry.object_repr, entry.object_id) == ("Help", str(inbox.pk))


def test_a_session_holds_who_signed_in_and_how(operator: Client, ana: "Membership") -> None:
    (session,) = Session.objects.all()

    held = session.get_decoded()
    (method,) = held["account_authentication_methods"]
    assert {name for name in held if not name.startswith("_")} == {
        "account_authentication_methods",
        "account_authentication_methods_user",
    }
    assert set(method) == {"method", "at", "email"}
    assert method["email"] == "operator@switchboard.example"


def test_visitors_have_no_session_and_no_cookie(client: Client, inbox: Inbox) -> None:
    response = client.get(f"/chat/{inbox.id}/")

    assert response.status_code == 200
    assert (len(response.cookies), Session.objects.count()) == (0, 0)
