"""Who may call what? Every endpoint times everybody; an endpoint without an entry fails."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client

from apps.conversations.models import Conversation, Message
from tests.architecture.cast import MARKER, Cast, list_routes, make_cast

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

WHO = ("anonymous", "visitor", "agent", "author", "admin", "other agent", "operator", "program", "other program")
# ``other visitor`` and ``other …`` belong to another organisation; ``operator`` runs the deployment and works nowhere.
EVERYBODY = (*WHO, "other visitor")
MAY_READ = {"visitor", "agent", "admin", "operator", "program"}

Row = Mapping[str, int]


def _all(status: int, **exceptions: int) -> Row:
    others = {name.replace("_", " "): value for name, value in exceptions.items()}
    assert set(others) <= set(EVERYBODY)
    return dict.fromkeys(EVERYBODY, status) | others


OPEN = _all(200)
# Signing in is asked of everybody without a session, and a role or a membership of everybody with one.
DESK = _all(302, agent=200, admin=200, other_agent=200, author=403, operator=403)
DESK_THING = _all(302, agent=200, admin=200, other_agent=404, author=403, operator=403)
DESK_DEED = DESK_THING
PROGRAMS = _all(401, program=200, other_program=200)
PROGRAMS_THING = _all(401, program=200, other_program=404)
SIGNED_IN = ("agent", "author", "admin", "other_agent", "operator")
FOR_STRANGERS = _all(200, **dict.fromkeys(SIGNED_IN, 302))
FOR_SIGNED_IN = _all(302, **dict.fromkeys(SIGNED_IN, 200))
# Somebody signed in who is no operator is told that this is not for them.
ADMIN = _all(302, agent=403, author=403, admin=403, other_agent=403)

TABLE: dict[str, Row] = {
    "GET ": OPEN,
    "GET shop/": OPEN,
    "GET health/live": OPEN,
    "GET health/ready": _all(503),
    "GET metrics": OPEN,
    "GET robots.txt": OPEN,
    "GET chat/<uuid:inbox_id>/": OPEN,
    "GET api/v1/chat/<uuid:inbox_id>/updates": _all(401, visitor=200, other_visitor=200),
    "GET api/v1/conversations": PROGRAMS,
    "GET api/v1/conversations/<uuid:conversation_id>/messages": PROGRAMS_THING,
    "GET desk/": DESK,
    "GET desk/list/": DESK,
    "GET desk/counts/": DESK,
    "GET desk/search/": DESK,
    "GET desk/c/<uuid:conversation_id>/": DESK_THING,
    "GET desk/c/<uuid:conversation_id>/state/": DESK_THING,
    "GET desk/c/<uuid:conversation_id>/messages/": DESK_THING,
    "POST desk/c/<uuid:conversation_id>/read/": {**DESK_DEED, "agent": 204, "admin": 204},
    "POST desk/c/<uuid:conversation_id>/reply/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/take/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/return/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/close/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/reopen/": DESK_DEED,
    "GET accounts/login/": FOR_STRANGERS,
    "GET accounts/logout/": FOR_SIGNED_IN,
    "GET accounts/inactive/": OPEN,
    "GET accounts/signup/": FOR_STRANGERS,
    "GET accounts/reauthenticate/": FOR_SIGNED_IN,
    "GET accounts/email/": FOR_SIGNED_IN,
    "GET accounts/confirm-email/": OPEN,
    "GET accounts/password/change/": FOR_SIGNED_IN,
    "GET accounts/password/set/": _all(302),
    "GET accounts/password/reset/": OPEN,
    "GET accounts/login/code/confirm/": _all(302),
    r"GET accounts/^confirm-email/(?P<key>[-:\w]+)/$": OPEN,
    "GET accounts/password/reset/key/done/": OPEN,
    r"GET accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": OPEN,
    "GET accounts/password/reset/done/": OPEN,
    "GET api/schema/": OPEN,
    "GET api/docs/": OPEN,
}


def _rows() -> dict[str, Row]:
    """Return the table with the admin's many routes, which all have the same row."""
    admin = {f"GET {route}": ADMIN for route in list_routes() if route.startswith("admin/")}
    return TABLE | admin


@pytest.fixture
def cast(acme: "Organisation", orbis: "Organisation", inbox: "Inbox") -> Cast:
    """Return everybody."""
    return make_cast(acme, orbis, inbox)


def _call(client: Client, cast: Cast, endpoint: str) -> "Response":
    method, route = endpoint.split(" ", 1)
    body: dict[str, Any] = {"text": "Found it.", "client_id": str(uuid4()), "seq": 1, "expected_owner_version": 1}
    return client.generic(
        method,
        cast.fill(route),
        "&".join(f"{name}={value}" for name, value in body.items()) if method == "POST" else "",
        "application/x-www-form-urlencoded",
    )


def _ask(cast: Cast, endpoint: str) -> "dict[str, Response]":
    """Return everybody's response; what they changed is taken back."""
    responses = {}
    for who in EVERYBODY:
        with transaction.atomic():
            client = cast.open_client(who)
            responses[who] = _call(client, cast, endpoint)
            transaction.set_rollback(True)
    return responses
